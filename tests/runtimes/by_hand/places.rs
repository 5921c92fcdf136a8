//! Where a cleanup goes: collector, enclosing scope, executor; and what counts as one drop.

use std::future::pending;
use std::pin::pin;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::{self, FuturesUnordered};
use withal::sync::{LocalGroup, local_group};
use withal::{await_cleanup, cancel, close, either, enter_in, shield, with};
use withal_tests::foreign::{begun, block_on, gives_up};
use withal_tests::poll::{drive, poll_once, yields};
use withal_tests::{Act, Deterministic, Log, Probe};

type Never = Result<(), String>;

// K2: the collector comes before the enclosing scope.
#[test]
fn a_collector_is_preferred_to_the_enclosing_scope() {
    let (log, rt) = (Log::new(), Deterministic::new());
    block_on(async {
        let a = with(&rt, Act::new(&log, "a"), async |_| {
            let b = with(&rt, Act::new(&log, "b"), async |_| pending::<Never>().await);
            cancel(begun(b)).await;
            log.push("cancelled");
            Ok::<_, String>(())
        });
        a.await.unwrap();
    });
    log.assert("+a +b -b:cancelled cancelled -a");
    assert_eq!(rt.spawned(), 0);
}

// K2: the enclosing scope is the innermost one, and an end of its poll ends it.
#[test]
fn the_enclosing_scope_is_the_innermost() {
    let (log, rt) = (Log::new(), Deterministic::new());
    let mut a = pin!(with(&rt, Act::new(&log, "a"), async |_| {
        let b = with(&rt, Act::new(&log, "b"), async |_| {
            let c = Act::new(&log, "c").exit_waits_for("go");
            gives_up(1, with(&rt, c, async |_| pending::<Never>().await)).await;
            Ok::<_, String>(())
        });
        b.await.map_err(|error| error.to_string())
    }));
    assert!(drive(a.as_mut(), 5).is_none());
    log.assert("+a +b +c");
    log.push("go");
    assert!(drive(a.as_mut(), 5).is_some());
    log.assert("+a +b +c go -c:cancelled -b -a");
}

// K2: between two polls of a body nothing is ambient.
#[test]
fn between_polls_no_scope_is_current() {
    let (log, rt) = (Log::new(), Deterministic::new());
    let a = begun(with(&rt, Act::new(&log, "a"), async |_| {
        pending::<Never>().await
    }));
    drop(begun(with(&rt, Act::new(&log, "b"), async |_| {
        pending::<Never>().await
    })));
    assert_eq!(rt.spawned(), 1);
    // b is with the executor alone: a does not wait for it.
    block_on(cancel(a));
    log.assert("+a +b -a:cancelled");
    assert_eq!(rt.run_until_stalled(), 0);
    log.assert("+a +b -a:cancelled -b:cancelled");
}

// K4: two drops, two chains, side by side; the second does not wait for the first.
#[test]
fn drops_in_two_polls_are_cleaned_up_side_by_side() {
    let (log, rt) = (Log::new(), Deterministic::new());
    let mut a = pin!(with(&rt, Act::new(&log, "a"), async |_| {
        for (name, event) in [("x", "-y:cancelled"), ("y", "go")] {
            let scope = Act::new(&log, name).exit_waits_for(event);
            gives_up(1, with(&rt, scope, async |_| pending::<Never>().await)).await;
            withal_tests::poll::yields(1).await;
        }
        Ok::<_, String>(())
    }));
    assert!(drive(a.as_mut(), 10).is_none());
    assert_eq!(rt.spawned(), 2);
    log.push("go");
    assert!(drive(a.as_mut(), 10).is_some());
    log.assert("+a +x +y go -y:cancelled -x:cancelled -a");
}

// K4: branches of our race clean up side by side: each exit waits for the other one's beginning.
#[test]
fn branches_of_a_race_are_cleaned_up_side_by_side() {
    let (log, rt) = (Log::new(), Deterministic::new());
    let branch = |name, other| {
        let log = log.clone();
        let begins = log.clone();
        let scope = Act::new(&log, name)
            .exit(async move { begins.push(format_args!("{name}-exits")) })
            .exit_waits_for(other);
        let rt = &rt;
        async move {
            let gone = with(rt, scope, async |_| pending::<Never>().await);
            gives_up(1, gone).await;
            withal_tests::poll::yields(1).await;
        }
    };
    let mut both = pin!(either(branch("x", "y-exits"), branch("y", "x-exits")));
    assert!(drive(both.as_mut(), 10).is_some(), "{}", log.trace());
    assert_eq!(log.count("-"), 2);
}

// K4: so do body and children of a group in one task, when the group is dropped.
#[test]
fn a_group_that_is_dropped_is_cleaned_up_side_by_side() {
    let (log, rt) = (Log::new(), Deterministic::new());
    let scoped = async |name, other| {
        let begins = log.clone();
        let scope = Act::new(&log, name)
            .exit(async move { begins.push(format_args!("{name}-exits")) })
            .exit_waits_for(other);
        let never = with(&rt, scope, async |_| pending::<Never>().await);
        never.await.map_err(|error| error.to_string())
    };
    let group = local_group(async |group: LocalGroup<'_, String>| {
        group.spawn(scoped("x", "y-exits"));
        group.spawn(scoped("y", "body-exits"));
        scoped("body", "x-exits").await
    });
    let mut dropped = pin!(await_cleanup(gives_up(2, group)));
    assert!(drive(dropped.as_mut(), 20).is_some(), "{}", log.trace());
    assert_eq!(log.count("+"), 3);
    assert_eq!(log.count("-"), 3);
}

// K4: outside of every scope, guards go to the executor one by one, in whatever order it likes.
#[test]
fn outside_of_every_scope_guards_are_separate() {
    let (log, rt) = (Log::new(), Deterministic::new());
    drop(begun(async {
        let _x = enter_in(&rt, Act::new(&log, "x")).await.unwrap();
        let _y = enter_in(&rt, Act::new(&log, "y")).await.unwrap();
        pending::<()>().await;
    }));
    assert_eq!(rt.spawned(), 2);
    assert_eq!(rt.run_until_stalled(), 0);
    assert_eq!(log.count("-"), 2);
}

// K4, K11: a link of a chain that panics keeps none of those behind it from their exits.
#[test]
fn a_guard_whose_exit_panics_does_not_stop_those_behind_it() {
    let (log, rt) = (Log::new(), Deterministic::new());
    block_on(async {
        let a = with(&rt, Act::new(&log, "a"), async |_| {
            drop(begun(async {
                let _x = enter_in(&rt, Act::new(&log, "x")).await.unwrap();
                let y = Probe::new(&log, "y").exit_panics().exit_yields(0);
                let _y = enter_in(&rt, y).await.unwrap();
                pending::<()>().await;
            }));
            Ok::<_, String>(())
        });
        a.await.unwrap();
    });
    log.assert("+a +x +y -y -x:cancelled -a");
}

// CM-22, K2: like an exit, a shield that has begun goes on when foreign code drops it.
#[test]
fn a_shield_that_is_dropped_runs_on() {
    let (log, rt) = (Log::new(), Deterministic::new());
    let step = {
        let log = log.clone();
        async move {
            yields(1).await;
            log.push("done");
        }
    };
    drop(begun(shield(&rt, Duration::from_secs(1), step)));
    log.assert("");
    assert_eq!(rt.run_until_stalled(), 0);
    log.assert("done");
}

// K1: the rest goes to whoever collects from the combinator that is dropped itself.
#[test]
fn a_dropped_combinator_passes_on_what_it_waits_for() {
    let (log, rt) = (Log::new(), Deterministic::new());
    let b = Act::new(&log, "b").exit_waits_for("go");
    let b = begun(with(&rt, b, async |_| pending::<Never>().await));
    let mut outer = pin!(cancel(begun(await_cleanup(cancel(b)))));
    assert!(poll_once(outer.as_mut(), &std::sync::Arc::default()).is_pending());
    log.push("go");
    assert!(drive(outer.as_mut(), 3).is_some());
    log.assert("+b go -b:cancelled");
    assert_eq!(rt.spawned(), 0);
}

// K1, K14: whatever adapters are around it, closing a stream ends the scope that it holds.
#[test]
fn close_reaches_through_adapters() {
    let (log, rt) = (Log::new(), Deterministic::new());
    let scope = with(&rt, Act::new(&log, "a"), async |_| pending::<Never>().await);
    let mut stream = Box::pin(
        stream::once(scope)
            .map(|ended| ended.is_ok())
            .filter(|ended| std::future::ready(*ended))
            .take(3),
    );
    block_on(async {
        assert!(gives_up(1, stream.next()).await.is_none());
        close(stream).await;
    });
    log.assert("+a -a:cancelled");
}

// K1: all scopes of a set, dropped by one cancel.
#[test]
fn cancelling_a_set_ends_every_scope_in_it() {
    let (log, rt) = (Log::new(), Deterministic::new());
    block_on(async {
        let set: FuturesUnordered<_> = (0..5)
            .map(|number| {
                let scope =
                    Act::new(&log, format!("s{number}")).exit(withal_tests::poll::yields(2));
                with(&rt, scope, async |_| pending::<Never>().await)
            })
            .collect();
        let set = begun(set.collect::<Vec<_>>());
        cancel(set).await;
    });
    assert_eq!((log.count("+"), log.count("-")), (5, 5));
    assert_eq!(rt.spawned(), 0);
}

// K2, K3: a cleanup may drop further scopes, which may drop further scopes.
#[test]
fn cleanups_may_drop_further_scopes_without_end() {
    fn scope(log: &Log, rt: &Deterministic, depth: usize) -> Act {
        let act = Act::new(log, format!("s{depth}"));
        if depth == 0 {
            return act;
        }
        let inner = scope(log, rt, depth - 1);
        let rt = rt.clone();
        act.exit(async move {
            let inner = with(&rt, inner, async |_| pending::<Never>().await);
            gives_up(1, inner).await;
        })
    }

    let (log, rt) = (Log::new(), Deterministic::new());
    let depth = 300;
    block_on(async {
        let outermost = with(&rt, scope(&log, &rt, depth), async |_| Ok::<_, String>(()));
        outermost.await.unwrap();
    });
    assert_eq!((log.count("+"), log.count("-")), (depth + 1, depth + 1));
}
