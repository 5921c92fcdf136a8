//! Limits on the time of an enter and of an exit.

use std::error::Error;
use std::future::pending;
use std::time::Duration;

use withal::runtime::Runtime;
use withal::scope::{ExitError, Lend, Limited, LimitedError, from_guard, limited, retry, scope_fn};
use withal::{ScopeError, cancel, with, with_suppressing};

use super::{drop_entered, endless};
use crate::foreign::{begun, gives_up};
use crate::poll::{ByHand, poll_now, yields};
use crate::probe::{Borrowing, Failed, ProbeError, Swallowing};
use crate::reports::Reports;
use crate::{Deterministic, Log, Probe};

const SECOND: Duration = Duration::from_secs(1);
const TICK: Duration = Duration::from_millis(1);

/// Waits in its exit until the log says "go".
fn held(log: &Log, name: &str) -> Probe {
    Probe::new(log, name)
        .exit_waits_for("go")
        .exit_yields(0)
        .shows_errors()
}

/// A scope whose enter is done when the log says "go".
macro_rules! slow_to_enter {
    ($rt:expr, $log:expr) => {{
        let (rt, log) = ($rt.clone(), $log.clone());
        scope_fn(async move |lend: Lend<u32>| {
            let inner = with(
                &rt,
                Probe::new(&log, "b").exit_yields(2).reasons(),
                async |_| {
                    log.when(|events| events.iter().any(|seen| seen == "go"))
                        .await;
                    Ok::<_, Failed>(7)
                },
            );
            let (seven, ended) = lend.lend(inner.await.unwrap()).await;
            log.push(format_args!("-{seven}:{}", ended.kind()));
            Ok::<_, Failed>(ended)
        })
    }};
}

// SM-18
pub async fn an_enter_in_time_is_not_disturbed(_: &impl Runtime) {
    let (rt, log) = (Deterministic::new(), Log::new());
    let scope = limited(&rt, slow_to_enter!(rt, log)).enter_timeout(SECOND);
    let mut scoped = ByHand::waiting(with(&rt, scope, async |_| {
        assert_eq!(rt.timers(), 0, "the time of an enter ends with it");
        rt.advance(SECOND * 2);
        yields(1).await;
        Ok::<_, Failed>(())
    }));
    rt.advance(SECOND - TICK);
    assert!(!scoped.woken());
    log.push("go");
    rt.block_on(async { scoped.when_ready().await }).unwrap();
    log.assert("+b go -b:completed -7:completed");
}

// SM-18, CM-3
pub async fn an_enter_that_fails_in_time_gives_its_own_error(rt: &impl Runtime) {
    let (log, reports) = (Log::new(), Reports::begin());
    let unable = Probe::new(&log, "a").enter_yields(2).enter_fails();
    let unable = limited(rt, unable).enter_timeout(SECOND * 60);
    let ended = with(rt, unable, async |_| Ok::<_, Failed>(())).await;
    let error = ProbeError("a".to_owned());
    assert_eq!(ended, Err(ScopeError::Enter(LimitedError::Failed(error))));
    assert_eq!(reports.here(), Vec::<String>::new());
}

// SM-18, K1, CM-19
pub async fn an_enter_that_is_too_slow_is_cancelled_and_cleaned_up(rt: &impl Runtime) {
    let (log, limit) = (Log::new(), Duration::from_millis(5));
    let scope = limited(rt, slow_to_enter!(rt, log)).enter_timeout(limit);
    let ended = with(rt, scope, async |_| {
        log.push("body");
        Ok::<_, Failed>(())
    });
    let ended = ended.await;
    log.push("returned");
    assert_eq!(
        ended,
        Err(ScopeError::Enter(LimitedError::EnterElapsed(limit)))
    );
    log.assert("+b -b:cancelled returned");
}

// SM-18, SM-20, K1, CM-17: of several, those that are in are exited, and each attempt enters all anew.
pub async fn an_enter_of_several_that_is_too_slow_exits_those_that_are_in(rt: &impl Runtime) {
    let (log, mut made) = (Log::new(), 0);
    let scope = retry(rt, [Duration::ZERO], || {
        made += 1;
        let (attempt, limit) = (made, if made == 1 { 5 } else { 60_000 });
        let a = Probe::new(&log, format!("a{attempt}"))
            .exit_yields(2)
            .reasons();
        let b = from_guard(async move {
            if attempt == 1 {
                pending::<()>().await;
            }
            Ok::<_, Failed>("b")
        });
        limited(rt, (a, Some(b))).enter_timeout(Duration::from_millis(limit))
    });
    let ended = with(rt, scope, async |(a, b)| {
        log.push("body");
        Ok::<_, Failed>((a.clone(), b.as_ref().copied()))
    });
    assert_eq!(ended.await.unwrap(), ("a2".to_owned(), Some("b")));
    log.assert("+a1 -a1:cancelled +a2 body -a2:completed");
}

// SM-18, K10, CM-19: it was about to be entered.
pub async fn an_enter_that_ends_in_an_exit_in_progress_counts(_: &impl Runtime) {
    let (rt, log) = (Deterministic::new(), Log::new());
    let own = (rt.clone(), log.clone());
    let scope = scope_fn(async move |lend: Lend<()>| {
        let (rt, log) = own;
        let inner = with(&rt, held(&log, "b"), async |_| Ok::<_, Failed>(()));
        inner.await.unwrap();
        let ((), ended) = lend.lend(()).await;
        log.push(format_args!("-a:{}", ended.kind()));
        Ok::<_, Failed>(ended)
    });
    let scope = limited(&rt, scope).enter_timeout(SECOND);
    let mut scoped = ByHand::waiting(with(&rt, scope, async |()| {
        log.push("body");
        Ok::<_, Failed>(())
    }));
    rt.advance(SECOND);
    assert!(scoped.poll().is_pending());
    log.push("go");
    scoped.ready().unwrap();
    log.assert("+b …b go -b:completed body -a:completed");
}

// SM-18
pub async fn an_enter_without_time_is_polled_once(_: &impl Runtime) {
    let (rt, log) = (Deterministic::new(), Log::new());
    let at_once = limited(&rt, Probe::new(&log, "a").exit_yields(0)).enter_timeout(Duration::ZERO);
    let ended = with(&rt, at_once, async |_| Ok::<_, Failed>(7));
    assert_eq!(ByHand::new(ended).ready(), Ok(7));
    let slow = limited(&rt, Probe::new(&log, "b").enter_yields(1)).enter_timeout(Duration::ZERO);
    let ended = ByHand::new(with(&rt, slow, async |_| Ok::<_, Failed>(7))).ready();
    let elapsed = LimitedError::EnterElapsed(Duration::ZERO);
    assert_eq!(ended, Err(ScopeError::Enter(elapsed)));
    log.assert("+a -a");
    assert_eq!(rt.timers(), 0);
}

// SM-19
pub async fn an_exit_in_time_is_not_disturbed(_: &impl Runtime) {
    let (rt, log, reports) = (Deterministic::new(), Log::new(), Reports::begin());
    let scope = limited(&rt, held(&log, "a").exit_fails()).exit_timeout(SECOND);
    let mut scoped = ByHand::waiting(with(&rt, scope, async |_| {
        rt.advance(SECOND * 2); // is the body's
        Err::<(), _>(Failed("refused"))
    }));
    rt.advance(SECOND - TICK);
    assert!(scoped.poll().is_pending());
    log.push("go");
    let error = ExitError::Failed(LimitedError::Failed(ProbeError("a".to_owned())));
    let (body, exit) = (Failed("refused"), error);
    assert_eq!(scoped.ready(), Err(ScopeError::Both { body, exit }));
    log.assert("+a …a go -a:failed");
    assert_eq!((rt.timers(), reports.here()), (0, Vec::new()));
}

// SM-19, CM-23, CM-7
pub async fn an_exit_that_is_too_slow_goes_on_by_itself(rt: &impl Runtime) {
    struct Case;
    let (log, reports, limit) = (Log::new(), Reports::begin(), Duration::from_millis(5));
    let scope = limited(rt, held(&log, "a")).exit_timeout(limit);
    let outer = with(rt, Probe::new(&log, "z").reasons(), async |_| {
        let ended = with(rt, scope, async |_| Ok::<_, Failed>(7)).await;
        log.push("returned");
        let error = ExitError::Failed(LimitedError::ExitElapsed(limit));
        assert_eq!(ended, Err(ScopeError::Exit { error, value: 7 }));
        Ok::<_, Failed>(Case)
    });
    // The scope around does not wait for it either.
    outer.await.unwrap_or_else(|_| unreachable!());
    log.assert("+z +a …a returned -z:completed");
    assert_eq!(reports.count("cleanup budget of 5ms ran out"), 1);
    log.push("go");
    log.seen(rt, "-a:completed").await;
    assert_eq!((log.count("…a"), log.count("-a")), (1, 1));
}

// SM-19, CM-17, CM-22
pub async fn an_exit_that_is_dropped_half_run_is_handed_over_once(rt: &impl Runtime) {
    let log = Log::new();
    let scope = limited(rt, held(&log, "a")).exit_timeout(SECOND * 60);
    let scoped = with(rt, scope, async |_| Ok::<_, Failed>(()));
    assert!(gives_up(2, scoped).await.is_none());
    log.assert("+a …a");
    log.push("go");
    log.seen(rt, "-a:completed").await;
    assert_eq!((log.count("…a"), log.count("-a")), (1, 1));
}

// SM-19, CM-8, A-7, K12
pub async fn a_late_exit_hides_no_error(_: &impl Runtime) {
    let (rt, log, reports) = (Deterministic::new(), Log::new(), Reports::begin());
    let scope = limited(&rt, held(&log, "a").exit_fails()).exit_timeout(SECOND);
    let mut scoped = ByHand::waiting(with(&rt, scope, async |_| Err::<(), _>(Failed("refused"))));
    rt.advance(SECOND);
    let (body, exit) = (
        Failed("refused"),
        ExitError::Failed(LimitedError::ExitElapsed(SECOND)),
    );
    assert_eq!(scoped.ready(), Err(ScopeError::Both { body, exit }));
    log.push("go");
    rt.run_until_stalled();
    // It knows of the failure, and has not got the error.
    log.assert("+a …a go -a:failed");
    let here = reports.here();
    assert_eq!(here.len(), 2, "{here:?}");
    assert!(
        here[1].contains("exit failed: ProbeError(\"a\")"),
        "{here:?}"
    );
}

// SM-19, A-4
pub async fn a_late_exit_that_cannot_be_moved_is_abandoned(_: &impl Runtime) {
    let (rt, log, reports) = (Deterministic::new(), Log::new(), Reports::begin());
    let borrowing = Borrowing {
        log: &log,
        name: "a",
        releases: true,
    };
    let scope = limited(&rt, borrowing).exit_timeout(Duration::ZERO);
    let ended = ByHand::new(with(&rt, scope, async |_| Ok::<_, Failed>(7))).ready();
    let error = ExitError::Failed(LimitedError::ExitElapsed(Duration::ZERO));
    assert_eq!(ended, Err(ScopeError::Exit { error, value: 7 }));
    let here = reports.here();
    assert!(
        here.len() == 2 && here[1].contains("without its exit"),
        "{here:?}"
    );
    log.assert("+a");
    // Where it is dropped before its exit, it has its hook.
    drop_entered(with(
        &rt,
        limited(&rt, borrowing).exit_timeout(SECOND),
        endless,
    ));
    log.assert("+a +a ~a");
}

// SM-19, K9, CM-23: whoever cancels waits no longer either.
pub async fn a_dropped_scope_keeps_the_limit_of_its_exit(_: &impl Runtime) {
    let (rt, log, reports) = (Deterministic::new(), Log::new(), Reports::begin());
    for exiting in [false, true] {
        let scope = limited(&rt, held(&log, "a")).exit_timeout(SECOND);
        let scoped = begun(with(&rt, scope, async |_| {
            if exiting {
                return Ok(());
            }
            pending::<Result<(), Failed>>().await
        }));
        let mut cancelled = ByHand::waiting(cancel(scoped));
        rt.advance(SECOND - TICK);
        assert!(cancelled.poll().is_pending());
        rt.advance(TICK);
        cancelled.ready();
    }
    assert_eq!(reports.count("cleanup budget of 1s ran out"), 2);
    log.push("go");
    rt.run_until_stalled();
    log.assert("+a …a +a …a go -a:cancelled -a:completed");
}

// SM-19, SM-7
pub async fn limits_leave_the_choice_to_suppress(rt: &impl Runtime) {
    let log = Log::new();
    let swallowing = Swallowing {
        probe: Probe::new(&log, "a").reasons(),
        prefix: "re",
    };
    for (what, suppressed) in [("refused", true), ("gone", false)] {
        let scope = limited(rt, swallowing.clone()).exit_timeout(SECOND * 60);
        let ended = with_suppressing(rt, scope, async |_| Err::<(), _>(Failed(what)));
        assert_eq!(ended.await == Ok(None), suppressed);
    }
    log.assert("+a ?a -a:failed +a ?a -a:failed");
}

// SM-18, SM-19
pub async fn limits_say_what_was_too_slow(_: &impl Runtime) {
    let error = LimitedError::Failed(ProbeError("a".to_owned()));
    assert_eq!(error.to_string(), "probe a failed");
    assert!(error.source().is_none() && !error.is_elapsed());
    let error = LimitedError::<ProbeError>::EnterElapsed(SECOND);
    assert_eq!(error.to_string(), "scope not entered within 1s");
    let error = LimitedError::<ProbeError>::ExitElapsed(SECOND);
    assert_eq!(error.to_string(), "scope not exited within 1s");
    assert!(error.is_elapsed());
    let rt = Deterministic::new();
    let scope: Limited<_, _> = limited(&rt, Probe::new(&Log::new(), "a")).enter_timeout(SECOND);
    let text = format!("{scope:?}");
    assert!(
        text.contains("enter: Some(1s)") && text.contains("exit: None"),
        "{text}"
    );
    assert!(poll_now(Box::pin(with(&rt, scope, endless)).as_mut()).is_pending());
}
