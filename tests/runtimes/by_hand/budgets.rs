//! Budgets and the reports of long waits, on a clock that the test moves.

use std::future::pending;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use withal::runtime::Timer;
use withal::scope::{ExitError, ScopeError};
use withal::{Abandon, ExitReason, Scope, cancel, with};
use withal_tests::foreign::{begun, gives_up};
use withal_tests::poll::{Wakes, drive, poll_once};
use withal_tests::reports::Reports;
use withal_tests::{Act, Deterministic, Log};

type Never = Result<(), String>;

const BUDGET: Duration = Duration::from_secs(3);

// K9: one span for the wait and for the exit behind it.
#[test]
fn one_budget_covers_the_wait_and_the_exit() {
    let (log, rt) = (Log::new(), Deterministic::new());
    let exit = Act::new(&log, "a").exit_waits_for("never");
    let mut a = pin!(
        with(&rt, exit, async |_| {
            let b = Act::new(&log, "b").exit(rt.sleep(Duration::from_secs(2)));
            gives_up(1, with(&rt, b, async |_| pending::<Never>().await)).await;
            Ok::<_, String>(7)
        })
        .budget(BUDGET)
    );
    assert!(drive(a.as_mut(), 5).is_none());
    rt.advance(Duration::from_secs(2));
    assert!(drive(a.as_mut(), 5).is_none());
    log.assert("+a +b -b:cancelled");
    rt.advance(Duration::from_secs(1));
    match drive(a.as_mut(), 5) {
        Some(Err(ScopeError::Exit {
            error: ExitError::OverBudget(BUDGET),
            value: 7,
        })) => {}
        other => panic!("{other:?}"),
    }
    // It goes on by itself.
    log.push("never");
    assert_eq!(rt.run_until_stalled(), 0);
    log.assert("+a +b -b:cancelled never -a");
}

// K9: the budget of a scope that was handed over bounds it there, too.
#[test]
fn a_handed_over_exit_keeps_its_budget() {
    struct HandedOver;
    let (log, rt, reports) = (Log::new(), Deterministic::new(), Reports::begin());
    let b = Act::<HandedOver>::of(&log, "b").exit_waits_for("go");
    let b = with(&rt, b, async |_| pending::<Never>().await).budget(BUDGET);
    let mut canceller = pin!(cancel(begun(b)));
    assert!(drive(canceller.as_mut(), 3).is_none());
    rt.advance(BUDGET);
    assert!(
        drive(canceller.as_mut(), 3).is_some(),
        "the canceller is free"
    );
    assert_eq!(
        reports.count("HandedOver> (entered at tests/runtimes/by_hand/budgets.rs:"),
        1
    );
    assert_eq!(
        reports.count("cleanup budget of 3s ran out"),
        1,
        "{:?}",
        reports.here()
    );
    log.push("go");
    assert_eq!(rt.run_until_stalled(), 0);
    log.assert("+b go -b:cancelled");
}

// K9, K11: the body panicked, so its child was not started yet; given up, it is.
#[test]
fn a_child_given_up_goes_to_its_executor() {
    let (log, rt) = (Log::new(), Deterministic::new());
    let mut a = pin!(
        with(&rt, Act::new(&log, "a"), async |_| {
            let b = Act::new(&log, "b").exit_waits_for("go");
            let b = with(&rt, b, async |_| pending::<Never>().await);
            futures_util::join!(b, async { panic!("body") });
            Ok::<_, String>(())
        })
        .budget(BUDGET)
    );
    assert!(drive(a.as_mut(), 5).is_none());
    assert_eq!(rt.spawned(), 0);
    rt.advance(BUDGET);
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| drive(a.as_mut(), 5)));
    assert!(panicked.is_err());
    log.assert("+a +b -a:panicked");
    log.push("go");
    assert_eq!((rt.spawned(), rt.run_until_stalled()), (1, 0));
    log.assert("+a +b -a:panicked go -b:cancelled");
}

/// Its exit can only run in place, drops `z` in the foreign way, and never ends.
struct Hangs<'a>(&'a Log, &'a Deterministic);

impl Scope for Hangs<'_> {
    type Resource = ();
    type Error = String;
    type OnDrop = Abandon;

    async fn enter(&mut self) -> Result<(), String> {
        Ok(())
    }

    async fn exit(self, (): (), _reason: ExitReason<'_>) -> Result<(), String> {
        let z = Act::new(self.0, "z").exit_waits_for("go");
        gives_up(1, with(self.1, z, async |_| pending::<Never>().await)).await;
        pending().await
    }
}

// K9, CM-23: an alarm that rang is not polled again; the rest gets a span of its own.
#[test]
fn what_an_abandoned_exit_left_is_waited_for_within_another_span() {
    let (log, rt) = (Log::new(), Deterministic::new());
    let mut a = pin!(with(&rt, Hangs(&log, &rt), async |_| Ok::<_, String>(())).budget(BUDGET));
    assert!(drive(a.as_mut(), 5).is_none());
    rt.advance(BUDGET);
    assert!(drive(a.as_mut(), 5).is_none(), "it waits for z");
    rt.advance(BUDGET);
    assert!(matches!(
        drive(a.as_mut(), 5),
        Some(Err(ScopeError::Exit { .. }))
    ));
    log.push("go");
    assert_eq!(rt.run_until_stalled(), 0);
    log.assert("+z go -z:cancelled");
}

// K9: who waits long says so, again and again, and for whom.
#[test]
fn a_long_wait_is_reported_each_time_the_span_is_over() {
    struct Long;
    let (log, rt, reports) = (Log::new(), Deterministic::new(), Reports::begin());
    let mut a = pin!(with(&rt, Act::<Long>::of(&log, "a"), async |_| {
        let b = Act::<Long>::of(&log, "b").exit_waits_for("go");
        gives_up(1, with(&rt, b, async |_| pending::<Never>().await)).await;
        Ok::<_, String>(())
    }));
    let wakes = Arc::<Wakes>::default();
    assert!(drive(a.as_mut(), 5).is_none());
    assert_eq!(reports.here().len(), 0);
    for seconds in ["10s", "20s", "30s"] {
        assert!(poll_once(a.as_mut(), &wakes).is_pending());
        let before = wakes.count();
        rt.advance(Duration::from_secs(10));
        assert!(wakes.count() > before, "the wait itself wakes");
        assert!(poll_once(a.as_mut(), &wakes).is_pending());
        let text = format!("has waited {seconds} for the cleanup of ");
        assert_eq!(reports.count(&text), 1, "{:?}", reports.here());
    }
    log.push("go");
    assert!(drive(a.as_mut(), 5).is_some());
    rt.advance(Duration::from_secs(100));
    assert_eq!(reports.here().len(), 3, "nothing after the end");
}
