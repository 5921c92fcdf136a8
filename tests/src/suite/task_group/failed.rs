//! What a failure does, and which errors come out.

use std::convert::Infallible;
use std::time::Duration;

use withal::error_group::Phase;
use withal::runtime::Runtime;
use withal::sync::CancelToken;
use withal::{JoinError, TaskGroup, task_group, timeout, with};

use super::{ends, exits_and_fails, fails, lawful, on, said, stuck};
use crate::Log;
use crate::foreign::OnDrop;
use crate::poll::yields;
use crate::probe::{Failed, Probe};

// TG-4, TG-8, K1
pub async fn the_first_failure_cancels_the_others_and_awaits_them(rt: &impl Runtime) {
    let log = Log::new();
    let run = task_group(rt, async |group| {
        let stuck = group.spawn(stuck(rt, &log, "s"));
        let handle = group.spawn(fails(&log, "+s", "first"));
        let held = with(rt, Probe::new(&log, "b").reasons(), async |_| {
            on(&log, "never").await;
            Ok::<_, Infallible>(())
        });
        held.await.unwrap();
        drop((stuck, handle));
        Ok(())
    });
    let errors = ends(rt, run).await.unwrap_err();
    log.push("returned");
    assert_eq!(said(&errors), "first");
    lawful(&log);
    for exit in ["-s:cancelled", "-b:cancelled"] {
        assert!(
            log.position(exit) > log.position("first!"),
            "{}",
            log.trace()
        );
    }
    assert_eq!(log.position("returned"), Some(log.events().len() - 1));
}

// TG-5: on whichever thread the child fails while the body looks at its handle.
pub async fn a_body_that_waits_for_a_failing_child_is_cancelled(rt: &impl Runtime) {
    let log = Log::new();
    let run = task_group(rt, async |group| {
        let dropped = OnDrop::new(|| log.push("dropped"));
        let child = group.spawn(fails(&log, "body", "the child"));
        log.push("body");
        let told = child.await;
        log.push(format_args!("told {told:?}"));
        drop(dropped);
        Ok(())
    });
    let errors = ends(rt, run).await.unwrap_err();
    assert_eq!(said(&errors), "the child");
    log.assert("body the child! dropped");
}

// TG-6, TG-9
pub async fn a_body_that_fails_comes_last(rt: &impl Runtime) {
    let log = Log::new();
    let run = task_group(rt, async |group| {
        group.spawn_named("late", exits_and_fails(rt, &log, "s", "go"));
        on(&log, "…s").await;
        log.push("go");
        Err::<(), _>(Failed("the body"))
    });
    let errors = ends(rt, run).await.unwrap_err();
    assert_eq!(said(&errors), "late:in its exit the body");
    let phases: Vec<_> = errors.entries().iter().map(|e| e.origin.phase()).collect();
    // On another thread, the child may have ended just before it was cancelled.
    assert!(
        matches!(phases[..], [Phase::Cleanup | Phase::Task, Phase::Body]),
        "{phases:?}"
    );
}

// TG-7
pub async fn a_child_that_is_cancelled_is_no_failure(rt: &impl Runtime) {
    let log = Log::new();
    let run = task_group(rt, async |group| {
        let child = group.spawn(stuck(rt, &log, "s"));
        log.seen(rt, "+s").await;
        child.cancel();
        child.cancel();
        let told = child.await;
        log.push("told");
        Ok(told)
    });
    assert_eq!(ends(rt, run).await.unwrap(), Err(JoinError::Cancelled));
    log.assert("+s -s:cancelled told");
}

// TG-8
pub async fn a_single_error_is_wrapped(rt: &impl Runtime) {
    let run = task_group(rt, async |_| Err::<(), _>(Failed("alone")));
    let errors = ends(rt, run).await.unwrap_err();
    assert_eq!(errors.len(), 1);
    assert_eq!(errors.single().unwrap(), Failed("alone"));
}

// TG-9, K10
pub async fn errors_of_a_cancelled_child_join_the_group(rt: &impl Runtime) {
    let log = Log::new();
    let run = task_group(rt, async |group| {
        group.spawn_named("late", exits_and_fails(rt, &log, "s", "first!"));
        group.spawn_named("early", fails(&log, "…s", "first"));
        Ok(())
    });
    let errors = ends(rt, run).await.unwrap_err();
    assert_eq!(said(&errors), "early:first late:in its exit");
    log.assert("+s …s first! -s");
}

// TG-18, TG-13
pub async fn an_entry_tells_name_and_place(rt: &impl Runtime) {
    let log = Log::new();
    let mut lines = Vec::new();
    let run = task_group(rt, async |group| {
        lines.push(line!() + 1);
        let named = group.spawn_named("named", fails(&log, "go", "a"));
        assert_eq!(named.name(), Some("named"));
        on(&log, "later").await;
        Ok(())
    });
    log.push("go");
    let errors = ends(rt, run).await.unwrap_err();
    let origin = &errors.entries()[0].origin;
    assert_eq!(origin.name(), Some("named"));
    assert_eq!(origin.location().line(), lines[0]);
    assert!(origin.location().file().ends_with("failed.rs"));
}

// TG-12, TG-10
pub async fn code_behind_a_failed_group_runs_as_before(rt: &impl Runtime) {
    let log = Log::new();
    let outer = CancelToken::new();
    let run = task_group(rt, async |group: TaskGroup<_, Failed>| {
        let inner = task_group(rt, async |inner| {
            inner.spawn(fails(&log, "go", "inner"));
            log.push("go");
            on(&log, "never").await;
            Ok(())
        });
        let errors = inner.await.unwrap_err();
        assert_eq!(said(&errors), "inner");
        // Nothing of it is left to cancel what comes now.
        yields(3).await;
        assert!(!group.token().is_cancelled());
        let within = timeout(rt, Duration::from_secs(20), yields(3)).await;
        within.unwrap();
        Ok(group.spawn(async { Ok(7) }).await.unwrap())
    });
    assert_eq!(ends(rt, run.parent(&outer)).await.unwrap(), 7);
    assert!(!outer.is_cancelled());
}

// TG-13
pub async fn groups_in_each_other_that_fail_both_tell(rt: &impl Runtime) {
    let log = Log::new();
    let run = task_group(rt, async |outer: TaskGroup<_, Failed>| {
        let (own_rt, own_log) = (rt.clone(), log.clone());
        outer.spawn_group(async move {
            let inner = task_group(&own_rt, async |inner| {
                inner.spawn_named("in", exits_and_fails(&own_rt, &own_log, "s", "out!"));
                Ok(())
            });
            inner.await
        });
        outer.spawn_named("out", fails(&log, "…s", "out"));
        Ok(())
    });
    let errors = ends(rt, run).await.unwrap_err();
    // The inner one was cancelled, or had failed: its child's scope was being exited, so its error
    // is out in either case.
    assert_eq!(said(&errors).split(' ').next(), Some("out:out"));
    log.assert("+s …s out! -s");
}
