//! Cancel scopes that are asked, and go on or not: cancelled themselves, or made to panic, at every
//! poll.

use std::future::{Future, pending};
use std::time::Duration;

use withal::{CancelScope, CancelToken, cancel_scope, with};
use withal_tests::poll::yields;
use withal_tests::probe::Failed;
use withal_tests::sweep::{Followed, Sweep, Swept};
use withal_tests::{Deterministic, Log, Probe, laws};

type Rt = Followed<Deterministic>;

const HOUR: Duration = Duration::from_secs(3600);

/// Scope `name`, whose body takes so many polls; for ever, if none is given.
async fn held(rt: &Rt, log: &Log, name: &str, polls: Option<usize>) {
    let probe = Probe::new(log, name)
        .enter_yields(1)
        .exit_yields(2)
        .reasons();
    let scoped = with(rt, probe, async |_| {
        match polls {
            Some(polls) => yields(polls).await,
            None => pending().await,
        }
        log.push(format_args!(".{name}"));
        Ok::<_, Failed>(())
    });
    scoped.await.unwrap();
}

fn sweep<F: Future<Output = ()>>(scenario: impl Fn(Rt, Log) -> F + 'static) -> Swept {
    let swept = Sweep::new(Log::new).invariant_of(laws::hold).run(scenario);
    assert!(swept.polls > 4, "{swept}");
    assert!(swept.scopes > swept.runs / 2, "{swept}");
    swept
}

// CS-1, CS-3, CM-17, A-3, K1, K2
#[test]
fn a_scope_that_nobody_asks_is_cancelled_like_any_other_future() {
    sweep(async |rt: Rt, log| {
        let end = cancel_scope(&rt, async |_| held(&rt, &log, "a", Some(3)).await);
        let end = end.timeout(HOUR).grace(HOUR).budget(HOUR).await;
        assert!(end.ok().is_some());
    });
}

// CS-3, CM-17, A-3, K1, K2
#[test]
fn a_scope_that_drops_its_body_is_itself_dropped_meanwhile() {
    sweep(async |rt: Rt, log| {
        let end = cancel_scope(&rt, async |scope: CancelScope<Rt>| {
            let asks = async {
                yields(3).await;
                scope.cancel();
            };
            futures_util::join!(asks, held(&rt, &log, "a", None))
        })
        .await;
        assert!(end.cancelled_caught());
        held(&rt, &log, "b", Some(1)).await;
    });
}

// CS-2, CS-4, TO-19, CM-17, A-3
#[test]
fn nested_scopes_that_are_asked_say_goodbye_under_a_shield() {
    sweep(async |rt: Rt, log| {
        let token = CancelToken::new();
        let outer = cancel_scope(&rt, async |outer: CancelScope<Rt>| {
            let inner = cancel_scope(&rt, async |_| held(&rt, &log, "a", None).await);
            let asks = async {
                yields(4).await;
                token.cancel();
            };
            let (end, ()) = futures_util::join!(inner.parent(&outer), asks);
            assert!(end.cancelled_caught());
            let goodbye = cancel_scope(&rt, async |_| held(&rt, &log, "b", Some(1)).await);
            goodbye.parent(&outer).shield(true).timeout(HOUR).await
        });
        let end = outer.parent(&token).grace(HOUR).await;
        assert!(end.cancel_called());
        assert!(end.ok().is_some_and(|goodbye| goodbye.ok().is_some()));
    });
}

// CS-7, K10, CM-17, A-3
#[test]
fn an_exit_in_progress_is_let_end_or_handed_over() {
    sweep(async |rt: Rt, log| {
        let end = cancel_scope(&rt, async |scope: CancelScope<Rt>| {
            let token = scope.token().clone();
            let asks = async {
                // About when the exit begins.
                yields(3).await;
                token.cancel();
            };
            futures_util::join!(asks, held(&rt, &log, "a", Some(1)))
        });
        _ = end.await.ok();
    });
}
