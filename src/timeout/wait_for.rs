use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use pin_project_lite::pin_project;

use super::{Countdown, Elapsed, Limit};
use crate::runtime::Timer;

/// Waits for `future` for at most `timeout`, and then no more: nothing is cancelled.
///
/// The future is borrowed and stays as it is: poll it on, wait for it again, or
/// [`cancel`](crate::cancel()) it if it is owned. What [`timeout`](super::timeout()) says of the time
/// holds here as well: it starts at the first poll, and `future` is polled first and wins a tie. With
/// a timeout of zero it is polled once; one that has not begun begins by that.
///
/// An exit in progress in `future` holds nothing up, since it goes on with the next poll. A future
/// that is not polled stands still, so do not forget one that others wait for (a lock it holds, say).
///
/// # Cancel safety
///
/// Dropped, it drops its timer; `future` is where it was, and so is a result that it has not given.
///
/// # Errors
///
/// [`Elapsed`].
///
/// # Panics
///
/// A panic of `future` goes through. If polled again after completion, `future` is.
///
/// # Complexity
///
/// As [`timeout`](super::timeout()).
///
/// # Examples
///
/// ```
/// use std::future::Future;
/// use std::pin::pin;
/// use std::time::Duration;
/// use withal::{runtime::Runtime, wait_for};
///
/// async fn with_progress<T>(rt: &impl Runtime, work: impl Future<Output = T>) -> T {
///     let mut work = pin!(work);
///     loop {
///         match wait_for(rt, Duration::from_secs(1), work.as_mut()).await {
///             Ok(output) => return output,
///             Err(_) => println!("still at it"),
///         }
///     }
/// }
/// ```
///
/// Source: `asyncio.wait_for` around `asyncio.shield`; differs in that nothing runs on unseen.
pub fn wait_for<'a, R: Timer, F: Future + ?Sized>(
    rt: &'a R,
    timeout: Duration,
    future: Pin<&'a mut F>,
) -> WaitFor<'a, R, F> {
    WaitFor {
        countdown: Countdown::new(rt, Limit::Span(timeout)),
        future,
    }
}

pin_project! {
    /// The future that [`wait_for`] returns.
    #[must_use = "futures do nothing unless polled"]
    pub struct WaitFor<'a, R: Timer, F: ?Sized> {
        #[pin]
        countdown: Countdown<'a, R>,
        future: Pin<&'a mut F>,
    }
}

impl<R: Timer, F: Future + ?Sized> Future for WaitFor<'_, R, F> {
    type Output = Result<F::Output, Elapsed>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        if let Poll::Ready(output) = this.future.as_mut().poll(cx) {
            this.countdown.disarm();
            return Poll::Ready(Ok(output));
        }
        let elapsed = this.countdown.as_mut().poll(cx);
        elapsed.map(|timeout| {
            this.countdown.disarm();
            Err(Elapsed { timeout })
        })
    }
}

impl<R: Timer, F: ?Sized> fmt::Debug for WaitFor<'_, R, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WaitFor")
            .field("limit", &self.countdown)
            .finish_non_exhaustive()
    }
}
