use std::task::Poll;
use std::time::Duration;

use futures_core::Stream;
use futures_util::stream::StreamExt;

use super::{MissedTicks, interval, interval_at, remainder};
use crate::runtime::Timer;
use crate::stream::tests::by_hand::{ByHand, send};
use crate::stream::tests::clock::{Clock, Sleep};

fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

fn tick(at: u64) -> Poll<Option<Duration>> {
    Poll::Ready(Some(secs(at)))
}

// AG-1, RT-1
#[test]
fn the_first_tick_comes_at_once_and_then_one_each_period() {
    let clock = Clock::default();
    let mut ticks = ByHand::new(send(interval(&clock, secs(10))));
    clock.advance(secs(5));
    assert_eq!(ticks.poll_next(), tick(5));
    assert_eq!(clock.made(), 0, "no timer is needed for what is due");
    for at in [15, 25, 35] {
        assert!(ticks.poll_next().is_pending());
        clock.advance(secs(9));
        assert_eq!(ticks.wakes(), 0);
        assert!(ticks.poll_next().is_pending());
        clock.advance(secs(1));
        assert_eq!(ticks.wakes(), 1);
        assert_eq!(ticks.poll_next(), tick(at));
    }
    assert_eq!(ticks.value.size_hint(), (usize::MAX, None));
    assert_eq!(ticks.value.period(), secs(10));
}

#[test]
fn the_first_tick_can_be_put_off() {
    let clock = Clock::default();
    clock.advance(secs(1));
    let mut ticks = ByHand::new(interval_at(&clock, clock.deadline(secs(10)), secs(2)));
    assert!(ticks.poll_next().is_pending());
    clock.advance(secs(10));
    assert_eq!(ticks.poll_next(), tick(11));
    assert!(ticks.poll_next().is_pending());
    clock.advance(secs(2));
    assert_eq!(ticks.poll_next(), tick(13));
}

/// What comes for a period of ten seconds when nobody asks between 12 and 35, and then each second.
fn around_a_gap(missed: MissedTicks) -> Vec<(u64, u64)> {
    let clock = Clock::default();
    let mut ticks = ByHand::new(interval(&clock, secs(10)).missed_ticks(missed));
    let mut seen = Vec::new();
    for now in 0..60 {
        if !(12..35).contains(&now) {
            while let Poll::Ready(Some(due)) = ticks.poll_next() {
                seen.push((now, due.as_secs()));
            }
        }
        clock.advance(secs(1));
    }
    seen
}

#[test]
fn missed_ticks_come_in_a_burst() {
    let expected = [(0, 0), (10, 10), (35, 20), (35, 30), (40, 40), (50, 50)];
    assert_eq!(around_a_gap(MissedTicks::Burst), expected);
    assert_eq!(MissedTicks::default(), MissedTicks::Burst);
}

#[test]
fn missed_ticks_delay_the_later_ones() {
    let expected = [(0, 0), (10, 10), (35, 20), (45, 45), (55, 55)];
    assert_eq!(around_a_gap(MissedTicks::Delay), expected);
}

#[test]
fn missed_ticks_are_skipped() {
    let expected = [(0, 0), (10, 10), (35, 20), (40, 40), (50, 50)];
    assert_eq!(around_a_gap(MissedTicks::Skip), expected);
}

#[test]
fn a_tick_that_is_due_when_one_is_skipped_counts_as_missed() {
    let clock = Clock::default();
    let mut ticks = ByHand::new(interval(&clock, secs(10)).missed_ticks(MissedTicks::Skip));
    assert_eq!(ticks.poll_next(), tick(0));
    clock.advance(secs(30));
    assert_eq!(ticks.poll_next(), tick(10));
    assert!(ticks.poll_next().is_pending());
    clock.advance(secs(10));
    assert_eq!(ticks.poll_next(), tick(40));
}

// IT-15
#[test]
fn a_dropped_step_loses_no_tick() {
    let clock = Clock::default();
    let mut ticks = interval(&clock, secs(10)).boxed();
    drop(ticks.next());
    clock.advance(secs(3));
    assert_eq!(ByHand::new(ticks.next()).poll(), tick(3));
    assert!(ByHand::new(ticks.next()).poll().is_pending());
    let mut woken = ByHand::new(ticks.next());
    assert!(woken.poll().is_pending());
    clock.advance(secs(10));
    assert_eq!(woken.wakes(), 1);
    drop(woken);
    assert_eq!(ByHand::new(ticks.next()).poll(), tick(13));
}

#[test]
fn its_timer_goes_with_it() {
    let clock = Clock::default();
    let mut ticks = ByHand::new(interval(&clock, secs(10)));
    assert_eq!(ticks.poll_next(), tick(0));
    assert!(ticks.poll_next().is_pending());
    assert_eq!(clock.armed(), 1);
    drop(ticks);
    assert_eq!(clock.armed(), 0);
}

#[test]
#[should_panic(expected = "the period of an interval is zero")]
fn a_period_of_zero_is_refused() {
    let _ = interval(&Clock::default(), Duration::ZERO);
}

#[test]
fn a_remainder_is_exact() {
    let nanos = Duration::from_nanos;
    assert_eq!(remainder(nanos(7), nanos(3)), nanos(1));
    assert_eq!(remainder(secs(9), secs(10)), secs(9));
    assert_eq!(remainder(Duration::MAX, secs(1)), nanos(999_999_999));
    assert_eq!(remainder(Duration::MAX, Duration::MAX), Duration::ZERO);
    let most = Duration::MAX - nanos(1);
    assert_eq!(remainder(most, Duration::MAX), most);
}

/// A timer that can count from the present only.
struct FromNow(Clock);

impl Timer for FromNow {
    type Instant = Duration;
    type Sleep = Sleep;

    fn now(&self) -> Duration {
        self.0.now()
    }

    fn deadline(&self, timeout: Duration) -> Duration {
        self.0.deadline(timeout)
    }

    fn elapsed(&self, earlier: Duration, later: Duration) -> Duration {
        self.0.elapsed(earlier, later)
    }

    fn sleep_until(&self, deadline: Duration) -> Sleep {
        self.0.sleep_until(deadline)
    }
}

// RT-2
#[test]
fn a_timer_that_counts_from_the_present_has_moments_after_others() {
    let timer = FromNow(Clock::default());
    timer.0.advance(secs(10));
    assert_eq!(timer.after(secs(15), secs(10)), secs(25));
    assert_eq!(timer.after(secs(5), secs(10)), secs(15));
    assert_eq!(timer.after(secs(5), secs(1)), secs(10), "it has passed");
    assert_eq!(timer.after(secs(15), Duration::MAX), Duration::MAX);
}
