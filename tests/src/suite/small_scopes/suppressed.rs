//! Scopes that swallow errors.

use std::num::{ParseFloatError, ParseIntError};
use std::time::Duration;

use withal::runtime::Runtime;
use withal::scope::{suppress, suppress_any};
use withal::{ScopeError, timeout, with, with_suppressing};

use super::{drop_entered, endless};
use crate::poll::{caught, yields};
use crate::probe::Failed;
use crate::reports::Reports;
use crate::{Log, Probe};

// SM-7, SM-9, A-6
pub async fn what_is_named_is_suppressed_and_nothing_else(rt: &impl Runtime) {
    let gone = suppress(|error: &Failed| error.0 == "gone");
    let body = async |what| {
        let ended = with_suppressing(rt, gone, async |()| {
            yields(1).await;
            match what {
                "fine" => Ok(7),
                what => Err(Failed(what)),
            }
        });
        ended.await
    };
    assert_eq!(body("fine").await, Ok(Some(7)));
    assert_eq!(body("gone").await, Ok(None));
    let refused = ScopeError::Body(Failed("refused"));
    assert_eq!(body("refused").await, Err(refused));
    // Another type is not looked at, whatever it says.
    let other = with_suppressing(rt, gone, async |()| Err::<(), _>("gone")).await;
    assert_eq!(other, Err(ScopeError::Body("gone")));
    let nothing = suppress_any(|_| false);
    let ended = with_suppressing(rt, nothing, async |()| Err::<(), _>(Failed("refused")));
    assert_eq!(ended.await, Err(ScopeError::Body(Failed("refused"))));
    // The ability alone does nothing.
    let plain = with(rt, gone, async |()| Err::<(), _>(Failed("gone"))).await;
    assert_eq!(plain, Err(ScopeError::Body(Failed("gone"))));
}

// SM-7
pub async fn several_types_are_suppressed_by_one_predicate(rt: &impl Runtime) {
    let unreadable =
        suppress_any(|failure| failure.is::<ParseIntError>() || failure.is::<ParseFloatError>());
    let ended = with_suppressing(rt, unreadable, async |()| "x".parse::<u8>());
    assert_eq!(ended.await, Ok(None));
    let ended = with_suppressing(rt, unreadable, async |()| "x".parse::<f32>());
    assert_eq!(ended.await, Ok(None));
    let ended = with_suppressing(rt, unreadable, async |()| "x".parse::<bool>());
    assert!(ended.await.unwrap_err().body().is_some());
}

// SM-9, CM-24, A-6
pub async fn neither_a_cancellation_nor_a_panic_is_suppressed(rt: &impl Runtime) {
    let (log, reports) = (Log::new(), Reports::begin());
    let everything = || {
        suppress_any(|_| {
            log.push("asked");
            true
        })
    };
    let panics = with_suppressing(rt, everything(), async |()| -> Result<(), Failed> {
        panic!("on purpose")
    });
    assert_eq!(caught(panics).await.unwrap_err(), "on purpose");
    let late = with_suppressing(rt, everything(), endless);
    let late = timeout(rt, Duration::from_millis(5), late).await;
    late.unwrap_err();
    drop_entered(with_suppressing(rt, everything(), endless));
    log.assert("");
    assert_eq!(reports.here(), Vec::<String>::new());
    let asked = with_suppressing(rt, everything(), async |()| Err::<(), _>(Failed("refused")));
    assert_eq!(asked.await, Ok(None));
    log.assert("asked");
}

// SM-7, CM-26: the inner one first; what it leaves is the outer one's to see.
pub async fn suppressing_scopes_nest(rt: &impl Runtime) {
    let log = Log::new();
    let gone = suppress(|error: &Failed| error.0 == "gone");
    let any = suppress(|_: &ScopeError<Failed, std::convert::Infallible, ()>| true);
    for (what, expected) in [("gone", Ok(Some(None))), ("refused", Ok(None))] {
        let ended = with_suppressing(rt, any, async |()| {
            with_suppressing(rt, gone, async |()| {
                let scoped = with(rt, Probe::new(&log, what).reasons(), async |_| {
                    Err::<(), _>(Failed(what))
                });
                scoped.await.map_err(|error| error.into_body().unwrap())
            })
            .await
            .map_err(ScopeError::without_value)
        });
        assert_eq!(ended.await, expected);
    }
    log.assert("+gone -gone:failed +refused -refused:failed");
}
