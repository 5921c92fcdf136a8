//! Wakers, and drivers, that do what they should not, or come back to the wheel.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::task::Wake;
use core::pin::Pin;
use core::task::{Context, Waker};
use core::time::Duration;
use std::sync::Mutex;

use super::clock::{Clock, Wakes, set_clock};
use super::{Wheel, at, wheel};
use crate::flavour::Spin;
use crate::tests::{Task, panicking_waker, panics};
use crate::timer_wheel::{Driver, Moment, Sleep, TimerWheel};

// RT-1
#[test]
fn a_waker_that_panics_leaves_the_others_woken_and_the_driver_set() {
    let wheel = wheel::<Spin>();
    let before = Task::waiting(wheel.sleep_until(at(10)));
    let mut panicking = Task::new(wheel.sleep_until(at(10)));
    assert!(panicking.poll_with(&panicking_waker()).is_pending());
    let after = Task::waiting(wheel.sleep_until(at(11)));
    let later = Task::waiting(wheel.sleep_until(at(20)));
    wheel.driver().set_now(at(11));
    assert!(panics(|| wheel.ring()));
    assert_eq!([before.wakes(), after.wakes(), later.wakes()], [1, 1, 0]);
    assert_eq!(wheel.driver().alarm(), Some(at(20)));
    assert!(panicking.poll().is_ready());
    set_clock(&wheel, at(20));
    assert_eq!(later.wakes(), 1);
}

/// Comes back to its wheel when it is woken: drops a sleep, makes another, and rings.
struct ComesBack {
    wheel: Arc<Wheel>,
    dropped: Mutex<Option<Task<Owned>>>,
    made: Mutex<Option<Pin<Box<Owned>>>>,
    made_wakes: Arc<Wakes>,
}

type Owned = Sleep<Arc<Wheel>, Clock>;

impl Wake for ComesBack {
    fn wake(self: Arc<Self>) {
        drop(self.dropped.lock().unwrap().take());
        self.wheel.ring();
        let mut made = Box::pin(self.wheel.sleep_owned(Duration::from_nanos(1)));
        let waker = Waker::from(self.made_wakes.clone());
        assert!(
            made.as_mut()
                .poll(&mut Context::from_waker(&waker))
                .is_pending()
        );
        *self.made.lock().unwrap() = Some(made);
    }
}

// RT-1, RT-9, A-9
#[test]
fn a_waker_may_come_back_to_its_wheel() {
    let wheel = Arc::new(wheel::<Spin>());
    let comes_back = Arc::new(ComesBack {
        wheel: wheel.clone(),
        dropped: Mutex::default(),
        made: Mutex::default(),
        made_wakes: Arc::default(),
    });
    let mut first = Task::new(wheel.sleep_until_owned(at(10)));
    assert!(
        first
            .poll_with(&Waker::from(comes_back.clone()))
            .is_pending()
    );
    let second = Task::waiting(wheel.sleep_until_owned(at(12)));
    *comes_back.dropped.lock().unwrap() = Some(second);
    set_clock(&wheel, at(10));
    assert_eq!(wheel.driver().alarm(), Some(at(11)));
    set_clock(&wheel, at(11));
    assert_eq!(comes_back.made_wakes.count(), 1);
    assert_eq!(wheel.driver().alarm(), None);
    // The waker has the wheel, and the wheel's sleep had the waker.
    drop(comes_back.made.lock().unwrap().take());
}

/// A timer that goes off while it is set, as one does for a moment that has just passed.
#[derive(Default)]
struct GoesOff {
    now: Mutex<Moment>,
    wheel: Mutex<Option<Arc<TimerWheel<Self>>>>,
}

impl Driver for GoesOff {
    fn now(&self) -> Moment {
        *self.now.lock().unwrap()
    }

    fn set(&self, moment: Option<Moment>) -> bool {
        let Some(moment) = moment else {
            return false;
        };
        *self.now.lock().unwrap() = moment;
        let wheel = self.wheel.lock().unwrap().clone();
        if let Some(wheel) = wheel {
            wheel.ring();
        }
        false
    }
}

// RT-1
#[test]
fn a_driver_may_ring_while_it_is_set() {
    let wheel = Arc::new(TimerWheel::<GoesOff>::new(GoesOff::default()));
    let mut before = Task::waiting(wheel.sleep_until(at(20)));
    *wheel.driver().now.lock().unwrap() = at(0);
    *wheel.driver().wheel.lock().unwrap() = Some(wheel.clone());
    // Set, it rings, and rings again, as long as there is anything to be set for.
    let mut sleep = Task::new(wheel.sleep_until(at(10)));
    assert!(sleep.poll().is_ready());
    assert!(before.poll().is_ready());
    *wheel.driver().wheel.lock().unwrap() = None;
}

/// A clock that stands still, and a timer that cannot be set at first.
#[derive(Default)]
struct Fails {
    tries: Mutex<usize>,
    alarm: Mutex<Option<Moment>>,
}

impl Driver for Fails {
    fn now(&self) -> Moment {
        Moment::default()
    }

    fn set(&self, moment: Option<Moment>) -> bool {
        let mut tries = self.tries.lock().unwrap();
        *tries += 1;
        let tries = *tries;
        assert!(tries > 1, "no timer to be had");
        *self.alarm.lock().unwrap() = moment;
        false
    }
}

// RT-1
#[test]
fn a_driver_that_could_not_be_set_is_set_when_the_next_sleep_comes_in() {
    let wheel = TimerWheel::<Fails>::new(Fails::default());
    let mut first = Task::new(wheel.sleep_until(at(10)));
    assert!(panics(|| first.poll()));
    wheel.driver().tries.clear_poison();
    assert!(first.poll().is_pending(), "it waits, and nothing is set");
    let later = Task::waiting(wheel.sleep_until(at(20)));
    assert_eq!(*wheel.driver().alarm.lock().unwrap(), Some(at(10)));
    drop((first, later));
}
