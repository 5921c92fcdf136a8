//! Models: two or three threads, all interleavings up to a bound on preemptions.

use alloc::sync::Arc;
use core::time::Duration;

use loom::future::block_on;
use loom::sync::Mutex;
use loom::thread;

use super::{Driver, Moment, TimerWheel};
use crate::flavour::Modelled;
use crate::tests::{Task, model};

/// A clock that is set by a thread, and the timer on it.
struct Clock(Mutex<Hands>);

#[derive(Default)]
struct Hands {
    now: Moment,
    alarm: Option<Moment>,
}

impl Driver for Clock {
    fn now(&self) -> Moment {
        self.0.lock().unwrap().now
    }

    fn set(&self, moment: Option<Moment>) -> bool {
        let mut hands = self.0.lock().unwrap();
        hands.alarm = moment;
        moment.is_some_and(|moment| moment <= hands.now)
    }
}

type Wheel = TimerWheel<Clock, Modelled>;

fn wheel() -> Arc<Wheel> {
    Arc::new(TimerWheel::new(Clock(Mutex::default())))
}

fn at(nanos: u64) -> Moment {
    Moment::from(Duration::from_nanos(nanos))
}

/// Sets the clock; the timer rings if its moment has come.
fn set_clock(wheel: &Wheel, now: Moment) {
    let mut hands = wheel.driver().0.lock().unwrap();
    hands.now = now;
    let rings = hands.alarm.take_if(|alarm| *alarm <= now).is_some();
    drop(hands);
    if rings {
        wheel.ring();
    }
}

fn alarm(wheel: &Wheel) -> Option<Moment> {
    wheel.driver().0.lock().unwrap().alarm
}

// RT-1: begin to wait against the ring
#[test]
fn a_sleep_that_begins_while_its_moment_comes_ends() {
    model(|| {
        let wheel = wheel();
        let clock = {
            let wheel = wheel.clone();
            thread::spawn(move || set_clock(&wheel, at(10)))
        };
        block_on(wheel.sleep_until(at(5)));
        clock.join().unwrap();
        assert_eq!(alarm(&wheel), None);
    });
}

// RT-9: drop against the ring, beside one that goes on
#[test]
fn a_sleep_may_be_dropped_while_it_is_woken() {
    model(|| {
        let wheel = wheel();
        // In one slot: what is taken out twice takes the other one along.
        let kept = Task::waiting(wheel.sleep_until(at(20)));
        let mut dropped = Task::waiting(wheel.sleep_until(at(5)));
        let clock = {
            let wheel = wheel.clone();
            thread::spawn(move || set_clock(&wheel, at(10)))
        };
        let _ = dropped.poll();
        assert!(!dropped.drop_and_look());
        clock.join().unwrap();
        assert_eq!((kept.wakes(), alarm(&wheel)), (0, Some(at(20))));
        set_clock(&wheel, at(20));
        assert_eq!((kept.wakes(), alarm(&wheel)), (1, None));
    });
}

// RT-1: the earlier of two is what the driver is set for, whoever sets it
#[test]
fn of_two_that_begin_at_once_the_earlier_one_counts() {
    model(|| {
        let wheel = wheel();
        let other = {
            let wheel = wheel.clone();
            thread::spawn(move || {
                let sleep = Task::waiting(wheel.sleep_until_owned(at(5)));
                assert!(alarm(&wheel).is_none_or(|alarm| alarm <= at(10)));
                sleep
            })
        };
        let late = Task::waiting(wheel.sleep_until(at(10)));
        let early = other.join().unwrap();
        assert_eq!(alarm(&wheel), Some(at(5)));
        set_clock(&wheel, at(5));
        assert_eq!((early.wakes(), late.wakes()), (1, 0));
        assert_eq!(alarm(&wheel), Some(at(10)));
    });
}

// RT-1: a ring against one that begins before what the wheel is set for next
#[test]
fn one_that_begins_while_the_wheel_is_turned_is_not_forgotten() {
    model(|| {
        let wheel = wheel();
        let first = Task::waiting(wheel.sleep_until(at(5)));
        let last = Task::waiting(wheel.sleep_until(at(20)));
        let clock = {
            let wheel = wheel.clone();
            thread::spawn(move || set_clock(&wheel, at(6)))
        };
        let between = Task::waiting(wheel.sleep_until(at(10)));
        clock.join().unwrap();
        assert_eq!([first.wakes(), between.wakes(), last.wakes()], [1, 0, 0]);
        assert_eq!(alarm(&wheel), Some(at(10)));
    });
}

// RT-1: another waker against the ring
#[test]
fn one_of_two_wakers_is_woken() {
    model(|| {
        let wheel = wheel();
        let mut sleep = Task::waiting(wheel.sleep_until(at(5)));
        let clock = {
            let wheel = wheel.clone();
            thread::spawn(move || set_clock(&wheel, at(5)))
        };
        // With a waker of another task.
        let other = Task::new(core::future::pending::<()>());
        let ended = sleep.poll_with(&other.waker()).is_ready();
        clock.join().unwrap();
        assert!(ended || sleep.wakes() + other.wakes() == 1);
        assert!(ended || sleep.poll().is_ready());
    });
}
