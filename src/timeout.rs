use std::error::Error;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use pin_project_lite::pin_project;

use crate::cancel::Cancellable;
use crate::cleanup::{Kind, Sendable, ThreadBound};
use crate::runtime::Timer;

/// Runs `future` for at most `timeout`, then cancels it and waits for its cleanup.
///
/// The time starts at the first poll. `future` is polled first, and wins a tie; with a timeout of
/// zero it is polled once. A scope in it whose body has ended when the time is up is exited first,
/// and if `future` ends by that, its output counts: there is no `Elapsed` after a commit.
///
/// It takes longer than `timeout` by what the cleanup takes; bound that by
/// [`With::budget`](crate::scope::With::budget).
///
/// # Cancel safety
///
/// Dropped, it hands the cleanup to whoever drops it.
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
/// No allocation of its own, and no look at the clock, if `future` is ready at once.
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
/// Source: `asyncio.timeout`; differs in that no task is cancelled, so its own expiry cannot be
/// confused with a cancellation from outside.
#[track_caller]
pub fn timeout<R: Timer, F: Future>(rt: &R, timeout: Duration, future: F) -> Timeout<'_, R, F> {
    Timeout {
        rt,
        timeout,
        sleep: None,
        expired: false,
        output: None,
        inner: Cancellable::new("timeout", future),
    }
}

pin_project! {
    /// The future that [`timeout`] returns.
    #[must_use = "futures do nothing unless polled"]
    pub struct Timeout<'r, R: Timer, F: Future, K: Kind = Sendable> {
        rt: &'r R,
        timeout: Duration,
        #[pin]
        sleep: Option<R::Sleep>,
        expired: bool,
        // `Some` once it is decided, while the cleanup runs.
        output: Option<Result<F::Output, Elapsed>>,
        #[pin]
        inner: Cancellable<F, K>,
    }
}

impl<'r, R: Timer, F: Future> Timeout<'r, R, F> {
    /// Waits for `!Send` cleanups too, and becomes `!Send` itself.
    pub fn local(self) -> Timeout<'r, R, F, ThreadBound> {
        Timeout {
            rt: self.rt,
            timeout: self.timeout,
            sleep: self.sleep,
            expired: self.expired,
            output: self.output,
            inner: self.inner.local(),
        }
    }
}

impl<R: Timer, F: Future, K: Kind> Future for Timeout<'_, R, F, K> {
    type Output = Result<F::Output, Elapsed>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        if this.output.is_none() {
            *this.output = Some(match this.inner.as_mut().poll(cx) {
                Poll::Ready(value) => Ok(value),
                Poll::Pending => {
                    if !*this.expired {
                        if this.sleep.is_none() {
                            this.sleep.set(Some(this.rt.sleep(*this.timeout)));
                        }
                        if let Some(sleep) = this.sleep.as_mut().as_pin_mut() {
                            ready!(sleep.poll(cx));
                        }
                        *this.expired = true;
                        this.inner.as_mut().stop();
                    }
                    if this.inner.is_exiting() {
                        return Poll::Pending;
                    }
                    Err(Elapsed {
                        timeout: *this.timeout,
                    })
                }
            });
        }
        ready!(this.inner.poll_cancel(cx));
        this.sleep.set(None);
        match this.output.take() {
            Some(output) => Poll::Ready(output),
            None => panic!("a timeout was polled after completion"),
        }
    }
}

impl<R: Timer, F: Future, K: Kind> fmt::Debug for Timeout<'_, R, F, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Timeout")
            .field("timeout", &self.timeout)
            .field("expired", &self.expired)
            .finish_non_exhaustive()
    }
}

/// The time was up; the cleanup has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Elapsed {
    /// How much time there was.
    pub timeout: Duration,
}

impl fmt::Display for Elapsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not finished within {:?}", self.timeout)
    }
}

impl Error for Elapsed {}
