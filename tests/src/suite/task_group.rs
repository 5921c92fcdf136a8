//! Groups of tasks that end together.
//!
//! Which task runs when is the executor's; what these cases wait for, they wait for in the log.

use std::convert::Infallible;
use std::future::{Future, pending};
use std::panic::panic_any;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, select};
use withal::error_group::Phase;
use withal::runtime::Runtime;
use withal::sync::CancelToken;
use withal::sync::cancel_token::CancelKind;
use withal::task_group::{ChildState, Started};
use withal::{
    Either, ErrorGroup, JoinError, ScopeError, StartError, TaskGroup, either, task_group, timeout,
    with,
};

use crate::foreign::OnDrop;
use crate::log::within_patience;
use crate::poll::{caught, yields};
use crate::probe::{Failed, Probe};
use crate::reports::{Reports, unique};
use crate::{Act, Log, laws, stress};

/// The table of these cases, given to the macro `$make`.
#[doc(hidden)]
#[macro_export]
macro_rules! task_group_cases {
    ($make:ident $with:tt $of:tt) => {
        $crate::$make! { $with $of task_group:
            a_group_gives_its_body_s_value_after_all_children,
            a_child_may_add_siblings_while_the_group_waits,
            results_are_read_during_the_group_and_after_it,
            the_first_failure_cancels_the_others_and_awaits_them,
            a_body_that_waits_for_a_failing_child_is_cancelled,
            a_body_that_fails_comes_last,
            a_child_that_is_cancelled_is_no_failure,
            a_single_error_is_wrapped,
            errors_of_a_cancelled_child_join_the_group,
            an_entry_tells_name_and_place,
            a_group_that_is_cancelled_from_outside_awaits_its_children,
            a_group_that_foreign_code_drops_is_awaited_by_the_scope_around,
            errors_of_a_group_that_is_cancelled_are_reported,
            code_behind_a_failed_group_runs_as_before,
            groups_in_each_other_that_fail_both_tell,
            a_panic_of_a_child_goes_on_after_the_others,
            a_panic_wins_over_errors_which_are_reported,
            a_panic_of_the_body_goes_on_after_the_children,
            a_child_that_is_cancelled_before_it_begins_never_runs,
            a_group_that_is_closed_gives_the_future_back,
            cancelling_a_group_is_no_failure_and_ends_body_and_children,
            a_body_that_cancels_its_group_and_returns_keeps_its_value,
            a_group_that_was_cancelled_may_fail_after_that,
            a_group_whose_parent_is_cancelled_is_cancelled,
            a_child_that_cancels_its_group_at_once_does_not_hang_it,
            a_cancellation_from_outside_is_seen_after_one_of_the_group,
            a_child_that_is_spawned_after_the_cancellation_says_so,
            those_that_are_asked_have_the_grace_to_end,
            those_that_do_not_heed_are_dropped_after_the_grace,
            a_cleanup_that_hangs_holds_up_its_group_for_the_budget,
            a_starter_waits_until_the_child_has_started,
            a_child_that_fails_before_it_has_started_tells_its_starter,
            a_starter_that_is_cancelled_cancels_its_child,
            no_more_children_run_than_the_limit_says,
            children_are_listed_until_they_end,
            a_leaked_group_lets_its_children_end,
            a_group_leaves_nothing_behind,
            a_thousand_children_are_cancelled_from_the_root,
            groups_on_many_threads_lose_nothing,
        }
    };
}

async fn ends<F: Future>(rt: &impl Runtime, future: F) -> F::Output {
    within_patience(rt, future, || "it does not end".to_owned()).await
}

/// The errors in their order, each with its name.
fn said<E: std::fmt::Display>(errors: &ErrorGroup<E>) -> String {
    let leaves = errors.leaves();
    let said = leaves.map(|(path, error)| match path.origin().name() {
        Some(name) => format!("{name}:{error}"),
        None => error.to_string(),
    });
    said.collect::<Vec<_>>().join(" ")
}

#[track_caller]
fn lawful(log: &Log) {
    assert_eq!(laws::check(&log.events()), Ok(()));
}

/// Waits for `event`.
async fn on(log: &Log, event: &str) {
    log.when(|events| events.iter().any(|seen| seen == event))
        .await;
}

/// A child that is stuck in the scope `name`.
fn stuck<R: Runtime>(
    rt: &R,
    log: &Log,
    name: &'static str,
) -> impl Future<Output = Result<(), Failed>> + Send + 'static + use<R> {
    let (rt, probe) = (rt.clone(), Probe::new(log, name).exit_yields(2).reasons());
    async move {
        let never = with(&rt, probe, async |_| pending().await);
        never
            .await
            .map_err(|_: ScopeError<Infallible, _>| Failed("not stuck"))
    }
}

/// A child that fails with `error` when the log has `event`.
fn fails(
    log: &Log,
    event: &'static str,
    error: &'static str,
) -> impl Future<Output = Result<(), Failed>> + Send + 'static + use<> {
    let log = log.clone();
    async move {
        on(&log, event).await;
        log.push(format_args!("{error}!"));
        Err(Failed(error))
    }
}

// TG-1, TG-3, TG-14
pub async fn a_group_gives_its_body_s_value_after_all_children(rt: &impl Runtime) {
    let log = Log::new();
    let run = task_group(rt, async |group: TaskGroup<_, Failed>| {
        for name in ["a", "b"] {
            let log = log.clone();
            group.spawn(async move {
                on(&log, "body").await;
                yields(2).await;
                log.push(name);
                Ok(())
            });
        }
        log.push("body");
        Ok(7)
    });
    assert_eq!(ends(rt, run).await.unwrap(), 7);
    log.push("returned");
    assert!(log.has("a") && log.has("b"));
    assert_eq!(
        (log.position("body"), log.position("returned")),
        (Some(0), Some(3))
    );
}

// TG-2, TG-3
pub async fn a_child_may_add_siblings_while_the_group_waits(rt: &impl Runtime) {
    /// Adds a sibling, which does the same.
    fn add<R: Runtime>(
        group: TaskGroup<R, Failed>,
        log: Log,
        left: usize,
    ) -> BoxFuture<'static, Result<(), Failed>> {
        let child = async move {
            yields(1).await;
            log.push(left);
            if left > 0 {
                group.spawn(add(group.clone(), log, left - 1));
            }
            Ok(())
        };
        child.boxed()
    }

    let log = Log::new();
    let run = task_group(rt, async |group| {
        group.spawn(add(group.clone(), log.clone(), 4));
        Ok(())
    });
    ends(rt, run).await.unwrap();
    log.assert("4 3 2 1 0");
}

// TG-17
pub async fn results_are_read_during_the_group_and_after_it(rt: &impl Runtime) {
    let run = task_group(rt, async |group: TaskGroup<_, Failed>| {
        let during = group.spawn(async { Ok("during") }).await.unwrap();
        let after = group.spawn(async {
            yields(3).await;
            Ok(String::from("after"))
        });
        let dropped = group.spawn(async {
            yields(2).await;
            Ok([0; 8])
        });
        drop(dropped);
        Ok((during, after))
    });
    let (during, after) = ends(rt, run).await.unwrap();
    assert!(after.is_finished());
    let after = after.now_or_never().expect("the group has ended");
    assert_eq!((during, after.unwrap().as_str()), ("during", "after"));
}

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

// TG-5
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

/// A child that waits in the exit of the scope `name` until the log has `event`, and then fails.
fn exits_and_fails<R: Runtime>(
    rt: &R,
    log: &Log,
    name: &'static str,
    event: &'static str,
) -> impl Future<Output = Result<(), Failed>> + Send + 'static + use<R> {
    let (rt, probe) = (rt.clone(), Probe::new(log, name).exit_waits_for(event));
    async move {
        let ended = with(&rt, probe, async |_| Ok::<_, Infallible>(()));
        ended.await.unwrap();
        Err(Failed("in its exit"))
    }
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
    assert!(origin.location().file().ends_with("task_group.rs"));
}

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

// TG-15, K11
pub async fn a_panic_of_a_child_goes_on_after_the_others(rt: &impl Runtime) {
    let log = Log::new();
    let run = task_group(rt, async |group: TaskGroup<_, Failed>| {
        group.spawn(stuck(rt, &log, "s"));
        let own = log.clone();
        group.spawn::<_, ()>(async move {
            on(&own, "+s").await;
            panic_any("the child")
        });
        on(&log, "never").await;
        Ok(())
    });
    let ended = ends(rt, caught(run)).await;
    log.push("returned");
    assert_eq!(ended.unwrap_err(), "the child");
    log.assert("+s -s:cancelled returned");
}

// TG-15, TG-25
pub async fn a_panic_wins_over_errors_which_are_reported(rt: &impl Runtime) {
    let (log, reports) = (Log::new(), Reports::begin());
    let (error, second) = (unique("error"), unique("second"));
    let (own_error, own_second) = (error.clone(), second.clone());
    let run = task_group(rt, async |group: TaskGroup<_, String>| {
        let late = exits_and_fails(rt, &log, "s", "panics");
        group.spawn(async move { late.await.map_err(|_| own_error) });
        let late = exits_and_fails(rt, &log, "t", "panics");
        group.spawn::<_, ()>(async move {
            let _ = late.await;
            panic_any(own_second)
        });
        let own = log.clone();
        group.spawn::<_, ()>(async move {
            on(&own, "…s").await;
            on(&own, "…t").await;
            let _last = OnDrop::new(|| own.push("panics"));
            panic_any("the first")
        });
        Ok(())
    });
    let ended = ends(rt, caught(run)).await;
    // The two that exit may see the first one's destructor before it has ended.
    let ended = ended.unwrap_err();
    if ended == "the first" {
        assert_eq!(reports.count(&second), 1);
    } else {
        assert_eq!(ended, second);
        assert_eq!(reports.count("the first"), 1);
    }
    assert_eq!(reports.count(&error), 1);
}

// TG-15, K11
pub async fn a_panic_of_the_body_goes_on_after_the_children(rt: &impl Runtime) {
    let log = Log::new();
    let run = task_group(
        rt,
        async |group: TaskGroup<_, Failed>| -> Result<(), Failed> {
            group.spawn(stuck(rt, &log, "s"));
            on(&log, "+s").await;
            panic_any("the body")
        },
    );
    let ended = ends(rt, caught(run)).await;
    log.push("returned");
    assert_eq!(ended.unwrap_err(), "the body");
    log.assert("+s -s:cancelled returned");
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

// TG-2
pub async fn a_group_that_is_closed_gives_the_future_back(rt: &impl Runtime) {
    let (log, kept) = (Log::new(), Arc::new(Mutex::new(None)));
    let run = task_group(rt, async |group: TaskGroup<_, Failed>| {
        *kept.lock().unwrap() = Some(group.clone());
        let closing = OnDrop::new(|| {
            let refused = group.try_spawn(async { Ok("again") }).unwrap_err();
            log.push("refused");
            assert_eq!(refused.0.now_or_never(), Some(Ok("again")));
        });
        group.spawn(fails(&log, "body", "it"));
        log.push("body");
        on(&log, "never").await;
        drop(closing);
        Ok(())
    });
    ends(rt, run).await.unwrap_err();
    log.assert("body it! refused");
    let group = kept.lock().unwrap().take().expect("it was kept");
    assert!(group.is_closed() && group.is_empty());
    let dropped = log.clone();
    let owned = OnDrop::new(move || dropped.push("dropped"));
    let handle = group.spawn(async move {
        drop(owned);
        Ok(())
    });
    log.assert("body it! refused dropped");
    assert_eq!(
        (handle.is_finished(), handle.await),
        (true, Err(JoinError::Closed))
    );
    assert!(group.try_spawn(async { Ok(()) }).is_err());
}

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

// TG-24
pub async fn a_starter_waits_until_the_child_has_started(rt: &impl Runtime) {
    let log = Log::new();
    let run = task_group(rt, async |group: TaskGroup<_, Failed>| {
        let own = log.clone();
        let started = group.start(async move |started: Started<u16>| {
            yields(3).await;
            own.push("listens");
            started.send(8080).unwrap();
            on(&own, "asked").await;
            Ok("served")
        });
        let (port, server) = started.await.unwrap();
        log.push(port);
        log.push("asked");
        Ok(server.await)
    });
    assert_eq!(ends(rt, run).await.unwrap(), Ok("served"));
    log.assert("listens 8080 asked");
}

// TG-24
pub async fn a_child_that_fails_before_it_has_started_tells_its_starter(rt: &impl Runtime) {
    let log = Log::new();
    let run = task_group(rt, async |group: TaskGroup<_, Failed>| {
        let (own_rt, probe) = (rt.clone(), Probe::new(&log, "s").exit_yields(2));
        let failed = group.start(async move |_: Started<()>| {
            let scoped = with(&own_rt, probe, async |_| Err::<(), _>(Failed("no port")));
            scoped.await.map_err(|error| error.into_body().unwrap())
        });
        let failed = failed.await.unwrap_err();
        log.push("told");
        assert_eq!(failed, StartError::Failed(Failed("no port")));
        let silent = group.start(async |_: Started<()>| Ok(()));
        assert_eq!(silent.await.unwrap_err(), StartError::NotStarted);
        // From its start on, it fails the group.
        let late = group.start(async |started: Started<()>| {
            started.send(()).unwrap();
            yields(3).await;
            Err::<(), _>(Failed("later"))
        });
        let ((), late) = late.await.unwrap();
        let _ = late.await;
        on(&log, "never").await;
        Ok(())
    });
    let errors = ends(rt, run).await.unwrap_err();
    assert_eq!(said(&errors), "later");
    log.assert("+s -s told");
}

// TG-24
pub async fn a_starter_that_is_cancelled_cancels_its_child(rt: &impl Runtime) {
    let log = Log::new();
    let run = task_group(rt, async |group: TaskGroup<_, Failed>| {
        let child = stuck(rt, &log, "s");
        let start = group.start(async move |started: Started<()>| {
            let _started = started;
            child.await
        });
        let raced = either(start, log.seen(rt, "+s")).await;
        assert!(matches!(raced, Either::Right(())));
        Ok(())
    });
    ends(rt, run).await.unwrap();
    log.assert("+s -s:cancelled");
}

// TG-26
pub async fn no_more_children_run_than_the_limit_says(rt: &impl Runtime) {
    let running = Arc::new(Mutex::new((0, 0)));
    let log = Log::new();
    let run = task_group(rt, async |group: TaskGroup<_, Failed>| {
        for number in 0..9 {
            let (running, log) = (running.clone(), log.clone());
            group.spawn(async move {
                let now = {
                    let mut running = running.lock().unwrap();
                    running.0 += 1;
                    running.1 = running.0.max(running.1);
                    running.0
                };
                assert!(now <= 3);
                log.push(format_args!("{number}"));
                yields(3).await;
                running.lock().unwrap().0 -= 1;
                Ok(())
            });
        }
        // Some may have ended on another thread.
        assert!(group.len() <= 9);
        let waiting = group.tasks().into_iter();
        assert!(
            waiting
                .filter(|task| task.state == ChildState::Waiting)
                .count()
                <= 6
        );
        Ok(())
    });
    ends(rt, run.limit(3)).await.unwrap();
    assert_eq!(log.events().len(), 9);
    assert!(running.lock().unwrap().1 <= 3);
    // One after the other, they run in their order.
    let log = Log::new();
    let run = task_group(rt, async |group: TaskGroup<_, Failed>| {
        for number in 0..5 {
            let log = log.clone();
            group.spawn(async move {
                yields(1).await;
                log.push(number);
                Ok(())
            });
        }
        Ok(())
    });
    ends(rt, run.limit(1)).await.unwrap();
    log.assert("0 1 2 3 4");
}

// TG-18, TC-14, P24
pub async fn children_are_listed_until_they_end(rt: &impl Runtime) {
    let log = Log::new();
    let run = task_group(rt, async |group: TaskGroup<_, Failed>| {
        let listed = || {
            let tasks = group.tasks();
            let text = |task: &withal::task_group::ChildInfo| {
                let name = task.name.as_deref().unwrap_or("-");
                format!("{name}:{:?}", task.state)
            };
            tasks.iter().map(text).collect::<Vec<_>>().join(" ")
        };
        let act = Act::new(&log, "s").exit_waits_for("go");
        let own_rt = rt.clone();
        let first = group.spawn_named("first", async move {
            let held = with(&own_rt, act, async |()| {
                pending::<Result<(), Infallible>>().await
            });
            held.await.unwrap();
            Ok(())
        });
        let second = group.spawn(async { Ok(()) });
        assert_eq!(listed(), "first:Running -:Waiting");
        log.seen(rt, "+s").await;
        first.cancel();
        assert_eq!(listed(), "first:Cancelling -:Waiting");
        log.push("go");
        second.await.unwrap();
        assert_eq!(first.await, Err(JoinError::Cancelled));
        assert!(listed().is_empty() && group.is_empty());
        Ok(())
    });
    ends(rt, run.limit(1)).await.unwrap();
}

// TG-19
pub async fn a_leaked_group_lets_its_children_end(rt: &impl Runtime) {
    let log = Log::new();
    let mut run = Box::pin(task_group(rt, async |group: TaskGroup<_, Failed>| {
        let own = log.clone();
        group.spawn(async move {
            own.push("begun");
            yields(3).await;
            own.push("ended");
            Ok(())
        });
        pending::<Result<(), Failed>>().await
    }));
    assert!(futures_util::poll!(run.as_mut()).is_pending());
    std::mem::forget(run);
    log.seen(rt, "ended").await;
}

// TG-19
pub async fn a_group_leaves_nothing_behind(rt: &impl Runtime) {
    let owned = Arc::new(());
    let log = Log::new();
    let run = task_group(rt, async |group: TaskGroup<_, Arc<()>>| {
        for fails in [false, true, false] {
            let (own, group, log) = (owned.clone(), group.clone(), log.clone());
            group.clone().spawn::<_, ()>(async move {
                let _group = group;
                if fails {
                    on(&log, "go").await;
                    return Err(own);
                }
                pending().await
            });
        }
        log.push("go");
        pending::<Result<(), _>>().await
    });
    drop(ends(rt, run).await.unwrap_err());
    // The executor drops its side of the last task when it gets there.
    let none = async {
        while Arc::strong_count(&owned) > 1 {
            rt.sleep(Duration::from_millis(1)).await;
        }
    };
    ends(rt, none).await;
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
