//! Limits on the time that a future may take.

mod countdown;
mod elapsed;
mod move_on;
mod wait_for;

#[cfg(test)]
mod tests;

use std::fmt;
use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use pin_project_lite::pin_project;

use self::countdown::{Countdown, Limit};
pub use self::elapsed::Elapsed;
pub use self::move_on::{MoveOn, move_on_after, move_on_at};
pub use self::wait_for::{WaitFor, wait_for};
use crate::cancel::Cancellable;
use crate::cleanup::{Kind, Sendable, ThreadBound};
use crate::runtime::Timer;

/// Runs `future` for at most `timeout`, then cancels it and waits for its cleanup.
///
/// The time starts at the first poll. `future` is polled first, and wins a tie, however late it is;
/// with a timeout of zero it is polled once, with [`Duration::MAX`] there is no limit. A scope in it
/// whose body has ended when the time is up is exited first, and if `future` ends by that, its output
/// counts: there is no `Elapsed` after a commit.
///
/// It takes longer than `timeout` by what the cleanup takes; [`budget`](Timeout::budget) bounds that.
/// [`move_on_after`] gives an `Option`. Given a reference, it cancels nothing, and waits for an exit
/// in progress all the same: [`wait_for`] does not.
///
/// Around one another, timeouts do not mix: each tells of its own time only. Where the inner one's is
/// up first, the outer one gets its `Elapsed` as a value; where the outer one's is, the inner one is
/// cancelled like all else.
///
/// # Cancel safety
///
/// Dropped before the first poll, it drops `future`. Later, it hands the cleanup to whoever drops it.
/// Leaked, it leaks `future`, whose scopes are then never exited.
///
/// # Errors
///
/// [`Elapsed`], after the cleanup.
///
/// # Panics
///
/// A panic of `future` goes on after the cleanup. If polled again after completion.
///
/// # Complexity
///
/// No allocation of its own, and no look at the clock, if `future` is ready at once. Otherwise a timer
/// of the runtime's.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use withal::runtime::Runtime;
///
/// async fn ask(rt: &impl Runtime) -> Result<&'static str, withal::Elapsed> {
///     withal::timeout(rt, Duration::from_secs(5), async { "answer" }).await
/// }
/// ```
///
/// Source: `asyncio.timeout`; differs in that the time starts with the work and not with the call, and
/// in that no task is cancelled, so that its own expiry cannot be confused with a cancellation from
/// outside.
#[track_caller]
pub fn timeout<R: Timer, F: Future>(
    rt: &R,
    timeout: Duration,
    future: F,
) -> Timeout<'_, R, F, F::Output> {
    Timeout::new("timeout", rt, Limit::Span(timeout), future)
}

/// [`timeout`], with a moment of the runtime's clock in place of a span.
///
/// Several futures can share a deadline, one after the other: each has what the earlier ones have
/// left. One that has passed allows a single poll.
///
/// Cancel safety, panics and complexity are those of [`timeout`].
///
/// # Errors
///
/// [`Elapsed`], after the cleanup. It tells how much time there was at the first poll.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use withal::runtime::Runtime;
/// use withal::{Elapsed, timeout_at};
/// # async fn connect() {}
/// # async fn log_in() {}
///
/// async fn open(rt: &impl Runtime) -> Result<(), Elapsed> {
///     let deadline = rt.deadline(Duration::from_secs(5));
///     timeout_at(rt, deadline, connect()).await?;
///     timeout_at(rt, deadline, log_in()).await
/// }
/// ```
///
/// Source: `asyncio.timeout_at`.
#[track_caller]
pub fn timeout_at<R: Timer, F: Future>(
    rt: &R,
    deadline: R::Instant,
    future: F,
) -> Timeout<'_, R, F, F::Output> {
    Timeout::new("timeout_at", rt, Limit::Until(deadline), future)
}

pin_project! {
    /// The future that [`timeout`] and [`timeout_at`] return.
    #[must_use = "futures do nothing unless polled"]
    pub struct Timeout<'r, R: Timer, F, T, K: Kind = Sendable> {
        // First that of the future, then that of the cleanup.
        #[pin]
        countdown: Countdown<'r, R>,
        budget: Option<Duration>,
        stage: Stage<T>,
        #[pin]
        inner: Cancellable<F, K>,
    }
}

enum Stage<T> {
    Running,
    /// The time is up, and an exit in progress is let end (K10).
    Stopping(Elapsed),
    /// What comes out is known; the cleanup goes on.
    CleaningUp(Result<T, Elapsed>),
    Ended,
}

impl<'r, R: Timer, F, T> Timeout<'r, R, F, T> {
    #[track_caller]
    #[inline]
    fn new(name: &'static str, rt: &'r R, limit: Limit<R::Instant>, future: F) -> Self {
        Self {
            countdown: Countdown::new(rt, limit),
            budget: None,
            stage: Stage::Running,
            inner: Cancellable::new(name, future),
        }
    }

    /// Waits for `!Send` cleanups too, and becomes `!Send` itself.
    pub fn local(self) -> Timeout<'r, R, F, T, ThreadBound> {
        Timeout {
            countdown: self.countdown,
            budget: self.budget,
            stage: self.stage,
            inner: self.inner.local(),
        }
    }
}

impl<R: Timer, F, T, K: Kind> Timeout<'_, R, F, T, K> {
    /// Bounds the wait for the cleanup, an exit in progress included. Off by default.
    ///
    /// When it runs out, what is unfinished goes on by itself, and is reported by name and location.
    /// The result is the same: an exit that ends later has no say in it.
    pub fn budget(mut self, budget: Duration) -> Self {
        self.budget = Some(budget);
        self
    }
}

impl<R: Timer, F, T, K: Kind> Future for Timeout<'_, R, F, T, K>
where
    F: Future<Output = T>,
{
    type Output = Result<T, Elapsed>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        match this.stage {
            Stage::Running => match this.inner.as_mut().poll(cx) {
                Poll::Ready(value) => {
                    if this.inner.as_mut().poll_cancel(cx).is_ready() {
                        // An armed timer must not outlive this: it would wake for nothing.
                        this.countdown.disarm();
                        *this.stage = Stage::Ended;
                        return Poll::Ready(Ok(value));
                    }
                    *this.stage = Stage::CleaningUp(Ok(value));
                    this.countdown.as_mut().restart(*this.budget);
                    let budget = ready!(this.countdown.as_mut().poll(cx));
                    this.inner.as_mut().give_up(budget);
                }
                Poll::Pending => {
                    let timeout = ready!(this.countdown.as_mut().poll(cx));
                    this.countdown.as_mut().restart(*this.budget);
                    this.inner.as_mut().stop();
                    *this.stage = Stage::Stopping(Elapsed { timeout });
                }
            },
            Stage::Stopping(_) => {
                if let Poll::Ready(value) = this.inner.as_mut().poll(cx) {
                    *this.stage = Stage::CleaningUp(Ok(value));
                }
            }
            Stage::CleaningUp(_) => {}
            Stage::Ended => panic!("a timeout was polled after completion"),
        }
        if let Stage::Stopping(elapsed) = *this.stage {
            if this.inner.is_exiting() {
                let budget = ready!(this.countdown.as_mut().poll(cx));
                this.inner.as_mut().give_up(budget);
            }
            *this.stage = Stage::CleaningUp(Err(elapsed));
        }
        if this.inner.as_mut().poll_cancel(cx).is_pending() {
            let budget = ready!(this.countdown.as_mut().poll(cx));
            this.inner.as_mut().give_up(budget);
            ready!(this.inner.poll_cancel(cx));
        }
        this.countdown.disarm();
        match mem::replace(this.stage, Stage::Ended) {
            Stage::CleaningUp(result) => Poll::Ready(result),
            _ => unreachable!("what comes out is known before the cleanup"),
        }
    }
}

impl<R: Timer, F, T, K: Kind> fmt::Debug for Timeout<'_, R, F, T, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stage = match self.stage {
            Stage::Running => "running",
            Stage::Stopping(_) => "stopping",
            Stage::CleaningUp(_) => "cleaning up",
            Stage::Ended => "ended",
        };
        f.debug_struct("Timeout")
            .field("limit", &self.countdown)
            .field("budget", &self.budget)
            .field("stage", &stage)
            .finish_non_exhaustive()
    }
}
