//! From asked to ended: grace, drop, cleanup and budget.

use std::error::Error as _;
use std::future::pending;
use std::panic::panic_any;
use std::time::Duration;

use withal::cancel_scope::{CancelScopeError, ScopeState};
use withal::runtime::Runtime;
use withal::{CancelKind, CancelScope, cancel_scope, with};

use super::{HOUR, holds};
use crate::foreign::OnDrop;
use crate::log::within_patience;
use crate::poll::{ByHand, caught, yields};
use crate::probe::ProbeError;
use crate::reports::Reports;
use crate::{Act, Deterministic, Log};

// TO-4, TO-19
pub async fn a_body_that_is_asked_may_end_by_itself<R: Runtime>(rt: &R) {
    let log = Log::new();
    let scoped = cancel_scope(rt, async |scope: CancelScope<R>| {
        let scoped = with(rt, Act::new(&log, "a"), async |()| {
            scope.token().cancelled().await;
            log.push("asked");
            // It may wait, and that is not cancelled.
            rt.sleep(Duration::from_millis(1)).await;
            yields(2).await;
            Ok::<_, ProbeError>("finished")
        });
        scoped.await.unwrap()
    });
    let scoped = scoped.timeout(Duration::from_millis(1)).grace(HOUR);
    let end = within_patience(rt, scoped, || log.trace()).await;
    log.assert("+a asked -a");
    // It has come to its end, and still tells that it was late.
    assert!(end.elapsed() && end.cancel_called() && !end.cancelled_caught());
    assert_eq!(end.reason().unwrap().kind(), CancelKind::Deadline);
    assert_eq!(end.or_elapsed(), Ok(Some("finished")));
}

// TO-19, CM-21
pub async fn a_body_that_does_not_end_in_its_grace_is_dropped<R: Runtime>(rt: &R) {
    let log = Log::new();
    let scoped = cancel_scope(rt, async |scope: CancelScope<R>| {
        scope.token().cancelled().await;
        log.push("asked");
        holds(rt, &log, "a").await;
    });
    let span = Duration::from_millis(1);
    let end = within_patience(rt, scoped.timeout(span).grace(span), || log.trace()).await;
    log.push("returned");
    log.assert("asked +a in-a -a:cancelled returned");
    let elapsed = end.or_elapsed().unwrap_err();
    assert_eq!(elapsed.timeout, span);
}

// TO-19, A-12
pub async fn the_grace_begins_when_the_scope_is_asked(_: &impl Runtime) {
    let (rt, second) = (Deterministic::new(), Duration::from_secs(1));
    let mut scoped = cancel_scope(&rt, async |_| pending::<()>().await)
        .timeout(second * 60)
        .grace(second * 2);
    let handle = scoped.handle();
    let mut scoped = ByHand::waiting(scoped);
    rt.advance(second * 30);
    assert!(handle.cancel() && scoped.is_due());
    assert!(scoped.poll().is_pending());
    for _ in 0..3 {
        rt.advance(second * 2 / 3 - Duration::from_millis(10));
        assert!(!scoped.is_due() && scoped.poll().is_pending());
    }
    rt.advance(Duration::from_millis(100));
    assert!(scoped.is_due());
    let end = scoped.ready();
    assert!(end.cancelled_caught() && !end.elapsed());
    assert_eq!(rt.timers(), 0);
}

// TO-5, TO-18
pub async fn an_error_of_a_body_that_was_asked_passes_with_a_note<R: Runtime>(rt: &R) {
    let fails = async |asks: bool| {
        let scoped = cancel_scope(rt, async |scope: CancelScope<R>| {
            if asks {
                scope.cancel_with("no more");
            }
            yields(1).await;
            Err::<(), _>(ProbeError("refused".into()))
        });
        scoped.grace(HOUR).await
    };
    let end = fails(false).await;
    assert!(!end.elapsed() && !end.cancel_called());
    let error = end.flatten().unwrap_err();
    assert_eq!(error.to_string(), "the body of a cancel scope failed");
    assert_eq!(error.source().unwrap().to_string(), "probe refused failed");
    let error = fails(true).await.flatten().unwrap_err();
    let said = "the body of a cancel scope failed when it was asked to stop (cancelled: no more)";
    assert_eq!(error.to_string(), said);
    let CancelScopeError::Failed { error, asked, .. } = error else {
        panic!("it failed: {error}");
    };
    assert_eq!(
        (error.0.as_str(), asked),
        ("refused", Some("no more".into()))
    );
    // Without time to fail, it was cancelled.
    let scoped = cancel_scope(rt, async |scope: CancelScope<R>| {
        scope.cancel_with("no more");
        pending::<Result<(), ProbeError>>().await
    });
    let error = scoped.await.flatten().unwrap_err();
    assert_eq!(error.to_string(), "cancelled: no more");
    assert_eq!(error.into_error(), None);
}

// CS-7, K10, TO-4
pub async fn an_exit_in_progress_counts_as_the_body(rt: &impl Runtime) {
    let log = Log::new();
    let commits = async |log: &Log| {
        let scoped = with(rt, Act::new(log, "a").exit_waits_for("go"), async |()| {
            log.push("commits");
            Ok::<_, ProbeError>(7)
        });
        scoped.await.unwrap()
    };
    let mut scoped = cancel_scope(rt, async |_| commits(&log).await);
    let handle = scoped.handle();
    let mut scoped = ByHand::waiting(scoped);
    assert!(log.has("commits") && handle.cancel());
    assert!(scoped.poll().is_pending());
    assert_eq!(handle.state(), ScopeState::CleaningUp);
    log.push("go");
    let end = scoped.ready();
    log.assert("+a commits go -a");
    assert!(end.cancel_called() && end.ok() == Some(7));
    // A body that goes on behind its exit is dropped there.
    let log = Log::new();
    let mut scoped = cancel_scope(rt, async |_| {
        commits(&log).await;
        yields(1).await;
        log.push("behind");
    });
    let handle = scoped.handle();
    let mut scoped = ByHand::waiting(scoped);
    handle.cancel();
    assert!(scoped.poll().is_pending());
    log.push("go");
    assert!(scoped.ready().cancelled_caught());
    log.assert("+a commits go -a");
}

// K9, TO-19, CM-23
pub async fn a_cleanup_over_its_budget_goes_on_by_itself<R: Runtime>(_: &R) {
    for in_progress in [false, true] {
        let (rt, log) = (Deterministic::new(), Log::new());
        let (reports, span) = (Reports::begin(), Duration::from_secs(3));
        let scoped = cancel_scope(&rt, async |_| {
            let act = Act::new(&log, "a").exit_waits_for("go");
            let scoped = with(&rt, act, async |()| match in_progress {
                true => Ok::<_, ProbeError>(()),
                false => pending().await,
            });
            scoped.await.unwrap();
        });
        let mut scoped = ByHand::waiting(scoped.timeout(span).budget(span));
        rt.advance(span);
        assert!(scoped.is_due() && scoped.poll().is_pending());
        rt.advance(span - Duration::from_millis(1));
        assert!(!scoped.is_due() && scoped.poll().is_pending());
        rt.advance(Duration::from_millis(1));
        let end = scoped.ready();
        assert!(end.elapsed() && end.cancelled_caught());
        log.assert("+a");
        let over = reports.here();
        let said = over
            .iter()
            .filter(|said| said.contains("budget of 3s ran out"));
        assert_eq!(said.count(), 1, "{over:?}");
        // Liveness won; nothing is lost.
        log.push("go");
        assert_eq!(rt.run_until_stalled(), 0);
        log.assert(match in_progress {
            true => "+a go -a",
            false => "+a go -a:cancelled",
        });
        drop(scoped);
        assert_eq!(rt.timers(), 0);
    }
}

// K9
pub async fn the_budget_also_bounds_what_a_body_leaves_that_has_ended(_: &impl Runtime) {
    let (rt, log) = (Deterministic::new(), Log::new());
    let span = Duration::from_secs(3);
    let mut scoped = cancel_scope(&rt, async |_| {
        let act = Act::new(&log, "a").exit_waits_for("go");
        let scoped = with(&rt, act, async |()| {
            pending::<Result<(), ProbeError>>().await
        });
        // Dropped by foreign code: it is for the scope to wait.
        drop(crate::foreign::begun(scoped));
        7
    })
    .timeout(span)
    .budget(span * 2);
    let handle = scoped.handle();
    let mut scoped = ByHand::waiting(scoped);
    assert_eq!(handle.state(), ScopeState::CleaningUp);
    // Its deadline is of no interest any more.
    rt.advance(span);
    assert!(scoped.poll().is_pending() && !handle.cancel_called());
    rt.advance(span);
    let end = scoped.ready();
    assert!(!end.elapsed() && !end.cancel_called());
    assert_eq!(end.ok(), Some(7));
    log.push("go");
    assert_eq!(rt.run_until_stalled(), 0);
    log.assert("+a go -a:cancelled");
}

// K11, CM-25
pub async fn a_panic_goes_on_after_the_cleanup(rt: &impl Runtime) {
    let log = Log::new();
    let mut scoped = cancel_scope(rt, async |_| {
        let act = Act::new(&log, "a").exit(yields(2));
        let scoped = with(rt, act, async |()| -> Result<(), ProbeError> {
            panic_any("the body")
        });
        scoped.await.unwrap();
    });
    let handle = scoped.handle();
    assert_eq!(caught(scoped).await.unwrap_err(), "the body");
    assert_eq!(handle.state(), ScopeState::Finished);
    assert!(!handle.cancelled_caught());
    log.assert("+a -a:panicked");
    // One of a destructor, when the body is dropped.
    let scoped = cancel_scope(rt, async |scope| {
        let _on_drop = OnDrop::new(|| panic_any("a destructor"));
        scope.cancel();
        holds(rt, &log, "b").await;
    });
    assert_eq!(caught(scoped).await.unwrap_err(), "a destructor");
    log.assert("+a -a:panicked +b in-b -b:cancelled");
}
