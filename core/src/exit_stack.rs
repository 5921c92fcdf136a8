//! Scopes and callbacks of which a program learns only while it runs: a stack of exits
//! (`AsyncExitStack`).
//!
//! [`with`](crate::with()) is for the scopes that a program names. A stack is for the ones that it
//! finds: one for each line of a configuration, one only if an option says so, all that a service
//! opens while it starts. They are exited in the reverse of the order in which they were entered,
//! each as if it stood around the ones after it.
//!
//! # Examples
//!
//! The life of a service: what it opens while it starts stays open until it is told to stop, is lent to
//! each request, and is closed in reverse, also if the start fails half-way.
//!
//! ```
//! use withal_core::exit_stack::{BoxError, exit_stack};
//! use withal_core::runtime::NoExecutor;
//! # use withal_core::{ExitReason, HandOver, Scope};
//! # struct Database;
//! # impl Scope for Database {
//! #     type Resource = Vec<&'static str>;
//! #     type Error = std::io::Error;
//! #     type OnDrop = HandOver;
//! #     async fn enter(&mut self) -> Result<Self::Resource, Self::Error> { Ok(vec!["ann", "bob"]) }
//! #     async fn exit(self, _: Self::Resource, _: ExitReason<'_>) -> Result<(), Self::Error> { Ok(()) }
//! # }
//! # async fn until_told_to_stop() {}
//!
//! async fn serve(rt: &NoExecutor, with_metrics: bool) -> Result<usize, BoxError> {
//!     let served = exit_stack(rt, async |app| {
//!         let users = &*app.enter(Database).await?;
//!         if with_metrics {
//!             app.defer(async { println!("metrics are flushed") });
//!         }
//!         let get_users = async || users.len(); // a request
//!         until_told_to_stop().await;
//!         Ok::<_, BoxError>(get_users().await)
//!     });
//!     Ok(served.await?)
//! }
//!
//! # futures_util::FutureExt::now_or_never(async {
//! assert_eq!(serve(&NoExecutor::new(), true).await.unwrap(), 2);
//! # }).unwrap();
//! ```

mod callbacks;
mod ending;
mod enter;
mod entries;
mod error;
mod kind;
mod manager;
mod node;
mod run;
#[cfg(test)]
mod tests;
mod unwinding;

use alloc::boxed::Box;
use core::fmt::{self, Debug};
use core::marker::PhantomData;
use core::panic::Location;

pub use self::ending::Ending;
pub(crate) use self::ending::Rest;
pub use self::enter::Enter;
use self::entries::Entries;
pub use self::error::ExitErrors;
use self::kind::StackKind;
pub(crate) use self::manager::{Swallowing, Unwinds};
#[cfg(feature = "std")]
pub use self::run::exit_stack_local;
pub use self::run::{exit_stack, exit_stack_suppressing};
use self::unwinding::{HandOver, Unwinding, hand_over};
#[cfg(feature = "std")]
use crate::cleanup::kind::ThreadBound;
use crate::cleanup::kind::{Kind, Sendable};
use crate::cleanup::leftovers::Leftovers;
use crate::cleanup::live::LiveEntry;
use crate::cleanup::scope_link::Bequest;
use crate::cleanup::{About, CollectorId, Subject};
use crate::runtime::Cleanup;
use crate::scope::Why;

/// What a stack is called in reports.
const NAME: &str = "exit_stack";

/// Any error that can be sent: what the exits of a stack fail with, if nothing else is said.
pub type BoxError = Box<dyn core::error::Error + Send + Sync>;

/// No entry of the stack swallows an error: a scope is entered by [`ExitStack::enter`] alone.
#[derive(Debug)]
#[non_exhaustive]
pub enum Plain {}

/// Entries of the stack may swallow errors: see [`ExitStack::enter_suppressing`].
#[derive(Debug)]
#[non_exhaustive]
pub enum MaySuppress {}

/// An [`ExitStack`] whose entries stay on their thread.
#[cfg(feature = "std")]
pub type LocalExitStack<R, X = BoxError, P = Plain> = ExitStack<R, X, ThreadBound, P>;

/// An [`ExitStack`] whose entries may swallow errors.
pub type SuppressingExitStack<R, X = BoxError> = ExitStack<R, X, Sendable, MaySuppress>;

/// Scopes that are entered, and callbacks, to be exited in the reverse of their order.
///
/// [`exit_stack`] makes one, runs a body with it, and unwinds it, whatever happened. Made by
/// [`new`](Self::new), it is like a guard: end it by [`exit`](Self::exit).
///
/// Each exit is told the reason of the moment, as if the scopes stood around one another: how the body
/// ended; after an exit that failed, that exit's error, of its own type; after one that swallowed the
/// error, *completed*; after one that panicked, *panicked*. Whatever an exit does, all run, one after
/// the other. A cancellation stays one whatever the exits do.
///
/// `X` is what the errors of exits become, [`BoxError`] if nothing else is said; the errors of entries
/// are `Into<X>`. `K` is whether the stack may move between threads (see [`LocalExitStack`]), `P`
/// whether its entries may swallow errors (see [`SuppressingExitStack`]).
///
/// # Cancel safety
///
/// Dropped, the stack hands all its entries over at once, as one scope, which keeps their order: to
/// whoever waits for the drop, else to the enclosing scope, else to the executor; their exits are told
/// *cancelled*. What a scope declares as [`OnDrop`](crate::Scope::OnDrop) does not matter here: a stack
/// owns its entries, and so can exit them all. Leaked, it exits nothing.
///
/// # Complexity
///
/// One allocation for each entry. No number of entries exhausts the stack of the thread.
///
/// # Examples
///
/// Open all, or none: what was opened is exited if a later one fails, and taken out by
/// [`take`](Self::take) once all are open.
///
/// ```
/// use withal_core::exit_stack::{BoxError, ExitStack};
/// use withal_core::{exit_stack, runtime::NoExecutor};
/// # use withal_core::{ExitReason, HandOver, Scope};
/// # use std::convert::Infallible;
/// # struct Port(u16);
/// # impl Scope for Port {
/// #     type Resource = u16;
/// #     type Error = Infallible;
/// #     type OnDrop = HandOver;
/// #     async fn enter(&mut self) -> Result<u16, Infallible> { Ok(self.0) }
/// #     async fn exit(self, port: u16, _: ExitReason<'_>) -> Result<(), Infallible> {
/// #         println!("closed {port}");
/// #         Ok(())
/// #     }
/// # }
///
/// async fn open(rt: &NoExecutor, ports: &[u16]) -> Result<ExitStack<NoExecutor>, BoxError> {
///     let opened = exit_stack(rt, async |stack| {
///         for &port in ports {
///             let bound = stack.enter(Port(port)).await?;
///             assert_eq!(*bound, port);
///         }
///         Ok::<_, BoxError>(stack.take()) // commit
///     });
///     Ok(opened.await?)
/// }
///
/// # futures_util::FutureExt::now_or_never(async {
/// let rt = NoExecutor::new();
/// let open = open(&rt, &[80, 443]).await?;
/// println!("{} are open", open.len());
/// open.exit(Ok::<_, BoxError>(())).await?; // prints «closed 443», «closed 80»
/// # Ok::<(), BoxError>(())
/// # }).unwrap().unwrap();
/// ```
///
/// What is entered is lent for as long as the stack is shared, so an entry cannot be added in an exit,
/// and neither [`take`](Self::take) nor [`close`](Self::close) can pull a resource away:
///
/// ```compile_fail,E0502
/// # use withal_core::{exit_stack::ExitStack, runtime::NoExecutor, HandOver, Scope, ExitReason};
/// # use std::convert::Infallible;
/// # struct Port(u16);
/// # impl Scope for Port {
/// #     type Resource = u16;
/// #     type Error = Infallible;
/// #     type OnDrop = HandOver;
/// #     async fn enter(&mut self) -> Result<u16, Infallible> { Ok(self.0) }
/// #     async fn exit(self, port: u16, _: ExitReason<'_>) -> Result<(), Infallible> { Ok(()) }
/// # }
/// # async {
/// let mut stack = <ExitStack<_>>::new(&NoExecutor::new());
/// let port = stack.enter(Port(80)).await.unwrap();
/// let taken = stack.take();
/// *port += 1; // the port is the other stack's
/// # };
/// ```
///
/// Source: `contextlib.AsyncExitStack`; differs in that a dropped stack is not forgotten, that the
/// body's error stays the first one, that a cancellation or a panic cannot be swallowed, and that
/// nothing joins a stack that unwinds.
#[must_use = "a stack that is dropped cancels its entries: end it by `exit`"]
pub struct ExitStack<R, X = BoxError, K = Sendable, P = Plain>
where
    R: Cleanup,
    K: Kind,
{
    rt: R,
    location: &'static Location<'static>,
    entered_under: CollectorId,
    entries: Entries<X, K>,
    /// How the body has ended, while its end waits for the first poll of the exit.
    ended: Option<Why>,
    hand_over: HandOver<R, X, K>,
    _policy: PhantomData<fn() -> P>,
}

impl<R, X, K, P> ExitStack<R, X, K, P>
where
    R: Cleanup,
    X: Debug + Send + Sync + 'static,
    K: StackKind,
{
    /// An empty stack. A clone of `rt` is what runs the exits if the stack is dropped where nobody
    /// waits.
    #[track_caller]
    pub fn new(rt: &R) -> Self {
        Self {
            rt: rt.clone(),
            location: Location::caller(),
            entered_under: CollectorId::current(),
            entries: Entries::new(),
            ended: None,
            hand_over: hand_over::<R, X, K>,
            _policy: PhantomData,
        }
    }
}

impl<R: Cleanup, X, K: Kind, P> ExitStack<R, X, K, P> {
    /// The number of entries.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is no entry.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// A new stack with all the entries; this one is empty then, and can be used on.
    ///
    /// This is how a set-up commits: enter one after the other on a stack, and take them out when all
    /// of them are entered. See [`ExitStack`].
    ///
    /// Source: `AsyncExitStack.pop_all`.
    #[track_caller]
    #[must_use = "a stack that is dropped cancels its entries"]
    pub fn take(&mut self) -> Self {
        Self {
            rt: self.rt.clone(),
            location: Location::caller(),
            entered_under: CollectorId::current(),
            entries: self.entries.take(),
            ended: None,
            hand_over: self.hand_over,
            _policy: PhantomData,
        }
    }

    fn about(&self) -> About {
        About::new(Subject::Scope, NAME, self.location, self.rt.id())
    }
}

impl<R: Cleanup, X, K: Kind, P> Drop for ExitStack<R, X, K, P> {
    fn drop(&mut self) {
        if self.entries.is_empty() {
            return;
        }
        let why = self.ended.take().unwrap_or(Why::Cancelled);
        let entries = self.entries.take();
        let bequest = Bequest {
            rt: &self.rt,
            about: self.about(),
            budget: None,
            leftovers: Leftovers::new(),
            live: LiveEntry::default(),
            entered_under: self.entered_under,
            detached: false,
        };
        (self.hand_over)(bequest, Unwinding::new(entries, self.rt.id(), why));
    }
}

impl<R: Cleanup, X, K: Kind, P> Debug for ExitStack<R, X, K, P> {
    /// The entries, each with the place where it joined the stack, the last one first.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExitStack")
            .field("location", &self.location)
            .field("entries", &self.entries)
            .finish_non_exhaustive()
    }
}
