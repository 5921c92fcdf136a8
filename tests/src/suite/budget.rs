//! The cleanup budget: when it runs out, liveness wins.

use std::future::pending;
use std::pin::pin;
use std::time::Duration;

use withal::runtime::{Cleanup, NoExecutor, Runtime};
use withal::scope::ExitError;
use withal::{ScopeError, timeout, with, with_detailed, with_unseen_error};

use crate::Deterministic;
use crate::foreign::gives_up;
use crate::poll::{poll_now, poll_until};
use crate::probe::{Borrowing, Failed, ProbeError};
use crate::reports::{Reports, unique};
use crate::{Log, Probe};

/// The table of these cases, given to the macro `$make`.
#[doc(hidden)]
#[macro_export]
macro_rules! budget_cases {
    ($make:ident $with:tt $of:tt) => {
        $crate::$make! { $with $of budget:
            an_exit_within_its_budget_is_not_disturbed,
            an_exit_over_its_budget_gives_the_value_and_goes_on,
            an_exit_over_its_budget_that_looks_at_an_error_is_overdue,
            an_unseen_error_arrives_although_the_exit_is_over_its_budget,
            details_of_an_exit_over_its_budget,
            children_over_the_budget_go_on_by_themselves,
            the_exit_behind_children_over_the_budget_gets_the_span_anew,
            children_leave_the_exit_the_rest_of_the_budget,
            a_borrowing_exit_over_its_budget_is_abandoned,
            a_cancelled_scope_keeps_its_budget,
            without_a_clock_a_budget_is_without_end,
            a_long_wait_is_reported_while_it_lasts,
        }
    };
}

const SPAN: Duration = Duration::from_secs(3);

/// Waits in its exit until the log says "go".
fn held(log: &Log, name: &str) -> Probe {
    Probe::new(log, name)
        .exit_waits_for("go")
        .exit_yields(0)
        .shows_errors()
}

async fn endless(_: &mut String) -> Result<(), Failed> {
    pending().await
}

// K9
pub async fn an_exit_within_its_budget_is_not_disturbed(_: &impl Runtime) {
    let (log, rt) = (Log::new(), Deterministic::new());
    let scoped = with(&rt, held(&log, "a"), async |_| Ok::<_, Failed>(7)).budget(SPAN);
    let mut scoped = pin!(scoped);
    assert!(poll_now(scoped.as_mut()).is_pending());
    rt.advance(SPAN - Duration::from_millis(1));
    assert!(poll_now(scoped.as_mut()).is_pending());
    log.push("go");
    assert_eq!(scoped.await, Ok(7));
    assert_eq!(rt.spawned(), 0);
}

// K9, CM-23, A-12
pub async fn an_exit_over_its_budget_gives_the_value_and_goes_on<R: Runtime>(rt: &R) {
    let log = Log::new();
    let span = Duration::from_millis(5);
    let scoped = with(rt, held(&log, "a"), async |_| Ok::<_, Failed>(7)).budget(span);
    let ended = scoped.await;
    let error = ExitError::OverBudget(span);
    assert_eq!(ended, Err(ScopeError::Exit { error, value: 7 }));
    log.assert("+a …a");
    log.push("go");
    log.seen(rt, "-a:completed").await;
    assert_eq!(log.count("…a"), 1);
}

// K9, CM-23, K12
pub async fn an_exit_over_its_budget_that_looks_at_an_error_is_overdue(_: &impl Runtime) {
    let (log, rt) = (Log::new(), Deterministic::new());
    let (reports, error) = (Reports::begin(), ProbeError(unique("overdue")));
    let body = async |_: &mut String| Err::<(), _>(error.clone());
    let mut scoped = pin!(with(&rt, held(&log, "a"), body).budget(SPAN));
    assert!(poll_now(scoped.as_mut()).is_pending());
    rt.advance(SPAN);
    assert_eq!(scoped.await, Err(ScopeError::Overdue(SPAN)));
    let over = reports.here();
    assert!(
        over.len() == 1 && over[0].contains("cleanup budget of 3s ran out"),
        "{over:?}"
    );
    // The exit still has the error, and tells the hook in the end.
    log.push("go");
    assert_eq!(rt.run_until_stalled(), 0);
    log.assert(&format!("+a …a go -a:failed({error})"));
    assert_eq!(reports.count(&error.0), 1);
}

// K9, CM-8
pub async fn an_unseen_error_arrives_although_the_exit_is_over_its_budget(_: &impl Runtime) {
    let (log, rt) = (Log::new(), Deterministic::new());
    let scoped = with_unseen_error(&rt, held(&log, "a"), async |_| {
        Err::<(), _>(Failed("refused"))
    });
    let mut scoped = pin!(scoped.budget(SPAN));
    assert!(poll_now(scoped.as_mut()).is_pending());
    rt.advance(SPAN);
    let (body, exit) = (Failed("refused"), ExitError::OverBudget(SPAN));
    assert_eq!(scoped.await, Err(ScopeError::Both { body, exit }));
    log.push("go");
    assert_eq!(rt.run_until_stalled(), 0);
    log.assert("+a …a go -a:failed");
}

// K9, A-7
pub async fn details_of_an_exit_over_its_budget(_: &impl Runtime) {
    let (log, rt) = (Log::new(), Deterministic::new());
    for (fails, body) in [(false, Some(Ok(7))), (true, None)] {
        let scoped = with_detailed(&rt, held(&log, "a"), async |_| {
            if fails { Err(Failed("refused")) } else { Ok(7) }
        });
        let mut scoped = pin!(scoped.budget(SPAN));
        assert!(poll_now(scoped.as_mut()).is_pending());
        rt.advance(SPAN);
        let ended = scoped.await.unwrap();
        assert_eq!(ended.body, body);
        assert_eq!(ended.exit, Err(ExitError::OverBudget(SPAN)));
    }
    log.push("go");
    assert_eq!(rt.run_until_stalled(), 0);
    log.assert("+a …a +a …a go -a:completed -a:failed(refused)");
}

// K9, K3
pub async fn children_over_the_budget_go_on_by_themselves(_: &impl Runtime) {
    let (log, rt, reports) = (Log::new(), Deterministic::new(), Reports::begin());
    let scoped = with(&rt, Probe::new(&log, "a").exit_yields(0), async |_| {
        gives_up(1, with(&rt, held(&log, "b"), endless)).await;
        Ok::<_, Failed>(7)
    });
    let mut scoped = pin!(scoped.budget(SPAN));
    // Up to the wait for the child.
    poll_until(scoped.as_mut(), &log, "…b");
    rt.advance(SPAN);
    assert_eq!(scoped.await, Ok(7));
    log.assert("+a +b …b -a");
    let over = reports.here();
    assert!(
        over.len() == 1 && over[0].contains("cleanup budget of 3s ran out"),
        "{over:?}"
    );
    log.push("go");
    assert_eq!(rt.run_until_stalled(), 0);
    log.assert("+a +b …b -a go -b:cancelled");
}

// K9
pub async fn the_exit_behind_children_over_the_budget_gets_the_span_anew(_: &impl Runtime) {
    let (log, rt) = (Log::new(), Deterministic::new());
    let scoped = with(&rt, held(&log, "a"), async |_| {
        gives_up(1, with(&rt, held(&log, "b"), endless)).await;
        Ok::<_, Failed>(7)
    });
    let mut scoped = pin!(scoped.budget(SPAN));
    poll_until(scoped.as_mut(), &log, "…b");
    rt.advance(SPAN);
    assert!(poll_now(scoped.as_mut()).is_pending());
    log.assert("+a +b …b …a");
    rt.advance(SPAN - Duration::from_millis(1));
    assert!(poll_now(scoped.as_mut()).is_pending());
    rt.advance(Duration::from_millis(1));
    let error = ExitError::OverBudget(SPAN);
    assert_eq!(scoped.await, Err(ScopeError::Exit { error, value: 7 }));
    log.push("go");
    assert_eq!(rt.run_until_stalled(), 0);
    assert!(
        log.has("-a:completed") && log.has("-b:cancelled"),
        "{log:?}"
    );
}

// K9
pub async fn children_leave_the_exit_the_rest_of_the_budget(_: &impl Runtime) {
    let (log, rt) = (Log::new(), Deterministic::new());
    let scoped = with(&rt, held(&log, "a").exit_waits_for("never"), async |_| {
        gives_up(1, with(&rt, held(&log, "b"), endless)).await;
        Ok::<_, Failed>(7)
    });
    let mut scoped = pin!(scoped.budget(SPAN));
    poll_until(scoped.as_mut(), &log, "…b");
    let second = Duration::from_secs(1);
    rt.advance(SPAN - second);
    log.push("go");
    assert!(poll_now(scoped.as_mut()).is_pending());
    log.assert("+a +b …b go -b:cancelled …a");
    rt.advance(second);
    let error = ExitError::OverBudget(SPAN);
    assert_eq!(scoped.await, Err(ScopeError::Exit { error, value: 7 }));
    log.push("never");
    assert_eq!(rt.run_until_stalled(), 0);
    assert!(log.has("-a:completed"), "{log:?}");
}

// K9, A-4
pub async fn a_borrowing_exit_over_its_budget_is_abandoned(_: &impl Runtime) {
    let (log, rt, reports) = (Log::new(), Deterministic::new(), Reports::begin());
    let scope = Borrowing {
        log: &log,
        name: "a",
        releases: true,
    };
    let mut scoped = pin!(with(&rt, scope, async |_| Ok::<_, Failed>(7)).budget(Duration::ZERO));
    let ended = scoped.as_mut().await;
    let error = ExitError::OverBudget(Duration::ZERO);
    assert_eq!(ended, Err(ScopeError::Exit { error, value: 7 }));
    log.assert("+a");
    let here = reports.here();
    assert!(
        here.iter()
            .any(|report| report.contains("dropped without its exit")),
        "{here:?}"
    );
}

// K9, CM-21, CM-23
pub async fn a_cancelled_scope_keeps_its_budget(_: &impl Runtime) {
    let (log, rt, reports) = (Log::new(), Deterministic::new(), Reports::begin());
    let scoped = with(&rt, held(&log, "a"), endless).budget(SPAN);
    let mut timed = pin!(timeout(&rt, Duration::ZERO, scoped));
    assert!(poll_now(timed.as_mut()).is_pending());
    log.assert("+a …a");
    rt.advance(SPAN);
    assert!(timed.await.is_err());
    let over = reports.here();
    assert!(
        over.len() == 1 && over[0].contains("cleanup budget of 3s ran out"),
        "{over:?}"
    );
    log.push("go");
    assert_eq!(rt.run_until_stalled(), 0);
    log.assert("+a …a go -a:cancelled");
}

// K9
pub async fn without_a_clock_a_budget_is_without_end(_: &impl Runtime) {
    let (log, rt) = (Log::new(), NoExecutor::new());
    assert!(rt.alarm(SPAN).is_none());
    let scoped = with(&rt, held(&log, "a"), async |_| Ok::<_, Failed>(7)).budget(Duration::ZERO);
    let mut scoped = pin!(scoped);
    assert!(poll_now(scoped.as_mut()).is_pending());
    assert!(poll_now(scoped.as_mut()).is_pending());
    log.push("go");
    assert_eq!(scoped.await, Ok(7));
}

// K9
pub async fn a_long_wait_is_reported_while_it_lasts(_: &impl Runtime) {
    let (log, rt, reports) = (Log::new(), Deterministic::new(), Reports::begin());
    let mut scoped = pin!(with(&rt, Probe::new(&log, "a"), async |_| {
        gives_up(1, with(&rt, held(&log, "b"), endless)).await;
        Ok::<_, Failed>(7)
    }));
    poll_until(scoped.as_mut(), &log, "…b");
    assert_eq!(reports.here(), Vec::<String>::new());
    for waited in ["10s", "20s"] {
        rt.advance(Duration::from_secs(10));
        assert!(poll_now(scoped.as_mut()).is_pending());
        let here = reports.here();
        let last = here.last().unwrap();
        assert!(
            last.contains(&format!("has waited {waited} for")),
            "{here:?}"
        );
    }
    assert_eq!(reports.here().len(), 2);
    log.push("go");
    assert_eq!(scoped.await, Ok(7));
}
