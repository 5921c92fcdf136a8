//! Stacks of exits: entries of all sorts, and what each exit makes of the reason.

use std::future::pending;
use std::mem::forget;
use std::panic::panic_any;
use std::time::Duration;

use futures_util::join;
use withal::exit_stack::{BoxError, ExitErrors, exit_stack_local, exit_stack_suppressing};
use withal::runtime::Runtime;
use withal::scope::{ExitError, suppress};
use withal::{
    ExitReason, ExitStack, HandOver, Local, Scope, ScopeError, await_cleanup, cancel, enter_in,
    exit_stack, timeout, with,
};

use crate::foreign::{begun, gives_up};
use crate::log::within_patience;
use crate::poll::{caught, yields};
use crate::probe::{Abandoning, Failed, LocalProbe, ProbeError, Swallowing, SyncProbe};
use crate::reports::{Reports, unique};
use crate::sweep::settle;
use crate::{Log, Probe};

/// The table of these cases, given to the macro `$make`.
#[doc(hidden)]
#[macro_export]
macro_rules! exit_stacks_cases {
    ($make:ident $with:tt $of:tt) => {
        $crate::$make! { $with $of exit_stacks:
            an_empty_stack_unwinds_cleanly,
            entries_of_all_sorts_are_exited_in_reverse,
            a_resource_is_lent_while_others_are_entered,
            an_enter_that_fails_adds_nothing,
            an_enter_that_is_cancelled_adds_nothing,
            enters_side_by_side_join_in_the_order_of_their_ends,
            an_exit_is_told_of_the_failure_above_it,
            the_error_of_the_body_stays_the_first,
            an_exit_that_panics_keeps_none_from_running,
            a_body_that_panics_is_told_to_all,
            a_swallowed_error_is_gone,
            a_swallowed_error_of_an_exit_leaves_the_value,
            what_fails_below_a_swallowed_error_stands_alone,
            a_stack_that_does_not_swallow_does_not_ask,
            what_is_made_of_scopes_is_one_entry,
            neither_a_panic_nor_a_cancellation_is_swallowed,
            what_is_taken_outlives_its_stack,
            a_closed_stack_can_be_used_on,
            a_close_that_is_dropped_goes_on_elsewhere,
            a_stack_in_a_variable_is_ended_by_value,
            an_end_that_was_never_polled_is_handed_over,
            cancelled_it_is_waited_for,
            cancelled_while_it_unwinds_it_goes_on,
            dropped_while_it_unwinds_it_cancels_what_is_below,
            dropped_it_keeps_its_order,
            dropped_it_runs_at_once_what_never_waits,
            dropped_it_exits_whatever_its_entries_declare,
            an_exit_waits_for_what_was_born_in_the_one_above,
            what_the_body_left_is_cleaned_up_first,
            a_local_stack_stays_on_its_thread,
            a_stack_that_is_leaked_exits_nothing,
        }
    };
}

/// The errors of exits, in their order.
fn texts(errors: &ExitErrors<BoxError>) -> Vec<String> {
    let leaves = errors.leaves();
    leaves.map(|(_, error)| error.to_string()).collect()
}

/// What the exits failed with.
fn failed<E, T>(ended: &ScopeError<E, ExitErrors<BoxError>, T>) -> Vec<String> {
    match ended.exit() {
        Some(ExitError::Failed(errors)) => texts(errors),
        _ => Vec::new(),
    }
}

fn probe(log: &Log, name: &str) -> Probe {
    Probe::new(log, name).shows_errors()
}

// ES-1
pub async fn an_empty_stack_unwinds_cleanly(rt: &impl Runtime) {
    let ended = exit_stack(rt, async |stack| {
        assert!(stack.is_empty());
        Ok::<_, Failed>(stack.len())
    });
    assert_eq!(ended.await.unwrap(), 0);
    let failed = exit_stack(rt, async |_| Err::<(), _>(Failed("refused")));
    assert_eq!(
        failed.await.unwrap_err().into_body().unwrap(),
        Failed("refused")
    );
    <ExitStack<_>>::new(rt)
        .exit(Ok::<_, Failed>(()))
        .await
        .unwrap();
    drop(<ExitStack<_>>::new(rt));
}

// ES-4, ES-5, ES-6, ES-25
pub async fn entries_of_all_sorts_are_exited_in_reverse(rt: &impl Runtime) {
    let log = Log::new();
    let ended = exit_stack(rt, async |stack| {
        stack.enter(probe(&log, "a")).await?;
        let own = log.clone();
        stack.defer(async move {
            yields(2).await;
            own.push("defer");
        });
        let own = log.clone();
        stack.push_sync(move |reason| {
            own.push(format_args!("push_sync:{}", reason.kind()));
            Ok(())
        });
        stack
            .enter(SyncProbe(probe(&log, "b").exit_yields(0)))
            .await?;
        let own = log.clone();
        stack.push(async move |reason: ExitReason<'_>| {
            yields(2).await;
            own.push(format_args!("push:{}", reason.kind()));
            Ok(())
        });
        let own = log.clone();
        stack.defer_sync(move || own.push("defer_sync"));
        assert_eq!(stack.len(), 6);
        Ok::<_, BoxError>(())
    });
    ended.await.unwrap();
    log.assert(
        "+a +b defer_sync push:completed -b:completed push_sync:completed defer -a:completed",
    );
}

// ES-2
pub async fn a_resource_is_lent_while_others_are_entered(rt: &impl Runtime) {
    let log = Log::new();
    let text = exit_stack(rt, async |stack| {
        let session = stack.enter(probe(&log, "session")).await?;
        let name = format!("{session}/response");
        let response = stack.enter(probe(&log, &name)).await?;
        session.push('!');
        yields(1).await;
        response.push_str(session);
        Ok::<_, BoxError>(response.clone())
    });
    assert_eq!(text.await.unwrap(), "session/responsesession!");
    log.assert("+session +session/response -session/response:completed -session:completed");
}

// ES-2
pub async fn an_enter_that_fails_adds_nothing(rt: &impl Runtime) {
    let log = Log::new();
    let ended = exit_stack(rt, async |stack| {
        stack.enter(probe(&log, "a")).await?;
        stack.enter(probe(&log, "b").enter_fails()).await?;
        stack.enter(probe(&log, "c")).await?;
        Ok::<_, ProbeError>(())
    });
    let error = ended.await.unwrap_err().into_body().unwrap();
    assert_eq!(error, ProbeError("b".to_owned()));
    log.assert("+a -a:failed(probe b failed)");

    let log = Log::new();
    let ended = exit_stack(rt, async |stack| {
        stack.enter(probe(&log, "a")).await.unwrap();
        let refused = stack.enter(probe(&log, "b").enter_fails()).await;
        assert_eq!(refused.unwrap_err(), ProbeError("b".to_owned()));
        Ok::<_, Failed>(stack.len())
    });
    assert_eq!(ended.await.unwrap(), 1);
    log.assert("+a -a:completed");
}

// ES-2, CM-19
pub async fn an_enter_that_is_cancelled_adds_nothing(rt: &impl Runtime) {
    let log = Log::new();
    let ended = exit_stack(rt, async |stack| {
        drop(stack.enter(probe(&log, "a")));
        assert!(
            gives_up(1, stack.enter(probe(&log, "b").enter_yields(2)))
                .await
                .is_none()
        );
        let entering = stack.enter(probe(&log, "c").enter_yields(2));
        assert!(timeout(rt, Duration::ZERO, entering).await.is_err());
        Ok::<_, Failed>(stack.len())
    });
    assert_eq!(ended.await.unwrap(), 0);
    log.assert("");
}

// ES-2, ES-6
pub async fn enters_side_by_side_join_in_the_order_of_their_ends(rt: &impl Runtime) {
    let log = Log::new();
    let ended = exit_stack(rt, async |stack| {
        let (a, b, c) = join!(
            stack.enter(probe(&log, "a").enter_yields(3)),
            stack.enter(probe(&log, "b").enter_yields(1)),
            stack.enter(probe(&log, "c").enter_yields(2)),
        );
        Ok::<_, BoxError>(format!("{}{}{}", a?, b?, c?))
    });
    assert_eq!(ended.await.unwrap(), "abc");
    log.assert("+b +c +a -a:completed -c:completed -b:completed");
}

// ES-7, ES-9
pub async fn an_exit_is_told_of_the_failure_above_it(rt: &impl Runtime) {
    let log = Log::new();
    let ended = exit_stack(rt, async |stack| {
        stack.enter(probe(&log, "a")).await?;
        stack.enter(probe(&log, "b").exit_fails()).await?;
        stack.enter(probe(&log, "c")).await?;
        stack.enter(probe(&log, "d").exit_fails()).await?;
        stack.enter(probe(&log, "e")).await?;
        Ok::<_, BoxError>(7)
    });
    let ended = ended.await.unwrap_err();
    assert_eq!(failed(&ended), ["probe d failed", "probe b failed"]);
    assert_eq!(ended.into_value().unwrap(), 7);
    log.assert(
        "+a +b +c +d +e -e:completed -d:completed -c:failed(probe d failed) \
         -b:failed(probe d failed) -a:failed(probe b failed)",
    );
}

// ES-7, ES-11, CM-8
pub async fn the_error_of_the_body_stays_the_first(rt: &impl Runtime) {
    let log = Log::new();
    let line = line!();
    let ended = exit_stack(rt, async |stack| {
        stack.enter(probe(&log, "a")).await.unwrap();
        stack.enter(probe(&log, "b").exit_fails()).await.unwrap();
        stack.push(async |reason: ExitReason<'_>| {
            assert_eq!(
                reason.failure().unwrap().downcast_ref(),
                Some(&Failed("refused"))
            );
            yields(1).await;
            Err("no goodbye".into())
        });
        Err::<(), _>(Failed("refused"))
    });
    let ended = ended.await.unwrap_err();
    assert_eq!(ended.body(), Some(&Failed("refused")));
    assert_eq!(failed(&ended), ["no goodbye", "probe b failed"]);
    let ScopeError::Both {
        exit: ExitError::Failed(errors),
        ..
    } = ended
    else {
        panic!("{ended}");
    };
    let text = errors.to_string();
    assert!(
        text.contains("no goodbye") && text.contains("probe b failed"),
        "{text}"
    );
    let group = errors.into_group();
    let origin = &group.entries()[1].origin;
    assert_eq!(origin.name(), Some(std::any::type_name::<Probe>()));
    let place = origin.location();
    assert_eq!(place.file(), file!());
    assert!((line..line!()).contains(&place.line()), "{place}");
    log.assert("+a +b -b:failed -a:failed(probe b failed)");
}

// ES-9, ES-20, CM-25
pub async fn an_exit_that_panics_keeps_none_from_running(rt: &impl Runtime) {
    let (log, reports) = (Log::new(), Reports::begin());
    let [lost, second] = [unique("lost"), unique("second")];
    let ended = exit_stack(rt, async |stack| {
        stack.enter(probe(&log, "a")).await?;
        stack
            .enter(Probe::new(&log, &*second).exit_panics())
            .await?;
        stack.enter(probe(&log, "c")).await?;
        stack.enter(Probe::new(&log, "d").exit_panics()).await?;
        stack.enter(Probe::new(&log, &*lost).exit_fails()).await?;
        Ok::<_, BoxError>(())
    });
    assert_eq!(caught(ended).await.unwrap_err(), "exit of d");
    log.assert(&format!(
        "+a +{second} +c +d +{lost} -{lost} -d -c:panicked -{second} -a:panicked"
    ));
    assert_eq!(reports.count(&format!("exit of {second}")), 1);
    assert_eq!(
        reports.count(&format!("exit failed: ProbeError(\"{lost}\")")),
        1
    );
}

// ES-7, ES-9, ES-20, CM-25
pub async fn a_body_that_panics_is_told_to_all(rt: &impl Runtime) {
    let (log, reports) = (Log::new(), Reports::begin());
    let [fails, panics] = [unique("fails"), unique("panics")];
    let ended = exit_stack(rt, async |stack| {
        stack.enter(probe(&log, "a")).await?;
        stack.enter(Probe::new(&log, &*fails).exit_fails()).await?;
        stack
            .enter(Probe::new(&log, &*panics).exit_panics())
            .await?;
        stack.enter(probe(&log, "d")).await?;
        yields(1).await;
        if true {
            panic_any("body");
        }
        Ok::<_, BoxError>(())
    });
    assert_eq!(caught(ended).await.unwrap_err(), "body");
    log.assert(&format!(
        "+a +{fails} +{panics} +d -d:panicked -{panics} -{fails} -a:panicked"
    ));
    assert_eq!(reports.count(&format!("exit of {panics}")), 1);
    assert_eq!(reports.count(&format!("ProbeError(\"{fails}\")")), 1);
}

fn swallowing(log: &Log, name: &str) -> Swallowing {
    Swallowing {
        probe: probe(log, name),
        prefix: "",
    }
}

// ES-8, ES-10, ES-12
pub async fn a_swallowed_error_is_gone(rt: &impl Runtime) {
    let log = Log::new();
    let ended = exit_stack_suppressing(rt, async |stack| {
        stack.enter(probe(&log, "a")).await.unwrap();
        stack
            .enter_suppressing(swallowing(&log, "b"))
            .await
            .unwrap();
        stack.enter(probe(&log, "c")).await.unwrap();
        Err::<(), _>(Failed("refused"))
    });
    assert!(ended.await.unwrap().is_none());
    log.assert("+a +b +c -c:failed(refused) ?b -b:failed(refused) -a:completed");
}

/// Fails to exit, with this.
struct Fails(&'static str);

impl Scope for Fails {
    type Resource = ();
    type Error = Failed;
    type OnDrop = HandOver;

    async fn enter(&mut self) -> Result<(), Failed> {
        Ok(())
    }

    async fn exit(self, (): (), _: ExitReason<'_>) -> Result<(), Failed> {
        yields(1).await;
        Err(Failed(self.0))
    }
}

// ES-10, ES-12
pub async fn a_swallowed_error_of_an_exit_leaves_the_value(rt: &impl Runtime) {
    let log = Log::new();
    let ended = exit_stack_suppressing(rt, async |stack| {
        stack.enter(probe(&log, "0")).await.unwrap();
        stack
            .enter_suppressing(Swallowing {
                prefix: "goodbye",
                ..swallowing(&log, "a")
            })
            .await
            .unwrap();
        stack.enter(Fails("goodbye")).await.unwrap();
        stack.enter(Fails("earlier")).await.unwrap();
        Ok::<_, Failed>(7)
    });
    assert_eq!(ended.await.unwrap(), Some(7));
    log.assert("+0 +a ?a -a:failed(goodbye) -0:completed");
}

// ES-10, ES-12
pub async fn what_fails_below_a_swallowed_error_stands_alone(rt: &impl Runtime) {
    let log = Log::new();
    let ended = exit_stack_suppressing(rt, async |stack| {
        stack.enter(probe(&log, "0")).await.unwrap();
        stack.enter(Fails("later")).await.unwrap();
        stack
            .enter_suppressing(swallowing(&log, "a"))
            .await
            .unwrap();
        stack.enter(Fails("earlier")).await.unwrap();
        Err::<(), _>(Failed("refused"))
    });
    let ended = ended.await.unwrap_err();
    assert!(
        matches!(ended, ScopeError::Exit { value: None, .. }),
        "{ended:?}"
    );
    assert_eq!(failed(&ended), ["later"]);
    log.assert("+0 +a ?a -a:failed(earlier) -0:failed(later)");

    // Nothing is swallowed, and all is there.
    let ended = exit_stack_suppressing(rt, async |stack| {
        let other = Swallowing {
            prefix: "other",
            ..swallowing(&Log::new(), "a")
        };
        stack.enter_suppressing(other).await.unwrap();
        stack.enter(Fails("earlier")).await.unwrap();
        Err::<(), _>(Failed("refused"))
    });
    let ended = ended.await.unwrap_err();
    assert_eq!(ended.body(), Some(&Failed("refused")));
    assert_eq!(failed(&ended), ["earlier"]);

    // An exit that fails does not swallow.
    let ended = exit_stack_suppressing(rt, async |stack| {
        let mut fails = swallowing(&Log::new(), "a");
        fails.probe = fails.probe.exit_fails();
        stack.enter_suppressing(fails).await.unwrap();
        Err::<(), _>(Failed("refused"))
    });
    let ended = ended.await.unwrap_err();
    assert_eq!(ended.body(), Some(&Failed("refused")));
    assert_eq!(failed(&ended), ["probe a failed"]);
}

// ES-12, A-6
pub async fn a_stack_that_does_not_swallow_does_not_ask(rt: &impl Runtime) {
    let log = Log::new();
    let ended = exit_stack(rt, async |stack| {
        stack.enter(swallowing(&log, "a")).await.unwrap();
        Err::<(), _>(Failed("refused"))
    });
    assert_eq!(
        ended.await.unwrap_err().into_body().unwrap(),
        Failed("refused")
    );
    log.assert("+a -a:failed(refused)");
}

// ES-2, ES-8, SM-7
pub async fn what_is_made_of_scopes_is_one_entry(rt: &impl Runtime) {
    let log = Log::new();
    let ended = exit_stack_suppressing(rt, async |stack| {
        stack.enter(probe(&log, "a")).await.unwrap();
        let refused = suppress(|failed: &Failed| failed.0 == "refused");
        stack.enter_suppressing(refused).await.unwrap();
        let pair = (probe(&log, "b"), probe(&log, "c"));
        let (b, c) = stack.enter(pair).await.unwrap();
        b.push_str(c);
        let maybe = stack.enter(Some(probe(&log, b))).await.unwrap();
        assert_eq!(maybe.as_ref().map(String::as_str), Some("bc"));
        assert_eq!(stack.len(), 4);
        Err::<(), _>(Failed("refused"))
    });
    assert!(ended.await.unwrap().is_none());
    log.assert(
        "+a +b +c +bc -bc:failed(refused) -c:failed(refused) -b:failed(refused) -a:completed",
    );
}

// ES-9, CM-24
pub async fn neither_a_panic_nor_a_cancellation_is_swallowed(rt: &impl Runtime) {
    let log = Log::new();
    let panics = exit_stack_suppressing(rt, async |stack| {
        stack
            .enter_suppressing(swallowing(&log, "a"))
            .await
            .unwrap();
        if true {
            panic_any("body");
        }
        Ok::<_, Failed>(())
    });
    assert_eq!(caught(panics).await.unwrap_err(), "body");
    let endless = exit_stack_suppressing(rt, async |stack| {
        stack
            .enter_suppressing(swallowing(&log, "b"))
            .await
            .unwrap();
        pending::<Result<(), Failed>>().await
    });
    assert!(timeout(rt, Duration::ZERO, endless).await.is_err());
    log.assert("+a -a:panicked +b -b:cancelled");
}

/// Opens `names`, or none of them.
async fn open<R: Runtime>(
    rt: &R,
    log: &Log,
    names: &[&str],
) -> Result<ExitStack<R>, ScopeError<ProbeError, ExitErrors<BoxError>, ExitStack<R>>> {
    let opened = exit_stack(rt, async |stack| {
        for name in names {
            let probe = probe(log, name);
            let probe = if *name == "bad" {
                probe.enter_fails()
            } else {
                probe
            };
            stack.enter(probe).await?;
        }
        let taken = stack.take();
        assert!(stack.is_empty());
        Ok(taken)
    });
    opened.await
}

// ES-14, ES-23
pub async fn what_is_taken_outlives_its_stack(rt: &impl Runtime) {
    let log = Log::new();
    let error = open(rt, &log, &["a", "b", "bad", "c"]).await.unwrap_err();
    assert_eq!(error.body(), Some(&ProbeError("bad".to_owned())));
    log.assert("+a +b -b:failed(probe bad failed) -a:failed(probe bad failed)");

    let log = Log::new();
    let opened = open(rt, &log, &["a", "b"]).await.unwrap();
    log.assert("+a +b");
    opened.enter(probe(&log, "c")).await.unwrap();
    assert_eq!(opened.len(), 3);
    opened.exit(Ok::<_, Failed>(())).await.unwrap();
    log.assert("+a +b +c -c:completed -b:completed -a:completed");
}

// ES-15, ES-11
pub async fn a_closed_stack_can_be_used_on(rt: &impl Runtime) {
    let log = Log::new();
    let ended = exit_stack(rt, async |stack| {
        stack.enter(probe(&log, "a")).await.unwrap();
        stack.enter(probe(&log, "b").exit_fails()).await.unwrap();
        assert_eq!(texts(&stack.close().await.unwrap_err()), ["probe b failed"]);
        stack.close().await.unwrap();
        assert!(stack.is_empty());
        log.push("closed");
        stack.enter(probe(&log, "c")).await.unwrap();
        Err::<(), _>(Failed("refused"))
    });
    assert_eq!(
        ended.await.unwrap_err().into_body().unwrap(),
        Failed("refused")
    );
    log.assert("+a +b -b:completed -a:failed(probe b failed) closed +c -c:failed(refused)");
    let log = Log::new();
    let ended = exit_stack_suppressing(rt, async |stack| {
        stack
            .enter_suppressing(swallowing(&log, "a"))
            .await
            .unwrap();
        stack.enter(Fails("b")).await.unwrap();
        stack.close().await.unwrap();
        Ok::<_, Failed>(())
    });
    assert_eq!(ended.await.unwrap(), Some(()));
}

// ES-15, CM-22
pub async fn a_close_that_is_dropped_goes_on_elsewhere(rt: &impl Runtime) {
    let log = Log::new();
    let mut stack = <ExitStack<_>>::new(rt);
    stack.enter(probe(&log, "a")).await.unwrap();
    stack
        .enter(probe(&log, "b").exit_waits_for("go"))
        .await
        .unwrap();
    drop(stack.close());
    assert_eq!(stack.len(), 2);
    assert!(gives_up(1, stack.close()).await.is_none());
    assert!(stack.is_empty());
    log.assert("+a +b …b");
    stack.enter(probe(&log, "c")).await.unwrap();
    stack.close().await.unwrap();
    log.push("go");
    log.seen(rt, "-a:cancelled").await;
    log.assert("+a +b …b +c -c:completed go -b:completed -a:cancelled");
}

// ES-1, ES-11
pub async fn a_stack_in_a_variable_is_ended_by_value(rt: &impl Runtime) {
    let log = Log::new();
    let stack = <ExitStack<_>>::new(rt);
    stack.enter(probe(&log, "a").exit_fails()).await.unwrap();
    let ended = stack
        .exit(Err::<(), _>(Failed("refused")))
        .await
        .unwrap_err();
    assert_eq!(failed(&ended), ["probe a failed"]);
    assert_eq!(ended.into_body().unwrap(), Failed("refused"));
    let stack = <ExitStack<_>>::new(rt);
    stack.enter(probe(&log, "b").exit_fails()).await.unwrap();
    let ended = stack.exit(Ok::<_, Failed>(7)).await.unwrap_err();
    assert_eq!(ended.into_value().unwrap(), 7);
    log.assert("+a -a:failed(refused) +b -b:completed");
}

// ES-22, CM-17
pub async fn an_end_that_was_never_polled_is_handed_over(rt: &impl Runtime) {
    let (log, reports) = (Log::new(), Reports::begin());
    let stack = <ExitStack<_>>::new(rt);
    stack.enter(probe(&log, "a")).await.unwrap();
    drop(stack.exit(Ok::<_, Failed>("value")));
    log.seen(rt, "-a:completed").await;
    assert!(
        reports
            .here()
            .iter()
            .any(|report| report.contains("returned a value"))
    );
    let stack = <ExitStack<_>>::new(rt);
    stack.enter(probe(&log, "b")).await.unwrap();
    let lost = unique("lost");
    drop(stack.exit(Err::<(), _>(ProbeError(lost.clone()))));
    log.seen(rt, &format!("-b:failed(probe {lost} failed)"))
        .await;
    reports.until(rt, &lost).await;
}

// ES-19, ES-22, K1, CM-21
pub async fn cancelled_it_is_waited_for(rt: &impl Runtime) {
    let log = Log::new();
    let endless = async || {
        let ended = exit_stack(rt, async |stack| {
            stack.enter(probe(&log, "a").exit_yields(3)).await?;
            stack.enter(probe(&log, "b").exit_fails()).await?;
            stack.enter(probe(&log, "c").exit_yields(2)).await?;
            pending::<Result<(), BoxError>>().await
        });
        ended.await
    };
    assert!(timeout(rt, Duration::ZERO, endless()).await.is_err());
    log.assert("+a +b +c -c:cancelled -b:cancelled -a:cancelled");
    let stack = <ExitStack<_>>::new(rt);
    stack.enter(probe(&log, "d")).await.unwrap();
    stack.enter(probe(&log, "e")).await.unwrap();
    await_cleanup(async { drop(stack) }).await;
    log.assert("+a +b +c -c:cancelled -b:cancelled -a:cancelled +d +e -e:cancelled -d:cancelled");
}

// ES-19, K10, CM-22
pub async fn cancelled_while_it_unwinds_it_goes_on(rt: &impl Runtime) {
    let log = Log::new();
    let ended = exit_stack(rt, async |stack| {
        stack.enter(probe(&log, "a").exit_yields(3)).await?;
        stack.enter(probe(&log, "b").exit_yields(3)).await?;
        Ok::<_, BoxError>(7)
    });
    let value = timeout(rt, Duration::ZERO, ended).await;
    assert_eq!(value.unwrap().unwrap(), 7);
    log.assert("+a +b -b:completed -a:completed");
}

// ES-19, ES-20, CM-22
pub async fn dropped_while_it_unwinds_it_cancels_what_is_below(rt: &impl Runtime) {
    let (log, reports) = (Log::new(), Reports::begin());
    let [lost, body] = [unique("lost"), unique("body")];
    let ended = exit_stack(rt, async |stack| {
        stack.enter(probe(&log, "a")).await.unwrap();
        stack
            .enter(Probe::new(&log, "b").reasons().exit_fails())
            .await
            .unwrap();
        stack
            .enter(probe(&log, "c").exit_waits_for("go"))
            .await
            .unwrap();
        stack
            .enter(Probe::new(&log, &*lost).exit_fails())
            .await
            .unwrap();
        Err::<(), _>(ProbeError(body.clone()))
    });
    let mut ended = Box::pin(ended);
    assert!(gives_up(3, ended.as_mut()).await.is_none());
    drop(ended);
    log.push("go");
    log.seen(rt, "-a:cancelled").await;
    log.assert(&format!(
        "+a +b +c +{lost} -{lost} …c go -c:failed(probe {lost} failed) -b:cancelled -a:cancelled"
    ));
    reports
        .until(rt, &format!("exit failed: ProbeError(\"{lost}\")"))
        .await;
    reports
        .until(rt, &format!("error was ProbeError(\"{body}\")"))
        .await;
}

// ES-22, K2, K4
pub async fn dropped_it_keeps_its_order(rt: &impl Runtime) {
    let log = Log::new();
    let stack = <ExitStack<_>>::new(rt);
    for name in ["a", "b", "c"] {
        stack.enter(probe(&log, name).exit_yields(2)).await.unwrap();
    }
    drop(stack);
    log.seen(rt, "-a:cancelled").await;
    log.assert("+a +b +c -c:cancelled -b:cancelled -a:cancelled");

    // The scope around it waits.
    let log = Log::new();
    let scoped = with(rt, probe(&log, "a"), async |_| {
        let stack = <ExitStack<_>>::new(rt);
        stack
            .enter(probe(&log, "a/b").exit_yields(2))
            .await
            .unwrap();
        stack
            .enter(probe(&log, "a/b/c").exit_yields(2))
            .await
            .unwrap();
        drop(stack);
        log.push("left");
        Ok::<_, Failed>(())
    });
    scoped.await.unwrap();
    let at = |event: &str| log.position(event).unwrap();
    let order = [
        at("-a/b/c:cancelled"),
        at("-a/b:cancelled"),
        at("-a:completed"),
    ];
    assert!(order.is_sorted(), "{}", log.trace());
}

// ES-22, A-13
pub async fn dropped_it_runs_at_once_what_never_waits(rt: &impl Runtime) {
    let log = Log::new();
    let stack = <ExitStack<_>>::new(rt);
    let note = |text: &'static str| {
        let log = log.clone();
        move || log.push(text)
    };
    stack.defer_sync(note("a"));
    stack.enter(probe(&log, "b").exit_yields(1)).await.unwrap();
    stack.defer_sync(note("c"));
    let own = log.clone();
    stack.push_sync(move |reason| {
        own.push(reason.kind());
        Err("lost".into())
    });
    drop(stack);
    let trace = log.trace();
    assert!(trace.starts_with("+b cancelled c"), "{trace}");
    log.seen(rt, "a").await;
    log.assert("+b cancelled c -b:cancelled a");
    let only = <ExitStack<_>>::new(rt);
    only.defer_sync(note("at once"));
    drop(only);
    assert!(log.has("at once"));
}

// ES-22, A-4
pub async fn dropped_it_exits_whatever_its_entries_declare(rt: &impl Runtime) {
    let log = Log::new();
    let stack = <ExitStack<_>>::new(rt);
    stack.enter(Abandoning(probe(&log, "a"))).await.unwrap();
    stack
        .enter(SyncProbe(probe(&log, "b").exit_yields(0)))
        .await
        .unwrap();
    stack.enter(probe(&log, "c")).await.unwrap();
    drop(stack);
    log.seen(rt, "-a:cancelled").await;
    log.assert("+a +b +c -c:cancelled -b:cancelled -a:cancelled");
}

// ES-21, CM-31
pub async fn an_exit_waits_for_what_was_born_in_the_one_above(rt: &impl Runtime) {
    let log = Log::new();
    let ended = exit_stack(rt, async |stack| {
        stack.enter(probe(&log, "a")).await?;
        let (own_rt, own) = (rt.clone(), log.clone());
        stack.defer(async move {
            let held = with(&own_rt, probe(&own, "b").exit_yields(3), async |_| {
                pending::<Result<(), Failed>>().await
            });
            assert!(gives_up(1, held).await.is_none());
            own.push("deferred");
        });
        stack.enter(probe(&log, "c").exit_yields(2)).await?;
        Ok::<_, BoxError>(())
    });
    ended.await.unwrap();
    let trace = log.trace();
    assert!(trace.starts_with("+a +c -c:completed +b "), "{trace}");
    assert!(trace.ends_with(" -a:completed"), "{trace}");
    assert!(
        log.position("-b:cancelled") < log.position("-a:completed"),
        "{trace}"
    );
}

// ES-21, K2
pub async fn what_the_body_left_is_cleaned_up_first(rt: &impl Runtime) {
    let log = Log::new();
    let ended = exit_stack(rt, async |stack| {
        stack.enter(probe(&log, "a")).await.unwrap();
        drop(enter_in(rt, probe(&log, "b").exit_yields(3)).await.unwrap());
        Ok::<_, Failed>(())
    });
    ended.await.unwrap();
    log.assert("+a +b -b:cancelled -a:completed");
}

// ES-3, K8
pub async fn a_local_stack_stays_on_its_thread(rt: &impl Runtime) {
    let log = Log::new();
    let ended = exit_stack_local(rt, async |stack| {
        let counter = stack
            .enter(Local(LocalProbe::new(probe(&log, "a"))))
            .await?;
        stack.enter(probe(&log, "b")).await?;
        counter.count.set(7);
        let count = counter.count.clone();
        stack.defer(async move {
            yields(1).await;
            count.set(8);
        });
        yields(1).await;
        Ok::<_, BoxError>(counter.count.clone())
    });
    assert_eq!(ended.await.unwrap().get(), 8);
    log.assert("+a +b -b:completed -a:completed");

    let log = Log::new();
    let stack = <withal::exit_stack::LocalExitStack<_>>::new(rt);
    stack
        .enter(Local(LocalProbe::new(probe(&log, "a"))))
        .await
        .unwrap();
    stack
        .enter(Local(LocalProbe::new(probe(&log, "a/b"))))
        .await
        .unwrap();
    let held = begun(async {
        let _stack = stack;
        pending::<()>().await;
    });
    cancel(held).local().await;
    log.assert("+a +a/b -a/b:cancelled -a:cancelled");

    // Nobody waits: it is left to this thread.
    let log = Log::new();
    let stack = <withal::exit_stack::LocalExitStack<_>>::new(rt);
    stack
        .enter(Local(LocalProbe::new(probe(&log, "a"))))
        .await
        .unwrap();
    stack
        .enter(Local(LocalProbe::new(probe(&log, "a/b"))))
        .await
        .unwrap();
    drop(stack);
    settle(rt, &log).await;
    log.assert("+a +a/b -a/b:cancelled -a:cancelled");
}

// ES-22
pub async fn a_stack_that_is_leaked_exits_nothing(rt: &impl Runtime) {
    let log = Log::new();
    let stack = <ExitStack<_>>::new(rt);
    stack.enter(probe(&log, "a")).await.unwrap();
    forget(stack);
    let stack = <ExitStack<_>>::new(rt);
    stack
        .enter(probe(&log, "b").exit_waits_for("never"))
        .await
        .unwrap();
    forget(begun(stack.exit(Ok::<_, Failed>(()))));
    let lent = <ExitStack<_>>::new(rt);
    forget(begun(lent.enter(probe(&log, "c").enter_yields(1))));
    lent.exit(Ok::<_, Failed>(())).await.unwrap();
    within_patience(rt, yields(3), || log.trace()).await;
    log.assert("+a +b …b");
}
