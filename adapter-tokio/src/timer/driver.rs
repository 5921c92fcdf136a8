use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, Waker};

use tokio::runtime::Handle;
use tokio::task::coop::unconstrained;
use tokio::time::{Instant, sleep_until};
use withal_sync::flavour::{Bound, Spin};
use withal_sync::timer_wheel::{Driver, Moment, TimerWheel};

use super::wheels;
use crate::TokioRuntime;

pub(super) type Turns = Bound<Spin, TokioRuntime>;
pub(crate) type Wheel = TimerWheel<TokioDriver, Turns>;

/// The system's clock, and a timer of a runtime, which ends with the runtime.
///
/// While that timer is set it owns the wheel, which owns it: when it goes off, which it does at the
/// latest when the runtime shuts down, it lets go.
pub(crate) struct TokioDriver {
    wheel: Weak<Wheel>,
    handle: Handle,
    number: u64,
    origin: std::time::Instant,
    stage: AtomicU8,
    timer: Mutex<Option<Pin<Box<tokio::time::Sleep>>>>,
}

/// The timer was not made yet.
const NEW: u8 = 0;
const RUNS: u8 = 1;
/// The runtime has shut down, or is about to.
const GONE: u8 = 2;

impl TokioDriver {
    pub(super) fn new_wheel(handle: Handle, number: u64) -> Arc<Wheel> {
        Arc::new_cyclic(|wheel| {
            TimerWheel::new(Self {
                wheel: wheel.clone(),
                handle,
                number,
                origin: std::time::Instant::now(),
                stage: AtomicU8::new(NEW),
                timer: Mutex::new(None),
            })
        })
    }

    pub(super) fn handle(&self) -> &Handle {
        &self.handle
    }

    pub(super) fn moment(&self, instant: Instant) -> Moment {
        // What lies before the origin has passed.
        Moment::from(instant.into_std().saturating_duration_since(self.origin))
    }

    pub(super) fn instant(&self, moment: Moment) -> Instant {
        let instant = self.origin.checked_add(moment.elapsed());
        Instant::from_std(instant.unwrap_or(self.origin + super::FAR_FUTURE))
    }

    /// Makes the timer, if there is none yet. Panics as Tokio does, if the runtime has none to give.
    #[inline]
    pub(super) fn begin(&self) {
        if self.stage.load(Ordering::Acquire) == NEW {
            self.make();
        }
    }

    #[cold]
    fn make(&self) {
        let mut timer = self.timer();
        if timer.is_none() {
            let _guard = self.handle.enter();
            *timer = Some(Box::pin(sleep_until(Instant::from_std(self.origin))));
            self.stage.store(RUNS, Ordering::Release);
        }
    }

    #[inline]
    pub(super) fn is_gone(&self) -> bool {
        self.stage.load(Ordering::Acquire) == GONE
    }

    fn timer(&self) -> MutexGuard<'_, Option<Pin<Box<tokio::time::Sleep>>>> {
        self.timer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Driver for TokioDriver {
    #[inline]
    fn now(&self) -> Moment {
        if self.is_gone() {
            // All sleeps end: they are polled, and panic as Tokio's own do.
            return Moment::NEVER;
        }
        Moment::from(self.origin.elapsed())
    }

    fn set(&self, moment: Option<Moment>) -> bool {
        // A timer that is set still rings in vain.
        let Some(moment) = moment else { return false };
        let (mut timer, wheel) = (self.timer(), self.wheel.upgrade());
        let (Some(timer), Some(wheel)) = (timer.as_mut(), wheel) else {
            return false;
        };
        let instant = self.instant(moment);
        if timer.deadline() != instant || timer.is_elapsed() {
            timer.as_mut().reset(instant);
        }
        // It panics only if the runtime shuts down at this very moment.
        let polled = catch_unwind(AssertUnwindSafe(|| {
            if timer.is_elapsed() {
                return Poll::Ready(());
            }
            let waker = Waker::from(wheel);
            // The wheel's timer takes nothing of the budget of the task that happens to set it.
            let mut timer = unconstrained(timer.as_mut());
            Pin::new(&mut timer).poll(&mut Context::from_waker(&waker))
        }));
        let passed = match polled {
            Ok(Poll::Pending) => return false,
            Ok(Poll::Ready(())) => self.now() >= moment,
            Err(_) => false,
        };
        if !passed {
            // A timer that ends early, or panics, is one of a runtime that shuts down.
            self.stage.store(GONE, Ordering::Release);
        }
        true
    }
}

impl Drop for TokioDriver {
    fn drop(&mut self) {
        wheels::forget(self.number);
    }
}
