//! Tokio runtimes that end, stand still, or are not there.

use std::future::pending;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use withal::cleanup::drain;
use withal::runtime::Cleanup;
use withal::tokio::{TokioMain, TokioRuntime};
use withal::{unblock, with};
use withal_tests::foreign::{OnDrop, begun, block_on, gives_up};
use withal_tests::log::PATIENCE;
use withal_tests::reports::Reports;
use withal_tests::{Act, Deterministic, Log};

use crate::turn;

type Never = Result<(), String>;

fn current_thread() -> (Runtime, TokioRuntime) {
    let tokio = Builder::new_current_thread().enable_all().build().unwrap();
    let rt = TokioRuntime::new(tokio.handle().clone());
    (tokio, rt)
}

fn multi_thread() -> (Runtime, TokioRuntime) {
    let tokio = Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let rt = TokioRuntime::new(tokio.handle().clone());
    (tokio, rt)
}

/// Runs what the process still has, on a runtime that lives.
fn drained() -> withal::cleanup::DrainReport {
    let main = TokioMain::current_thread().unwrap();
    main.block_on(drain(&main.runtime(), PATIENCE))
}

// K3, ATTACK A1: nobody drives the runtime of b; its exit needs nothing of it.
#[test]
fn a_runtime_that_nobody_drives_hangs_nobody() {
    let _turn = turn();
    let log = Log::new();
    let (_tokio, stalled) = current_thread();
    let rt = Deterministic::new();
    block_on(async {
        let a = with(&rt, Act::new(&log, "a"), async |_| {
            let b = with(&stalled, Act::new(&log, "b"), async |_| {
                pending::<Never>().await
            });
            gives_up(1, b).await;
            Ok::<_, String>(())
        });
        a.await.unwrap();
    });
    log.assert("+a +b -b:cancelled -a");
}

// K3, K6, ATTACK A1: the runtime goes while the cleanup of b waits on it, and a takes it back.
#[test]
fn a_runtime_that_goes_gives_the_cleanup_back_to_the_enclosing_scope() {
    let _turn = turn();
    for make in [current_thread, multi_thread] {
        let (log, reports, rt) = (Log::new(), Reports::begin(), Deterministic::new());
        let (tokio, dying) = make();
        let mut tokio = Some(tokio);
        let body_log = log.clone();
        block_on(async {
            let a = with(&rt, Act::new(&log, "a"), async |_| {
                let b = Act::new(&log, "b").exit({
                    let log = body_log.clone();
                    async move { log.push("exiting") }
                });
                let b = with(&dying, b.exit_waits_for("rt-gone"), async |_| {
                    pending::<Never>().await
                });
                gives_up(1, b).await;
                if let Some(tokio) = tokio.take() {
                    // Begun on the runtime, and waiting there.
                    tokio.block_on(body_log.when(|events| events.contains(&"exiting".to_owned())));
                    drop(tokio);
                }
                body_log.push("rt-gone");
                Ok::<_, String>(())
            });
            a.await.unwrap();
        });
        log.assert("+a +b exiting rt-gone -b:cancelled -a");
        assert_eq!(reports.count("is orphaned"), 0);
    }
}

// K6: no scope waits, so it is an orphan, reported, and run by a later drain. No spawn is repeated.
#[test]
fn a_runtime_that_goes_leaves_an_orphan() {
    let _turn = turn();
    for make in [current_thread, multi_thread] {
        let (log, reports) = (Log::new(), Reports::begin());
        let (tokio, dying) = make();
        let b = Act::new(&log, "b").exit({
            let log = log.clone();
            async move { log.push("exiting") }
        });
        drop(begun(with(&dying, b.exit_waits_for("go"), async |_| {
            pending::<Never>().await
        })));
        tokio.block_on(log.when(|events| events.contains(&"exiting".to_owned())));
        assert_eq!(reports.count("is orphaned"), 0);
        drop(tokio);
        assert_eq!(reports.count("is orphaned until a drain"), 1);
        log.push("go");
        assert_eq!(drained().finished.len(), 1);
        log.assert("+b exiting go -b:cancelled");
    }
}

// K2, K5, K6: the runtime is gone already when the scope is dropped.
#[test]
fn a_runtime_that_is_gone_refuses_and_the_cleanup_is_an_orphan() {
    let _turn = turn();
    for make in [current_thread, multi_thread] {
        let (log, reports) = (Log::new(), Reports::begin());
        let (tokio, dead) = make();
        let a = begun(with(&dead, Act::new(&log, "a"), async |_| {
            let b = with(&dead, Act::new(&log, "b"), async |_| {
                pending::<Never>().await
            });
            b.await.map_err(|error| error.to_string())
        }));
        drop(tokio);
        drop(a);
        assert_eq!(
            reports.count("is orphaned until a drain"),
            1,
            "one chain, one orphan"
        );
        assert_eq!(drained().finished.len(), 1);
        log.assert("+a +b -b:cancelled -a:cancelled");
    }
}

// K6, K11, ATTACK B1: an orphan that needs the dead runtime's clock is tried, and its panic reported.
#[test]
fn an_orphan_that_needs_its_runtime_fails_aloud() {
    let _turn = turn();
    for half_run in [false, true] {
        let (log, reports) = (Log::new(), Reports::begin());
        let (tokio, dying) = current_thread();
        let (in_exit, for_exit) = (log.clone(), dying.clone());
        let b = Act::new(&log, "b").exit(async move {
            in_exit.push("exiting");
            withal::runtime::Timer::sleep(&for_exit, Duration::from_secs(3600)).await;
        });
        drop(begun(with(&dying, b, async |_| pending::<Never>().await)));
        if half_run {
            tokio.block_on(log.when(|events| events.contains(&"exiting".to_owned())));
        }
        drop(tokio);
        let report = drained();
        assert_eq!(report.panicked.len(), 1, "{report:?}");
        assert_eq!(reports.count("exit panicked"), 1);
        log.assert("+b exiting");
        assert!(drained().is_clean(), "it is finished, not an orphan again");
    }
}

// K2, K6: scopes that lie in tasks of the runtime that goes.
#[test]
fn tasks_dropped_by_a_shutdown_lose_no_cleanup() {
    let _turn = turn();
    for make in [current_thread, multi_thread] {
        let (log, reports) = (Log::new(), Reports::begin());
        let (tokio, dying) = make();
        for number in 0..10 {
            let (rt, log) = (dying.clone(), log.clone());
            tokio.spawn(async move {
                with(&rt, Act::new(&log, format!("a{number}")), async |_| {
                    let b = Act::new(&log, format!("b{number}"));
                    let b = with(&rt, b, async |_| pending::<Never>().await);
                    b.await.map_err(|error| error.to_string())
                })
                .await
            });
        }
        tokio.block_on(log.when(|events| events.len() == 20));
        drop(tokio);
        assert_eq!(reports.count("is orphaned until a drain"), 10);
        assert_eq!(drained().finished.len(), 10);
        assert_eq!((log.count("+"), log.count("-")), (20, 20));
        for number in 0..10 {
            let (a, b) = (
                format!("-a{number}:cancelled"),
                format!("-b{number}:cancelled"),
            );
            assert!(log.position(&b) < log.position(&a), "{}", log.trace());
        }
    }
}

// K6: `shutdown_background` waits for nothing.
#[test]
fn a_shutdown_in_the_background_loses_no_cleanup() {
    let _turn = turn();
    let (log, reports) = (Log::new(), Reports::begin());
    let (tokio, dying) = multi_thread();
    let (gone, is_gone) = mpsc::channel();
    let (rt, task_log) = (dying.clone(), log.clone());
    tokio.spawn(async move {
        let _gone = OnDrop::new(move || gone.send(()).unwrap());
        let a = Act::new(&task_log, "a");
        let _ = with(&rt, a, async |_| pending::<Never>().await).await;
    });
    tokio.block_on(log.when(|events| events.len() == 1));
    tokio.shutdown_background();
    is_gone.recv_timeout(PATIENCE).unwrap();
    let report = drained();
    assert_eq!(
        (report.finished.len(), reports.count("is orphaned")),
        (1, 1)
    );
    log.assert("+a -a:cancelled");
}

// K2, K6: aborted and joined, by Tokio's own means.
#[test]
fn an_aborted_task_is_cleaned_up_inner_before_outer() {
    let _turn = turn();
    for make in [current_thread, multi_thread] {
        let (log, (tokio, rt)) = (Log::new(), make());
        let (task_rt, task_log) = (rt.clone(), log.clone());
        let task = tokio.spawn(async move {
            let (rt, log) = (&task_rt, &task_log);
            let a = with(rt, Act::new(log, "a"), async |_| {
                let b = with(rt, Act::new(log, "b"), async |_| {
                    let c = with(rt, Act::new(log, "c"), async |_| pending::<Never>().await);
                    c.await.map_err(|error| error.to_string())
                });
                b.await.map_err(|error| error.to_string())
            });
            a.await.unwrap();
        });
        tokio.block_on(async {
            log.seen(&rt, "+c").await;
            task.abort();
            assert!(task.await.unwrap_err().is_cancelled());
            log.seen(&rt, "-a:cancelled").await;
        });
        log.assert("+a +b +c -c:cancelled -b:cancelled -a:cancelled");
    }
}

// K13, ATTACK A10: a set of foreign tasks is outside of the body that drops it.
#[test]
fn a_join_set_is_outside_of_the_body_that_drops_it() {
    let _turn = turn();
    let (log, (tokio, rt)) = (Log::new(), current_thread());
    tokio.block_on(async {
        let a = with(&rt, Act::new(&log, "a"), async |_| {
            let mut set = tokio::task::JoinSet::new();
            let (task_rt, task_log) = (rt.clone(), log.clone());
            set.spawn(async move {
                let b = Act::new(&task_log, "b").exit_waits_for("returned");
                let _ = with(&task_rt, b, async |_| pending::<Never>().await).await;
            });
            log.seen(&rt, "+b").await;
            set.shutdown().await;
            Ok::<_, String>(())
        });
        a.await.unwrap();
        log.push("returned");
        log.seen(&rt, "-b:cancelled").await;
    });
    log.assert("+a +b -a returned -b:cancelled");
}

// TC-9: before and after a thread has taken it.
#[test]
fn work_for_a_runtime_that_is_gone_is_an_error() {
    let _turn = turn();
    for make in [current_thread, multi_thread] {
        let (tokio, rt) = make();
        drop(tokio);
        let error = block_on(unblock(&rt, |_| 7)).unwrap_err();
        assert!(!error.is_panic(), "{error}");
    }
}

// TC-8, TC-9: one thread, which is taken; of those that wait for it one is cancelled, and one is left
// when the runtime goes, and then runs or is an error.
#[test]
fn work_that_waits_for_a_thread_hangs_nobody() {
    let _turn = turn();
    let mut builder = Builder::new_current_thread();
    let tokio = builder.max_blocking_threads(1).build().unwrap();
    let rt = TokioRuntime::new(tokio.handle().clone());
    let (log, held) = (Log::new(), Arc::new(()));
    let (open, gate) = mpsc::channel::<()>();
    let of_taken = log.clone();
    let taken = begun(unblock(&rt, move |_| {
        of_taken.push("taken");
        gate.recv_timeout(PATIENCE).unwrap();
    }));
    block_on(log.when(|events| !events.is_empty()));
    let work = || {
        let (log, held) = (log.clone(), held.clone());
        begun(unblock(&rt, move |_| {
            log.push("ran");
            drop(held);
        }))
    };
    let (cancelled, left) = (work(), work());
    assert_eq!(Arc::strong_count(&held), 3);
    drop(cancelled);
    assert_eq!(Arc::strong_count(&held), 2);
    tokio.shutdown_background();
    open.send(()).unwrap();
    block_on(taken).unwrap();
    // Tokio lets its thread go on with what is there already.
    assert_eq!(block_on(left).is_ok(), log.has("ran"));
    assert_eq!(Arc::strong_count(&held), 1);
    assert!(log.events().len() <= 2, "{}", log.trace());
}

// TC-10, A-15: awaited where Tokio is not; what the thread runs is a task of Tokio's.
#[test]
fn work_is_awaited_on_another_executor() {
    let _turn = turn();
    let (_tokio, rt) = multi_thread();
    let work = unblock(&rt, |cx| {
        let current = cx.block_on(async { TokioRuntime::current().map(|rt| rt.id()) });
        current.unwrap().unwrap()
    });
    assert_eq!(block_on(work.wait_on_cancel()).unwrap(), rt.id());
}
