//! Where cleanup is usually lost: no runtime at the drop, no executor, a thread that ends.

use std::cell::RefCell;
use std::future::pending;
use std::pin::pin;
use std::rc::Rc;
use std::thread;

use withal::cleanup::drain;
use withal::runtime::{NoExecutor, Runtime};
use withal::{ExitReason, HandOver, Local, LocalScope, cancel, with};
use withal_tests::foreign::{begun, block_on, gives_up};
use withal_tests::log::PATIENCE;
use withal_tests::poll::drive;
use withal_tests::reports::Reports;
use withal_tests::{Act, Deterministic, Log};

use crate::{on_each_flavour, turn};

type Never = Result<(), String>;

on_each_flavour!(
    a_thread_without_runtime_drops_a_scope,
    a_blocking_job_drops_a_scope,
    a_scope_dropped_while_a_thread_ends_is_cleaned_up,
    a_scope_without_executor_waits_for_a_drain,
);

// K2, K5
async fn a_thread_without_runtime_drops_a_scope(rt: &impl Runtime) {
    let (log, reports) = (Log::new(), Reports::begin());
    let (scope_rt, scope_log) = (rt.clone(), log.clone());
    let scope = begun(async move {
        with(&scope_rt, Act::new(&scope_log, "a"), async |_| {
            let b = with(&scope_rt, Act::new(&scope_log, "b"), async |_| {
                pending::<Never>().await
            });
            b.await.map_err(|error| error.to_string())
        })
        .await
    });
    thread::spawn(move || drop(scope)).join().unwrap();
    log.seen(rt, "-a:cancelled").await;
    log.assert("+a +b -b:cancelled -a:cancelled");
    assert_eq!(reports.count("is orphaned"), 0);
}

// K2, K5
async fn a_blocking_job_drops_a_scope(rt: &impl Runtime) {
    let log = Log::new();
    let (scope_rt, scope_log) = (rt.clone(), log.clone());
    let scope = begun(async move {
        with(&scope_rt, Act::new(&scope_log, "a"), async |_| {
            pending::<Never>().await
        })
        .await
    });
    rt.unblock(move || drop(scope)).await.unwrap();
    log.seen(rt, "-a:cancelled").await;
    log.assert("+a -a:cancelled");
}

// K2, K5, K13: the drop runs among the destructors of a thread's own values.
async fn a_scope_dropped_while_a_thread_ends_is_cleaned_up(rt: &impl Runtime) {
    thread_local! {
        static LAST: RefCell<Option<Box<dyn std::any::Any>>> = const { RefCell::new(None) };
    }

    let log = Log::new();
    let (scope_rt, scope_log) = (rt.clone(), log.clone());
    let scope = begun(async move {
        with(&scope_rt, Act::new(&scope_log, "a"), async |_| {
            pending::<Never>().await
        })
        .await
    });
    thread::spawn(move || LAST.with(|last| *last.borrow_mut() = Some(Box::new(scope))))
        .join()
        .unwrap();
    log.seen(rt, "-a:cancelled").await;
    log.assert("+a -a:cancelled");
}

// K2, K6, TC-13
async fn a_scope_without_executor_waits_for_a_drain(rt: &impl Runtime) {
    let (log, reports) = (Log::new(), Reports::begin());
    let none = NoExecutor::new();
    drop(begun(with(&none, Act::new(&log, "a"), async |_| {
        pending::<Never>().await
    })));
    log.assert("+a");
    assert_eq!(reports.count("is orphaned until a drain"), 1);
    assert_eq!(drain(rt, PATIENCE).await.finished.len(), 1);
    log.assert("+a -a:cancelled");
}

// K6: what an executor leaks is still known to the process.
#[test]
fn a_leaked_task_is_run_by_a_drain() {
    let _turn = turn();
    let (log, rt) = (Log::new(), Deterministic::new());
    drop(begun(with(&rt, Act::new(&log, "a"), async |_| {
        pending::<Never>().await
    })));
    std::mem::forget(rt.take_cleanup());
    assert_eq!(rt.run_until_stalled(), 0);
    log.assert("+a");
    let report = drive(pin!(drain(&rt, PATIENCE)), 5).unwrap();
    assert_eq!(report.finished.len(), 1, "{report}");
    log.assert("+a -a:cancelled");
}

/// A scope that must not leave its thread.
struct Stays(Rc<Log>, &'static str);

impl LocalScope for Stays {
    type Resource = ();
    type Error = String;
    type OnDrop = HandOver;

    async fn enter(&mut self) -> Result<(), String> {
        self.0.push(format_args!("+{}", self.1));
        Ok(())
    }

    async fn exit(self, (): (), _reason: ExitReason<'_>) -> Result<(), String> {
        let log = self.0.clone();
        withal_tests::poll::yields(1).await;
        log.push(format_args!("-{}", self.1));
        Ok(())
    }
}

// K8, ATTACK B4: never spawned; the thread's own orphan until a drain on this thread.
#[test]
fn a_local_scope_waits_for_a_drain_on_its_thread() {
    let _turn = turn();
    let (log, rt, reports) = (Log::new(), Deterministic::new(), Reports::begin());
    let stays = Local(Stays(Rc::new(log.clone()), "a"));
    drop(begun(with(&rt, stays, async |_| pending::<Never>().await)));
    assert_eq!(rt.spawned(), 0);
    assert_eq!(reports.count("is orphaned until a drain"), 1);
    // Another thread cannot run it.
    let elsewhere = thread::spawn({
        let rt = rt.clone();
        move || drive(pin!(drain(&rt, PATIENCE)), 5).unwrap()
    });
    assert!(elsewhere.join().unwrap().finished.is_empty());
    log.assert("+a");
    let report = drive(pin!(drain(&rt, PATIENCE)), 5).unwrap();
    assert_eq!(report.finished.len(), 1, "{report}");
    log.assert("+a -a");
}

// K8
#[test]
fn a_thread_that_ends_reports_its_local_orphans() {
    let _turn = turn();
    let reports = Reports::begin();
    let log = Log::new();
    thread::spawn({
        let log = log.clone();
        move || {
            let stays = Local(Stays(Rc::new(log), "a"));
            drop(begun(with(&NoExecutor::new(), stays, async |_| {
                pending::<Never>().await
            })));
        }
    })
    .join()
    .unwrap();
    log.assert("+a");
    assert_eq!(reports.count("lost::Stays"), 2, "orphaned, then abandoned");
    assert_eq!(reports.count("dropped without its exit"), 1);
}

// K8, ATTACK B4: a local scope around it is the one that runs it; LIFO within one drop (K4).
#[test]
fn a_local_scope_waits_for_its_local_children() {
    let _turn = turn();
    let (log, rt, reports) = (Log::new(), Deterministic::new(), Reports::begin());
    let shared = Rc::new(log.clone());
    let outer = with(&rt, Local(Stays(shared.clone(), "a")), async |_| {
        let frame = async {
            let x = Local(Stays(shared.clone(), "x"));
            let _x = withal::enter_in(&rt, x).await.unwrap();
            let y = Local(Stays(shared.clone(), "y"));
            let _y = withal::enter_in(&rt, y).await.unwrap();
            // A `Send` one beside them goes to the executor.
            let _z = withal::enter_in(&rt, Act::new(&log, "z")).await.unwrap();
            pending::<()>().await;
        };
        gives_up(1, frame).await;
        Ok::<_, String>(())
    });
    block_on(outer).unwrap();
    assert_eq!(rt.spawned(), 1);
    assert_eq!(reports.here(), Vec::<String>::new());
    assert!(log.position("-y") < log.position("-x"), "{}", log.trace());
    assert_eq!(log.events().last().map(String::as_str), Some("-a"));
    assert_eq!((log.count("+"), log.count("-")), (4, 4));
}

// K8: a combinator takes local cleanups only if it is told to.
#[test]
fn a_local_collector_waits_for_local_cleanups() {
    let _turn = turn();
    let (log, rt) = (Log::new(), Deterministic::new());
    let shared = Rc::new(log.clone());
    let a = with(&rt, Local(Stays(shared.clone(), "a")), async |_| {
        pending::<Never>().await
    });
    block_on(cancel(begun(a)).local());
    log.assert("+a -a");
    let b = with(&rt, Local(Stays(shared, "b")), async |_| {
        pending::<Never>().await
    });
    block_on(cancel(begun(b)));
    log.assert("+a -a +b");
    assert_eq!(
        drive(pin!(drain(&rt, PATIENCE)), 5).unwrap().finished.len(),
        1
    );
    log.assert("+a -a +b -b");
}
