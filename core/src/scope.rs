//! The scope protocol (`async with`): enter, body, exit.
//!
//! A *scope* is a type with an async `enter` and an async `exit`; [`with`] runs a body between the
//! two. Every scope that was entered is exited exactly once, inner before outer, with the reason
//! its body ended, and whoever cancelled it waits for that.
//!
//! - Class style: implement [`Scope`], with plain `async fn enter` and `async fn exit`.
//! - Closure style: [`scope_fn`], an async closure that sets up, lends, and tears down.
//! - Guard style: [`enter_in`], where the body is the rest of a function.
//! - Several at once: a tuple, an array or a vector of scopes, nested in that order; or
//!   `concurrently`.
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
#[cfg(feature = "alloc")]
mod several;
mod with;

#[cfg(feature = "alloc")]
pub use self::closure::{Ended, Lend, Lending, ScopeFn, scope_fn};
#[cfg(feature = "std")]
pub use self::closure::{LocalScopeFn, scope_fn_local};
pub use self::error::{Detailed, ExitError, ScopeError};
pub(crate) use self::exit::{InPlace, Slot};
pub use self::guard::{Entered, enter_in};
#[cfg(feature = "std")]
pub use self::manager::Local;
#[cfg(feature = "std")]
pub use self::manager::LocalScope;
pub use self::manager::{Manager, Scope};
#[cfg(feature = "alloc")]
pub use self::on_drop::HandOver;
#[cfg(feature = "std")]
pub use self::on_drop::LocalOnDrop;
pub use self::on_drop::{Abandon, Abandoned, OnDrop, Synchronous};
pub use self::policy::Suppress;
pub use self::reason::{ExitKind, ExitReason, Failure};
#[cfg(feature = "alloc")]
pub use self::several::{AnyError, Concurrently, concurrently};
pub use self::with::{With, with, with_detailed, with_suppressing, with_unseen_error};
