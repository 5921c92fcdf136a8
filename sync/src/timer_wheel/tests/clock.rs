//! A clock that is set by hand, and the timer on it.

use alloc::sync::Arc;
use alloc::task::Wake;
use core::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Mutex;

use super::super::{Driver, Moment, TimerWheel};
use crate::flavour::Flavour;

#[derive(Default)]
pub(super) struct Clock {
    hands: Mutex<Hands>,
    pub(super) sets: AtomicUsize,
}

#[derive(Clone, Copy, Default)]
struct Hands {
    now: Moment,
    alarm: Option<Moment>,
}

impl Driver for Clock {
    fn now(&self) -> Moment {
        self.hands.lock().unwrap().now
    }

    fn set(&self, moment: Option<Moment>) -> bool {
        self.sets.fetch_add(1, Ordering::Relaxed);
        let mut hands = self.hands.lock().unwrap();
        hands.alarm = moment;
        moment.is_some_and(|moment| moment <= hands.now)
    }
}

impl Clock {
    /// What the timer is set for.
    pub(super) fn alarm(&self) -> Option<Moment> {
        self.hands.lock().unwrap().alarm
    }

    /// Sets the clock, without a ring.
    pub(super) fn set_now(&self, now: Moment) {
        let mut hands = self.hands.lock().unwrap();
        assert!(now >= hands.now, "a clock does not go back");
        hands.now = now;
    }
}

/// Sets the clock of a wheel. Its timer rings if its moment has come, and only then.
pub(super) fn set_clock<F: Flavour>(wheel: &TimerWheel<Clock, F>, now: Moment) {
    wheel.driver().set_now(now);
    if wheel.driver().alarm().is_some_and(|alarm| alarm <= now) {
        wheel.ring();
    }
}

/// A waker that counts.
#[derive(Default)]
pub(super) struct Wakes(AtomicUsize);

impl Wakes {
    pub(super) fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}
