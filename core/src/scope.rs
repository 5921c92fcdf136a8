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
//! Small ones are here: [`null_scope`] and `Option`s of scopes, [`defer`], [`from_guard`],
//! [`suppress`]; and two that change another one: [`limited`] by time, and [`retry`].
//!
//! Source: PEP 492 (`async with`), PEP 343 for the shape of `enter` and `exit`.

#[cfg(feature = "alloc")]
mod closure;
#[cfg(feature = "alloc")]
mod composed;
#[cfg(feature = "alloc")]
mod defer;
mod error;
mod exit;
mod guard;
#[cfg(feature = "alloc")]
mod limited;
mod manager;
#[cfg(feature = "alloc")]
mod mapped;
mod null;
mod on_drop;
mod option;
mod policy;
mod raii;
mod reason;
#[cfg(feature = "alloc")]
mod retry;
#[cfg(feature = "alloc")]
mod several;
#[cfg(feature = "alloc")]
mod suppress;
mod with;

#[cfg(feature = "std")]
pub use self::closure::{
    BorrowingScopeFn, ForLt, Frame, LendMut, LendingMut, LocalBorrowingScopeFn, LocalScopeFn,
    Owned, scope_fn_borrowing, scope_fn_borrowing_local, scope_fn_local,
};
#[cfg(feature = "alloc")]
pub use self::closure::{Ended, Lend, Lending, ScopeFn, scope_fn};
#[cfg(feature = "alloc")]
pub use self::composed::{Compose, Composed};
#[cfg(feature = "std")]
pub use self::composed::{LocalCompose, LocalComposed};
#[cfg(feature = "alloc")]
pub use self::defer::{Defer, defer, defer_told};
#[cfg(feature = "std")]
pub use self::defer::{LocalDefer, defer_local, defer_told_local};
pub use self::error::{Detailed, ExitError, ScopeError};
#[cfg(feature = "alloc")]
pub(crate) use self::exit::{ExitFuture, ExitSlot, Why, slot};
pub(crate) use self::exit::{InPlace, Slot, Told};
#[cfg(feature = "alloc")]
pub(crate) use self::guard::NoBody;
pub use self::guard::{Entered, enter_in};
#[cfg(feature = "alloc")]
pub use self::limited::{Limited, LimitedError, limited};
#[cfg(feature = "alloc")]
pub(crate) use self::limited::{LimitedExit, Way};
#[cfg(feature = "std")]
pub use self::manager::Local;
#[cfg(feature = "std")]
pub use self::manager::LocalScope;
#[cfg(feature = "alloc")]
pub(crate) use self::manager::Managed;
pub use self::manager::{Manager, Scope};
#[cfg(feature = "alloc")]
pub(crate) use self::mapped::Mapped;
pub use self::null::{NullScope, null_scope};
#[cfg(feature = "alloc")]
pub use self::on_drop::HandOver;
#[cfg(feature = "std")]
pub use self::on_drop::LocalOnDrop;
pub use self::on_drop::{Abandon, Abandoned, OnDrop, Synchronous};
pub use self::option::Maybe;
pub(crate) use self::option::MaybeExit;
pub use self::policy::Suppress;
#[cfg(feature = "alloc")]
pub(crate) use self::policy::{BodyEnd, Carry, Plain, Policy, Showing};
pub use self::raii::{GuardScope, from_guard};
pub use self::reason::{ExitKind, ExitReason, Failure};
#[cfg(feature = "alloc")]
pub use self::retry::{Attempts, Retry, RetryError, Retrying, retry};
#[cfg(feature = "alloc")]
pub use self::several::{AnyError, Concurrently, Resources, concurrently};
#[cfg(feature = "alloc")]
pub use self::suppress::{Suppressing, suppress, suppress_any};
#[cfg(feature = "std")]
pub use self::with::with_borrowing;
#[cfg(feature = "alloc")]
pub(crate) use self::with::{EnteredParts, with_swallowing};
pub use self::with::{
    LendingBody, With, Wrapped, WrappedLending, with, with_detailed, with_suppressing,
    with_unseen_error, wrapped, wrapped_lending,
};
