//! Refusals and shutdowns.

use std::future::pending;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use withal::cleanup::drain;
use withal::runtime::{Blocking, Spawn, SpawnLocal, Timer};
use withal::with;

use super::{Never, SECOND};
use crate::foreign::{OnDrop, begun};
use crate::poll::{drive, yields};
use crate::reports::Reports;
use crate::{Act, Deterministic, Log, laws};

// RT-7, K2, K6
#[test]
fn refused_cleanups_are_orphans() {
    struct Refused;
    let (log, reports) = (Log::new(), Reports::begin());
    let rt = Deterministic::builder().refuse_spawns_after(1).build();
    assert_eq!(rt.block_on(rt.spawn(async { 7 })).unwrap(), 7);
    let error = rt.block_on(rt.spawn(async { 7 })).unwrap_err();
    assert!(!error.is_panic());
    let a = Act::<Refused>::of(&log, "a");
    drop(begun(with(&rt, a, async |_| pending::<Never>().await)));
    assert_eq!((rt.spawned(), rt.run_until_stalled()), (3, 0));
    let here = reports.here();
    assert!(
        here.len() == 1 && here[0].contains("is orphaned until a drain"),
        "{here:?}"
    );
    rt.block_on(drain(&rt, SECOND));
    log.assert("+a -a:cancelled");
}

// RT-7, K2, K6: at each step of a task that drops two scopes, one while the other is cleaned up.
#[test]
fn a_shutdown_at_any_step_hands_the_cleanups_to_the_orphans() {
    struct ShutDown;
    let mut is_over = false;
    let mut polls = 0;
    while !is_over {
        let (log, reports) = (Log::new(), Reports::begin());
        let rt = Deterministic::builder().shut_down_after(polls).build();
        let (own_rt, own_log) = (rt.clone(), log.clone());
        let _task = rt.spawn(async move {
            for name in ["a", "b"] {
                let exit = Act::<ShutDown>::of(&own_log, name).exit(yields(2));
                drop(begun(with(&own_rt, exit, async |_| {
                    pending::<Never>().await
                })));
                yields(1).await;
            }
        });
        assert_eq!(rt.run_until_stalled(), 0, "dropped, or ended");
        let left = log.count("+") - log.count("-");
        assert_eq!(reports.count("ShutDown> "), left, "{:?}", reports.here());
        is_over = log.count("-b") == 1;
        rt.block_on(drain(&rt, SECOND));
        laws::check(&log.events()).unwrap();
        polls += 1;
    }
    assert!(polls > 5, "there were few steps: {polls}");
}

// RT-5
#[test]
fn a_shutdown_drops_tasks_and_refuses_what_comes() {
    let (rt, dropped) = (
        Deterministic::builder().hold_blocking().build(),
        Arc::new(AtomicUsize::new(0)),
    );
    let counts = || {
        let dropped = dropped.clone();
        OnDrop::new(move || _ = dropped.fetch_add(1, Ordering::Relaxed))
    };
    let (in_task, in_local, in_job) = (counts(), counts(), counts());
    let task = rt.spawn(async move {
        let _held = in_task;
        pending::<()>().await;
    });
    let local = rt.spawn_local(async move {
        let _held = in_local;
        pending::<()>().await;
    });
    let job = rt.unblock(move || drop(in_job));
    rt.run_until_stalled();
    rt.shut_down();
    assert_eq!(dropped.load(Ordering::Relaxed), 3);
    let later = (
        rt.spawn(async {}),
        rt.spawn_local(async {}),
        rt.unblock(|| {}),
    );
    // What blocks goes on, and so does the clock.
    rt.block_on(async {
        for ended in [
            task.await,
            local.await,
            job.await,
            later.0.await,
            later.1.await,
            later.2.await,
        ] {
            assert!(!ended.unwrap_err().is_panic());
        }
        rt.sleep(SECOND).await;
    });
}

// RT-5
#[test]
fn dropping_the_runtime_drops_the_tasks_that_hold_it() {
    let rt = Deterministic::new();
    let (handle, witness) = (rt.clone(), Arc::new(()));
    let (own, held) = (rt.clone(), witness.clone());
    let task = rt.spawn(async move {
        let _held = held;
        own.sleep(SECOND).await;
    });
    let (own, held) = (rt.clone(), witness.clone());
    let _local = rt.spawn_local(async move {
        let _held = (held, Rc::new(own));
        pending::<()>().await;
    });
    assert_eq!(rt.run_until_stalled(), 2);
    drop(rt);
    assert_eq!(Arc::strong_count(&witness), 1);
    assert_eq!(handle.timers(), 0);
    // A handle is still a value: it refuses, and drives whatever blocks on it.
    assert!(handle.block_on(task).is_err());
    assert!(handle.block_on(handle.spawn(async {})).is_err());
}

#[test]
fn a_task_may_shut_its_own_runtime_down() {
    let (rt, log) = (Deterministic::new(), Log::new());
    for local in [false, true] {
        let rt = Deterministic::new();
        let (own, of_task) = (rt.clone(), log.clone());
        let task = async move {
            let _dropped = OnDrop::new({
                let log = of_task.clone();
                move || log.push("dropped")
            });
            own.shut_down();
            of_task.push("shut-down");
            pending::<()>().await;
        };
        let task = if local {
            rt.spawn_local(task)
        } else {
            rt.spawn(task)
        };
        assert!(rt.block_on(task).is_err());
    }
    log.assert("shut-down dropped shut-down dropped");
    drop(rt);
}

// K5: a refusal is no panic, wherever the drop is.
#[test]
fn one_that_refuses_cleanups_leaves_them_to_whoever_drains() {
    let (log, rt) = (
        Log::new(),
        Deterministic::builder().refuse_cleanups().build(),
    );
    assert!(crate::log::spawns_nothing(&rt));
    assert_eq!(rt.block_on(rt.spawn(async { 7 })).unwrap(), 7);
    let mut a = pin!(with(&rt, Act::new(&log, "a"), async |_| {
        drop(begun(with(&rt, Act::new(&log, "b"), async |_| {
            pending::<Never>().await
        })));
        Ok::<_, String>(())
    }));
    drive(a.as_mut(), 5).unwrap().unwrap();
    log.assert("+a +b -b:cancelled -a");
}
