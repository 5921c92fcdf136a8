//! Futures that count polls.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use withal::runtime::Timer;

use crate::Log;

/// Is ready when it was polled `0` times before. It wakes nobody: something else makes the polls.
#[derive(Debug)]
pub struct Ticks(pub usize);

impl Future for Ticks {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<()> {
        match self.0.checked_sub(1) {
            Some(left) => {
                self.0 = left;
                Poll::Pending
            }
            None => Poll::Ready(()),
        }
    }
}

/// Polls a future so many times, and then gives up on it: `None`.
#[derive(Debug)]
pub struct PollTimes<F> {
    future: Pin<Box<F>>,
    left: usize,
}

impl<F> PollTimes<F> {
    /// Polls `future` at most `times` times.
    pub fn new(future: F, times: usize) -> Self {
        Self {
            future: Box::pin(future),
            left: times,
        }
    }
}

impl<F: Future> Future for PollTimes<F> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<F::Output>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        self.left -= 1;
        match self.future.as_mut().poll(cx) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending if self.left == 0 => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    }
}

/// Polls a future so many times, then says `reached` and sleeps for ever: for a task that is to be
/// aborted at that very point. If the future ends before, it says `completed`.
#[derive(Debug)]
pub struct Gate<F> {
    polls: PollTimes<F>,
    told: Log,
}

impl<F> Gate<F> {
    /// A gate in front of `future`, and where it tells.
    pub fn new(future: F, times: usize) -> (Self, Log) {
        let told = Log::new();
        let gate = Self {
            polls: PollTimes::new(future, times),
            told: told.clone(),
        };
        (gate, told)
    }
}

impl<F: Future> Future for Gate<F> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        match Pin::new(&mut self.polls).poll(cx) {
            Poll::Ready(Some(_)) => {
                self.told.push("completed");
                Poll::Ready(())
            }
            Poll::Ready(None) => {
                self.told.push("reached");
                Poll::Pending
            }
            Poll::Pending => Poll::Pending,
        }
    }
}

/// A timer for which a nanosecond passes with each poll of a sleep.
#[derive(Clone, Copy, Debug)]
pub struct PollTimer;

impl Timer for PollTimer {
    type Instant = Duration;
    type Sleep = Ticks;

    fn now(&self) -> Duration {
        Duration::ZERO
    }

    fn deadline(&self, timeout: Duration) -> Duration {
        timeout
    }

    fn elapsed(&self, earlier: Duration, later: Duration) -> Duration {
        later.saturating_sub(earlier)
    }

    fn sleep_until(&self, deadline: Duration) -> Ticks {
        Ticks(usize::try_from(deadline.as_nanos()).unwrap_or(usize::MAX))
    }
}
