//! Enters that are tried again.

use std::cell::{Cell, RefCell};
use std::error::Error as _;
use std::future::pending;
use std::io::{Error, ErrorKind};
use std::iter::{empty, repeat, successors};
use std::time::Duration;

use withal::runtime::{Runtime, Timer as _};
use withal::scope::{ExitError, LimitedError, Local, RetryError, from_guard, limited, retry};
use withal::{ScopeError, either, timeout, with};

use super::{drop_entered, endless};
use crate::foreign::{OnDrop, begun};
use crate::poll::{ByHand, caught, yields};
use crate::probe::{Failed, LocalProbe, ProbeError};
use crate::reports::Reports;
use crate::{Deterministic, Log, Probe};

const SECOND: Duration = Duration::from_secs(1);

/// Makes `a1`, `a2` and so on, of which the first `failing` cannot be entered.
fn flaky(log: &Log, failing: usize) -> impl FnMut() -> Probe + use<> {
    let (log, mut made) = (log.clone(), 0);
    move || {
        made += 1;
        log.push(format_args!("try{made}"));
        let probe = Probe::new(&log, format!("a{made}"))
            .enter_yields(1)
            .shows_errors();
        if made <= failing {
            probe.enter_fails()
        } else {
            probe
        }
    }
}

// SM-20, CM-17
pub async fn a_scope_is_tried_again_until_it_is_entered(_: &impl Runtime) {
    let (rt, log, reports) = (Deterministic::new(), Log::new(), Reports::begin());
    // As backoff crates give them: growing, at most so many, and with some jitter.
    let delays = successors(Some(SECOND), |delay| Some(*delay * 2))
        .take(5)
        .map(|delay| delay + delay / 10);
    let told = RefCell::new(Vec::new());
    let scope = retry(&rt, delays, flaky(&log, 2)).on_retry(|failed| {
        let at = rt.now().since_start();
        told.borrow_mut().push((failed.attempt, failed.delay, at));
        assert_eq!(failed.error.0, format!("a{}", failed.attempt));
    });
    log.assert("");
    let ended = rt.block_on(with(&rt, scope, async |name| {
        log.push("body");
        Err::<(), _>(Failed(if name == "a3" { "refused" } else { "another" }))
    }));
    assert_eq!(ended, Err(ScopeError::Body(Failed("refused"))));
    log.assert("try1 try2 try3 +a3 body -a3:failed(refused)");
    let (first, second) = (SECOND * 11 / 10, SECOND * 22 / 10);
    assert_eq!(
        *told.borrow(),
        [(1, first, Duration::ZERO), (2, second, first)]
    );
    assert_eq!(rt.now().since_start(), first + second);
    assert_eq!((rt.timers(), reports.here()), (0, Vec::new()));
}

// SM-20: a seed tried again after one kind of error only, and never said so.
pub async fn any_error_is_worth_another_try_unless_told(rt: &impl Runtime) {
    let kinds = [
        ErrorKind::TimedOut,
        ErrorKind::ConnectionRefused,
        ErrorKind::PermissionDenied,
    ];
    let make = |tried: &Cell<usize>| {
        let error = kinds.get(tried.replace(tried.get() + 1)).copied();
        from_guard(async move { error.map_or(Ok(()), |kind| Err(Error::from(kind))) })
    };
    let tried = Cell::new(0);
    let any = retry(rt, [Duration::ZERO; 3], || make(&tried));
    with(rt, any, async |()| Ok::<_, Failed>(())).await.unwrap();
    assert_eq!(tried.get(), 4);

    let tried = Cell::new(0);
    let mut told = 0;
    let some = retry(rt, repeat(Duration::ZERO), || make(&tried))
        .when(|error| error.kind() != ErrorKind::PermissionDenied)
        .on_retry(|_| told += 1);
    let ended = with(rt, some, async |()| Ok::<_, Failed>(())).await;
    let Err(ScopeError::Enter(RetryError::Enter(attempts))) = ended else {
        panic!("{ended:?}");
    };
    assert_eq!((attempts.count(), tried.get(), told), (3, 3, 2));
    assert!(attempts.was_refused());
    assert_eq!(attempts.last().kind(), ErrorKind::PermissionDenied);
}

// SM-21, SM-20: a seed lost the last error.
pub async fn a_retry_gives_up_with_every_error(rt: &impl Runtime) {
    let log = Log::new();
    let scope = retry(rt, [Duration::ZERO; 2], flaky(&log, 9));
    let ended = with(rt, scope, async |_| Ok::<_, Failed>(()))
        .await
        .unwrap_err();
    log.assert("try1 try2 try3");
    let source = ended.source().unwrap();
    assert_eq!(source.to_string(), "scope not entered in 3 attempts");
    assert_eq!(source.source().unwrap().to_string(), "probe a3 failed");
    let ScopeError::Enter(RetryError::Enter(attempts)) = ended else {
        panic!("{ended:?}");
    };
    assert!(!attempts.was_refused());
    let earlier: Vec<_> = attempts.earlier().map(|error| error.0.as_str()).collect();
    assert_eq!((attempts.count(), &earlier[..]), (3, &["a1", "a2"][..]));
    assert_eq!(attempts.into_last(), ProbeError("a3".to_owned()));

    // An endless one, cut short; of many errors, it keeps the latest.
    let log = Log::new();
    let scope = retry(rt, repeat(Duration::ZERO), flaky(&log, 99)).attempts(40);
    let ended = with(rt, scope, async |_| Ok::<_, Failed>(())).await;
    let Err(ScopeError::Enter(RetryError::Enter(attempts))) = ended else {
        panic!("{ended:?}");
    };
    assert_eq!((attempts.count(), log.count("try")), (40, 40));
    let earlier: Vec<_> = attempts.earlier().map(|error| error.0.clone()).collect();
    assert_eq!(
        (earlier.len(), &*earlier[0], &*earlier[15]),
        (16, "a24", "a39")
    );
    // Once is once.
    let once = retry(rt, empty(), flaky(&log, 1));
    let ended = with(rt, once, async |_| Ok::<_, Failed>(()))
        .await
        .unwrap_err();
    let text = ended.source().unwrap().to_string();
    assert_eq!(text, "scope not entered in 1 attempt");
}

// SM-20
pub async fn no_attempt_is_an_error_of_its_own(rt: &impl Runtime) {
    let log = Log::new();
    let none = retry(rt, repeat(Duration::ZERO), flaky(&log, 0)).attempts(0);
    let ended = with(rt, none, async |_| Ok::<_, Failed>(()))
        .await
        .unwrap_err();
    let source = ended.source().unwrap();
    assert_eq!(
        source.to_string(),
        "scope not entered: no attempt is allowed"
    );
    assert!(source.source().is_none());
    assert_eq!(ended, ScopeError::Enter(RetryError::NoAttempt));
    log.assert("");
}

// SM-22, CM-18, CM-19
pub async fn a_delay_that_is_cancelled_leaves_no_timer(_: &impl Runtime) {
    let (rt, log, reports) = (Deterministic::new(), Log::new(), Reports::begin());
    let body = async |_: &mut String| Ok::<_, Failed>(());
    drop(with(&rt, retry(&rt, [SECOND], flaky(&log, 1)), body));
    log.assert("");
    let mut scoped = begun(with(&rt, retry(&rt, [SECOND], flaky(&log, 1)), body));
    assert!(crate::poll::poll_now(scoped.as_mut()).is_pending());
    assert_eq!(rt.timers(), 1);
    drop(scoped);
    assert_eq!(rt.timers(), 0);
    rt.advance(SECOND * 2);
    assert_eq!(rt.run_until_stalled(), 0);
    // The same after the wake, and by one of ours.
    let scoped = with(&rt, retry(&rt, [SECOND], flaky(&log, 1)), body);
    let mut scoped = ByHand::waiting(scoped);
    assert!(scoped.poll().is_pending());
    rt.advance(SECOND);
    assert!(scoped.woken());
    drop(scoped);
    let scoped = with(&rt, retry(&rt, [SECOND], flaky(&log, 1)), body);
    let late = rt.block_on(timeout(&rt, SECOND / 2, scoped));
    late.unwrap_err();
    assert_eq!(rt.timers(), 0);
    log.assert("try1 try1 try1");
    assert_eq!(reports.here(), Vec::<String>::new());
}

// SM-22, CM-19
pub async fn an_attempt_that_is_cancelled_is_the_last(rt: &impl Runtime) {
    let log = Log::new();
    let make = || {
        let (begun, undone) = (log.clone(), log.clone());
        from_guard(async move {
            begun.push("begun");
            let _undo = OnDrop::new(move || undone.push("undone"));
            pending::<Result<(), Failed>>().await
        })
    };
    drop_entered(with(rt, retry(rt, repeat(Duration::ZERO), make), endless));
    log.assert("begun undone");
    let scoped = with(rt, retry(rt, repeat(Duration::ZERO), make), endless);
    either(scoped, yields(2)).await;
    log.assert("begun undone begun undone");
}

// SM-22: one poll is not for ever.
pub async fn attempts_that_never_wait_give_way(rt: &impl Runtime) {
    let tried = Cell::new(0);
    let make = || {
        tried.set(tried.get() + 1);
        from_guard(async { Err::<(), _>(Failed("refused")) })
    };
    let mut scoped = ByHand::new(with(rt, retry(rt, repeat(Duration::ZERO), make), endless));
    for polls in 1..=3 {
        assert!(scoped.poll().is_pending());
        assert_eq!(tried.get(), polls);
        assert!(scoped.woken());
    }
}

// SM-20, SM-18
pub async fn an_attempt_has_its_own_time(_: &impl Runtime) {
    let (rt, log) = (Deterministic::new(), Log::new());
    let tried = Cell::new(0);
    let make = || {
        let patience = SECOND * tried.replace(tried.get() + 1);
        let clock = rt.clone();
        let slow = from_guard(async move {
            clock.sleep(SECOND * 5 / 2).await;
            Ok::<_, Failed>(patience)
        });
        limited(&rt, slow).enter_timeout(patience)
    };
    let scope = retry(&rt, repeat(SECOND), make)
        .when(LimitedError::is_elapsed)
        .on_retry(|failed| log.push(failed.error));
    let entered = with(&rt, scope, async |patience| Ok::<_, Failed>(*patience));
    assert_eq!(rt.block_on(entered), Ok(SECOND * 3));
    log.assert(
        "scope not entered within 0ns scope not entered within 1s scope not entered within 2s",
    );
    // Three attempts of 0, 1 and 2 seconds, a second after each, and the last one.
    assert_eq!(rt.now().since_start(), SECOND * 17 / 2);
}

// SM-20, CM-17, CM-7
pub async fn an_exit_is_never_tried_again(rt: &impl Runtime) {
    let (log, mut made) = (Log::new(), 0);
    let scope = retry(rt, repeat(Duration::ZERO), || {
        made += 1;
        Probe::new(&log, format!("a{made}")).exit_fails().reasons()
    });
    let ended = with(rt, scope, async |_| Ok::<_, Failed>(7))
        .await
        .unwrap_err();
    log.assert("+a1 -a1:completed");
    let error = ProbeError("a1".to_owned());
    assert_eq!(
        ended.exit(),
        Some(&ExitError::Failed(RetryError::Exit(error)))
    );
    assert_eq!(ended.into_value(), Ok(7));
    // Dropped, it is the scope that was entered.
    let log = Log::new();
    drop_entered(with(
        rt,
        retry(rt, [Duration::ZERO], flaky(&log, 0)),
        async |_| Ok::<_, Failed>(()),
    ));
    log.assert("try1");
    let scope = retry(rt, [Duration::ZERO], flaky(&log, 0));
    let mut scoped = Box::pin(with(rt, scope, endless));
    crate::poll::poll_until(scoped.as_mut(), &log, "+a1");
    drop(scoped);
    log.seen(rt, "-a1:cancelled").await;
}

// SM-20, K11
pub async fn panics_are_not_retried(rt: &impl Runtime) {
    for place in ["attempt", "make", "when", "hook"] {
        let tried = Cell::new(0);
        let scope = retry(rt, repeat(Duration::ZERO), || {
            tried.set(tried.get() + 1);
            assert_ne!(place, "make");
            from_guard(async move {
                yields(1).await;
                assert_ne!(place, "attempt");
                Err::<(), _>(Failed("refused"))
            })
        });
        let scope = scope
            .when(|_| {
                assert_ne!(place, "when");
                true
            })
            .on_retry(|_| assert_ne!(place, "hook"));
        let panic = caught(with(rt, scope, endless)).await.unwrap_err();
        assert!(panic.contains(place), "{panic}");
        assert_eq!(tried.get(), 1);
    }
}

// SM-20, K8
pub async fn a_retry_of_what_stays_on_its_thread(rt: &impl Runtime) {
    let (log, mut made) = (Log::new(), 0);
    let scope = retry(rt, [Duration::ZERO], || {
        made += 1;
        let probe = Probe::new(&log, format!("a{made}")).reasons();
        let probe = if made == 1 {
            probe.enter_fails()
        } else {
            probe
        };
        Local(LocalProbe::new(probe))
    });
    let counted = with(rt, scope, async |counter| {
        counter.count.set(7);
        yields(1).await;
        Ok::<_, Failed>(counter.count.get())
    });
    assert_eq!(counted.await, Ok(7));
    log.assert("+a2 -a2:completed");
}

// SM-20, SM-21
pub async fn a_retry_in_a_retry(rt: &impl Runtime) {
    let (log, made) = (Log::new(), Cell::new(0));
    let outer = retry(rt, [Duration::ZERO; 2], || {
        retry(rt, [Duration::ZERO], || {
            made.set(made.get() + 1);
            let probe = Probe::new(&log, format!("a{}", made.get())).reasons();
            if made.get() < 6 {
                probe.enter_fails()
            } else {
                probe
            }
        })
    });
    let ended = with(rt, outer, async |name| Ok::<_, Failed>(name.clone()));
    assert_eq!(ended.await.as_deref(), Ok("a6"));
    log.assert("+a6 -a6:completed");
}
