//! Ticks.

#[cfg(test)]
mod tests;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_core::Stream;
use futures_core::stream::FusedStream;
use pin_project_lite::pin_project;

use crate::runtime::Timer;

/// Gives a tick at once, and then one each `period`, for ever.
///
/// An item is the moment at which its tick was due. The first is that of the first poll: nothing
/// runs before. What becomes of ticks that the consumer is too late for is up to
/// [`missed_ticks`](Interval::missed_ticks); without that, they come in a burst, and ticks stay
/// multiples of `period` from the first, with no drift.
///
/// # Cancel safety
///
/// Dropping the future of a `next` loses no tick. Dropping the stream drops its timer.
///
/// # Panics
///
/// If `period` is zero.
///
/// # Complexity
///
/// No allocation of its own; a timer for each tick that is not due yet.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use futures_util::StreamExt;
/// use withal::runtime::Runtime;
/// use withal::stream::interval;
///
/// async fn beat(rt: &impl Runtime) {
///     let mut ticks = std::pin::pin!(interval(rt, Duration::from_secs(1)).take(3));
///     while let Some(due) = ticks.next().await {
///         println!("{:?} late", rt.elapsed(due, rt.now()));
///     }
/// }
/// ```
///
/// Source: Tokio's `interval`, which tokio-stream's `IntervalStream` makes a stream of; differs in
/// that it runs on every runtime, and begins with its first poll.
#[track_caller]
pub fn interval<R: Timer>(rt: &R, period: Duration) -> Interval<'_, R> {
    Interval::new(rt, None, period)
}

/// As [`interval`], with the first tick at `start`: at `rt.deadline(delay)`, the first comes after a
/// delay.
///
/// # Cancel safety
///
/// As [`interval`].
///
/// # Panics
///
/// If `period` is zero.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use futures_util::{Stream, StreamExt};
/// use withal::runtime::Timer;
/// use withal::stream::interval_at;
///
/// /// Counts to `n`, with a `delay` before each number.
/// fn ticker(rt: &impl Timer, n: usize, delay: Duration) -> impl Stream<Item = usize> {
///     let ticks = interval_at(rt, rt.deadline(delay), delay);
///     ticks.take(n).enumerate().map(|(index, _)| index)
/// }
/// ```
#[track_caller]
pub fn interval_at<R: Timer>(rt: &R, start: R::Instant, period: Duration) -> Interval<'_, R> {
    Interval::new(rt, Some(start), period)
}

/// What becomes of the ticks that a consumer is too late for: see
/// [`Interval::missed_ticks`].
///
/// For a period of 10, and a consumer that is busy from 12 to 35:
///
/// ```text
/// Burst   0 10 [20 30 at 35] 40 50
/// Delay   0 10 [20 at 35] 45 55
/// Skip    0 10 [20 at 35] 40 50
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "all that can be done about it")]
pub enum MissedTicks {
    /// They come one after the other as fast as they are asked for, until none is missing.
    #[default]
    Burst,
    /// The next tick comes one period after the one that was late was taken: as in a loop that
    /// sleeps. Every delay, however small, moves all later ticks.
    Delay,
    /// They are left out: the next tick is the next multiple of the period that lies ahead.
    Skip,
}

pin_project! {
    /// The stream that [`interval`] and [`interval_at`] return. It never ends.
    #[must_use = "streams do nothing unless polled"]
    pub struct Interval<'r, R: Timer> {
        rt: &'r R,
        // When the next tick is due; `None` before the first poll.
        next: Option<R::Instant>,
        period: Duration,
        missed: MissedTicks,
        // Until then, once that was polled.
        #[pin]
        sleep: Option<R::Sleep>,
    }
}

impl<'r, R: Timer> Interval<'r, R> {
    #[track_caller]
    fn new(rt: &'r R, next: Option<R::Instant>, period: Duration) -> Self {
        assert!(!period.is_zero(), "the period of an interval is zero");
        Self {
            rt,
            next,
            period,
            missed: MissedTicks::default(),
            sleep: None,
        }
    }

    /// Does so about ticks that the consumer is too late for.
    pub fn missed_ticks(self, missed: MissedTicks) -> Self {
        Self { missed, ..self }
    }

    /// The time between two ticks.
    pub fn period(&self) -> Duration {
        self.period
    }
}

impl MissedTicks {
    /// When the tick after the one of `due` comes, which was taken at `now`.
    fn next<R: Timer>(
        self,
        rt: &R,
        due: R::Instant,
        now: R::Instant,
        period: Duration,
    ) -> R::Instant {
        match self {
            Self::Burst => rt.after(due, period),
            Self::Delay => rt.after(now, period),
            Self::Skip => {
                let late = rt.elapsed(due, now);
                let passed = late - remainder(late, period);
                rt.after(due, passed.saturating_add(period))
            }
        }
    }
}

impl<R: Timer> Stream for Interval<'_, R> {
    type Item = R::Instant;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<R::Instant>> {
        let mut this = self.project();
        let mut now = this.rt.now();
        let due = *this.next.get_or_insert(now);
        if now < due {
            if this.sleep.is_none() {
                this.sleep.set(Some(this.rt.sleep_until(due)));
            }
            if let Some(sleep) = this.sleep.as_mut().as_pin_mut() {
                ready!(sleep.poll(cx));
            }
            now = this.rt.now();
        }
        this.sleep.set(None);
        *this.next = Some(this.missed.next(*this.rt, due, now, *this.period));
        Poll::Ready(Some(due))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (usize::MAX, None)
    }
}

impl<R: Timer> FusedStream for Interval<'_, R> {
    fn is_terminated(&self) -> bool {
        false
    }
}

impl<R: Timer> fmt::Debug for Interval<'_, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Interval")
            .field("next", &self.next)
            .field("period", &self.period)
            .field("missed", &self.missed)
            .finish_non_exhaustive()
    }
}

/// What is left of `span` when as many whole `period`s as there are in it are taken off.
fn remainder(span: Duration, period: Duration) -> Duration {
    const NANOS: u128 = 1_000_000_000;

    let left = span.as_nanos() % period.as_nanos();
    let whole = u64::try_from(left / NANOS).unwrap_or(u64::MAX);
    Duration::from_secs(whole) + Duration::from_nanos((left % NANOS) as u64)
}
