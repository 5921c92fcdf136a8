//! `LocalSet`: cleanups that must stay on a thread, and sets that are dropped or driven by others.

use std::future::pending;
use std::rc::Rc;

use tokio::task::LocalSet;
use withal::runtime::SpawnLocal;
use withal::tokio::{TokioLocal, TokioMain};
use withal::{ExitReason, HandOver, Local, LocalScope, run, with};
use withal_tests::foreign::{begun, gives_up};
use withal_tests::reports::Reports;
use withal_tests::{Act, Log};

use crate::turn;

type Never = Result<(), String>;

/// Its exit spawns onto the set, which works on its thread and inside of the set only.
struct Spawns(Rc<Log>, TokioLocal);

impl LocalScope for Spawns {
    type Resource = ();
    type Error = String;
    type OnDrop = HandOver;

    async fn enter(&mut self) -> Result<(), String> {
        self.0.push("+s");
        Ok(())
    }

    async fn exit(self, (): (), _reason: ExitReason<'_>) -> Result<(), String> {
        let log = self.0.clone();
        let task = self.1.spawn_local(async move { log.push("task") });
        task.await.map_err(|error| error.to_string())?;
        self.0.push("-s");
        Ok(())
    }
}

// K8, ATTACK B4: dropped by foreign code inside of the set, and drained by the run around it.
#[test]
fn a_local_scope_dropped_in_a_local_set_is_drained_by_its_run() {
    let _turn = turn();
    let (log, reports) = (Log::new(), Reports::begin());
    let main = TokioMain::current_thread().unwrap();
    let set = Rc::new(LocalSet::new());
    let ran = run(&main, async |rt| {
        let local = TokioLocal::new(rt.clone(), &set);
        set.run_until(async {
            let s = Local(Spawns(Rc::new(log.clone()), local));
            gives_up(1, with(rt, s, async |_| pending::<Never>().await)).await;
            // The set must be driven for the exit's task.
            withal::cleanup::drain(rt, withal_tests::log::PATIENCE).await
        })
        .await
    });
    assert_eq!(ran.output.finished.len(), 1, "{}", ran.output);
    assert!(ran.cleanup.is_clean());
    log.assert("+s task -s");
    assert_eq!(reports.count("is orphaned"), 1);
}

// K2, K8: dropped outside of the set, on its thread, with a local scope around it.
#[test]
fn a_local_scope_dropped_outside_of_its_set_stays_on_its_thread() {
    let _turn = turn();
    let log = Log::new();
    let main = TokioMain::current_thread().unwrap();
    let rt = main.runtime();
    let set = Rc::new(LocalSet::new());
    let local = TokioLocal::new(rt.clone(), &set);
    let s = begun(with(
        &rt,
        Local(Spawns(Rc::new(log.clone()), local.clone())),
        async |_| pending::<Never>().await,
    ));
    let outer = with(&rt, Local(Spawns(Rc::new(Log::new()), local)), async |_| {
        drop(s);
        Ok::<_, String>(())
    });
    main.block_on(set.run_until(outer)).unwrap();
    log.assert("+s task -s");
}

// K2, K6: the set goes with its tasks; `Send` cleanups go on with the runtime.
#[test]
fn a_dropped_local_set_loses_no_cleanup() {
    let _turn = turn();
    let log = Log::new();
    let main = TokioMain::current_thread().unwrap();
    let rt = main.runtime();
    let set = LocalSet::new();
    let (task_rt, task_log) = (rt.clone(), log.clone());
    set.spawn_local(async move {
        let a = with(&task_rt, Act::new(&task_log, "a"), async |_| {
            let b = with(&task_rt, Act::new(&task_log, "b"), async |_| {
                pending::<Never>().await
            });
            b.await.map_err(|error| error.to_string())
        });
        let _ = a.await;
    });
    main.block_on(set.run_until(log.when(|events| events.len() == 2)));
    drop(set);
    main.block_on(log.seen(&rt, "-a:cancelled"));
    log.assert("+a +b -b:cancelled -a:cancelled");
}

// K13, ATTACK B6: a set driven inside of a body lends that body to strangers, unless the task is one
// of ours.
#[test]
fn our_local_tasks_are_nobodys_body() {
    let _turn = turn();
    let log = Log::new();
    let main = TokioMain::current_thread().unwrap();
    let rt = main.runtime();
    let set = Rc::new(LocalSet::new());
    let local = TokioLocal::new(rt.clone(), &set);
    main.block_on(async {
        let a = with(&rt, Act::new(&log, "a"), async |_| {
            let (task_rt, task_log) = (rt.clone(), log.clone());
            let task = local.spawn_local(async move {
                let b = Act::new(&task_log, "b").exit_waits_for("returned");
                gives_up(1, with(&task_rt, b, async |_| pending::<Never>().await)).await;
            });
            set.run_until(task).await.unwrap();
            Ok::<_, String>(())
        });
        a.await.unwrap();
        log.push("returned");
        log.seen(&rt, "-b:cancelled").await;
    });
    log.assert("+a +b -a returned -b:cancelled");
}
