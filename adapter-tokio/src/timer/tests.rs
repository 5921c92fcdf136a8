//! What becomes of sleeps, and of what they share, when their runtime has no timers, or ends.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use withal_core::runtime::Timer;

use super::{Sleep, State, paused};
use crate::TokioRuntime;

const HOUR: Duration = Duration::from_secs(60 * 60);

fn threads() -> Runtime {
    let mut builder = Builder::new_multi_thread();
    builder.worker_threads(1).enable_time().build().unwrap()
}

fn of(owner: &Runtime) -> TokioRuntime {
    TokioRuntime::new(owner.handle().clone())
}

fn poll(sleep: &mut Pin<Box<Sleep>>) -> Poll<()> {
    poll_with(sleep, Waker::noop())
}

fn poll_with(sleep: &mut Pin<Box<Sleep>>, waker: &Waker) -> Poll<()> {
    sleep.as_mut().poll(&mut Context::from_waker(waker))
}

/// What a poll panics with.
fn panic_of(sleep: &mut Pin<Box<Sleep>>) -> String {
    let payload = catch_unwind(AssertUnwindSafe(|| poll(sleep))).expect_err("a panic");
    match payload.downcast::<String>() {
        Ok(text) => *text,
        Err(payload) => (*payload.downcast::<&str>().unwrap()).to_owned(),
    }
}

/// What a sleep of Tokio's own panics with.
fn panic_of_tokios(owner: &tokio::runtime::Handle) -> String {
    let payload = catch_unwind(AssertUnwindSafe(|| {
        let _guard = owner.enter();
        let mut sleep = std::pin::pin!(tokio::time::sleep(HOUR));
        let mut cx = Context::from_waker(Waker::noop());
        let _pending = sleep.as_mut().poll(&mut cx);
    }));
    match payload.expect_err("a panic").downcast::<String>() {
        Ok(text) => *text,
        Err(payload) => (*payload.downcast::<&str>().unwrap()).to_owned(),
    }
}

#[derive(Default)]
struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

// RT-1
#[test]
fn where_the_clock_can_be_paused_a_sleep_is_one_of_tokios() {
    assert!(paused::is_possible(), "`test-util` is on in these tests");
    let owner = Builder::new_current_thread().enable_time().build().unwrap();
    assert!(matches!(
        of(&owner).sleep(HOUR).state,
        State::Unbound { .. }
    ));
    let owner = threads();
    assert!(matches!(of(&owner).sleep(HOUR).state, State::Shared { .. }));
}

// RT-1
#[test]
fn a_clock_that_is_paused_elsewhere_does_not_stop_the_sleeps_of_threads() {
    const PAUSE: Duration = Duration::from_millis(5);
    let paused = Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    let owner = threads();
    let rt = of(&owner);
    paused.block_on(async {
        let begin = rt.now();
        tokio::time::sleep(HOUR).await;
        assert!(rt.elapsed(begin, rt.now()) < HOUR);
        rt.sleep(PAUSE).await;
        assert!(rt.elapsed(begin, rt.now()) >= PAUSE);
    });
    owner.block_on(rt.sleep(PAUSE));
}

#[test]
fn without_timers_a_poll_panics_as_tokios_does_and_nothing_is_left_behind() {
    let owner = Builder::new_multi_thread()
        .worker_threads(1)
        .build()
        .unwrap();
    let rt = of(&owner);
    for _ in 0..2 {
        let mut sleep = Box::pin(rt.sleep(HOUR));
        assert_eq!(panic_of(&mut sleep), panic_of_tokios(owner.handle()));
    }
}

#[test]
fn a_shutdown_wakes_who_sleeps_and_the_poll_panics_as_tokios_does() {
    let owner = threads();
    let rt = of(&owner);
    let mut sleeps = [HOUR, 2 * HOUR, Duration::MAX].map(|span| Box::pin(rt.sleep(span)));
    let mut unpolled = Box::pin(rt.sleep(HOUR));
    let wakes = Arc::new(Wakes::default());
    for sleep in &mut sleeps {
        assert!(poll_with(sleep, &Waker::from(wakes.clone())).is_pending());
    }
    let handle = owner.handle().clone();
    drop(owner);
    assert_eq!(wakes.0.load(Ordering::SeqCst), 3);
    let of_tokio = panic_of_tokios(&handle);
    for sleep in &mut sleeps {
        assert_eq!(panic_of(sleep), of_tokio);
    }
    assert_eq!(panic_of(&mut unpolled), of_tokio);
    assert_eq!(panic_of(&mut Box::pin(rt.sleep(HOUR))), of_tokio);
}

#[test]
fn the_first_poll_after_a_shutdown_panics_as_tokios_does() {
    let owner = threads();
    let rt = of(&owner);
    // The runtime's timer was made, and is not set.
    assert!(poll(&mut Box::pin(rt.sleep(Duration::ZERO))).is_ready());
    let handle = owner.handle().clone();
    drop(owner);
    assert_eq!(
        panic_of(&mut Box::pin(rt.sleep(HOUR))),
        panic_of_tokios(&handle)
    );
}

// RT-8
#[test]
fn one_wheel_serves_all_values_of_a_runtime_and_goes_with_the_last_one() {
    let owner = threads();
    let (one, other, elsewhere) = (of(&owner), of(&owner), threads());
    assert!(Arc::ptr_eq(one.wheel(), other.wheel()));
    assert!(!Arc::ptr_eq(one.wheel(), of(&elsewhere).wheel()));
    let gone = Arc::downgrade(one.wheel());
    let mut sleep = Box::pin(one.sleep(Duration::ZERO));
    assert!(poll(&mut sleep).is_ready());
    drop((one, other));
    assert!(gone.upgrade().is_some(), "the sleep has it");
    drop(sleep);
    assert!(gone.upgrade().is_none());
    assert!(!Arc::ptr_eq(of(&owner).wheel(), of(&elsewhere).wheel()));
}

// RT-9
#[test]
fn a_timer_that_is_set_ends_with_its_runtime() {
    let owner = threads();
    let rt = of(&owner);
    let gone = Arc::downgrade(rt.wheel());
    let mut sleep = Box::pin(rt.sleep(HOUR));
    assert!(poll(&mut sleep).is_pending());
    drop((sleep, rt));
    assert!(gone.upgrade().is_some(), "set, the timer has the wheel");
    drop(owner);
    assert!(gone.upgrade().is_none());
}
