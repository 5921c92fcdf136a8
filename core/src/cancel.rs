//! Cancelling, with whoever cancels waiting for what comes out (K1).

use core::fmt;
use core::future::Future;
use core::marker::PhantomPinned;
use core::panic::Location;
use core::pin::Pin;
use core::task::{Context, Poll, ready};

use futures_core::Stream;

use self::marker::{AReferenceCannotBeCancelled, Owned};
use crate::cleanup::ambient;
#[cfg(feature = "std")]
use crate::cleanup::kind::ThreadBound;
use crate::cleanup::kind::{Kind, Sendable};
use crate::cleanup::leftovers::Leftovers;
use crate::cleanup::watch::Watch;
use crate::cleanup::{About, CollectorId, Report, report};
use crate::mutants::mutant;
use crate::panic::Payload;
use crate::runtime::RuntimeId;

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
    AwaitCleanup::named("await_cleanup", future)
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

/// Ends `stream`, whatever adaptors are wrapped around it, and waits for the cleanup of every scope
/// that it holds open.
///
/// `stream` owns what it polls: a reference is refused, since dropping it would close nothing. A
/// reference inside of an adaptor (`(&mut stream).take(1)`) cannot be seen, and closes nothing.
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

/// Values whose drop is the end of what they poll: everything but references.
///
/// For a reference two impls apply, so the compiler refuses it as ambiguous: it "cannot infer
/// `NotAReference`", and no type can be named for it. Pass the future or stream itself, or
/// [`Box::pin`](alloc::boxed::Box::pin) it in the first place, which gives a pointer that owns.
pub trait OwnsWhatItPolls<NotAReference> {}

impl<T> OwnsWhatItPolls<Owned> for T {}
impl<T: ?Sized> OwnsWhatItPolls<AReferenceCannotBeCancelled> for &mut T {}
impl<T: ?Sized> OwnsWhatItPolls<AReferenceCannotBeCancelled> for Pin<&mut T> {}

/// Unnameable, so that nobody follows the compiler's advice to name the type.
mod marker {
    #![expect(unnameable_types, reason = "naming one would let a reference pass")]

    #[derive(Debug)]
    #[non_exhaustive]
    pub enum Owned {}

    #[derive(Debug)]
    #[non_exhaustive]
    pub enum AReferenceCannotBeCancelled {}
}

/// The future that [`await_cleanup`] returns.
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct AwaitCleanup<F: Future, K: Kind = Sendable> {
    output: Option<F::Output>,
    inner: Cancellable<F, K>,
}

impl<F: Future> AwaitCleanup<F> {
    /// One with another name in reports.
    #[track_caller]
    pub(crate) fn named(name: &'static str, future: F) -> Self {
        Self {
            output: None,
            inner: Cancellable::new(name, future),
        }
    }

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
        let mut inner = unsafe { Pin::new_unchecked(&mut this.inner) };
        if this.output.is_none() {
            this.output = Some(ready!(inner.as_mut().poll(cx)));
        }
        ready!(inner.poll_cancel(cx));
        match this.output.take() {
            Some(output) => Poll::Ready(output),
            None => panic!("a future was polled after completion"),
        }
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

/// The building block of combinators that drop: holds a future, drops it in place, and waits for
/// what comes out.
///
/// While it polls, it is the enclosing scope of what foreign code drops in the future, so that no
/// cleanup born there outlives the combinator.
///
/// # Cancel safety
///
/// Dropped, it hands what it waits for to whoever drops it. Leaked, it leaks the future, whose
/// scopes are then never exited.
///
/// # Complexity
///
/// No allocation, unless there is something to wait for.
///
/// # Examples
///
/// A combinator that gives a future three polls, and lets a cleanup in it end first:
///
/// ```
/// use core::future::{Future, poll_fn};
/// use core::pin::pin;
/// use core::task::Poll;
/// use withal_core::cancel::Cancellable;
///
/// async fn three_polls<F: Future>(future: F) -> Option<F::Output> {
///     let mut future = pin!(Cancellable::new("three_polls", future));
///     let mut left = 3;
///     let output = poll_fn(|cx| match future.as_mut().poll(cx) {
///         Poll::Ready(output) => Poll::Ready(Some(output)),
///         Poll::Pending if left > 1 => {
///             left -= 1;
///             Poll::Pending
///         }
///         Poll::Pending => {
///             future.as_mut().stop();
///             if future.is_exiting() { Poll::Pending } else { Poll::Ready(None) }
///         }
///     })
///     .await;
///     poll_fn(|cx| future.as_mut().poll_cancel(cx)).await;
///     output
/// }
/// # futures_util::FutureExt::now_or_never(async {
/// assert_eq!(three_polls(async { 1 }).await, Some(1));
/// # }).unwrap();
/// ```
#[must_use = "it does nothing unless polled"]
pub struct Cancellable<T, K: Kind = Sendable> {
    name: &'static str,
    location: &'static Location<'static>,
    value: Option<T>,
    leftovers: Leftovers<K>,
    /// The collector at work when there first was something to wait for.
    under: Option<CollectorId>,
    watch: Watch,
    panic: Option<Payload>,
    _pinned: PhantomPinned,
}

impl<T> Cancellable<T> {
    /// Holds `value`; `name` is the combinator's, for reports.
    #[track_caller]
    pub fn new(name: &'static str, value: T) -> Self {
        Self {
            name,
            location: Location::caller(),
            value: Some(value),
            leftovers: Leftovers::new(),
            under: None,
            watch: Watch::default(),
            panic: None,
            _pinned: PhantomPinned,
        }
    }

    /// Waits for `!Send` cleanups too, and becomes `!Send` itself. Those inside of a `Send` scope are
    /// out of its sight.
    #[cfg(feature = "std")]
    pub fn local(mut self) -> Cancellable<T, ThreadBound> {
        Cancellable {
            name: self.name,
            location: self.location,
            value: self.value.take(),
            leftovers: Leftovers::new(),
            under: None,
            watch: Watch::default(),
            panic: None,
            _pinned: PhantomPinned,
        }
    }
}

impl<T, K: Kind> Cancellable<T, K> {
    /// Polls the future.
    ///
    /// After its output was given, call [`poll_cancel`](Self::poll_cancel) until it is ready.
    ///
    /// # Panics
    ///
    /// A panic of the future goes on, after what it left is cleaned up (std only). If called after
    /// the future has ended.
    pub fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T::Output>
    where
        T: Future,
    {
        if self.panic.is_none() {
            // SAFETY: `value` is pinned structurally: it is dropped in place, and moved by nobody.
            let this = unsafe { self.as_mut().get_unchecked_mut() };
            let Some(value) = &mut this.value else {
                panic!("a future was polled after completion");
            };
            // SAFETY: as above.
            let value = unsafe { Pin::new_unchecked(value) };
            // A combinator is no scope: what it polls belongs to the one around it.
            let enclosing = ambient::enclosing();
            let (leftovers, watch) = (&mut this.leftovers, &mut this.watch);
            match watch.during(|| leftovers.within(enclosing, || value.poll(cx))) {
                Ok(poll) => {
                    this.leftovers.start_deferred();
                    this.note_collector();
                    return poll;
                }
                Err(payload) => this.panic = Some(payload),
            }
        }
        // The panic goes on from there.
        ready!(self.poll_cancel(cx));
        Poll::Pending
    }

    /// Says that the future is to be cancelled: scopes in it whose exit begins later are not waited
    /// for by [`is_exiting`](Self::is_exiting), or they could put the end off for ever.
    pub fn stop(self: Pin<&mut Self>) {
        // SAFETY: `value` is pinned, and not touched.
        unsafe { self.get_unchecked_mut() }.watch.stop();
    }

    /// Whether a scope in the future is being exited, and was so before the [`stop`](Self::stop):
    /// then the future is not dropped yet, but polled until this is over (K10).
    pub fn is_exiting(&self) -> bool {
        self.watch.is_busy() && !mutant("exit_cut_short")
    }

    /// Drops the future in place, and waits for the cleanup of what it left.
    ///
    /// # Panics
    ///
    /// The panic of the future, or of its destructor, goes on once the cleanup has ended.
    pub fn poll_cancel(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        // SAFETY: `value` is pinned structurally: it is dropped in place, and moved by nobody.
        let this = unsafe { self.get_unchecked_mut() };
        if this.value.is_some() {
            this.watch.clear();
            let value = &mut this.value;
            if let Err(payload) = this.leftovers.collect(|| *value = None) {
                this.keep_panic(payload);
            }
        }
        this.note_collector();
        let (name, location) = (this.name, this.location);
        let about = || about(name, location);
        // There is no runtime at hand; the cleanups' own have clocks for reports.
        if mutant("cancel_waits_for_nothing") {
            return Poll::Ready(());
        }
        let _done = ready!(this.leftovers.poll(cx, about, |_| None, None));
        match this.panic.take() {
            Some(payload) if !mutant("panic_swallowed") => payload.resume(),
            _ => Poll::Ready(()),
        }
    }

    /// A collector that is at work around this poll belongs to a `Drop` that waits for it: what is
    /// left here must not go there (K2).
    #[inline]
    fn note_collector(&mut self) {
        if self.under.is_none() && !self.leftovers.is_empty() {
            self.under = Some(CollectorId::current());
        }
    }

    fn keep_panic(&mut self, payload: Payload) {
        match &self.panic {
            // The earlier one goes on; two cannot.
            Some(_) => report(&Report::PanicLost(
                about(self.name, self.location),
                payload.message(),
            )),
            None => self.panic = Some(payload),
        }
    }
}

fn about(name: &'static str, location: &'static Location<'static>) -> About {
    About {
        scope: name,
        location,
        runtime: RuntimeId::new("any", 0),
    }
}

impl<T, K: Kind> Drop for Cancellable<T, K> {
    fn drop(&mut self) {
        // Dropped in place, under the collector of whoever drops this.
        self.value = None;
        if !self.leftovers.is_empty() {
            let (name, location) = (self.name, self.location);
            let under = self.under.unwrap_or(CollectorId::NONE);
            self.leftovers.hand_on(|| about(name, location), under);
        }
        if let Some(payload) = &self.panic {
            report(&Report::PanicLost(
                about(self.name, self.location),
                payload.message(),
            ));
        }
    }
}

impl<T, K: Kind> fmt::Debug for Cancellable<T, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cancellable")
            .field("name", &self.name)
            .field("location", &self.location)
            .field("is_exiting", &self.is_exiting())
            .finish_non_exhaustive()
    }
}
