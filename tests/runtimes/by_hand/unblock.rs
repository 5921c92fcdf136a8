//! Blocking work that runs when the test says so, on a thread of the test's choice.

use std::future::pending;
use std::mem::forget;
use std::panic::panic_any;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use withal::runtime::{Runtime, Spawn, TaskError};
use withal::sync::{CancelToken, Semaphore};
use withal::{drained, shield, unblock};
use withal_tests::poll::ByHand;
use withal_tests::reports::{Reports, unique};
use withal_tests::{Deterministic, Log};

fn held() -> Deterministic {
    Deterministic::builder().hold_blocking().build()
}

/// Says when it is dropped, and then panics if it is to.
struct Guard(Log, bool);

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.push("dropped");
        if self.1 {
            panic_any("in a destructor".to_owned());
        }
    }
}

fn was_cancelled<T>(ended: Result<T, TaskError>) -> bool {
    ended.is_err_and(|error| !error.is_panic())
}

// TC-8
#[test]
fn work_that_no_thread_has_taken_is_withdrawn() {
    let (rt, log) = (held(), Log::new());
    let guard = Guard(log.clone(), false);
    let work = ByHand::waiting(unblock(&rt, move |_| guard.0.push("ran")));
    log.assert("");
    assert!(!work.drop_and_look());
    log.assert("dropped");
    assert_eq!(rt.run_blocking(), 1);
    log.assert("dropped");
}

// TC-8
#[test]
fn withdrawn_work_is_waited_for_by_nobody() {
    let (rt, log) = (held(), Log::new());
    let guard = Guard(log.clone(), false);
    let work = Box::pin(unblock(&rt, move |_| guard.0.push("ran")).wait_on_cancel());
    let mut cancelled = ByHand::new(async {
        let mut work = work;
        assert!(futures_util::poll!(work.as_mut()).is_pending());
        withal::cancel(work).await;
    });
    cancelled.ready();
    log.assert("dropped");
}

// TC-8
#[test]
fn a_token_withdraws_work_that_no_thread_has_taken() {
    let (rt, log, stop) = (held(), Log::new(), CancelToken::new());
    let guard = Guard(log.clone(), false);
    let work = unblock(&rt, move |_| guard.0.push("ran")).token(&stop);
    let mut work = ByHand::waiting(work);
    stop.cancel();
    assert!(work.woken());
    assert!(was_cancelled(work.ready()));
    log.assert("dropped");
    rt.run_blocking();
    log.assert("dropped");
}

// TC-8, TC-10
#[test]
fn a_token_ends_the_wait_for_a_permit() {
    let (rt, stop, threads) = (held(), CancelToken::new(), Arc::new(Semaphore::new(0)));
    let work = unblock(&rt, |_| ()).limit(threads.acquire_owned());
    let mut work = ByHand::waiting(work.token(&stop));
    assert_eq!(threads.waiting(), 1);
    stop.cancel();
    assert!(was_cancelled(work.ready()));
    assert_eq!(threads.waiting(), 0);
}

// TC-10, TC-5, A-10
#[test]
fn a_permit_is_passed_on_by_who_is_dropped_before_its_work_began() {
    let (rt, threads) = (held(), Arc::new(Semaphore::new(1)));
    let work = |number| unblock(&rt, move |_| number).limit(threads.acquire_owned());
    let first = ByHand::waiting(work(1));
    let (second, mut third) = (ByHand::waiting(work(2)), ByHand::waiting(work(3)));
    assert_eq!(threads.waiting(), 2);
    // Withdrawn: its permit is the second's, which is dropped before it is polled.
    drop(first);
    assert!(second.woken());
    drop(second);
    assert!(third.woken() && third.poll().is_pending());
    assert_eq!(rt.run_blocking(), 2);
    assert_eq!(third.ready().unwrap(), 3);
    assert_eq!(threads.available_permits(), 1);
}

// TC-7, TC-8
#[test]
fn a_result_that_is_not_fetched_is_dropped() {
    let (rt, log) = (held(), Log::new());
    let of_work = log.clone();
    let work = ByHand::waiting(unblock(&rt, move |_| Guard(of_work, false)));
    rt.run_blocking();
    assert!(work.woken());
    log.assert("");
    drop(work);
    log.assert("dropped");
}

// TC-7
#[test]
fn the_last_waker_is_woken_once() {
    let rt = held();
    let mut work = ByHand::waiting(unblock(&rt, |_| 7));
    work.change_waker();
    assert!(work.poll().is_pending() && work.poll().is_pending());
    rt.run_blocking();
    assert!(work.woken());
    assert_eq!(work.ready().unwrap(), 7);
}

// TC-7, A-8
#[test]
#[should_panic(expected = "polled after its end")]
fn work_is_not_polled_after_its_end() {
    let rt = held();
    let mut work = ByHand::waiting(unblock(&rt, |_| 7));
    rt.run_blocking();
    assert_eq!(work.ready().unwrap(), 7);
    let _ = work.poll();
}

// TC-9
#[test]
fn a_runtime_that_goes_discards_the_work() {
    let (rt, log) = (held(), Log::new());
    let guard = Guard(log.clone(), false);
    let mut work = ByHand::waiting(unblock(&rt, move |_| guard.0.push("ran")));
    rt.shut_down();
    assert!(work.woken());
    assert!(was_cancelled(work.ready()));
    log.assert("dropped");
    // And what comes later.
    assert!(was_cancelled(ByHand::new(unblock(&rt, |_| ())).ready()));
}

// TC-8: a panic of what it holds is the dropper's, as of any drop, and nothing is left behind.
#[test]
fn a_destructor_that_panics_does_not_keep_the_work() {
    let (rt, log, threads) = (held(), Log::new(), Arc::new(Semaphore::new(1)));
    let guard = Guard(log.clone(), true);
    let work = unblock(&rt, move |_| drop(guard)).limit(threads.acquire_owned());
    let work = ByHand::waiting(work);
    let dropped = thread::scope(|scope| scope.spawn(|| drop(work)).join());
    assert!(dropped.is_err());
    log.assert("dropped");
    assert_eq!(threads.available_permits(), 1);
    let ran = rt.block_on(drained(&rt, Duration::ZERO, async {}));
    assert!(ran.is_clean() && ran.blocking.ended.is_empty(), "{ran:?}");
}

// TC-7, TC-10: of its value, on the thread, when nobody wants it.
#[test]
fn a_value_that_panics_when_it_is_dropped_gives_its_permit_back() {
    let (rt, log, threads) = (held(), Log::new(), Arc::new(Semaphore::new(1)));
    let mut work = None;
    let of_work = log.clone();
    let asked = CancelToken::new();
    let of_asked = asked.clone();
    work.replace(ByHand::waiting(
        unblock(&rt, move |_| {
            // Abandoned while it runs.
            of_asked.cancel();
            while of_asked.reason().is_some() && !of_work.has("abandoned") {
                thread::yield_now();
            }
            Guard(of_work, true)
        })
        .limit(threads.acquire_owned()),
    ));
    thread::scope(|scope| {
        let thread = scope.spawn(|| rt.run_blocking());
        while !asked.is_cancelled() {
            thread::yield_now();
        }
        work = None;
        log.push("abandoned");
        // The panic is the thread's own.
        let _ = thread.join();
    });
    log.assert("abandoned dropped");
    assert_eq!(threads.available_permits(), 1);
}

// TC-8: leaked, it does what it would have done.
#[test]
fn work_whose_wait_is_leaked_runs_to_its_end() {
    let (rt, log, threads) = (held(), Log::new(), Arc::new(Semaphore::new(1)));
    let of_work = log.clone();
    let work = unblock(&rt, move |cx| {
        assert!(!cx.is_cancelled());
        of_work.push("ran");
    });
    forget(ByHand::waiting(work.limit(threads.acquire_owned())));
    rt.run_blocking();
    log.assert("ran");
    assert_eq!(threads.available_permits(), 1);
}

// TC-10, A-8: it would wait for itself.
#[test]
fn work_on_the_thread_of_the_tasks_cannot_wait_for_one() {
    for rt in [Deterministic::new(), held()] {
        let mut work = ByHand::new(unblock(&rt, |cx| cx.block_on(async { 7 }).unwrap()));
        assert!(work.poll().is_pending());
        rt.run_until_stalled();
        rt.run_blocking();
        let error = work.ready().unwrap_err().to_string();
        assert!(error.contains("on the thread of its tasks"), "{error}");
    }
}

// TC-9, TC-10: the runtime is gone before it is asked, or while the thread waits.
#[test]
fn a_thread_that_waits_for_a_runtime_that_goes_gets_an_error() {
    for goes_first in [true, false] {
        let (rt, log) = (held(), Log::new());
        let of_work = log.clone();
        let mut work = ByHand::waiting(unblock(&rt, move |cx| {
            let (rt, log) = (cx.runtime().clone(), of_work);
            log.push("taken");
            while goes_first && !log.has("gone") {
                thread::yield_now();
            }
            let of_task = log.clone();
            let ended = cx.block_on(async move {
                of_task.push("waits");
                pending::<()>().await;
                drop(rt);
            });
            assert!(was_cancelled(ended));
        }));
        thread::scope(|scope| {
            scope.spawn(|| rt.run_blocking());
            while !log.has("taken") {
                thread::yield_now();
            }
            while !goes_first && !log.has("waits") {
                rt.run_until_stalled();
            }
            rt.shut_down();
            log.push("gone");
        });
        work.ready().unwrap();
    }
}

// TC-10: its task runs where all tasks do.
#[test]
fn a_thread_waits_for_a_task_that_another_thread_runs() {
    let (rt, home) = (held(), thread::current().id());
    let mut work = ByHand::waiting(unblock(&rt, |cx| {
        let here = cx.block_on(async { thread::current().id() });
        (here.unwrap(), thread::current().id())
    }));
    let (task, there) = thread::scope(|scope| {
        let thread = scope.spawn(|| rt.run_blocking());
        while !thread.is_finished() {
            rt.run_until_stalled();
        }
        work.ready().unwrap()
    });
    assert_eq!(task, home);
    assert_ne!(there, home);
}

// TC-15, FH-8: none is lost, and none waited for.
#[test]
fn the_end_of_a_program_withdraws_what_no_thread_has_taken() {
    let (rt, log, reports, text) = (held(), Log::new(), Reports::begin(), unique("held"));
    let (of_leaked, of_panicking) = (log.clone(), text.clone());
    let ran = rt.block_on(drained(&rt, Duration::ZERO, async {
        let leaked = unblock(&rt, move |_| of_leaked.push("ran"));
        forget(ByHand::waiting(leaked));
        struct Panics(String);
        impl Drop for Panics {
            fn drop(&mut self) {
                panic_any(std::mem::take(&mut self.0));
            }
        }
        let panics = Panics(of_panicking);
        forget(ByHand::waiting(unblock(&rt, move |_| drop(panics))));
    }));
    assert_eq!(ran.blocking.ended.len(), 2, "{}", ran.blocking);
    assert_eq!(reports.count(&text), 1);
    rt.run_blocking();
    log.assert("");
}

// TC-15: a cleanup may still need a thread, and gets it.
#[test]
fn a_cleanup_has_its_blocking_work_done() {
    let (rt, log) = (Deterministic::new(), Log::new());
    let of_main = log.clone();
    let ran = rt.block_on(drained(&rt, Duration::from_secs(1), async {
        let (own_rt, log) = (rt.clone(), log.clone());
        let saved = async move {
            let of_work = log.clone();
            let saved = unblock(&own_rt, move |cx| {
                assert!(!cx.is_cancelled());
                of_work.push("saved");
            });
            saved.await
        };
        let mut shielded = Box::pin(shield(&rt, Duration::from_secs(1), saved));
        assert!(futures_util::poll!(shielded.as_mut()).is_pending());
        drop(shielded);
        of_main.push("returned");
    }));
    assert!(ran.is_clean(), "{ran:?}");
    log.assert("returned saved");
}

// TC-7, CM-15: in a task, over what it borrows from its body.
#[test]
fn work_is_awaited_in_tasks_and_beside_what_stays_on_its_thread() {
    async fn sum(rt: &impl Runtime, numbers: &[u32]) -> u32 {
        let mut sum = 0;
        for number in numbers {
            let number = *number;
            sum += unblock(rt, move |_| number).wait_on_cancel().await.unwrap();
        }
        sum
    }

    let rt = Deterministic::new();
    let own_rt = rt.clone();
    let task = rt.spawn(async move {
        let numbers = vec![1, 2, 3];
        sum(&own_rt, &numbers).await
    });
    assert_eq!(rt.block_on(task).unwrap(), 6);
    let local = std::rc::Rc::new(1);
    let beside = rt.block_on(async {
        let one = *unblock(&rt, |_| Box::new(1)).await.unwrap();
        one + *local
    });
    assert_eq!(beside, 2);
}
