//! One scope, every combination of how enter, body and exit can end.

use std::panic::panic_any;
use std::pin::pin;
use std::time::Duration;

use futures_util::future::pending;
use withal::runtime::Runtime;
use withal::scope::ExitError;
use withal::{ExitReason, HandOver, Scope, ScopeError, timeout, with, with_suppressing};

use crate::poll::{caught, poll_now, yields};
use crate::probe::{Failed, ProbeError, Swallowing};
use crate::reports::{Reports, unique};
use crate::sweep::PollTimer;
use crate::{Log, Probe};

/// The table of these cases, given to the macro `$make`.
#[doc(hidden)]
#[macro_export]
macro_rules! matrix_m1_cases {
    ($make:ident $with:tt $of:tt) => {
        $crate::$make! { $with $of matrix_m1:
            enter_fails,
            body_completes_and_exit_is_clean,
            body_completes_and_exit_fails,
            body_completes_and_exit_is_cancelled_softly,
            body_completes_and_exit_is_cancelled_hard,
            body_fails_and_exit_is_clean,
            body_fails_and_exit_suppresses,
            body_fails_and_exit_fails,
            body_fails_and_exit_is_cancelled_softly,
            body_fails_and_exit_is_cancelled_hard,
            body_is_cancelled_softly,
            body_is_cancelled_hard,
            a_cancelled_body_cannot_be_suppressed,
            body_is_cancelled_softly_and_exit_fails,
            body_is_cancelled_hard_and_exit_fails,
            body_panics_and_exit_is_clean,
            body_panics_and_exit_fails,
            enter_is_cancelled_softly,
            enter_is_cancelled_hard,
        }
    };
}

const REFUSED: Failed = Failed("refused");

/// A body that never ends.
async fn endless(_: &mut String) -> Result<(), Failed> {
    pending().await
}

// M1.1, CM-3
pub async fn enter_fails(rt: &impl Runtime) {
    let log = Log::new();
    let scope = Probe::new(&log, "a").enter_yields(1).enter_fails();
    let ended = with(rt, scope, async |_| {
        log.push("body");
        Ok::<_, Failed>(())
    })
    .await;
    assert_eq!(ended, Err(ScopeError::Enter(ProbeError("a".to_owned()))));
    log.assert("");
}

// M1.2, CM-5
pub async fn body_completes_and_exit_is_clean(rt: &impl Runtime) {
    let log = Log::new();
    let scope = Probe::new(&log, "a").reasons();
    let ended = with(rt, scope, async |_| Ok::<_, Failed>(7)).await;
    assert_eq!(ended, Ok(7));
    log.assert("+a -a:completed");
}

// M1.3, CM-7
pub async fn body_completes_and_exit_fails(rt: &impl Runtime) {
    let log = Log::new();
    let scope = Probe::new(&log, "a").exit_fails().reasons();
    let ended = with(rt, scope, async |_| Ok::<_, Failed>(7)).await;
    let error = ExitError::Failed(ProbeError("a".to_owned()));
    assert_eq!(ended, Err(ScopeError::Exit { error, value: 7 }));
    log.assert("+a -a:completed");
}

// M1.4, CM-22, K10
pub async fn body_completes_and_exit_is_cancelled_softly(rt: &impl Runtime) {
    let log = Log::new();
    let scope = Probe::new(&log, "a")
        .exit_waits_for("go")
        .exit_yields(0)
        .reasons();
    let scoped = with(rt, scope, async |_| Ok::<_, Failed>(7));
    let mut timed = pin!(timeout(&PollTimer, Duration::ZERO, scoped));
    // Its time is up with the first poll.
    assert!(poll_now(timed.as_mut()).is_pending());
    assert!(poll_now(timed.as_mut()).is_pending());
    log.assert("+a …a");
    log.push("go");
    assert_eq!(timed.await, Ok(Ok(7)));
    log.assert("+a …a go -a:completed");
}

// M1.4, CM-22, K2
pub async fn body_completes_and_exit_is_cancelled_hard(rt: &impl Runtime) {
    let log = Log::new();
    let scope = Probe::new(&log, "a").exit_waits_for("go").reasons();
    let mut scoped = Box::pin(with(rt, scope, async |_| Ok::<_, Failed>(7)));
    assert!(poll_now(scoped.as_mut()).is_pending());
    drop(scoped);
    log.assert("+a …a");
    log.push("go");
    log.seen(rt, "-a:completed").await;
    // It went on from where it stood.
    assert_eq!(log.count("…a"), 1);
}

// M1.5, CM-6, CM-30
pub async fn body_fails_and_exit_is_clean(rt: &impl Runtime) {
    let log = Log::new();
    let scope = Probe::new(&log, "a").shows_errors();
    let ended = with(rt, scope, async |_| Err::<(), _>(REFUSED)).await;
    assert_eq!(ended, Err(ScopeError::Body(REFUSED)));
    log.assert("+a -a:failed(refused)");
}

// M1.6, A-6
pub async fn body_fails_and_exit_suppresses(rt: &impl Runtime) {
    let log = Log::new();
    let scope = Swallowing {
        probe: Probe::new(&log, "a").shows_errors(),
        prefix: "re",
    };
    let ended = with_suppressing(rt, scope, async |_| Err::<(), _>(REFUSED)).await;
    assert_eq!(ended, Ok(None));
    log.assert("+a ?a -a:failed(refused)");
}

// M1.7, CM-8
pub async fn body_fails_and_exit_fails(rt: &impl Runtime) {
    let log = Log::new();
    let scope = Probe::new(&log, "a").exit_fails().shows_errors();
    let ended = with(rt, scope, async |_| Err::<(), _>(REFUSED)).await;
    let exit = ExitError::Failed(ProbeError("a".to_owned()));
    let body = REFUSED;
    assert_eq!(ended, Err(ScopeError::Both { body, exit }));
    log.assert("+a -a:failed(refused)");
}

// M1.8, CM-22, K10
pub async fn body_fails_and_exit_is_cancelled_softly(rt: &impl Runtime) {
    let log = Log::new();
    let scope = Probe::new(&log, "a")
        .exit_waits_for("go")
        .exit_yields(0)
        .shows_errors();
    let scoped = with(rt, scope, async |_| Err::<(), _>(REFUSED));
    let mut timed = pin!(timeout(&PollTimer, Duration::ZERO, scoped));
    assert!(poll_now(timed.as_mut()).is_pending());
    assert!(poll_now(timed.as_mut()).is_pending());
    log.push("go");
    assert_eq!(timed.await, Ok(Err(ScopeError::Body(REFUSED))));
    log.assert("+a …a go -a:failed(refused)");
}

// M1.8, CM-22, K12
pub async fn body_fails_and_exit_is_cancelled_hard(rt: &impl Runtime) {
    let reports = Reports::begin();
    let log = Log::new();
    let scope = Probe::new(&log, "a").exit_waits_for("go").shows_errors();
    let error = ProbeError(unique("m1-8"));
    let body = async |_: &mut String| Err::<(), _>(error.clone());
    let mut scoped = Box::pin(with(rt, scope, body));
    assert!(poll_now(scoped.as_mut()).is_pending());
    drop(scoped);
    log.push("go");
    log.seen(rt, &format!("-a:failed({error})")).await;
    reports.until(rt, &error.0).await;
    assert_eq!(reports.count(&error.0), 1);
}

// M1.9, CM-21, K1
pub async fn body_is_cancelled_softly(rt: &impl Runtime) {
    let log = Log::new();
    let scope = Probe::new(&log, "a").exit_yields(3).reasons();
    let ended = timeout(&PollTimer, Duration::ZERO, with(rt, scope, endless)).await;
    assert!(ended.is_err());
    log.assert("+a -a:cancelled");
}

// M1.9, A-4, K2
pub async fn body_is_cancelled_hard(rt: &impl Runtime) {
    let log = Log::new();
    let scope = Probe::new(&log, "a").exit_waits_for("go").reasons();
    let mut scoped = Box::pin(with(rt, scope, endless));
    assert!(poll_now(scoped.as_mut()).is_pending());
    drop(scoped);
    assert!(!log.has("-a:cancelled"));
    log.push("go");
    log.seen(rt, "-a:cancelled").await;
}

// M1.10, CM-24
pub async fn a_cancelled_body_cannot_be_suppressed(rt: &impl Runtime) {
    let log = Log::new();
    let scope = Swallowing {
        probe: Probe::new(&log, "a").reasons(),
        prefix: "",
    };
    let scoped = with_suppressing(rt, scope, endless);
    assert!(timeout(&PollTimer, Duration::ZERO, scoped).await.is_err());
    // It was not even asked.
    log.assert("+a -a:cancelled");
}

// M1.11, CM-21
pub async fn body_is_cancelled_softly_and_exit_fails(rt: &impl Runtime) {
    let reports = Reports::begin();
    let log = Log::new();
    let name = unique("m1-11-soft");
    let scope = Probe::new(&log, &name).exit_fails().reasons();
    let ended = timeout(&PollTimer, Duration::ZERO, with(rt, scope, endless)).await;
    assert!(ended.is_err());
    log.assert(&format!("+{name} -{name}:cancelled"));
    assert_eq!(reports.count(&name), 1);
}

// M1.11, A-4
pub async fn body_is_cancelled_hard_and_exit_fails(rt: &impl Runtime) {
    let reports = Reports::begin();
    let log = Log::new();
    let name = unique("m1-11-hard");
    let scope = Probe::new(&log, &name).exit_fails().reasons();
    let mut scoped = Box::pin(with(rt, scope, endless));
    assert!(poll_now(scoped.as_mut()).is_pending());
    drop(scoped);
    log.seen(rt, &format!("-{name}:cancelled")).await;
    reports.until(rt, &name).await;
    assert_eq!(reports.count(&name), 1);
}

// M1.12, A-5, CM-25, K11
pub async fn body_panics_and_exit_is_clean(rt: &impl Runtime) {
    let log = Log::new();
    let scope = Probe::new(&log, "a").exit_yields(2).reasons();
    let scoped = with(rt, scope, async |_| -> Result<(), Failed> {
        yields(1).await;
        panic_any("body of a")
    });
    assert_eq!(caught(scoped).await.unwrap_err(), "body of a");
    log.assert("+a -a:panicked");
}

// M1.13, K11
pub async fn body_panics_and_exit_fails(rt: &impl Runtime) {
    let reports = Reports::begin();
    let log = Log::new();
    let name = unique("m1-13");
    let scope = Probe::new(&log, &name).exit_fails().reasons();
    let scoped = with(rt, scope, async |_| -> Result<(), Failed> {
        panic_any("the body")
    });
    assert_eq!(caught(scoped).await.unwrap_err(), "the body");
    log.assert(&format!("+{name} -{name}:panicked"));
    assert_eq!(reports.count(&name), 1);
}

/// Is half entered for ever.
struct Half(Log);

struct Undo(Log);

impl Drop for Undo {
    fn drop(&mut self) {
        self.0.push("undone");
    }
}

impl Scope for Half {
    type Resource = Undo;
    type Error = ProbeError;
    type OnDrop = HandOver;

    async fn enter(&mut self) -> Result<Undo, ProbeError> {
        self.0.push("half");
        let undo = Undo(self.0.clone());
        pending::<()>().await;
        Ok(undo)
    }

    async fn exit(self, _: Undo, _: ExitReason<'_>) -> Result<(), ProbeError> {
        self.0.push("exit");
        Ok(())
    }
}

// M1.14, CM-19
pub async fn enter_is_cancelled_softly(rt: &impl Runtime) {
    let log = Log::new();
    let scoped = with(rt, Half(log.clone()), async |_| Ok::<_, Failed>(()));
    assert!(timeout(&PollTimer, Duration::ZERO, scoped).await.is_err());
    log.assert("half undone");
}

// M1.14, CM-19
pub async fn enter_is_cancelled_hard(rt: &impl Runtime) {
    let log = Log::new();
    let mut scoped = Box::pin(with(rt, Half(log.clone()), async |_| Ok::<_, Failed>(())));
    assert!(poll_now(scoped.as_mut()).is_pending());
    drop(scoped);
    log.assert("half undone");
}
