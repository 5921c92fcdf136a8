//! What a scope or combinator waited for, after it was itself dropped.

use std::future::pending;
use std::pin::pin;

use withal::cleanup::drain;
use withal::runtime::Cleanup;
use withal::{Abandon, Either, Local, await_cleanup, either, enter_in, with};
use withal_tests::foreign::{begun, gives_up};
use withal_tests::log::PATIENCE;
use withal_tests::poll::drive;
use withal_tests::probe::{Borrowing, LocalProbe};
use withal_tests::reports::Reports;
use withal_tests::{Act, Deterministic, Log, Probe};

use crate::turn;

type Never = Result<(), String>;

// K3, K10: it is no exit in progress of the race's any more, and nobody but the scope polls it.
#[test]
fn an_exit_that_was_dropped_half_run_puts_no_race_off() {
    let _turn = turn();
    let (log, rt) = (
        Log::new(),
        Deterministic::builder().refuse_cleanups().build(),
    );
    let (in_exit, exit_log) = (rt.clone(), log.clone());
    let outer = Act::new(&log, "outer").exit(async move {
        let inner = Act::new(&exit_log, "inner").exit_waits_for("go");
        let inner = with(&in_exit, inner, async |_| Ok::<_, String>(()));
        inner.await.unwrap();
    });
    let work = with(&rt, Act::new(&log, "a"), async |_| {
        let outer = with(&rt, outer, async |_| Ok::<_, String>(()));
        assert!(gives_up(1, outer).await.is_none());
        pending::<Never>().await
    });
    let stop = log.when(|events| events.iter().any(|event| event == "stop"));
    let mut race = pin!(either(work, stop));
    assert!(drive(race.as_mut(), 5).is_none());
    log.push("stop");
    assert!(drive(race.as_mut(), 5).is_none());
    log.push("go");
    assert!(matches!(drive(race.as_mut(), 5), Some(Either::Right(()))));
    log.assert("+a +outer +inner stop go -inner -outer -a:cancelled");
}

/// A guard, and behind it a combinator that waits for what foreign code dropped in it.
async fn frame(rt: &impl Cleanup, log: &Log) {
    let _guard = enter_in(rt, Act::new(log, "guard")).await.unwrap();
    await_cleanup(async {
        let child = Act::new(log, "child").exit_waits_for("go");
        gives_up(1, with(rt, child, async |_| pending::<Never>().await)).await;
        pending::<()>().await;
    })
    .await;
}

// K3, K4: the wait for the child has no executor, but what is behind it has.
#[test]
fn a_guard_behind_a_dropped_wait_is_exited_while_the_body_goes_on() {
    let _turn = turn();
    let (log, rt) = (Log::new(), Deterministic::new());
    let mut a = Box::pin(with(&rt, Act::new(&log, "a"), async |_| {
        assert!(gives_up(2, frame(&rt, &log)).await.is_none());
        log.push("body");
        pending::<Never>().await
    }));
    assert!(drive(a.as_mut(), 5).is_none());
    log.push("go");
    assert_eq!(rt.run_until_stalled(), 0);
    log.assert("+a +guard +child body go -child:cancelled -guard:cancelled");
    drop(a);
    assert_eq!(rt.run_until_stalled(), 0);
}

// K4, K6: where nobody waits for them, they go on in this order by themselves.
#[test]
fn a_guard_behind_a_dropped_wait_is_exited_by_its_executor() {
    let _turn = turn();
    let (log, rt, reports) = (Log::new(), Deterministic::new(), Reports::begin());
    let abandoned = Borrowing {
        log: &log,
        name: "a",
        releases: true,
    };
    let mut a = Box::pin(with(&rt, abandoned, async |_| {
        frame(&rt, &log).await;
        Ok::<_, String>(())
    }));
    assert!(drive(a.as_mut(), 5).is_none());
    drop(a);
    log.push("go");
    assert_eq!(rt.run_until_stalled(), 0);
    log.assert("+a +guard +child ~a go -child:cancelled -guard:cancelled");
    assert_eq!(reports.here(), Vec::<String>::new());
}

// K6: a wait alone leaves nothing behind that a drain would have to run.
#[test]
fn a_dropped_wait_is_no_orphan() {
    let _turn = turn();
    let (log, rt, reports) = (Log::new(), Deterministic::new(), Reports::begin());
    let abandoned = Borrowing {
        log: &log,
        name: "a",
        releases: true,
    };
    let mut a = Box::pin(with(&rt, abandoned, async |_| {
        await_cleanup(async {
            let child = Act::new(&log, "child");
            gives_up(1, with(&rt, child, async |_| pending::<Never>().await)).await;
            pending::<Never>().await
        })
        .await
    }));
    assert!(drive(a.as_mut(), 5).is_none());
    drop(a);
    assert_eq!(rt.run_until_stalled(), 0);
    log.assert("+a +child ~a -child:cancelled");
    assert_eq!(reports.here(), Vec::<String>::new());
    let report = drive(pin!(drain(&rt, PATIENCE)), 1).unwrap();
    assert_eq!(report.finished, []);
}

// K4, K8: also those that stay on their thread.
#[test]
fn local_guards_of_an_abandoned_body_are_drained_last_one_first() {
    let _turn = turn();
    let (log, rt) = (Log::new(), Deterministic::new());
    let local = |name| Probe::new(&log, name).exit_yields(0);
    let abandoned = LocalProbe::<Abandon>::with_strategy(local("a"));
    drop(begun(with(&rt, Local(abandoned), async |_| {
        let outer = LocalProbe::new(local("outer"));
        let _outer = enter_in(&rt, Local(outer)).await.unwrap();
        let inner = LocalProbe::new(local("inner").exit_waits_for("go"));
        let _inner = enter_in(&rt, Local(inner)).await.unwrap();
        pending::<Never>().await
    })));
    let mut drain = pin!(drain(&rt, PATIENCE));
    assert!(drive(drain.as_mut(), 5).is_none());
    log.push("go");
    assert!(drive(drain.as_mut(), 5).unwrap().is_clean());
    log.assert("+a +outer +inner ~a …inner go -inner -outer");
}
