//! The scope protocol (`async with`): enter, body, exit.
//!
//! A *scope* is a type with an async `enter` and an async `exit`; [`with`] runs a body between the
//! two. Every scope that was entered is exited exactly once, inner before outer, with the reason
//! its body ended, and whoever cancelled it waits for that.
//!
//! - Class style: implement [`Scope`], with plain `async fn enter` and `async fn exit`.
//! - Closure style: [`scope_fn`], an async closure that sets up, lends, and tears down.
//! - Guard style: [`enter_in`], where the body is the rest of a function.
//!
//! Source: PEP 492 (`async with`), PEP 343 for the shape of `enter` and `exit`.

#[cfg(feature = "alloc")]
mod closure;
mod error;
mod exit;
mod guard;
mod manager;
mod on_drop;
mod policy;
mod reason;
mod with;

#[cfg(feature = "alloc")]
pub use self::closure::{Ended, Lend, Lending, ScopeFn, scope_fn};
#[cfg(feature = "std")]
pub use self::closure::{LocalScopeFn, scope_fn_local};
pub use self::error::{Detailed, ExitError, ScopeError};
#[cfg(feature = "alloc")]
pub(crate) use self::exit::{ExitFuture, ExitSlot, Told, Why, slot};
pub(crate) use self::exit::{InPlace, Slot};
#[cfg(feature = "alloc")]
pub(crate) use self::guard::NoBody;
pub use self::guard::{Entered, enter_in};
#[cfg(feature = "std")]
pub use self::manager::Local;
#[cfg(feature = "std")]
pub use self::manager::LocalScope;
#[cfg(feature = "alloc")]
pub(crate) use self::manager::Managed;
pub use self::manager::{Manager, Scope};
#[cfg(feature = "alloc")]
pub use self::on_drop::HandOver;
#[cfg(feature = "std")]
pub use self::on_drop::LocalOnDrop;
pub use self::on_drop::{Abandon, Abandoned, OnDrop, Synchronous};
pub use self::policy::Suppress;
#[cfg(feature = "alloc")]
pub(crate) use self::policy::{BodyEnd, Both, Plain, Policy, Showing};
pub use self::reason::{ExitKind, ExitReason, Failure};
#[cfg(feature = "alloc")]
pub(crate) use self::with::{EnteredParts, with_swallowing};
pub use self::with::{With, with, with_detailed, with_suppressing, with_unseen_error};
