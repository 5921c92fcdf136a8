use std::future::{pending, ready};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use withal::runtime::{Alarm, Runtime};

use crate::wrapped::Wrap;

/// Its sleeps end at once.
#[derive(Debug)]
#[non_exhaustive]
pub enum Early {}

impl Wrap for Early {
    fn sleep_until<R: Runtime>(_rt: &R, _deadline: R::Instant) -> BoxFuture<'static, ()> {
        ready(()).boxed()
    }
}

/// Its sleeps never end.
#[derive(Debug)]
#[non_exhaustive]
pub enum Never {}

impl Wrap for Never {
    fn sleep_until<R: Runtime>(_rt: &R, _deadline: R::Instant) -> BoxFuture<'static, ()> {
        pending().boxed()
    }
}

/// It misses moments that have passed: a sleep until one never ends.
#[derive(Debug)]
#[non_exhaustive]
pub enum Misses {}

impl Wrap for Misses {
    fn sleep_until<R: Runtime>(rt: &R, deadline: R::Instant) -> BoxFuture<'static, ()> {
        if deadline < rt.now() {
            pending().boxed()
        } else {
            rt.sleep_until(deadline).boxed()
        }
    }
}

/// It panics where a moment lies too far ahead.
#[derive(Debug)]
#[non_exhaustive]
pub enum Overflows {}

impl Wrap for Overflows {
    fn deadline<R: Runtime>(rt: &R, timeout: Duration) -> R::Instant {
        let years = timeout.as_secs() / (365 * 24 * 60 * 60);
        assert!(years < 1_000, "overflow when adding duration to instant");
        rt.deadline(timeout)
    }
}

/// Time passes between two moments whichever way they stand.
#[derive(Debug)]
#[non_exhaustive]
pub enum Backwards {}

impl Wrap for Backwards {
    fn elapsed<R: Runtime>(rt: &R, earlier: R::Instant, later: R::Instant) -> Duration {
        rt.elapsed(earlier.min(later), earlier.max(later))
    }
}

/// Its alarms ring at once.
#[derive(Debug)]
#[non_exhaustive]
pub enum EarlyAlarm {}

impl Wrap for EarlyAlarm {
    fn alarm<R: Runtime>(_rt: &R, _timeout: Duration) -> Option<Alarm> {
        Some(Alarm::new(ready(())))
    }
}

/// It can sleep, and has no alarm.
#[derive(Debug)]
#[non_exhaustive]
pub enum WithoutAlarm {}

impl Wrap for WithoutAlarm {
    fn alarm<R: Runtime>(_rt: &R, _timeout: Duration) -> Option<Alarm> {
        None
    }
}
