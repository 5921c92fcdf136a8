//! Groups that are cancelled from outside.

use std::convert::Infallible;
use std::future::pending;
use std::pin::pin;

use futures_util::future::select;
use withal::runtime::Runtime;
use withal::{Either, JoinError, TaskGroup, either, task_group, with};

use super::{ends, exits_and_fails, lawful, on, said, stuck};
use crate::foreign::OnDrop;
use crate::poll::yields;
use crate::probe::{Failed, Probe};
use crate::reports::{Reports, unique};
use crate::{Act, Log, stress};

// TG-10, K1
pub async fn a_group_that_is_cancelled_from_outside_awaits_its_children(rt: &impl Runtime) {
    let log = Log::new();
    let run = task_group(rt, async |group| {
        group.spawn(stuck(rt, &log, "s"));
        group.spawn(stuck(rt, &log, "t"));
        Ok(())
    });
    let stuck = log.until(rt, |events| events.len() == 2);
    let raced = either(run, stuck);
    assert!(matches!(ends(rt, raced).await, Either::Right(())));
    log.push("returned");
    assert_eq!(log.events().len(), 5);
    lawful(&log);
    assert_eq!(log.position("returned"), Some(4));
}

// TG-10, K2, K3
pub async fn a_group_that_foreign_code_drops_is_awaited_by_the_scope_around(rt: &impl Runtime) {
    let log = Log::new();
    let scoped = with(rt, Act::new(&log, "a"), async |()| {
        let run = task_group(rt, async |group| {
            group.spawn(stuck(rt, &log, "s"));
            Ok(())
        });
        let stuck = pin!(log.seen(rt, "+s"));
        let raced = select(Box::pin(run), stuck).await;
        drop(raced);
        Ok::<_, Infallible>(())
    });
    ends(rt, scoped).await.unwrap();
    log.assert("+a +s -s:cancelled -a");
}

// TG-11, TG-25
pub async fn errors_of_a_group_that_is_cancelled_are_reported(rt: &impl Runtime) {
    let (log, reports, text) = (Log::new(), Reports::begin(), unique("late"));
    let own_text = text.clone();
    let run = task_group(rt, async |group: TaskGroup<_, String>| {
        let late = exits_and_fails(rt, &log, "s", "cancelled");
        group.spawn(async move { late.await.map_err(|_| own_text) });
        Ok(())
    });
    let cancels = async {
        log.seen(rt, "…s").await;
        log.push("cancelled");
    };
    let raced = either(run, cancels);
    assert!(matches!(ends(rt, raced).await, Either::Right(())));
    reports.until(rt, &text).await;
    log.assert("+s …s cancelled -s");
}

// TG-16, TC-4, P23
pub async fn a_child_that_is_cancelled_before_it_begins_never_runs(rt: &impl Runtime) {
    let log = Log::new();
    let run = task_group(rt, async |group: TaskGroup<_, Failed>| {
        let own = log.clone();
        let first = group.spawn(async move {
            on(&own, "go").await;
            Ok(())
        });
        // It has to wait for its turn.
        let (own, dropped) = (log.clone(), log.clone());
        let owned = OnDrop::new(move || dropped.push("closed"));
        let second = group.spawn(async move {
            own.push("ran");
            drop(owned);
            Ok(())
        });
        second.cancel();
        assert_eq!(second.await, Err(JoinError::Cancelled));
        log.push("go");
        first.await.unwrap();
        Ok(())
    });
    ends(rt, run.limit(1)).await.unwrap();
    log.assert("closed go");
}

// TG-10, TG-16, CM-17, CM-21
pub async fn a_thousand_children_are_cancelled_from_the_root(rt: &impl Runtime) {
    const CHILDREN: usize = 1000;
    let log = Log::new();
    let run = task_group(rt, async |group: TaskGroup<_, Failed>| {
        for number in 0..CHILDREN {
            let (rt, log) = (rt.clone(), log.clone());
            group.spawn(async move {
                let outer = Probe::new(&log, format!("{number}")).reasons();
                let outer = with(&rt, outer, async |_| {
                    let inner = Probe::new(&log, format!("{number}/in"))
                        .exit_yields(2)
                        .reasons();
                    let inner = with(&rt, inner, async |_| {
                        pending::<Result<(), Infallible>>().await
                    });
                    inner.await
                });
                outer.await.map_err(|_| Failed("not stuck"))
            });
        }
        Ok(())
    });
    let all = log.until(rt, |events| events.len() == 2 * CHILDREN);
    let raced = either(run, all);
    assert!(matches!(ends(rt, raced).await, Either::Right(())));
    let events = log.events();
    assert_eq!(events.len(), 4 * CHILDREN);
    for number in 0..CHILDREN {
        let inner = log.position(&format!("-{number}/in:cancelled"));
        let outer = log.position(&format!("-{number}:cancelled"));
        assert!(inner.is_some() && inner < outer, "{number}");
    }
}

// TG-3, TG-4, TG-19: ends and cancellations meet in every order.
pub async fn groups_on_many_threads_lose_nothing(rt: &impl Runtime) {
    for turn in 0..stress(30) {
        let log = Log::new();
        let run = task_group(rt, async |group: TaskGroup<_, Failed>| {
            for number in 0..8 {
                let (own_rt, log, group) = (rt.clone(), log.clone(), group.clone());
                group.clone().spawn(async move {
                    let probe = Probe::new(&log, format!("{number}"));
                    let held = with(&own_rt, probe, async |_| {
                        yields(number + 1).await;
                        if number == turn % 11 {
                            return Err(Failed("it"));
                        }
                        if number == turn % 13 {
                            group.cancel();
                        }
                        Ok(())
                    });
                    held.await.map_err(|error| error.into_body().unwrap())
                });
            }
            Ok(())
        });
        let ended = ends(rt, run).await;
        assert!(ended.is_ok() || said(&ended.unwrap_err()) == "it");
        log.assert_balanced();
    }
}
