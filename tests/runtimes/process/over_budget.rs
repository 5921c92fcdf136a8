//! What went over its budget goes on, and no drain says that all is well meanwhile.

use std::any::type_name;
use std::future::pending;
use std::pin::pin;
use std::time::Duration;

use withal::cleanup::drain;
use withal::with;
use withal_tests::foreign::{begun, gives_up};
use withal_tests::log::PATIENCE;
use withal_tests::poll::drive;
use withal_tests::reports::Reports;
use withal_tests::{Act, Deterministic, Log};

use crate::{names, turn};

type Never = Result<(), String>;

const BUDGET: Duration = Duration::from_secs(3);

struct OverBudget;

/// A scope that is entered with a budget, dropped by foreign code, and that waits for "go".
fn dropped(rt: &Deterministic, log: &Log) {
    let act = Act::<OverBudget>::of(log, "a").exit_waits_for("go");
    let scope = with(rt, act, async |_| pending::<Never>().await);
    drop(begun(scope.budget(BUDGET)));
}

// K6, K9
#[test]
fn a_drain_that_outlasts_a_budget_lists_what_goes_on() {
    let _turn = turn();
    let (log, rt, reports) = (Log::new(), Deterministic::new(), Reports::begin());
    dropped(&rt, &log);
    let mut draining = pin!(drain(&rt, 2 * BUDGET));
    assert!(drive(draining.as_mut(), 3).is_none());
    rt.advance(BUDGET);
    assert!(
        drive(draining.as_mut(), 5).is_none(),
        "it waits for what goes on"
    );
    assert_eq!(reports.count("OverBudget> (entered at"), 1);
    rt.advance(BUDGET);
    let report = drive(draining.as_mut(), 1).unwrap();
    assert_eq!(names(&report.pending), [type_name::<Act<OverBudget>>()]);
    assert!(report.finished.is_empty() && !report.is_clean(), "{report}");
    log.push("go");
    let report = drive(pin!(drain(&rt, PATIENCE)), 5).unwrap();
    assert_eq!(names(&report.finished), [type_name::<Act<OverBudget>>()]);
    assert!(report.is_clean(), "{report}");
    log.assert("+a go -a:cancelled");
}

// K6, K9: the executor found the budget used up, and is gone.
#[test]
fn what_goes_on_over_its_budget_can_be_orphaned() {
    let _turn = turn();
    let (log, rt, reports) = (Log::new(), Deterministic::new(), Reports::begin());
    dropped(&rt, &log);
    assert_eq!(rt.run_until_stalled(), 1);
    rt.advance(BUDGET);
    assert_eq!(rt.run_until_stalled(), 1);
    rt.shut_down();
    assert_eq!(reports.count("is orphaned until a drain"), 1);
    let report = drive(pin!(drain(&rt, Duration::ZERO)), 1).unwrap();
    assert_eq!(names(&report.abandoned), [type_name::<Act<OverBudget>>()]);
    assert!(!report.is_clean(), "{report}");
    log.push("go");
    let report = drive(pin!(drain(&rt, PATIENCE)), 5).unwrap();
    assert_eq!(names(&report.finished), [type_name::<Act<OverBudget>>()]);
    log.assert("+a go -a:cancelled");
}

// K3, K6, K9: given up by the scope around it.
#[test]
fn a_child_that_its_scope_gave_up_is_still_drained() {
    let _turn = turn();
    let (log, rt) = (Log::new(), Deterministic::new());
    let mut scoped = pin!(
        with(&rt, Act::new(&log, "b"), async |_| {
            let child = Act::<OverBudget>::of(&log, "a").exit_waits_for("go");
            gives_up(1, with(&rt, child, async |_| pending::<Never>().await)).await;
            Ok::<_, String>(())
        })
        .budget(BUDGET)
    );
    assert!(drive(scoped.as_mut(), 5).is_none());
    rt.advance(BUDGET);
    assert!(drive(scoped.as_mut(), 5).is_some());
    log.assert("+b +a -b");
    let report = drive(pin!(drain(&rt, Duration::ZERO)), 1).unwrap();
    assert_eq!(names(&report.pending), [type_name::<Act<OverBudget>>()]);
    assert!(!report.is_clean(), "{report}");
    log.push("go");
    assert!(drive(pin!(drain(&rt, PATIENCE)), 5).unwrap().is_clean());
    log.assert("+b +a -b go -a:cancelled");
}
