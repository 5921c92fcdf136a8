//! A timeout: what happened to its time, and to its future. The cells of the table in
//! `docs/contract.md`.

use std::future::pending;
use std::pin::pin;
use std::time::Duration;

use withal::cancel_scope::CancelScopeError;
use withal::runtime::Runtime;
use withal::scope::ExitError;
use withal::{
    CancelKind, CancelScope, ScopeError, TaskGroup, cancel, cancel_scope, move_on_after,
    task_group, timeout, with,
};

use crate::foreign::begun;
use crate::poll::{ByHand, poll_now, yields};
use crate::probe::{Failed, ProbeError};
use crate::sweep::PollTimer;
use crate::{Deterministic, Log, Probe};

/// The table of these cases, given to the macro `$make`.
#[doc(hidden)]
#[macro_export]
macro_rules! matrix_m4_cases {
    ($make:ident $with:tt $of:tt) => {
        $crate::$make! { $with $of matrix_m4:
            in_time_with_a_value,
            in_time_with_a_value_though_the_clock_has_passed_the_deadline,
            in_time_with_an_error,
            in_time_and_cancelled_softly,
            in_time_and_cancelled_hard,
            out_of_time,
            out_of_time_and_cancelled_softly_meanwhile,
            out_of_time_and_cancelled_hard_meanwhile,
            out_of_time_in_an_exit_that_commits,
            out_of_time_in_an_exit_that_fails,
            out_of_time_in_an_exit_of_a_body_that_failed,
            out_of_time_and_the_body_that_is_asked_gives_a_value,
            out_of_time_and_the_body_that_is_asked_fails,
            out_of_time_and_the_body_that_is_asked_fails_with_a_group,
            out_of_time_and_the_body_that_is_asked_goes_on,
        }
    };
}

const LONG: Duration = Duration::from_secs(3600);
const TICK: Duration = Duration::from_millis(1);
const REFUSED: Failed = Failed("refused");

async fn endless(_: &mut String) -> Result<(), Failed> {
    pending().await
}

fn probe(log: &Log) -> Probe {
    Probe::new(log, "a").exit_yields(2).reasons()
}

/// Its exit waits until the log says "go".
fn held(log: &Log) -> Probe {
    Probe::new(log, "a")
        .exit_waits_for("go")
        .exit_yields(0)
        .shows_errors()
}

// M4.1, TO-7
pub async fn in_time_with_a_value(rt: &impl Runtime) {
    let log = Log::new();
    let scoped = with(rt, probe(&log), async |_| {
        yields(2).await;
        Ok::<_, Failed>(7)
    });
    assert_eq!(timeout(rt, LONG, scoped).await, Ok(Ok(7)));
    log.assert("+a -a:completed");
    let late = move_on_after(rt, LONG, yields(2)).await;
    assert_eq!(late, Some(()));
}

// M4.2, TO-6, WF-9
pub async fn in_time_with_a_value_though_the_clock_has_passed_the_deadline(_: &impl Runtime) {
    let (rt, log) = (Deterministic::new(), Log::new());
    let mut timed = ByHand::waiting(timeout(&rt, TICK, async {
        log.when(|events| !events.is_empty()).await;
        7
    }));
    // Both wake it, and the timer was first.
    rt.advance(LONG);
    log.push("go");
    assert_eq!(timed.ready(), Ok(7));
}

// M4.3, TO-18
pub async fn in_time_with_an_error(rt: &impl Runtime) {
    let log = Log::new();
    let scoped = with(rt, probe(&log), async |_| {
        yields(2).await;
        Err::<(), _>(REFUSED)
    });
    let ended = timeout(rt, LONG, scoped).await;
    assert_eq!(ended, Ok(Err(ScopeError::Body(REFUSED))));
    log.assert("+a -a:failed");
}

// M4.4, TO-8, WF-6, A-3
pub async fn in_time_and_cancelled_softly(rt: &impl Runtime) {
    let log = Log::new();
    let timed = begun(timeout(rt, LONG, with(rt, probe(&log), endless)));
    cancel(timed).await;
    log.assert("+a -a:cancelled");
}

// M4.4, TO-8, WF-6, A-3
pub async fn in_time_and_cancelled_hard(rt: &impl Runtime) {
    let log = Log::new();
    drop(begun(timeout(rt, LONG, with(rt, held(&log), endless))));
    log.push("go");
    log.seen(rt, "-a:cancelled").await;
}

// M4.5, TO-3, WF-3
pub async fn out_of_time(rt: &impl Runtime) {
    let log = Log::new();
    let elapsed = timeout(rt, TICK, with(rt, probe(&log), endless)).await;
    log.push("returned");
    assert_eq!(elapsed.unwrap_err().timeout, TICK);
    log.assert("+a -a:cancelled returned");
    let late = move_on_after(rt, TICK, with(rt, probe(&log), endless)).await;
    assert_eq!(late, None);
}

// M4.6, TO-8, A-3, K1: who cancels waits for the cleanup, and nobody hears that the time was up.
pub async fn out_of_time_and_cancelled_softly_meanwhile(rt: &impl Runtime) {
    let log = Log::new();
    let timed = timeout(&PollTimer, Duration::ZERO, with(rt, held(&log), endless));
    let timed = begun(timed);
    let mut cancelled = pin!(cancel(timed));
    assert!(poll_now(cancelled.as_mut()).is_pending());
    log.assert("+a …a");
    log.push("go");
    cancelled.await;
    log.assert("+a …a go -a:cancelled");
}

// M4.6, TO-8, A-3, K1
pub async fn out_of_time_and_cancelled_hard_meanwhile(rt: &impl Runtime) {
    let log = Log::new();
    let timed = timeout(&PollTimer, Duration::ZERO, with(rt, held(&log), endless));
    drop(begun(timed));
    log.push("go");
    log.seen(rt, "-a:cancelled").await;
    assert_eq!(log.count("…a"), 1);
}

// M4.7, TO-4, WF-4, K10
pub async fn out_of_time_in_an_exit_that_commits(rt: &impl Runtime) {
    let log = Log::new();
    let scoped = with(rt, held(&log), async |_| Ok::<_, Failed>(7));
    let mut timed = pin!(timeout(&PollTimer, Duration::ZERO, scoped));
    assert!(poll_now(timed.as_mut()).is_pending());
    assert!(poll_now(timed.as_mut()).is_pending());
    log.push("go");
    assert_eq!(timed.await, Ok(Ok(7)));
    log.assert("+a …a go -a:completed");
}

// M4.8, TO-5, WF-5, K10
pub async fn out_of_time_in_an_exit_that_fails(rt: &impl Runtime) {
    let log = Log::new();
    let scoped = with(rt, held(&log).exit_fails(), async |_| Ok::<_, Failed>(7));
    let mut timed = pin!(timeout(&PollTimer, Duration::ZERO, scoped));
    assert!(poll_now(timed.as_mut()).is_pending());
    log.push("go");
    let error = ExitError::Failed(ProbeError("a".to_owned()));
    assert_eq!(timed.await, Ok(Err(ScopeError::Exit { error, value: 7 })));
}

// M4.8, TO-5, WF-5, K10
pub async fn out_of_time_in_an_exit_of_a_body_that_failed(rt: &impl Runtime) {
    let log = Log::new();
    let scoped = with(rt, held(&log), async |_| Err::<(), _>(REFUSED));
    let mut timed = pin!(timeout(&PollTimer, Duration::ZERO, scoped));
    assert!(poll_now(timed.as_mut()).is_pending());
    log.push("go");
    assert_eq!(timed.await, Ok(Err(ScopeError::Body(REFUSED))));
    log.assert("+a …a go -a:failed(refused)");
}

// M4.9, TO-4, TO-15, TO-19
pub async fn out_of_time_and_the_body_that_is_asked_gives_a_value<R: Runtime>(rt: &R) {
    let scoped = cancel_scope(rt, async |scope: CancelScope<R>| {
        scope.token().cancelled().await;
        assert!(scope.elapsed());
        7
    });
    let end = scoped.timeout(TICK).grace(LONG).await;
    assert!(end.elapsed() && end.cancel_called() && !end.cancelled_caught());
    assert_eq!(end.or_elapsed().unwrap(), Some(7));
}

// M4.10, TO-5, TO-19
pub async fn out_of_time_and_the_body_that_is_asked_fails<R: Runtime>(rt: &R) {
    let scoped = cancel_scope(rt, async |scope: CancelScope<R>| {
        scope.token().cancelled().await;
        Err::<(), _>(REFUSED)
    });
    let end = scoped.timeout(TICK).grace(LONG).await;
    assert!(end.elapsed() && !end.cancelled_caught());
    let Err(CancelScopeError::Failed { error, asked, .. }) = end.flatten() else {
        panic!("the body failed");
    };
    assert_eq!(error, REFUSED);
    assert_eq!(asked.unwrap().kind(), CancelKind::Deadline);
}

// M4.11, TO-5, TG-6, TG-23
pub async fn out_of_time_and_the_body_that_is_asked_fails_with_a_group<R: Runtime>(rt: &R) {
    let scoped = cancel_scope(rt, async |scope: CancelScope<R>| {
        let group = task_group(rt, async |group: TaskGroup<R, Failed>| {
            let token = group.token().clone();
            group.spawn_named("child", async move {
                token.cancelled().await;
                Err::<(), _>(Failed("child"))
            });
            group.token().cancelled().await;
            Ok(())
        });
        group.parent(scope.token()).grace(LONG).await
    });
    let end = scoped.timeout(TICK).grace(LONG).await;
    assert!(end.elapsed() && !end.cancelled_caught());
    let Err(CancelScopeError::Failed { error, asked, .. }) = end.flatten() else {
        panic!("the group failed");
    };
    let leaves: Vec<_> = error.leaves().map(|(_, error)| *error).collect();
    assert_eq!(leaves, [Failed("child")]);
    assert_eq!(asked.unwrap().kind(), CancelKind::Deadline);
}

// M4.12, TO-3, TO-19, TO-20
pub async fn out_of_time_and_the_body_that_is_asked_goes_on<R: Runtime>(rt: &R) {
    let log = Log::new();
    let scoped = cancel_scope(rt, async |_| with(rt, probe(&log), endless).await);
    let end = scoped.timeout(TICK).grace(TICK).await;
    log.push("returned");
    assert!(end.elapsed() && end.cancelled_caught());
    assert_eq!(end.or_elapsed().unwrap_err().timeout, TICK);
    log.assert("+a -a:cancelled returned");
}
