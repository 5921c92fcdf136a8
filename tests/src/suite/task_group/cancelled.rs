//! Groups that are cancelled by themselves, or by their parents.

use std::convert::Infallible;
use std::future::pending;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::FutureExt as _;
use withal::error_group::Phase;
use withal::runtime::Runtime;
use withal::sync::CancelToken;
use withal::sync::cancel_token::CancelKind;
use withal::task_group::Started;
use withal::{Either, JoinError, StartError, TaskGroup, either, task_group, with};

use super::{ends, exits_and_fails, fails, lawful, on, said, stuck};
use crate::poll::yields;
use crate::probe::Failed;
use crate::{Act, Log};

// TG-20
pub async fn cancelling_a_group_is_no_failure_and_ends_body_and_children(rt: &impl Runtime) {
    let (log, kept) = (Log::new(), Arc::new(Mutex::new(None)));
    let run = task_group(rt, async |group: TaskGroup<_, Failed>| {
        *kept.lock().unwrap() = Some(group.clone());
        group.spawn(stuck(rt, &log, "s"));
        let (own, log) = (group.clone(), log.clone());
        group.spawn(async move {
            on(&log, "+s").await;
            assert!(own.cancel_with("enough"));
            assert!(!own.cancel(), "it was");
            let reason = own.token().reason().unwrap();
            assert_eq!(
                (reason.kind(), reason.text()),
                (CancelKind::Requested, Some("enough"))
            );
            Ok(())
        });
        pending::<Result<(), Failed>>().await
    });
    let none = ends(rt, run).await.unwrap_err();
    assert!(none.is_empty() && none.notes().any(|note| note.contains("enough")));
    log.assert("+s -s:cancelled");
    let group = kept.lock().unwrap().take().expect("it was kept");
    assert!(!group.cancel(), "it has ended");
}

// TG-20, TG-14
pub async fn a_body_that_cancels_its_group_and_returns_keeps_its_value(rt: &impl Runtime) {
    let log = Log::new();
    let run = task_group(rt, async |group: TaskGroup<_, Failed>| {
        let child = group.spawn(stuck(rt, &log, "s"));
        log.seen(rt, "+s").await;
        group.cancel();
        Ok(child)
    });
    let child = ends(rt, run).await.unwrap();
    log.assert("+s -s:cancelled");
    assert_eq!(child.await, Err(JoinError::Cancelled));
}

// TG-20, TG-4, TG-9: one that is cancelled may fail afterwards.
pub async fn a_group_that_was_cancelled_may_fail_after_that(rt: &impl Runtime) {
    let log = Log::new();
    let run = task_group(rt, async |group: TaskGroup<_, Failed>| {
        group.spawn(exits_and_fails(rt, &log, "s", "cancelled"));
        on(&log, "…s").await;
        group.cancel();
        log.push("cancelled");
        pending::<Result<(), Failed>>().await
    });
    let errors = ends(rt, run).await.unwrap_err();
    assert_eq!(said(&errors), "in its exit");
    assert_eq!(errors.entries()[0].origin.phase(), Phase::Cleanup);
}

// TG-20, TG-23
pub async fn a_group_whose_parent_is_cancelled_is_cancelled(rt: &impl Runtime) {
    let (log, parent) = (Log::new(), CancelToken::new());
    let run = task_group(rt, async |group: TaskGroup<_, Failed>| {
        // Whoever spawns: what cancels the spawner is not what cancels its child.
        let (own, own_rt, own_log) = (group.clone(), rt.clone(), log.clone());
        let spawner = group.spawn(async move {
            own.spawn(stuck(&own_rt, &own_log, "s"));
            pending::<Result<(), Failed>>().await
        });
        log.seen(rt, "+s").await;
        spawner.cancel();
        assert_eq!(spawner.await, Err(JoinError::Cancelled));
        assert!(!group.token().is_cancelled() && group.len() == 1);
        parent.cancel_with("going down");
        pending::<Result<(), Failed>>().await
    });
    let none = ends(rt, run.parent(&parent)).await.unwrap_err();
    assert!(none.is_empty() && none.notes().any(|note| note.contains("going down")));
    log.assert("+s -s:cancelled");
    // One that is cancelled before it begins takes no children.
    let run = task_group(rt, async |group: TaskGroup<_, Failed>| {
        Ok(group.spawn(async { Ok(()) }))
    });
    let child = ends(rt, run.parent(&parent)).await.unwrap();
    assert_eq!(child.await, Err(JoinError::Closed));
}

// TG-21: its own first step, and gh-155418.
pub async fn a_child_that_cancels_its_group_at_once_does_not_hang_it(rt: &impl Runtime) {
    let log = Log::new();
    let run = task_group(rt, async |group: TaskGroup<_, Failed>| {
        group.spawn(stuck(rt, &log, "s"));
        let own = group.clone();
        let canceller = group.spawn(async move {
            own.cancel();
            Ok("and on")
        });
        Ok(canceller)
    });
    let canceller = ends(rt, run).await.unwrap();
    assert_eq!(canceller.await, Ok("and on"));
    lawful(&log);
}

// TG-21: gh-155433.
pub async fn a_cancellation_from_outside_is_seen_after_one_of_the_group(rt: &impl Runtime) {
    let log = Log::new();
    let run = async {
        let run = task_group(rt, async |group: TaskGroup<_, Failed>| {
            group.cancel();
            pending::<Result<(), Failed>>().await
        });
        assert!(run.await.unwrap_err().is_empty());
        log.push("behind");
        pending::<()>().await;
    };
    let raced = either(run, log.seen(rt, "behind"));
    assert!(matches!(ends(rt, raced).await, Either::Right(())));
}

// TG-21: gh-150355.
pub async fn a_child_that_is_spawned_after_the_cancellation_says_so(rt: &impl Runtime) {
    let run = task_group(rt, async |group: TaskGroup<_, Failed>| {
        group.cancel();
        let late = group.spawn(async { Ok(()) });
        assert!(late.is_finished());
        let started = group.start(async |_: Started<()>| Ok(()));
        let started = started.now_or_never().expect("it does not wait");
        assert_eq!(started.unwrap_err(), StartError::Closed);
        Ok(late)
    });
    let late = ends(rt, run).await.unwrap();
    assert_eq!(late.await, Err(JoinError::Closed));
}

// TG-22, P26
pub async fn those_that_are_asked_have_the_grace_to_end(rt: &impl Runtime) {
    let log = Log::new();
    let run = task_group(rt, async |group: TaskGroup<_, Failed>| {
        let (own, token) = (log.clone(), group.token().clone());
        group.spawn(async move {
            own.push("waits");
            token.cancelled().await;
            yields(3).await;
            own.push("heeds");
            Ok(())
        });
        let body = group.token().clone();
        group.spawn(fails(&log, "waits", "it"));
        body.cancelled().await;
        yields(2).await;
        log.push("body heeds");
        Ok(())
    });
    let errors = ends(rt, run.grace(Duration::from_secs(60)))
        .await
        .unwrap_err();
    assert_eq!(said(&errors), "it");
    assert!(log.has("heeds") && log.has("body heeds"), "{}", log.trace());
}

// TG-22, TG-4
pub async fn those_that_do_not_heed_are_dropped_after_the_grace(rt: &impl Runtime) {
    let log = Log::new();
    let run = task_group(rt, async |group: TaskGroup<_, Failed>| {
        group.spawn(stuck(rt, &log, "s"));
        group.spawn(fails(&log, "+s", "it"));
        on(&log, "never").await;
        Ok(())
    });
    let run = run.grace(Duration::from_millis(2));
    ends(rt, run).await.unwrap_err();
    log.assert("+s it! -s:cancelled");
}

// TG-22, K9
pub async fn a_cleanup_that_hangs_holds_up_its_group_for_the_budget(rt: &impl Runtime) {
    let log = Log::new();
    let run = task_group(rt, async |group: TaskGroup<_, Failed>| {
        let (own_rt, act) = (rt.clone(), Act::new(&log, "s").exit_waits_for("go"));
        group.spawn(async move {
            let held = with(&own_rt, act, async |()| {
                pending::<Result<(), Infallible>>().await
            });
            held.await.unwrap();
            Ok(())
        });
        group.spawn(fails(&log, "+s", "it"));
        Ok(())
    });
    let errors = ends(rt, run.budget(Duration::from_millis(2)))
        .await
        .unwrap_err();
    assert_eq!(said(&errors), "it");
    log.assert("+s it!");
    // It goes on by itself.
    log.push("go");
    log.seen(rt, "-s:cancelled").await;
}
