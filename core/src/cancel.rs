//! Cancelling, with whoever cancels waiting for what comes out (K1).

mod branch;
mod cancellable;
mod close_now;
mod kept;
mod owned;
mod siblings;

use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};

use futures_core::Stream;

pub use self::branch::Branch;
pub use self::cancellable::Cancellable;
pub use self::close_now::close_now;
pub use self::kept::{KeptError, report_later_error};
pub use self::owned::OwnsWhatItPolls;
pub use self::siblings::{Dropping, Siblings};
#[cfg(feature = "std")]
use crate::cleanup::kind::ThreadBound;
use crate::cleanup::kind::{Kind, Sendable};
pub use crate::pin::{each_pinned, pinned_slice};

/// Runs `future` and then waits for all cleanup that it caused: the combinator that makes foreign
/// code wait.
///
/// A foreign timeout or `select!` returns while the scopes it dropped are still being exited;
/// inside `await_cleanup` they have ended when it returns. `!Send` cleanups are left to the
/// thread, unless you call [`local`](AwaitCleanup::local).
///
/// # Cancel safety
///
/// Dropped, it hands what it waits for to whoever drops it. Leaked, what it has collected is
/// leaked with it.
///
/// # Panics
///
/// A panic of `future` goes on after the cleanup (std only). If polled again after completion.
///
/// # Complexity
///
/// No allocation, unless there is something to wait for.
///
/// # Examples
///
/// ```
/// # async fn example<F: core::future::Future>(foreign_timeout: F) -> F::Output {
/// withal_core::await_cleanup(foreign_timeout).await
/// # }
/// ```
#[track_caller]
pub fn await_cleanup<F: Future>(future: F) -> AwaitCleanup<F> {
    AwaitCleanup {
        output: None,
        inner: Cancellable::new("await_cleanup", future),
    }
}

/// Drops `future` where it is, and waits for the cleanup of every scope that was entered in it.
///
/// `future` owns what it polls: a reference is refused, since dropping it would cancel nothing.
/// Tasks that it merely watches (a `JoinHandle`) are not its own, and are not waited for.
///
/// # Cancel safety
///
/// As [`await_cleanup`]. Dropped before the first poll, it drops `future` like any other drop.
/// Leaked, `future` is leaked with it.
///
/// # Panics
///
/// A panic in a destructor of `future` goes on after the cleanup (std only).
///
/// # Complexity
///
/// No allocation, unless there is something to wait for.
///
/// # Examples
///
/// ```
/// use withal_core::{ExitReason, HandOver, Scope, cancel, runtime::NoExecutor, with};
/// # use core::convert::Infallible;
/// # struct Buffer;
/// # impl Scope for Buffer {
/// #     type Resource = Vec<u8>;
/// #     type Error = Infallible;
/// #     type OnDrop = HandOver;
/// #     async fn enter(&mut self) -> Result<Vec<u8>, Infallible> { Ok(Vec::new()) }
/// #     async fn exit(self, _: Vec<u8>, reason: ExitReason<'_>) -> Result<(), Infallible> {
/// #         println!("{}", reason.kind());
/// #         Ok(())
/// #     }
/// # }
/// # futures_util::FutureExt::now_or_never(async {
/// let rt = NoExecutor::new();
/// let mut work = Box::pin(with(&rt, Buffer, async |_| {
///     core::future::pending::<Result<(), Infallible>>().await
/// }));
/// assert!(futures_util::poll!(work.as_mut()).is_pending());
/// cancel(work).await; // prints «cancelled»
/// # }).unwrap();
/// ```
#[track_caller]
pub fn cancel<F, NotAReference>(future: F) -> Cancel<F>
where
    F: Future + OwnsWhatItPolls<NotAReference>,
{
    Cancel {
        inner: Cancellable::new("cancel", future),
    }
}

/// Ends `stream`, whatever adapters are wrapped around it, and waits for the cleanup of every scope
/// that it holds open.
///
/// `stream` owns what it polls: a reference is refused, since dropping it would close nothing. A
/// reference inside of an adapter (`(&mut stream).take(1)`), or passed for a type parameter of the
/// function that calls this, cannot be seen, and closes nothing.
///
/// # Cancel safety
///
/// As [`cancel`].
///
/// # Panics
///
/// A panic in a destructor of `stream` goes on after the cleanup (std only).
///
/// # Complexity
///
/// As [`cancel`].
///
/// # Examples
///
/// ```
/// use futures_util::stream::{self, StreamExt};
/// use withal_core::{ExitReason, HandOver, Scope, close, runtime::NoExecutor, with};
/// # use core::convert::Infallible;
/// # struct Buffer;
/// # impl Scope for Buffer {
/// #     type Resource = Vec<u8>;
/// #     type Error = Infallible;
/// #     type OnDrop = HandOver;
/// #     async fn enter(&mut self) -> Result<Vec<u8>, Infallible> { Ok(Vec::new()) }
/// #     async fn exit(self, _: Vec<u8>, reason: ExitReason<'_>) -> Result<(), Infallible> {
/// #         println!("{}", reason.kind());
/// #         Ok(())
/// #     }
/// # }
/// # futures_util::FutureExt::now_or_never(async {
/// let rt = NoExecutor::new();
/// let mut lines = Box::pin(
///     stream::once(with(&rt, Buffer, async |_| {
///         core::future::pending::<Result<(), Infallible>>().await
///     }))
///     .fuse(),
/// );
/// assert!(futures_util::poll!(lines.next()).is_pending());
/// close(lines).await; // prints «cancelled»
/// # }).unwrap();
/// ```
///
/// Source: PEP 525, `aclose`.
#[track_caller]
pub fn close<S, NotAReference>(stream: S) -> Cancel<S>
where
    S: Stream + OwnsWhatItPolls<NotAReference>,
{
    Cancel {
        inner: Cancellable::new("close", stream),
    }
}

/// The future that [`await_cleanup`] returns.
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct AwaitCleanup<F: Future, K: Kind = Sendable> {
    output: Option<F::Output>,
    inner: Cancellable<F, K>,
}

impl<F: Future> AwaitCleanup<F> {
    /// Waits for `!Send` cleanups too, and becomes `!Send` itself. Those inside of a `Send` scope are
    /// out of its sight.
    #[cfg(feature = "std")]
    pub fn local(self) -> AwaitCleanup<F, ThreadBound> {
        AwaitCleanup {
            output: self.output,
            inner: self.inner.local(),
        }
    }
}

impl<F: Future, K: Kind> Future for AwaitCleanup<F, K> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        // SAFETY: `inner` alone is pinned, structurally; `output` is moved freely.
        let this = unsafe { self.get_unchecked_mut() };
        // SAFETY: as above.
        let inner = unsafe { Pin::new_unchecked(&mut this.inner) };
        inner.poll_through(cx, &mut this.output)
    }
}

/// The future that [`cancel`] and [`close`] return.
#[derive(Debug)]
#[must_use = "nothing is cancelled or closed unless this is awaited"]
pub struct Cancel<T, K: Kind = Sendable> {
    inner: Cancellable<T, K>,
}

impl<T> Cancel<T> {
    /// Waits for `!Send` cleanups too, and becomes `!Send` itself. Those inside of a `Send` scope are
    /// out of its sight.
    #[cfg(feature = "std")]
    pub fn local(self) -> Cancel<T, ThreadBound> {
        Cancel {
            inner: self.inner.local(),
        }
    }
}

impl<T, K: Kind> Future for Cancel<T, K> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        // SAFETY: `inner` is pinned structurally.
        unsafe { self.map_unchecked_mut(|this| &mut this.inner) }.poll_cancel(cx)
    }
}
