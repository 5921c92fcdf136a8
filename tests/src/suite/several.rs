//! Several scopes at once: tuples, arrays and vectors, in order and concurrently.

use std::convert::Infallible;
use std::future::{Future, pending};
use std::mem::forget;
use std::time::Duration;

use futures_util::future::select;
use withal::error_group::Phase;
use withal::runtime::Runtime;
use withal::scope::{ExitError, Lend, concurrently, scope_fn};
use withal::{
    ErrorGroup, ExitReason, HandOver, Local, Scope, ScopeError, cancel, either, timeout, with,
    with_suppressing,
};

use crate::foreign::{begun, gives_up};
use crate::log::within_patience;
use crate::poll::{caught, poll_now, yields};
use crate::probe::{Abandoning, Failed, LocalProbe, ProbeError, Swallowing, SyncProbe};
use crate::reports::{Reports, unique};
use crate::sweep::PollTimer;
use crate::{Log, Probe};

/// The table of these cases, given to the macro `$make`.
#[doc(hidden)]
#[macro_export]
macro_rules! several_cases {
    ($make:ident $with:tt $of:tt) => {
        $crate::$make! { $with $of several:
            a_tuple_enters_left_to_right_and_exits_right_to_left,
            a_later_enter_begins_when_the_earlier_one_has_ended,
            a_failed_enter_is_seen_by_those_before_it,
            a_panic_in_an_enter_exits_those_before_it,
            an_error_of_the_body_arrives_as_it_was,
            a_failed_exit_is_what_the_outer_exits_see,
            the_error_of_the_body_is_not_lost_behind_that_of_an_exit,
            a_scope_around_them_suppresses_their_enter,
            what_is_suppressed_inside_is_no_error_outside,
            a_tuple_that_enters_is_cancelled,
            a_tuple_that_enters_is_dropped_by_foreign_code,
            a_tuple_is_dropped_while_it_exits,
            exits_of_an_unfinished_tuple_hold_off_a_timeout,
            each_does_on_a_drop_what_its_type_says,
            local_scopes_are_several_too,
            concurrent_enters_run_side_by_side,
            concurrent_exits_run_side_by_side,
            exits_in_order_run_in_order,
            enters_in_order_run_in_order,
            the_first_failure_cancels_the_other_enters,
            an_exit_inside_of_a_cancelled_enter_ends_first,
            all_errors_of_enters_come_out,
            a_panic_in_a_concurrent_enter_goes_on_last,
            concurrent_enters_are_cancelled,
            concurrent_enters_are_dropped_by_foreign_code,
            an_enter_that_still_cleans_up_counts_as_entered,
            each_concurrent_exit_is_told_the_real_reason,
            every_error_of_concurrent_exits_is_kept_in_order,
            a_panic_of_an_exit_waits_for_the_others,
            two_panics_of_exits_are_one_and_a_report,
            concurrent_scopes_that_are_cancelled_exit_side_by_side,
            concurrent_scopes_dropped_by_foreign_code_exit_side_by_side,
            the_body_s_own_scopes_end_before_concurrent_exits,
            a_synchronous_exit_waits_for_the_body_s_own_scopes,
            an_error_lost_on_the_way_is_reported,
            several_leaked_scopes_are_never_exited,
            a_hanging_exit_among_several_is_given_up,
            they_nest_in_each_other,
        }
    };
}

fn probe(log: &Log, name: &str) -> Probe {
    Probe::new(log, name).shows_errors()
}

async fn ends<F: Future>(rt: &impl Runtime, future: F) -> F::Output {
    // Boxed: each future around it would be that much larger, and a thread's stack is small.
    within_patience(rt, Box::pin(future), || "it does not end".to_owned()).await
}

/// A scope `name` that waits for `event` before it is entered, and says `…name` when it begins.
fn enters_after(log: &Log, name: &'static str, event: &'static str) -> EntersAfter {
    EntersAfter {
        log: log.clone(),
        name,
        event,
    }
}

struct EntersAfter {
    log: Log,
    name: &'static str,
    event: &'static str,
}

/// Logs that an enter was dropped.
struct Undo<'a>(Option<&'a EntersAfter>);

impl Drop for Undo<'_> {
    fn drop(&mut self) {
        if let Some(scope) = self.0 {
            scope.log.push(format_args!("undo-{}", scope.name));
        }
    }
}

impl Scope for EntersAfter {
    type Resource = ();
    type Error = ProbeError;
    type OnDrop = HandOver;

    async fn enter(&mut self) -> Result<(), ProbeError> {
        self.log.push(format_args!("…{}", self.name));
        let mut undo = Undo(Some(self));
        let event = self.event;
        self.log
            .when(|events| events.iter().any(|seen| seen == event))
            .await;
        undo.0 = None;
        drop(undo);
        self.log.push(format_args!("+{}", self.name));
        Ok(())
    }

    async fn exit(self, (): (), reason: ExitReason<'_>) -> Result<(), ProbeError> {
        self.log
            .push(format_args!("-{}:{}", self.name, reason.kind()));
        Ok(())
    }
}

fn texts<E: std::fmt::Display>(errors: &ErrorGroup<E>) -> Vec<String> {
    let leaves = errors.leaves();
    leaves
        .map(|(path, error)| format!("{}: {error}", path.origin().phase()))
        .collect()
}

// CM-10
pub async fn a_tuple_enters_left_to_right_and_exits_right_to_left(rt: &impl Runtime) {
    let log = Log::new();
    let scopes = (probe(&log, "a"), probe(&log, "b"), probe(&log, "c"));
    let ended = with(rt, scopes, async |(a, b, c)| {
        log.push("body");
        Ok::<_, Failed>(format!("{a}{b}{c}"))
    });
    assert_eq!(ended.await.unwrap(), "abc");
    log.assert("+a +b +c body -c:completed -b:completed -a:completed");
}

// CM-10
pub async fn a_later_enter_begins_when_the_earlier_one_has_ended(rt: &impl Runtime) {
    let log = Log::new();
    let scopes = [enters_after(&log, "a", "go"), enters_after(&log, "b", "go")];
    let mut ended = Box::pin(with(rt, scopes, async |_| Ok::<_, Failed>(())));
    assert!(poll_now(ended.as_mut()).is_pending());
    log.assert("…a");
    log.push("go");
    ends(rt, ended).await.unwrap();
    log.assert("…a go +a …b +b -b:completed -a:completed");
}

// CM-11
pub async fn a_failed_enter_is_seen_by_those_before_it(rt: &impl Runtime) {
    let log = Log::new();
    let scopes = (
        probe(&log, "a"),
        probe(&log, "b"),
        probe(&log, "c").enter_yields(1).enter_fails(),
        probe(&log, "d"),
    );
    let ended = with(rt, scopes, async |_| {
        log.push("body");
        Ok::<_, Failed>(())
    });
    let Err(ScopeError::Enter(errors)) = ended.await else {
        panic!("it was entered")
    };
    assert_eq!(texts(&errors), ["enter: probe c failed"]);
    let error = errors.single().unwrap();
    assert_eq!(error.downcast::<ProbeError>().unwrap().0, "c");
    log.assert("+a +b -b:failed(probe c failed) -a:failed(probe c failed)");
}

// CM-11, CM-25, A-5
pub async fn a_panic_in_an_enter_exits_those_before_it(rt: &impl Runtime) {
    let log = Log::new();
    let panics = scope_fn(async |_: Lend<()>| -> Result<_, ProbeError> {
        yields(1).await;
        panic!("enter of b")
    });
    let scopes = (probe(&log, "a"), panics);
    let ended = caught(with(rt, scopes, async |_| Ok::<_, Failed>(())));
    assert_eq!(ended.await.unwrap_err(), "enter of b");
    log.assert("+a -a:panicked");
}

// CM-10, CM-6, CM-30
pub async fn an_error_of_the_body_arrives_as_it_was(rt: &impl Runtime) {
    let log = Log::new();
    let scopes = [probe(&log, "a"), probe(&log, "b")];
    let ended = with(rt, scopes, async |_| Err::<(), _>(Failed("body"))).await;
    let Err(ScopeError::Body(error)) = ended else {
        panic!("{ended:?}")
    };
    assert_eq!(error, Failed("body"));
    log.assert("+a +b -b:failed(body) -a:failed(body)");
}

// CM-13, CM-7
pub async fn a_failed_exit_is_what_the_outer_exits_see(rt: &impl Runtime) {
    let log = Log::new();
    let scopes = (
        probe(&log, "a"),
        probe(&log, "b").exit_fails(),
        probe(&log, "c"),
        probe(&log, "d").exit_fails(),
    );
    let ended = with(rt, scopes, async |_| Ok::<_, Failed>(7)).await;
    let Err(ScopeError::Exit { error, value: 7 }) = ended else {
        panic!("{ended:?}")
    };
    let ExitError::Failed(errors) = error else {
        panic!("{error:?}")
    };
    assert_eq!(
        texts(&errors),
        ["exit: probe b failed", "exit: probe d failed"]
    );
    log.assert(
        "+a +b +c +d -d:completed -c:failed(probe d failed) -b:failed(probe d failed) \
         -a:failed(probe b failed)",
    );
}

// CM-13, CM-8, A-7
pub async fn the_error_of_the_body_is_not_lost_behind_that_of_an_exit(rt: &impl Runtime) {
    let log = Log::new();
    let scopes = vec![
        probe(&log, "a"),
        probe(&log, "b").exit_fails(),
        probe(&log, "c"),
    ];
    let ended = with(rt, scopes, async |_| Err::<(), _>(Failed("body"))).await;
    let Err(ScopeError::Both { body, exit }) = ended else {
        panic!("{ended:?}")
    };
    assert_eq!(body, Failed("body"));
    let ExitError::Failed(errors) = exit else {
        panic!("{exit:?}")
    };
    assert_eq!(errors.single().unwrap(), ProbeError("b".to_owned()));
    log.assert("+a +b +c -c:failed(body) -b:failed(body) -a:failed(probe b failed)");
}

// CM-12: whether the body has run is for the body to say; the scope around it cannot.
pub async fn a_scope_around_them_suppresses_their_enter(rt: &impl Runtime) {
    struct Forgiving(Probe);

    impl Scope for Forgiving {
        type Resource = String;
        type Error = ProbeError;
        type OnDrop = HandOver;

        async fn enter(&mut self) -> Result<String, ProbeError> {
            self.0.enter().await
        }

        async fn exit(self, name: String, reason: ExitReason<'_>) -> Result<(), ProbeError> {
            self.0.exit(name, reason).await
        }
    }

    impl withal::scope::Suppress for Forgiving {
        fn suppresses(&self, failure: withal::scope::Failure<'_>) -> bool {
            failure.is::<ScopeError<Failed, ErrorGroup<ProbeError>>>()
        }
    }

    for fails in ["enter", "body"] {
        let log = Log::new();
        let mut inner = probe(&log, "b");
        if fails == "enter" {
            inner = inner.enter_fails();
        }
        let mut ran = false;
        let ended = with_suppressing(rt, Forgiving(Probe::new(&log, "s").reasons()), async |_| {
            let scopes = [probe(&log, "a"), inner];
            let ended = with(rt, scopes, async |_| {
                ran = true;
                Err::<(), _>(Failed("body"))
            });
            ended.await
        });
        assert_eq!(ended.await.unwrap(), None);
        assert_eq!(ran, fails == "body");
        let [a, b] = match fails {
            "enter" => ["+a -a:failed(probe b failed)", ""],
            _ => ["+a", " +b -b:failed(body) -a:failed(body)"],
        };
        log.assert(&format!("+s {a}{b} -s:failed"));
    }
}

// CM-14
pub async fn what_is_suppressed_inside_is_no_error_outside(rt: &impl Runtime) {
    let log = Log::new();
    let scopes = (probe(&log, "a"), probe(&log, "b"));
    let ended = with(rt, scopes, async |_| {
        let inner = Swallowing {
            probe: probe(&log, "s"),
            prefix: "",
        };
        let ended = with_suppressing(rt, inner, async |_| Err::<(), _>(Failed("body")));
        assert_eq!(ended.await.unwrap(), None);
        Ok::<_, Infallible>(())
    });
    ended.await.unwrap();
    log.assert("+a +b +s ?s -s:failed(body) -b:completed -a:completed");
}

// CM-19, CM-10, K1
pub async fn a_tuple_that_enters_is_cancelled(rt: &impl Runtime) {
    let log = Log::new();
    let scopes = (
        probe(&log, "a"),
        probe(&log, "b"),
        enters_after(&log, "c", "never"),
    );
    cancel(begun(with(rt, scopes, async |_| Ok::<_, Failed>(())))).await;
    log.assert("+a +b …c undo-c -b:cancelled -a:cancelled");
}

// CM-19, A-4, K2, K3
pub async fn a_tuple_that_enters_is_dropped_by_foreign_code(rt: &impl Runtime) {
    let log = Log::new();
    let scopes = [
        enters_after(&log, "a", "+a"),
        enters_after(&log, "b", "+b"),
        enters_after(&log, "c", "never"),
    ];
    log.push("+a");
    log.push("+b");
    drop(begun(with(rt, scopes, async |_| Ok::<_, Failed>(()))));
    log.seen(rt, "-a:cancelled").await;
    log.assert("+a +b …a +a …b +b …c undo-c -b:cancelled -a:cancelled");
}

// CM-22, A-4, K2
pub async fn a_tuple_is_dropped_while_it_exits(rt: &impl Runtime) {
    let log = Log::new();
    let scopes = (
        probe(&log, "a"),
        probe(&log, "b").exit_waits_for("go"),
        probe(&log, "c"),
    );
    let mut ended = Box::pin(with(rt, scopes, async |_| Ok::<_, Failed>(())));
    while !log.has("…b") {
        assert!(poll_now(ended.as_mut()).is_pending());
    }
    drop(ended);
    log.push("go");
    log.seen(rt, "-a:cancelled").await;
    // As nested scopes: b goes on, and the body of a was dropped.
    log.assert("+a +b +c -c:completed …b go -b:completed -a:cancelled");
}

// CM-11, CM-22, K10
pub async fn exits_of_an_unfinished_tuple_hold_off_a_timeout(rt: &impl Runtime) {
    let log = Log::new();
    let scopes = (
        probe(&log, "a").exit_waits_for("go"),
        probe(&log, "b").enter_fails(),
    );
    let ended = with(rt, scopes, async |_| Ok::<_, Failed>(()));
    let mut timed = Box::pin(timeout(&PollTimer, Duration::ZERO, ended));
    for _ in 0..3 {
        assert!(poll_now(timed.as_mut()).is_pending());
    }
    log.push("go");
    let ended = ends(rt, timed).await;
    assert!(matches!(ended, Ok(Err(ScopeError::Enter(_)))), "{ended:?}");
    log.assert("+a …a go -a:failed(probe b failed)");
}

// CM-10, A-4
pub async fn each_does_on_a_drop_what_its_type_says(rt: &impl Runtime) {
    for at_once in [false, true] {
        let log = Log::new();
        let scopes = concurrently((
            probe(&log, "a"),
            Abandoning(probe(&log, "b")),
            SyncProbe(probe(&log, "c").exit_yields(0)),
        ));
        let scopes = if at_once {
            scopes
        } else {
            scopes.exits_in_order()
        };
        drop(begun(with(rt, scopes, async |_| {
            pending::<Result<(), Failed>>().await
        })));
        assert!(log.has("-c:cancelled") && log.has("~b"), "{}", log.trace());
        log.seen(rt, "-a:cancelled").await;
        log.assert("+a +b +c -c:cancelled ~b -a:cancelled");
    }
}

// CM-10, CC-1, K8
pub async fn local_scopes_are_several_too(rt: &impl Runtime) {
    let log = Log::new();
    let local = |name| Local(LocalProbe::new(probe(&log, name)));
    let scopes = (local("a"), local("b"));
    let ended = with(rt, scopes, async |_| Err::<(), _>(Failed("body")));
    assert_eq!(ended.await.unwrap_err().body(), Some(&Failed("body")));
    log.assert("+a +b -b:failed(body) -a:failed(body)");
    let log = Log::new();
    let local = |name| Local(LocalProbe::new(probe(&log, name)));
    let outer = with(rt, local("o"), async |_| {
        let scopes = concurrently([local("a"), local("b")]);
        let endless = with(rt, scopes, async |_| pending::<Result<(), Failed>>().await);
        gives_up(1, endless).await;
        Ok::<_, Failed>(())
    });
    outer.await.unwrap();
    log.assert("+o +a +b -b:cancelled -a:cancelled -o:completed");
}

// CC-1
pub async fn concurrent_enters_run_side_by_side(rt: &impl Runtime) {
    let log = Log::new();
    // Each waits for the other.
    let scopes = concurrently((
        enters_after(&log, "a", "+b"),
        enters_after(&log, "b", "…c"),
        enters_after(&log, "c", "+a"),
    ));
    let ended = with(rt, scopes, async |_| {
        log.push("body");
        Ok::<_, Failed>(())
    });
    ends(rt, ended).await.unwrap();
    let trace = log.trace();
    assert!(trace.starts_with("…a …b …c +b +a +c body "), "{trace}");
}

// CC-3
pub async fn concurrent_exits_run_side_by_side(rt: &impl Runtime) {
    for (first, then) in [("a", "b"), ("b", "a")] {
        let log = Log::new();
        let scopes = concurrently(["a", "b"].map(|name| {
            let scope = Probe::new(&log, name);
            if name == first {
                scope
            } else {
                scope.exit_waits_for(&format!("-{first}"))
            }
        }));
        let ended = with(rt, scopes, async |_| Ok::<_, Failed>(()));
        ends(rt, ended).await.unwrap();
        log.assert(&format!("+a +b …{then} -{first} -{then}"));
    }
}

// CC-3, CM-13
pub async fn exits_in_order_run_in_order(rt: &impl Runtime) {
    let log = Log::new();
    let scopes = concurrently((
        enters_after(&log, "a", "+b"),
        probe(&log, "b").exit_yields(3).exit_fails(),
        probe(&log, "c"),
    ));
    let ended = with(rt, scopes.exits_in_order(), async |_| Ok::<_, Failed>(()));
    assert!(matches!(
        ends(rt, ended).await,
        Err(ScopeError::Exit { value: (), .. })
    ));
    log.assert("…a +b +c +a -c:completed -b:completed -a:failed");
}

// CC-1
pub async fn enters_in_order_run_in_order(rt: &impl Runtime) {
    let log = Log::new();
    let scopes = concurrently((
        probe(&log, "a")
            .enter_yields(2)
            .exit_waits_for("-b:completed"),
        probe(&log, "b"),
    ));
    let ended = with(rt, scopes.enters_in_order(), async |_| Ok::<_, Failed>(()));
    ends(rt, ended).await.unwrap();
    log.assert("+a +b …a -b:completed -a:completed");
}

// CC-2, CM-11: the seed's `gather` left those that were in, and let the others go on.
pub async fn the_first_failure_cancels_the_other_enters(rt: &impl Runtime) {
    let log = Log::new();
    let scopes = concurrently((
        probe(&log, "a"),
        enters_after(&log, "b", "never"),
        probe(&log, "c").enter_yields(1).enter_fails(),
        probe(&log, "d"),
    ));
    let ended = with(rt, scopes, async |_| {
        log.push("body");
        Ok::<_, Failed>(())
    });
    let Err(ScopeError::Enter(errors)) = ends(rt, ended).await else {
        panic!("it was entered")
    };
    assert_eq!(texts(&errors), ["enter: probe c failed"]);
    log.assert("+a …b +d undo-b -d:failed(probe c failed) -a:failed(probe c failed)");
}

// CC-2, K10
pub async fn an_exit_inside_of_a_cancelled_enter_ends_first(rt: &impl Runtime) {
    let log = Log::new();
    let busy = {
        let (rt, log) = (rt.clone(), log.clone());
        scope_fn(async move |lend: Lend<()>| {
            let inner = with(&rt, probe(&log, "i").exit_yields(3), async |_| {
                Ok::<_, Failed>(())
            });
            inner.await.unwrap();
            log.push("+b");
            let ((), ended) = lend.lend(()).await;
            log.push(format_args!("-b:{}", ended.kind()));
            Ok::<_, ProbeError>(ended)
        })
    };
    let scopes = concurrently((
        probe(&log, "a"),
        busy,
        probe(&log, "c").enter_yields(1).enter_fails(),
    ));
    let ended = ends(rt, with(rt, scopes, async |_| Ok::<_, Failed>(()))).await;
    assert!(matches!(ended, Err(ScopeError::Enter(_))), "{ended:?}");
    let trace = log.trace();
    assert!(trace.starts_with("+a +i -i:completed +b "), "{trace}");
    assert!(
        log.has("-b:failed") && log.has("-a:failed(probe c failed)"),
        "{trace}"
    );
}

// CC-2, A-7
pub async fn all_errors_of_enters_come_out(rt: &impl Runtime) {
    let log = Log::new();
    let failing = |name| probe(&log, name).enter_fails();
    let late = {
        let (rt, log) = (rt.clone(), log.clone());
        scope_fn(async move |_: Lend<()>| {
            // It is exiting when it is cancelled, and then it fails.
            let inner = with(&rt, probe(&log, "i").exit_yields(2), async |_| {
                Ok::<_, Failed>(())
            });
            inner.await.unwrap();
            Err(ProbeError("late".to_owned()))
        })
    };
    let scopes = concurrently((
        late,
        probe(&log, "b").exit_fails(),
        failing("c").enter_yields(1),
    ));
    let ended = ends(rt, with(rt, scopes, async |_| Ok::<_, Failed>(()))).await;
    let Err(ScopeError::Enter(errors)) = ended else {
        panic!("{ended:?}")
    };
    let expected = [
        "enter: probe late failed",
        "exit: probe b failed",
        "enter: probe c failed",
    ];
    assert_eq!(texts(&errors), expected);
    // The first of them, in the order of the scopes.
    assert!(log.has("-b:failed(probe late failed)"), "{}", log.trace());
}

// CC-2, A-5, CM-25
pub async fn a_panic_in_a_concurrent_enter_goes_on_last(rt: &impl Runtime) {
    let log = Log::new();
    let panics = scope_fn(async |_: Lend<()>| -> Result<_, ProbeError> {
        yields(1).await;
        panic!("enter of b")
    });
    let scopes = concurrently((
        probe(&log, "a").exit_yields(2),
        panics,
        enters_after(&log, "c", "never"),
    ));
    let ended = Box::pin(with(rt, scopes, async |_| Ok::<_, Failed>(())));
    assert_eq!(ends(rt, caught(ended)).await.unwrap_err(), "enter of b");
    log.assert("+a …c undo-c -a:panicked");
}

// CC-2, CM-19, K1
pub async fn concurrent_enters_are_cancelled(rt: &impl Runtime) {
    let log = Log::new();
    let scopes = concurrently([
        enters_after(&log, "a", "…b"),
        enters_after(&log, "b", "never"),
        enters_after(&log, "c", "…a"),
    ]);
    let mut ended = begun(with(rt, scopes, async |_| Ok::<_, Failed>(())));
    let _ = poll_now(ended.as_mut());
    cancel(ended).await;
    let trace = log.trace();
    assert!(
        trace.ends_with(" undo-b -c:cancelled -a:cancelled"),
        "{trace}"
    );
}

// CC-2, A-4, K2
pub async fn concurrent_enters_are_dropped_by_foreign_code(rt: &impl Runtime) {
    let log = Log::new();
    let outer = with(rt, probe(&log, "o"), async |_| {
        let scopes = concurrently((
            probe(&log, "a"),
            enters_after(&log, "b", "never"),
            probe(&log, "c"),
        ));
        let entering = Box::pin(with(rt, scopes, async |_| Ok::<_, Failed>(())));
        drop(select(entering, Box::pin(yields(1))).await);
        Ok::<_, Failed>(())
    });
    ends(rt, outer).await.unwrap();
    let trace = log.trace();
    assert!(trace.starts_with("+o +a …b +c undo-b "), "{trace}");
    assert!(trace.ends_with(" -o:completed"), "{trace}");
    assert!(
        log.has("-a:cancelled") && log.has("-c:cancelled"),
        "{trace}"
    );
}

// CC-2, CM-19, CM-20: what foreign code dropped in an enter is not over when the enter is.
pub async fn an_enter_that_still_cleans_up_counts_as_entered(rt: &impl Runtime) {
    let log = Log::new();
    let leaves = |name: &'static str| {
        let (rt, log) = (rt.clone(), log.clone());
        scope_fn(async move |lend: Lend<()>| {
            let inner = probe(&log, "i").exit_waits_for("go");
            let inner = with(&rt, inner, async |_| pending::<Result<(), Failed>>().await);
            drop(begun(inner));
            log.push(format_args!("+{name}"));
            let ((), ended) = lend.lend(()).await;
            log.push(format_args!("-{name}:{}", ended.kind()));
            Ok::<_, ProbeError>(ended)
        })
    };
    let outer = with(rt, probe(&log, "o"), async |_| {
        let scopes = concurrently([leaves("a"), leaves("b")]);
        drop(begun(with(rt, scopes, async |_| Ok::<_, Failed>(()))));
        log.push("go");
        Ok::<_, Failed>(())
    });
    ends(rt, outer).await.unwrap();
    assert!(
        log.has("-a:cancelled") && log.has("-b:cancelled"),
        "{}",
        log.trace()
    );
    assert_eq!(log.count("-i:cancelled"), 2);
}

// CC-3, CM-6: the seed told each that there was no error.
pub async fn each_concurrent_exit_is_told_the_real_reason(rt: &impl Runtime) {
    let log = Log::new();
    let scopes = || {
        concurrently((
            probe(&log, "a").exit_yields(2),
            probe(&log, "b").exit_fails(),
            probe(&log, "c"),
        ))
    };
    let ended = with(rt, scopes(), async |_| Err::<(), _>(Failed("body"))).await;
    assert_eq!(ended.unwrap_err().into_body().unwrap(), Failed("body"));
    log.assert("+a +b +c -c:failed(body) -b:failed(body) -a:failed(body)");
    let panicked = caught(with(rt, scopes(), async |_| -> Result<(), Failed> {
        panic!("body")
    }));
    assert_eq!(panicked.await.unwrap_err(), "body");
    for name in ["a", "b", "c"] {
        assert!(log.has(&format!("-{name}:panicked")), "{}", log.trace());
    }
}

// CC-4, A-7
pub async fn every_error_of_concurrent_exits_is_kept_in_order(rt: &impl Runtime) {
    let log = Log::new();
    let scopes = ["a", "b", "c", "d"].map(|name| {
        let waits = if name == "a" { 3 } else { 1 };
        let scope = probe(&log, name).exit_yields(waits);
        if name == "b" {
            scope
        } else {
            scope.exit_fails()
        }
    });
    let ended = with(rt, concurrently(Vec::from(scopes)), async |_| {
        Ok::<_, Failed>(7)
    });
    let ended = ended.await.unwrap_err();
    let Some(ExitError::Failed(errors)) = ended.exit() else {
        panic!("{ended:?}")
    };
    assert!(
        errors
            .entries()
            .iter()
            .all(|entry| entry.origin.phase() == Phase::Exit)
    );
    let names: Vec<_> = errors.leaves().map(|(_, error)| error.0.clone()).collect();
    assert_eq!(names, ["a", "c", "d"]);
    assert_eq!(ended.into_value().unwrap(), 7);
}

// CC-4, K11
pub async fn a_panic_of_an_exit_waits_for_the_others(rt: &impl Runtime) {
    let (log, name) = (Log::new(), unique("fails"));
    let reports = Reports::begin();
    let scopes = concurrently((
        probe(&log, "a").exit_yields(3),
        probe(&log, "b").exit_panics(),
        probe(&log, &name).exit_fails(),
    ));
    let ended = caught(with(rt, scopes, async |_| Ok::<_, Failed>(())));
    assert_eq!(ended.await.unwrap_err(), "exit of b");
    assert!(log.trace().ends_with(" -a:completed"), "{}", log.trace());
    // Its error has no caller any more.
    assert_eq!(reports.count(&name), 1);
}

// CC-4, K11
pub async fn two_panics_of_exits_are_one_and_a_report(rt: &impl Runtime) {
    let (log, name) = (Log::new(), unique("panics"));
    let reports = Reports::begin();
    let scopes = concurrently((
        probe(&log, &name).exit_yields(3).exit_panics(),
        probe(&log, "b").exit_panics(),
    ));
    let ended = caught(with(rt, scopes, async |_| Ok::<_, Failed>(())));
    assert_eq!(ended.await.unwrap_err(), "exit of b");
    assert_eq!(reports.count(&format!("exit of {name}")), 1);
}

// CC-5, K1, K4
pub async fn concurrent_scopes_that_are_cancelled_exit_side_by_side(rt: &impl Runtime) {
    let log = Log::new();
    let scopes = concurrently((
        probe(&log, "a"),
        probe(&log, "b").exit_waits_for("-a:cancelled"),
    ));
    let endless = with(rt, scopes, async |_| pending::<Result<(), Failed>>().await);
    ends(rt, either(endless, yields(1))).await;
    log.assert("+a +b …b -a:cancelled -b:cancelled");
}

// CC-5, A-4, K2, K4
pub async fn concurrent_scopes_dropped_by_foreign_code_exit_side_by_side(rt: &impl Runtime) {
    let log = Log::new();
    let scopes = || {
        concurrently([
            probe(&log, "a"),
            probe(&log, "b").exit_waits_for("-a:cancelled"),
        ])
    };
    drop(begun(with(rt, scopes(), async |_| {
        pending::<Result<(), Failed>>().await
    })));
    log.seen(rt, "-b:cancelled").await;
    let outer = with(rt, probe(&log, "o"), async |_| {
        let endless = with(rt, scopes(), async |_| {
            pending::<Result<(), Failed>>().await
        });
        gives_up(1, endless).await;
        Ok::<_, Failed>(())
    });
    ends(rt, outer).await.unwrap();
    assert_eq!(log.count("-b:cancelled"), 2);
    assert!(log.trace().ends_with(" -o:completed"), "{}", log.trace());
}

// CC-5, K2, K3
pub async fn the_body_s_own_scopes_end_before_concurrent_exits(rt: &impl Runtime) {
    let log = Log::new();
    let scopes = concurrently([probe(&log, "a"), probe(&log, "b")]);
    let endless = with(rt, scopes, async |_| {
        let inner = probe(&log, "i").exit_yields(3);
        let inner = with(rt, inner, async |_| pending::<Result<(), Failed>>().await);
        inner.await.map_err(|_| Failed("inner"))
    });
    drop(begun(endless));
    log.until(rt, |events| {
        ["-a:cancelled", "-b:cancelled"].map(|end| events.iter().any(|seen| seen == end))
            == [true; 2]
    })
    .await;
    assert!(
        log.trace().starts_with("+a +b +i -i:cancelled "),
        "{}",
        log.trace()
    );
}

// CC-5, K2, A-4
pub async fn a_synchronous_exit_waits_for_the_body_s_own_scopes(rt: &impl Runtime) {
    let log = Log::new();
    let scopes = concurrently((
        SyncProbe(probe(&log, "a").exit_yields(0)),
        SyncProbe(probe(&log, "b").exit_yields(0)),
    ));
    let endless = with(rt, scopes, async |_| {
        let inner = probe(&log, "i").exit_yields(1);
        let inner = with(rt, inner, async |_| pending::<Result<(), Failed>>().await);
        inner.await.map_err(|_| Failed("inner"))
    });
    drop(begun(endless));
    log.seen(rt, "-a:cancelled").await;
    log.assert("+a +b +i -i:cancelled -b:cancelled -a:cancelled");
}

// CM-22, CC-4: dropped while it exits, after one exit has failed.
pub async fn an_error_lost_on_the_way_is_reported(rt: &impl Runtime) {
    for at_once in [false, true] {
        let (log, name) = (Log::new(), unique("fails"));
        let reports = Reports::begin();
        let mut scopes = concurrently([
            probe(&log, "a").exit_waits_for("go"),
            probe(&log, &name).exit_fails(),
        ]);
        if !at_once {
            scopes = scopes.exits_in_order();
        }
        let mut ended = begun(with(rt, scopes, async |_| Ok::<_, Failed>(())));
        while !(log.has(&format!("-{name}:completed")) && log.has("…a")) {
            assert!(poll_now(ended.as_mut()).is_pending());
        }
        drop(ended);
        log.push("go");
        log.until(rt, |events| {
            events.iter().any(|event| event.starts_with("-a"))
        })
        .await;
        reports.until(rt, &name).await;
    }
}

// CM-17: whatever is leaked is the program's own doing.
pub async fn several_leaked_scopes_are_never_exited(rt: &impl Runtime) {
    let log = Log::new();
    let endless = |scopes| with(rt, scopes, async |_| pending::<Result<(), Failed>>().await);
    forget(begun(endless(concurrently([
        probe(&log, "a"),
        probe(&log, "b"),
    ]))));
    let entering = (probe(&log, "c"), enters_after(&log, "d", "never"));
    forget(begun(with(rt, entering, async |_| Ok::<_, Failed>(()))));
    yields(3).await;
    log.assert("+a +b +c …d");
}

// CC-5, CM-23, K9
pub async fn a_hanging_exit_among_several_is_given_up(rt: &impl Runtime) {
    for at_once in [false, true] {
        let log = Log::new();
        let mut scopes = concurrently([probe(&log, "a"), probe(&log, "b").exit_waits_for("go")]);
        if !at_once {
            scopes = scopes.exits_in_order();
        }
        let budget = Duration::from_millis(20);
        let ended = with(rt, scopes, async |_| Ok::<_, Failed>(7)).budget(budget);
        let ended = ends(rt, ended).await;
        let error = ExitError::OverBudget(budget);
        assert_eq!(
            ended.as_ref().unwrap_err().exit().map(ToString::to_string),
            Some(error_text(&error))
        );
        assert_eq!(ended.unwrap_err().into_value().unwrap(), 7);
        log.push("go");
        // What it has not told yet, it tells as a cancellation.
        let told = if at_once {
            "-a:completed"
        } else {
            "-a:cancelled"
        };
        log.seen(rt, "-b:completed").await;
        log.seen(rt, told).await;
    }
}

fn error_text(error: &ExitError<ProbeError>) -> String {
    error.to_string()
}

// CM-10, CC-1, CC-3
pub async fn they_nest_in_each_other(rt: &impl Runtime) {
    let log = Log::new();
    let scopes = (
        probe(&log, "a"),
        concurrently([
            probe(&log, "b"),
            probe(&log, "c").exit_fails(),
            probe(&log, "d").exit_fails(),
        ]),
        (probe(&log, "e"), probe(&log, "f")),
    );
    let ended = with(rt, scopes, async |(a, [b, c, d], (e, f))| {
        log.push(format_args!("{a}{b}{c}{d}{e}{f}"));
        Err::<(), _>(Failed("body"))
    });
    let ended = ended.await.unwrap_err();
    let Some(ExitError::Failed(errors)) = ended.exit() else {
        panic!("{ended:?}")
    };
    let group = errors.leaves().next().unwrap().1;
    let group = group.downcast_ref::<ErrorGroup<ProbeError>>().unwrap();
    assert_eq!(group.len(), 2);
    let trace = log.trace();
    assert!(
        trace.starts_with("+a +b +c +d +e +f abcdef -f:failed(body) -e:failed(body) "),
        "{trace}"
    );
    for name in ["b", "c", "d"] {
        assert!(log.has(&format!("-{name}:failed(body)")), "{trace}");
    }
    // Their group is what the outer one sees.
    assert!(trace.ends_with(" -a:failed"), "{trace}");
}
