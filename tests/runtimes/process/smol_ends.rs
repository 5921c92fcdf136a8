//! smol: executors that are dropped, and tasks that are.

use std::future::pending;
use std::sync::Arc;

use async_executor::Executor;
use withal::cleanup::drain;
use withal::smol::SmolRuntime;
use withal::{unblock, with};
use withal_tests::foreign::{begun, block_on, gives_up};
use withal_tests::log::PATIENCE;
use withal_tests::reports::Reports;
use withal_tests::{Act, Deterministic, Log};

use crate::turn;

type Never = Result<(), String>;

fn drained() -> withal::cleanup::DrainReport {
    let rt = SmolRuntime::global();
    rt.block_on(drain(&rt, PATIENCE))
}

// K6
#[test]
fn a_dropped_executor_leaves_an_orphan() {
    let _turn = turn();
    let (log, reports) = (Log::new(), Reports::begin());
    let executor = Arc::new(Executor::new());
    let rt = SmolRuntime::new(&executor);
    let b = Act::new(&log, "b").exit_waits_for("go");
    drop(begun(with(&rt, b, async |_| pending::<Never>().await)));
    while executor.try_tick() {}
    assert_eq!(reports.count("is orphaned"), 0);
    drop(executor);
    assert_eq!(reports.count("is orphaned until a drain"), 1);
    // And one that comes later.
    drop(begun(with(&rt, Act::new(&log, "c"), async |_| {
        pending::<Never>().await
    })));
    assert_eq!(reports.count("is orphaned until a drain"), 2);
    log.push("go");
    assert_eq!(drained().finished.len(), 2);
    assert_eq!((log.count("+"), log.count("-")), (2, 2));
}

// K3, K6, ATTACK A1
#[test]
fn a_dropped_executor_gives_the_cleanup_back_to_the_enclosing_scope() {
    let _turn = turn();
    let (log, reports, rt) = (Log::new(), Reports::begin(), Deterministic::new());
    let mut executor = Some(Arc::new(Executor::new()));
    let dying = SmolRuntime::new(executor.as_ref().unwrap());
    let a = with(&rt, Act::new(&log, "a"), async |_| {
        let b = Act::new(&log, "b").exit_waits_for("gone");
        gives_up(1, with(&dying, b, async |_| pending::<Never>().await)).await;
        while executor
            .as_ref()
            .is_some_and(|executor| executor.try_tick())
        {}
        executor = None;
        log.push("gone");
        Ok::<_, String>(())
    });
    block_on(a).unwrap();
    log.assert("+a +b gone -b:cancelled -a");
    assert_eq!(reports.count("is orphaned"), 0);
}

// K2, K6: smol cancels a task by the drop of its handle.
#[test]
fn a_dropped_task_is_cleaned_up_inner_before_outer() {
    let _turn = turn();
    let log = Log::new();
    let executor = Arc::new(Executor::new());
    let rt = SmolRuntime::new(&executor);
    let (task_rt, task_log) = (rt.clone(), log.clone());
    let task = executor.spawn(async move {
        let a = with(&task_rt, Act::new(&task_log, "a"), async |_| {
            let b = with(&task_rt, Act::new(&task_log, "b"), async |_| {
                pending::<Never>().await
            });
            b.await.map_err(|error| error.to_string())
        });
        let _ = a.await;
    });
    rt.block_on(async {
        log.seen(&rt, "+b").await;
        drop(task);
        log.seen(&rt, "-a:cancelled").await;
    });
    log.assert("+a +b -b:cancelled -a:cancelled");
}

// K13, ATTACK B6: an executor that is run inside of a body polls tasks of ours as nobody's body.
#[test]
fn an_executor_run_in_a_body_lends_nothing_to_our_tasks() {
    use withal::runtime::Spawn;

    let _turn = turn();
    let log = Log::new();
    let executor = Arc::new(Executor::new());
    let rt = SmolRuntime::new(&executor);
    let outer = SmolRuntime::global();
    let a = with(&outer, Act::new(&log, "a"), async |_| {
        let (task_rt, task_log) = (outer.clone(), log.clone());
        let task = rt.spawn(async move {
            let b = Act::new(&task_log, "b").exit_waits_for("returned");
            gives_up(1, with(&task_rt, b, async |_| pending::<Never>().await)).await;
        });
        executor.run(task).await.unwrap();
        Ok::<_, String>(())
    });
    outer.block_on(a).unwrap();
    log.push("returned");
    outer.block_on(log.seen(&outer, "-b:cancelled"));
    log.assert("+a +b -a returned -b:cancelled");
}

// TC-9, TC-10: its threads belong to the process, and its executor is gone.
#[test]
fn a_thread_that_waits_for_a_dropped_executor_gets_an_error() {
    let _turn = turn();
    for goes_first in [true, false] {
        let log = Log::new();
        let executor = Arc::new(Executor::new());
        let rt = SmolRuntime::new(&executor);
        let of_work = log.clone();
        let mut work = begun(unblock(&rt, move |cx| {
            if goes_first {
                block_on(of_work.when(|events| events.contains(&"gone".to_owned())));
            }
            let of_task = of_work.clone();
            let ended = cx.block_on(async move {
                of_task.push("waits");
                pending::<()>().await;
            });
            ended.unwrap_err().is_panic()
        }));
        while !goes_first && !log.has("waits") {
            executor.try_tick();
        }
        drop(executor);
        log.push("gone");
        assert!(!block_on(work.as_mut()).unwrap());
    }
}
