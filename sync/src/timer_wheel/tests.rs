//! Sleeps polled by hand, on a clock that is set by hand.

mod clock;
mod model;
mod user_code;

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::future::Future;
use core::sync::atomic::Ordering;
use core::task::{Context, Poll, Waker};
use core::time::Duration;

use self::clock::{Clock, Wakes, set_clock};
use super::{Moment, Sleep, TimerWheel};
use crate::flavour::{Flavour, Spin};
use crate::tests::{Task, each_flavour};

type Wheel<F = Spin> = TimerWheel<Clock, F>;

fn wheel<F: Flavour>() -> Wheel<F> {
    TimerWheel::new(Clock::default())
}

fn at(nanos: u64) -> Moment {
    Moment::from(Duration::from_nanos(nanos))
}

each_flavour!(
    a_sleep_ends_at_its_moment_and_not_before,
    a_moment_that_has_passed_ends_at_the_first_poll,
    a_sleep_that_is_dropped_is_woken_no_more,
);

// RT-1
fn a_sleep_ends_at_its_moment_and_not_before<F: Flavour>() {
    let wheel = wheel::<F>();
    let mut sleep = Task::waiting(wheel.sleep(Duration::from_nanos(1_000)));
    assert_eq!(wheel.driver().alarm(), Some(at(1_000)));
    set_clock(&wheel, at(999));
    wheel.ring();
    assert!(sleep.poll().is_pending());
    assert_eq!(sleep.wakes(), 0);
    set_clock(&wheel, at(1_000));
    assert_eq!(sleep.wakes(), 1);
    assert!(sleep.poll().is_ready());
    assert!(sleep.poll().is_ready(), "an end is an end");
    assert_eq!(wheel.driver().alarm(), None);
}

// RT-1
fn a_moment_that_has_passed_ends_at_the_first_poll<F: Flavour>() {
    let wheel = wheel::<F>();
    set_clock(&wheel, at(5_000));
    for moment in [0, 4_999, 5_000] {
        assert!(Task::new(wheel.sleep_until(at(moment))).poll().is_ready());
    }
    assert!(Task::new(wheel.sleep(Duration::ZERO)).poll().is_ready());
    // It lay ahead when it was counted, and has passed when it is polled first.
    let mut late = Task::new(wheel.sleep(Duration::from_nanos(1)));
    set_clock(&wheel, at(6_000));
    assert!(late.poll().is_ready());
    assert_eq!(wheel.driver().alarm(), None);
}

// RT-9
fn a_sleep_that_is_dropped_is_woken_no_more<F: Flavour>() {
    let wheel = wheel::<F>();
    drop(wheel.sleep(Duration::from_nanos(10)));
    assert_eq!(wheel.driver().alarm(), None, "it was not polled");
    let sleeps = [10, 20, 20, 30].map(|n| Task::waiting(wheel.sleep(Duration::from_nanos(n))));
    let [first, second, third, fourth] = sleeps;
    assert!(!first.drop_and_look() && !third.drop_and_look());
    set_clock(&wheel, at(25));
    assert_eq!((second.wakes(), fourth.wakes()), (1, 0));
    // After its wake, and before the poll that follows.
    assert!(!second.drop_and_look());
    set_clock(&wheel, at(30));
    assert_eq!(fourth.wakes(), 1);
}

// RT-9
#[test]
fn what_is_set_for_one_that_was_dropped_rings_in_vain_once() {
    let wheel = wheel::<Spin>();
    let sets = || wheel.driver().sets.load(Ordering::Relaxed);
    for n in 10..20 {
        drop(Task::waiting(wheel.sleep(Duration::from_nanos(n))));
    }
    assert_eq!(wheel.driver().alarm(), Some(at(10)));
    assert_eq!(sets(), 1, "a later sleep leaves the driver alone");
    let last = Task::waiting(wheel.sleep(Duration::from_nanos(25)));
    set_clock(&wheel, at(10));
    assert_eq!((sets(), wheel.driver().alarm()), (2, Some(at(25))));
    set_clock(&wheel, at(25));
    assert_eq!((sets(), last.wakes()), (3, 1));
}

// RT-1
#[test]
fn the_driver_is_set_for_the_exact_first_moment_however_far() {
    for shift in 0..63 {
        let wheel = wheel::<Spin>();
        let moments = [(1_u64 << shift) + 3, (1 << shift) + 1, (1 << shift) + 2];
        let sleeps = moments.map(|moment| Task::waiting(wheel.sleep_until(at(moment))));
        for moment in (1..=3).map(|n| at((1 << shift) + n)) {
            assert_eq!(wheel.driver().alarm(), Some(moment));
            set_clock(&wheel, moment);
        }
        assert_eq!(sleeps.map(|sleep| sleep.wakes()), [1, 1, 1]);
        assert_eq!(wheel.driver().sets.load(Ordering::Relaxed), 5);
    }
}

// RT-2
#[test]
fn what_is_too_far_to_be_counted_is_never() {
    let wheel = wheel::<Spin>();
    assert_eq!(at(1) + Duration::MAX, Moment::NEVER);
    assert_eq!(Moment::from(Duration::MAX), Moment::NEVER);
    assert!(Moment::NEVER.elapsed() > Duration::from_secs(500 * 365 * 24 * 60 * 60));
    let mut never = Task::waiting(wheel.sleep(Duration::MAX));
    assert_eq!(wheel.driver().alarm(), None);
    let last = Task::waiting(wheel.sleep_until(at(u64::MAX - 1)));
    set_clock(&wheel, at(u64::MAX - 1));
    assert_eq!((last.wakes(), never.wakes()), (1, 0));
    assert!(never.poll().is_pending());
}

// RT-1
#[test]
fn the_last_waker_is_the_one_that_is_woken() {
    let wheel = wheel::<Spin>();
    let mut sleep = Task::waiting(wheel.sleep(Duration::from_nanos(10)));
    assert!(sleep.poll_with(Waker::noop()).is_pending());
    let other = Arc::new(Wakes::default());
    for _ in 0..2 {
        assert!(sleep.poll_with(&Waker::from(other.clone())).is_pending());
    }
    set_clock(&wheel, at(10));
    assert_eq!((sleep.wakes(), other.count()), (0, 1));
    // Woken, and polled by a third one.
    assert!(sleep.poll_with(Waker::noop()).is_ready());
}

// RT-10
#[test]
fn a_million_sleeps_end_each_at_its_time_and_the_rest_are_forgotten() {
    const MANY: u64 = 1_000_000;
    let wheel = wheel::<Spin>();
    // Scattered over a quarter of an hour.
    let moment = |n: u64| at((n * 7_919 % MANY) * 900_000 + 1);
    let mut cx = Context::from_waker(Waker::noop());
    let sleep = |n| Box::pin(wheel.sleep_until(moment(n)));
    let mut sleeps: Vec<_> = (0..MANY).map(sleep).collect();
    let mut poll = |n: u64| sleeps[n as usize].as_mut().poll(&mut cx);
    assert!((0..MANY).all(|n| poll(n).is_pending()));
    let half = at(MANY * 900_000 / 2);
    set_clock(&wheel, half);
    for n in 0..MANY {
        assert_eq!(poll(n).is_ready(), moment(n) <= half);
    }
    drop(sleeps);
    wheel.ring();
    assert_eq!(wheel.driver().alarm(), None, "nobody waits");
}

// RT-9
#[test]
fn a_leaked_sleep_keeps_its_wheel_and_wakes_in_vain() {
    let wheel = Arc::new(wheel::<Spin>());
    let wakes = Arc::new(Wakes::default());
    let mut sleep = Task::new(wheel.sleep_owned(Duration::from_nanos(10)));
    assert!(sleep.poll_with(&Waker::from(wakes.clone())).is_pending());
    sleep.leak();
    assert_eq!(Arc::strong_count(&wheel), 2);
    set_clock(&wheel, at(10));
    assert_eq!(wakes.count(), 1);
    assert_eq!(wheel.driver().alarm(), None);
}

// RT-9
#[test]
fn an_owned_sleep_outlives_every_other_handle_of_its_wheel() {
    let wheel = Arc::new(wheel::<Spin>());
    let gone = Arc::downgrade(&wheel);
    let mut sleep = Task::waiting(wheel.sleep_until_owned(at(10)));
    drop(wheel);
    let wheel = gone.upgrade().unwrap();
    set_clock(&wheel, at(10));
    drop(wheel);
    assert_eq!(sleep.poll(), Poll::Ready(()));
    drop(sleep);
    assert!(gone.upgrade().is_none());
}

const _: () = {
    const fn send_sync<T: Send + Sync>() {}
    send_sync::<Wheel>();
    send_sync::<Sleep<&'static Wheel, Clock>>();
    send_sync::<Sleep<Arc<Wheel>, Clock>>();
};
