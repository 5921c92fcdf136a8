//! What becomes of a body's error: suppressed, detailed, or unseen by the exit.

use std::cell::Cell;
use std::future::pending;
use std::pin::pin;
use std::time::Duration;

use withal::runtime::Runtime;
use withal::scope::{ExitError, Suppress};
use withal::{
    ExitReason, HandOver, Local, Scope, ScopeError, timeout, with, with_detailed, with_suppressing,
    with_unseen_error,
};

use crate::poll::{caught, poll_now};
use crate::probe::{Failed, LocalProbe, ProbeError, Swallowing};
use crate::reports::{Reports, unique};
use crate::sweep::PollTimer;
use crate::{Log, Probe};

/// The table of these cases, given to the macro `$make`.
#[doc(hidden)]
#[macro_export]
macro_rules! policies_cases {
    ($make:ident $with:tt $of:tt) => {
        $crate::$make! { $with $of policies:
            suppression_is_typed_and_by_choice,
            a_suppressing_scope_that_is_not_run_as_one_passes_errors_on,
            a_suppressing_scope_is_asked_about_errors_only,
            a_suppressing_scope_that_fails_to_enter_or_exit_says_so,
            suppression_dropped_while_exiting_reports_the_error,
            a_local_scope_may_suppress,
            details_hold_body_and_exit_side_by_side,
            details_of_a_scope_that_was_not_entered,
            an_unseen_error_may_borrow,
            an_unseen_error_may_stay_on_its_thread,
            an_unseen_error_dropped_while_exiting_is_reported,
        }
    };
}

fn swallowing(log: &Log, prefix: &'static str) -> Swallowing {
    Swallowing {
        probe: Probe::new(log, "a").reasons(),
        prefix,
    }
}

// A-6, CM-5, CM-6
pub async fn suppression_is_typed_and_by_choice(rt: &impl Runtime) {
    let log = Log::new();
    let scope = || swallowing(&log, "re");
    let ended = with_suppressing(rt, scope(), async |_| Ok::<_, Failed>(7)).await;
    assert_eq!(ended, Ok(Some(7)));
    let ended = with_suppressing(rt, scope(), async |_| Err::<u8, _>(Failed("refused"))).await;
    assert_eq!(ended, Ok(None));
    let ended = with_suppressing(rt, scope(), async |_| Err::<u8, _>(Failed("worse"))).await;
    assert_eq!(ended, Err(ScopeError::Body(Failed("worse"))));
    // It is asked before the exit, which sees the error all the same; and not where there is none.
    log.assert("+a -a:completed +a ?a -a:failed +a ?a -a:failed");
}

//
pub async fn a_suppressing_scope_that_is_not_run_as_one_passes_errors_on(rt: &impl Runtime) {
    let log = Log::new();
    let ended = with(rt, swallowing(&log, ""), async |_| {
        Err::<(), _>(Failed("refused"))
    })
    .await;
    assert_eq!(ended, Err(ScopeError::Body(Failed("refused"))));
    log.assert("+a -a:failed");
}

// CM-24, A-6
pub async fn a_suppressing_scope_is_asked_about_errors_only(rt: &impl Runtime) {
    let log = Log::new();
    let endless = async |_: &mut String| pending::<Result<(), Failed>>().await;
    let scoped = with_suppressing(rt, swallowing(&log, ""), endless);
    timeout(&PollTimer, Duration::ZERO, scoped)
        .await
        .unwrap_err();
    let panics = async |_: &mut String| -> Result<(), Failed> { panic!("on purpose") };
    let scoped = with_suppressing(rt, swallowing(&log, ""), panics);
    assert_eq!(caught(scoped).await.unwrap_err(), "on purpose");
    log.assert("+a -a:cancelled +a -a:panicked");
}

// CM-3, CM-7, CM-8, A-6
pub async fn a_suppressing_scope_that_fails_to_enter_or_exit_says_so(rt: &impl Runtime) {
    let log = Log::new();
    let error = || ProbeError("a".to_owned());
    let scope = |probe| Swallowing { probe, prefix: "" };
    let unable = scope(Probe::new(&log, "a").enter_fails());
    let ended = with_suppressing(rt, unable, async |_| Ok::<_, Failed>(7)).await;
    assert_eq!(ended, Err(ScopeError::Enter(error())));

    let fails = || scope(Probe::new(&log, "a").exit_fails());
    let ended = with_suppressing(rt, fails(), async |_| Err::<u8, _>(Failed("refused"))).await;
    let (body, exit) = (Failed("refused"), ExitError::Failed(error()));
    // An error that was to be swallowed is not, where the exit was not clean.
    assert_eq!(ended, Err(ScopeError::Both { body, exit }));
    let ended = with_suppressing(rt, fails(), async |_| Ok::<_, Failed>(7)).await;
    match ended {
        Err(ScopeError::Exit { value, .. }) => assert_eq!(value, 7),
        other => panic!("{other:?}"),
    }
}

// CM-22, K12
pub async fn suppression_dropped_while_exiting_reports_the_error(rt: &impl Runtime) {
    let (log, reports, text) = (Log::new(), Reports::begin(), unique("suppress"));
    let mut scope = swallowing(&log, "");
    scope.probe = Probe::new(&log, "a").exit_waits_for("go").shows_errors();
    let error = ProbeError(text.clone());
    let mut scoped = Box::pin(with_suppressing(rt, scope, async |_| Err::<(), _>(error)));
    assert!(poll_now(scoped.as_mut()).is_pending());
    drop(scoped);
    log.push("go");
    reports.until(rt, &text).await;
    assert!(log.has(&format!("-a:failed(probe {text} failed)")));
}

impl Suppress for LocalProbe {
    fn suppresses(&self, _: withal::scope::Failure<'_>) -> bool {
        true
    }
}

// A-6, K8
pub async fn a_local_scope_may_suppress(rt: &impl Runtime) {
    let log = Log::new();
    let scope = Local(LocalProbe::new(Probe::new(&log, "a").reasons()));
    let ended = with_suppressing(rt, scope, async |_| Err::<(), _>(Failed("refused"))).await;
    assert_eq!(ended, Ok(None));
    log.assert("+a -a:failed");
}

// A-7, CM-7, CM-8
pub async fn details_hold_body_and_exit_side_by_side(rt: &impl Runtime) {
    let log = Log::new();
    let clean = || Probe::new(&log, "a");
    let fails = || Probe::new(&log, "a").exit_fails();
    let error = || Err(ExitError::Failed(ProbeError("a".to_owned())));
    let refused = Failed("refused");

    let ended = with_detailed(rt, clean(), async |_| Ok::<_, Failed>(7))
        .await
        .unwrap();
    assert_eq!((ended.body, ended.exit), (Some(Ok(7)), Ok(())));
    let ended = with_detailed(rt, clean(), async |_| Err::<u8, _>(refused))
        .await
        .unwrap();
    assert_eq!((ended.body, ended.exit), (Some(Err(refused)), Ok(())));
    let ended = with_detailed(rt, fails(), async |_| Ok::<_, Failed>(7))
        .await
        .unwrap();
    assert_eq!((ended.body, ended.exit), (Some(Ok(7)), error()));
    let ended = with_detailed(rt, fails(), async |_| Err::<u8, _>(refused))
        .await
        .unwrap();
    assert_eq!((ended.body, ended.exit), (Some(Err(refused)), error()));
}

// CM-3
pub async fn details_of_a_scope_that_was_not_entered(rt: &impl Runtime) {
    let log = Log::new();
    let unable = Probe::new(&log, "a").enter_fails();
    let ended = with_detailed(rt, unable, async |_| Ok::<_, Failed>(7)).await;
    assert_eq!(ended.unwrap_err(), ProbeError("a".to_owned()));
}

/// Logs what it learns of an error.
struct Curious(Log);

impl Scope for Curious {
    type Resource = ();
    type Error = ProbeError;
    type OnDrop = HandOver;

    async fn enter(&mut self) -> Result<(), ProbeError> {
        Ok(())
    }

    async fn exit(self, (): (), reason: ExitReason<'_>) -> Result<(), ProbeError> {
        crate::poll::yields(1).await;
        let failure = reason.failure().unwrap();
        self.0.push(format_args!(
            "{} {} {failure:?}",
            failure.is::<Failed>(),
            failure.type_name(),
        ));
        Ok(())
    }
}

// K12, A-1
pub async fn an_unseen_error_may_borrow(rt: &impl Runtime) {
    let log = Log::new();
    let text = String::from("borrowed");
    let body = async |_: &mut ()| Err::<(), &str>(text.as_str());
    let ended = with_unseen_error(rt, Curious(log.clone()), body).await;
    assert!(
        matches!(ended, Err(ScopeError::Body("borrowed"))),
        "{ended:?}"
    );
    log.assert("false &str {&str}");
    // Seen, it can be looked at.
    with(rt, Curious(log.clone()), async |_| {
        Err::<(), _>(Failed("seen"))
    })
    .await
    .unwrap_err();
    assert!(
        log.events()[1].starts_with("true withal_tests::probe::Failed Failed("),
        "{log:?}"
    );
}

// K12, CM-15
pub async fn an_unseen_error_may_stay_on_its_thread(rt: &impl Runtime) {
    let log = Log::new();
    let scope = Probe::new(&log, "a").reasons();
    let ended = with_unseen_error(rt, scope, async |_| Err::<(), _>(Cell::new(7))).await;
    assert_eq!(ended, Err(ScopeError::Body(Cell::new(7))));
    log.assert("+a -a:failed");
}

// CM-22
pub async fn an_unseen_error_dropped_while_exiting_is_reported(rt: &impl Runtime) {
    let (log, reports, text) = (Log::new(), Reports::begin(), unique("unseen"));
    {
        let scope = Probe::new(&log, "a").exit_waits_for("go").shows_errors();
        let scoped = with_unseen_error(rt, scope, async |_| Err::<(), &str>(text.as_str()));
        let mut scoped = pin!(Some(scoped));
        assert!(poll_now(scoped.as_mut().as_pin_mut().unwrap()).is_pending());
        scoped.set(None);
    }
    assert_eq!(reports.count(&text), 1);
    log.push("go");
    log.seen(rt, "-a:failed").await;
}
