use core::fmt;
use core::future::Future;
use core::marker::PhantomPinned;
use core::mem::needs_drop;
use core::panic::Location;
use core::pin::Pin;
use core::task::{Context, Poll, ready};
use core::time::Duration;

#[cfg(feature = "std")]
use crate::cleanup::kind::ThreadBound;
use crate::cleanup::kind::{Kind, Sendable};
use crate::cleanup::leftovers::Leftovers;
use crate::cleanup::watch::Watch;
use crate::cleanup::{About, CollectorId, Report, Subject, report};
use crate::mutants::mutant;
use crate::panic::{Payload, catch};
use crate::runtime::RuntimeId;

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
/// No allocation, unless there is something to wait for, or a panic.
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
    /// Also holds what is rare: a caught panic, and the collector that this began under.
    leftovers: Leftovers<K>,
    watch: Watch,
    _pinned: PhantomPinned,
}

impl<T> Cancellable<T> {
    /// Holds `value`; `name` is the combinator's, for reports.
    #[track_caller]
    #[inline]
    pub fn new(name: &'static str, value: T) -> Self {
        Self::of_kind(name, Location::caller(), value)
    }

    /// Waits for `!Send` cleanups too, and becomes `!Send` itself. Those inside of a `Send` scope are
    /// out of its sight.
    #[cfg(feature = "std")]
    pub fn local(mut self) -> Cancellable<T, ThreadBound> {
        Cancellable::holding(self.name, self.location, self.value.take())
    }
}

impl<T, K: Kind> Cancellable<T, K> {
    pub(crate) fn of_kind(
        name: &'static str,
        location: &'static Location<'static>,
        value: T,
    ) -> Self {
        Self::holding(name, location, Some(value))
    }

    fn holding(name: &'static str, location: &'static Location<'static>, value: Option<T>) -> Self {
        Self {
            name,
            location,
            value,
            leftovers: Leftovers::new(),
            watch: Watch::default(),
            _pinned: PhantomPinned,
        }
    }

    /// Polls the future.
    ///
    /// After its output was given, call [`poll_cancel`](Self::poll_cancel) until it is ready.
    ///
    /// # Panics
    ///
    /// A panic of the future goes on, after what it left is cleaned up (std only). If called after
    /// the future has ended.
    #[inline]
    pub fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T::Output>
    where
        T: Future,
    {
        if let Some(polled) = self.as_mut().advance(cx) {
            return polled;
        }
        // The panic goes on from there.
        ready!(self.poll_cancel(cx));
        Poll::Pending
    }

    /// [`poll`](Self::poll), which keeps a panic: `None`, until `poll_cancel` lets it go on.
    #[inline]
    pub(super) fn advance(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Option<Poll<T::Output>>
    where
        T: Future,
    {
        // SAFETY: `value` is pinned structurally: it is dropped in place, and moved by nobody.
        let this = unsafe { self.get_unchecked_mut() };
        if this.has_panicked() {
            return None;
        }
        let Some(value) = &mut this.value else {
            panic!("a future was polled after completion");
        };
        // SAFETY: as above.
        let value = unsafe { Pin::new_unchecked(value) };
        match this.leftovers.watched(&mut this.watch, || value.poll(cx)) {
            Ok(polled) if this.leftovers.content().is_none() => Some(polled),
            Ok(polled) => this.has_left_something().then_some(polled),
            Err(payload) => {
                this.keep_panic(payload);
                None
            }
        }
    }

    /// Polls the future to its end, and then waits for the cleanup: [`poll`](Self::poll) and
    /// [`poll_cancel`](Self::poll_cancel) in one. Meanwhile the output is kept in `output`, which is
    /// `None` at first and afterwards.
    ///
    /// # Panics
    ///
    /// As those two. If polled again after completion.
    #[inline]
    pub fn poll_through(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        output: &mut Option<T::Output>,
    ) -> Poll<T::Output>
    where
        T: Future,
    {
        if output.is_none() {
            let ended = ready!(self.as_mut().poll(cx));
            if self.as_mut().leaves_nothing() {
                return Poll::Ready(ended);
            }
            *output = Some(ended);
        }
        ready!(self.poll_cancel(cx));
        match output.take() {
            Some(output) => Poll::Ready(output),
            None => panic!("a future was polled after completion"),
        }
    }

    /// Says that the future is to be cancelled: scopes in it whose exit begins later are not waited
    /// for by [`is_exiting`](Self::is_exiting), or they could put the end off for ever.
    #[inline]
    pub fn stop(self: Pin<&mut Self>) {
        // SAFETY: `value` is pinned, and not touched.
        unsafe { self.get_unchecked_mut() }.watch.stop();
    }

    /// Whether a scope in the future is being exited, and was so before the [`stop`](Self::stop):
    /// then the future is not dropped yet, but polled until this is over (K10).
    #[inline]
    pub fn is_exiting(&self) -> bool {
        self.watch.is_busy() && !mutant("exit_cut_short")
    }

    /// Drops the future in place, and waits for the cleanup of what it left.
    ///
    /// # Panics
    ///
    /// The panic of the future, or of its destructor, goes on once the cleanup has ended.
    #[inline]
    pub fn poll_cancel(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.as_mut().leaves_nothing() {
            return Poll::Ready(());
        }
        // SAFETY: `value` is pinned, and was dropped.
        unsafe { self.get_unchecked_mut() }.poll_leftovers(cx)
    }

    /// Drops the future in place; whether that was all, so that there is nothing to wait for and no
    /// panic to go on.
    #[inline]
    pub(super) fn leaves_nothing(self: Pin<&mut Self>) -> bool {
        // SAFETY: `value` is pinned structurally: it is dropped in place, and moved by nobody.
        let this = unsafe { self.get_unchecked_mut() };
        this.drop_value();
        this.leftovers.content().is_none()
    }

    #[cold]
    fn poll_leftovers(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.note_collector();
        let (name, location) = (self.name, self.location);
        let about = || about(name, location);
        // There is no runtime at hand; the cleanups' own have clocks for reports.
        if mutant("cancel_waits_for_nothing") {
            return Poll::Ready(());
        }
        let _done = ready!(self.leftovers.poll(cx, about, |_| None, None));
        match self.take_panic() {
            Some(payload) if !mutant("panic_swallowed") => payload.resume(),
            _ => Poll::Ready(()),
        }
    }

    pub(super) fn set_location(&mut self, location: &'static Location<'static>) {
        self.location = location;
    }

    /// Whether a panic waits for the cleanup.
    pub(super) fn has_panicked(&self) -> bool {
        let content = self.leftovers.content();
        content.is_some_and(|content| content.panic.is_some())
    }

    pub(super) fn about(&self) -> About {
        about(self.name, self.location)
    }

    /// The collector at work when there first was something to wait for.
    pub(super) fn under(&self) -> Option<CollectorId> {
        self.leftovers.content()?.under
    }

    /// Drops the future in place; gives what is left to clean up, and the panic of a destructor.
    pub(super) fn leave(self: Pin<&mut Self>) -> (Leftovers<K>, Option<Payload>) {
        // SAFETY: `value` is pinned structurally: it is dropped in place, and moved by nobody.
        let this = unsafe { self.get_unchecked_mut() };
        let panicked = this.take_panic();
        this.drop_value();
        let panic = this.take_panic();
        let left = this.leftovers.take();
        if let Some(panicked) = panicked {
            this.keep_panic(panicked);
        }
        (left, panic)
    }

    /// Stops waiting, for a combinator whose cleanup budget has run out (K9).
    ///
    /// The future is dropped in place, if it is still there. What is left goes on by itself, an exit
    /// in progress from where it stands, and is reported as over `budget`. After this,
    /// [`poll_cancel`](Self::poll_cancel) is ready at once, unless it panics.
    pub fn give_up(self: Pin<&mut Self>, budget: Duration) {
        // SAFETY: `value` is pinned structurally: it is dropped in place, and moved by nobody.
        let this = unsafe { self.get_unchecked_mut() };
        // Collected first, so that nobody around this is made to wait either.
        this.drop_value();
        let panic = this.take_panic();
        this.leftovers
            .give_up(about(this.name, this.location), budget);
        if let Some(panic) = panic {
            this.keep_panic(panic);
        }
    }

    /// Drops the future in place, and collects what comes out. Moves nothing.
    #[inline]
    fn drop_value(&mut self) {
        if self.value.is_some() {
            self.watch.clear();
            if !needs_drop::<T>() {
                self.value = None;
                return;
            }
            let value = &mut self.value;
            if let Err(payload) = self.leftovers.collect(|| *value = None) {
                self.keep_panic(payload);
            }
        }
    }

    /// A poll is over that has left something; whether without a panic.
    #[cold]
    fn has_left_something(&mut self) -> bool {
        let started = catch(|| self.leftovers.start_deferred());
        self.note_collector();
        started.map_err(|payload| self.keep_panic(payload)).is_ok()
    }

    /// A collector that is at work around this poll belongs to a `Drop` that waits for it: what is
    /// left here must not go there (K2).
    fn note_collector(&mut self) {
        if let Some(content) = self.leftovers.content_mut() {
            if content.under.is_none() && !content.is_empty() {
                content.under = Some(CollectorId::current());
            }
        }
    }

    #[cold]
    fn keep_panic(&mut self, payload: Payload) {
        let content = self.leftovers.content_mut().get_or_insert_default();
        match &content.panic {
            // The earlier one goes on; two cannot.
            Some(_) => report(&Report::PanicLost(
                about(self.name, self.location),
                payload.message(),
            )),
            None => content.panic = Some(payload),
        }
    }

    fn take_panic(&mut self) -> Option<Payload> {
        self.leftovers.content_mut().as_mut()?.panic.take()
    }

    /// This is dropped while there is something to wait for, or a panic to go on.
    #[cold]
    fn abandon(&mut self) {
        let panic = self.take_panic();
        if !self.leftovers.is_empty() {
            let (name, location) = (self.name, self.location);
            let under = self.under().unwrap_or(CollectorId::NONE);
            self.leftovers.hand_on(|| about(name, location), under);
        }
        if let Some(payload) = panic {
            report(&Report::PanicLost(
                about(self.name, self.location),
                payload.message(),
            ));
        }
    }
}

pub(super) fn about(name: &'static str, location: &'static Location<'static>) -> About {
    About {
        subject: Subject::Combinator,
        name,
        location,
        runtime: RuntimeId::ANY,
    }
}

impl<T, K: Kind> Drop for Cancellable<T, K> {
    #[inline]
    fn drop(&mut self) {
        // Dropped in place, under the collector of whoever drops this.
        self.value = None;
        if self.leftovers.content().is_some() {
            self.abandon();
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
