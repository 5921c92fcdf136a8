//! The clock, and what moves it.

use std::future::pending;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use withal::runtime::{Spawn, Timer};
use withal::timeout;

use super::{SECOND, panic_of};
use crate::poll::{poll_now, yields};
use crate::{Deterministic, Log};

// RT-1, A-12
#[test]
fn time_stands_still_while_a_task_is_ready() {
    let rt = Deterministic::new();
    let timer = rt.clone();
    let _sleeper = rt.spawn(async move { timer.sleep(SECOND).await });
    rt.block_on(async {
        yields(1_000).await;
        assert_eq!(rt.now().since_start(), Duration::ZERO);
        rt.sleep(SECOND / 2).await;
        assert_eq!(rt.now().since_start(), SECOND / 2);
    });
    assert_eq!(rt.run_until_stalled(), 1);
    assert_eq!(rt.now().since_start(), SECOND / 2);
    rt.run();
    assert_eq!(rt.now().since_start(), SECOND);
}

// A-12, RT-1
#[test]
fn time_is_moved_by_hand_as_well() {
    let (rt, log) = (Deterministic::new(), Log::new());
    for seconds in [1, 3] {
        let (timer, log) = (rt.clone(), log.clone());
        let _task = rt.spawn(async move {
            timer.sleep(seconds * SECOND).await;
            log.push(seconds);
            timer.sleep(SECOND).await;
            log.push("later");
        });
    }
    assert_eq!(rt.run_until_stalled(), 2);
    rt.advance(SECOND);
    log.assert("");
    assert_eq!(rt.run_until_stalled(), 2);
    log.assert("1");
    // The second sleep of a task begins when its first one ends, not when the span does.
    assert_eq!(rt.run_for(2 * SECOND), 1);
    log.assert("1 later 3");
    assert_eq!(rt.now().since_start(), 3 * SECOND);
}

// A-12, RT-1
#[test]
fn timers_fire_in_the_order_of_their_deadlines() {
    let (rt, log) = (Deterministic::new(), Log::new());
    for millis in [30, 10, 20, 10] {
        let (timer, log) = (rt.clone(), log.clone());
        let _task = rt.spawn(async move {
            timer.sleep(Duration::from_millis(millis)).await;
            log.push(format_args!("{millis}@{:?}", timer.now()));
        });
    }
    rt.run();
    log.assert("10@+10ms 10@+10ms 20@+20ms 30@+30ms");
    // All at once, they are woken in that order, too.
    for millis in [30, 10, 20] {
        let (timer, log) = (rt.clone(), log.clone());
        let _task = rt.spawn(async move {
            timer.sleep(Duration::from_millis(millis)).await;
            log.push(millis);
        });
    }
    rt.run_until_stalled();
    rt.advance(SECOND);
    rt.run_until_stalled();
    log.assert("10@+10ms 10@+10ms 20@+20ms 30@+30ms 10 20 30");
}

#[test]
fn a_cancelled_sleep_leaves_nothing_behind() {
    let rt = Deterministic::new();
    let mut sleep = Box::pin(rt.sleep(SECOND));
    assert!(poll_now(sleep.as_mut()).is_pending());
    assert!(poll_now(sleep.as_mut()).is_pending());
    assert_eq!(rt.timers(), 1);
    drop(sleep);
    assert_eq!(rt.timers(), 0);
    // Nor does one that has ended.
    rt.block_on(rt.sleep(SECOND));
    assert_eq!(rt.timers(), 0);
}

// RT-2
#[test]
fn a_sleep_without_end_is_no_timer() {
    let rt = Deterministic::new();
    let text = panic_of(|| rt.block_on(rt.sleep(Duration::MAX)));
    assert!(text.contains("deadlock"), "{text}");
    assert_eq!(rt.now().since_start(), Duration::ZERO);
}

#[test]
fn it_waits_for_other_threads_where_it_was_told_to() {
    let rt = Deterministic::builder()
        .wait_for_outside(20 * SECOND)
        .build();
    let (log, (sender, receiver)) = (Log::new(), mpsc::channel());
    let of_thread = log.clone();
    let thread = thread::spawn(move || {
        receiver.recv().unwrap();
        of_thread.push("woken");
    });
    let waits = async {
        sender.send(()).unwrap();
        log.when(|events| !events.is_empty()).await;
    };
    // The clock may only move as fast as that of the thread.
    let ended = rt.block_on(timeout(&rt, 20 * SECOND, waits));
    assert!(ended.is_ok());
    assert_eq!(rt.now().since_start(), Duration::ZERO);
    thread.join().unwrap();
    // And nothing lasts for ever.
    let impatient = Deterministic::builder()
        .wait_for_outside(Duration::from_millis(1))
        .build();
    let text = panic_of(|| impatient.block_on(pending::<()>()));
    assert!(text.contains("deadlock"), "{text}");
}
