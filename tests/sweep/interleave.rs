//! Several tasks in every order.

use std::convert::Infallible;
use std::future::poll_fn;
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};

use withal::with;
use withal_tests::foreign::gives_up;
use withal_tests::poll::yields;
use withal_tests::sweep::{At, Followed, Interleave, Violation, checkpoint};
use withal_tests::{Deterministic, Log, Probe, laws};

/// A lock that hands over to the waiter who came first; or forgets to, if that one is gone.
#[derive(Clone, Debug, Default)]
struct Lock {
    state: Arc<Mutex<State>>,
    /// Whether a waiter that was woken and is dropped wakes the next one.
    passes_on: bool,
}

#[derive(Debug, Default)]
struct State {
    locked: bool,
    next: usize,
    waiting: Vec<(usize, Waker)>,
}

struct Locked(Lock);

impl Drop for Locked {
    fn drop(&mut self) {
        self.0.state.lock().unwrap().locked = false;
        self.0.wake_next();
    }
}

struct Waiter(Lock, Option<usize>);

impl Drop for Waiter {
    fn drop(&mut self) {
        let Some(number) = self.1 else { return };
        let mut state = self.0.state.lock().unwrap();
        let before = state.waiting.len();
        state.waiting.retain(|(waiting, _)| *waiting != number);
        let was_woken = before == state.waiting.len();
        drop(state);
        if was_woken && self.0.passes_on {
            self.0.wake_next();
        }
    }
}

impl Lock {
    fn wake_next(&self) {
        let mut state = self.state.lock().unwrap();
        if !state.locked && !state.waiting.is_empty() {
            let (_, waker) = state.waiting.remove(0);
            drop(state);
            waker.wake();
        }
    }

    async fn lock(&self) -> Locked {
        let mut waiter = Waiter(self.clone(), None);
        poll_fn(|cx| {
            let mut state = waiter.0.state.lock().unwrap();
            if !state.locked {
                state.locked = true;
                let number = waiter.1.take();
                state
                    .waiting
                    .retain(|(waiting, _)| Some(*waiting) != number);
                return Poll::Ready(());
            }
            let number = *waiter.1.get_or_insert(state.next);
            state.next += 1;
            state.waiting.retain(|(waiting, _)| *waiting != number);
            state.waiting.push((number, cx.waker().clone()));
            Poll::Pending
        })
        .await;
        Locked(self.clone())
    }

    /// What each task does.
    async fn used(_: Followed<Deterministic>, lock: Self) {
        let _locked = lock.lock().await;
        checkpoint().await;
    }
}

fn three_users(passes_on: bool) -> Interleave<Lock> {
    let setup = move || Lock {
        passes_on,
        ..Lock::default()
    };
    Interleave::new(setup)
        .task(Lock::used)
        .task(Lock::used)
        .task(Lock::used)
        .invariant(|lock| assert!(!lock.state.lock().unwrap().locked, "still locked"))
}

// The baton rule, as an application would test a lock of its own.
#[test]
fn a_lock_that_passes_a_wake_on_is_sound() {
    let done = three_users(true).run();
    assert!(done.schedules > 100, "{done}");
}

// A waiter that was woken and is dropped has to pass the wake on.
#[test]
fn a_lock_that_swallows_a_wake_is_found_with_its_schedule() {
    let error = three_users(false).try_run().unwrap_err();
    assert_eq!(error.violation, Violation::Stalled, "{error}");
    let At::Schedule(schedule) = &error.at else {
        panic!("{error}");
    };
    // `a` has it and gives it back; `b`, woken by that, is cancelled, and `c` sleeps on.
    assert_eq!(schedule, "abcab×", "{error}");
}

/// A probe that waits in its exit.
fn probe(log: &Log, name: &str) -> Probe {
    Probe::new(log, name).reasons()
}

// K1, K3, K4, CM-17
#[test]
fn two_scopes_side_by_side_and_a_foreign_drop() {
    let done = Interleave::new(Log::new)
        .task(async |rt, log| {
            let outer = with(&rt, probe(&log, "a"), async |_| {
                let dropped = with(&rt, probe(&log, "a/i"), async |_| {
                    yields(5).await;
                    Ok::<_, Infallible>(())
                });
                gives_up(1, dropped).await;
                log.push(".a");
                Ok::<_, Infallible>(())
            });
            outer.await.unwrap();
        })
        .task(async |rt, log| {
            let scope = with(&rt, probe(&log, "b"), async |_| {
                checkpoint().await;
                log.push(".b");
                Ok::<_, Infallible>(())
            });
            scope.await.unwrap();
        })
        .invariant(|log| laws::check(&log.events()).unwrap())
        .run();
    assert!(done.schedules > 100, "{done}");
    assert!(done.scopes > 2 * done.schedules, "{done}");
}

// The tree of schedules, counted by hand: two tasks of two polls each have six orders.
#[test]
fn every_order_is_tried_once() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let kept = seen.clone();
    let done = Interleave::new(Log::new)
        .task(async |_, log| {
            log.push("a");
            checkpoint().await;
            log.push("a");
        })
        .task(async |_, log| {
            log.push("b");
            checkpoint().await;
            log.push("b");
        })
        .cancels(0)
        .invariant(move |log| {
            // Called at once, and again when all is at rest.
            let mut seen = kept.lock().unwrap();
            if seen.last() != Some(&log.trace()) {
                seen.push(log.trace());
            }
        })
        .run();
    assert_eq!(done.schedules, 6);
    let mut seen = std::mem::take(&mut *seen.lock().unwrap());
    seen.sort();
    assert_eq!(
        seen,
        [
            "a a b b", "a b a b", "a b b a", "b a a b", "b a b a", "b b a a"
        ]
    );
}

// Beyond the bound there is one order left.
#[test]
fn the_bound_bounds_the_schedules() {
    let tasks = || {
        let long = async |_, ()| yields(20).await;
        Interleave::new(|| ()).task(long).task(long).cancels(0)
    };
    assert_eq!(tasks().polls(3).run().schedules, 8);
    assert_eq!(tasks().polls(0).run().schedules, 1);
}
