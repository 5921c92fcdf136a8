//! What is shielded, and who waits for it.

use std::convert::Infallible;
use std::future::{Future, ready};
use std::panic::panic_any;
use std::time::Duration;

use withal::runtime::Runtime;
use withal::{await_cleanup, either, shield, shielded, timeout, try_join, with};

use crate::foreign::gives_up;
use crate::log::within_patience;
use crate::poll::{ByHand, caught, yields};
use crate::probe::Failed;
use crate::reports::Reports;
use crate::{Act, Deterministic, Log};

/// The table of these cases, given to the macro `$make`.
#[doc(hidden)]
#[macro_export]
macro_rules! combinators_shields_cases {
    ($make:ident $with:tt $of:tt) => {
        $crate::$make! { $with $of combinators_shields:
            what_comes_of_a_shielded_future_passes_through,
            whoever_cancels_waits_for_what_is_shielded,
            a_shield_that_ends_while_it_is_cancelled_gives_its_value,
            foreign_code_that_drops_a_shield_stops_nothing,
            an_error_behind_a_dropped_shield_is_reported,
            a_timeout_of_zero_lets_a_shield_run,
            a_shield_that_has_not_begun_is_dropped,
        }
    };
}

const LONG: Duration = Duration::from_secs(600);

async fn ends<F: Future>(rt: &impl Runtime, future: F) -> F::Output {
    within_patience(rt, future, || "it does not end".to_owned()).await
}

/// A step of two halves.
async fn commit(log: Log) -> Result<u32, Failed> {
    log.push("half");
    yields(3).await;
    log.push("whole");
    Ok(7)
}

// CB-10
pub async fn what_comes_of_a_shielded_future_passes_through(rt: &impl Runtime) {
    assert_eq!(
        ends(rt, shield(rt, LONG, commit(Log::new()))).await,
        Ok(Ok(7))
    );
    let fails = async { Err::<u32, _>(Failed("error")) };
    assert_eq!(ends(rt, shielded(rt, fails)).await, Err(Failed("error")));
    let panics = async { panic_any("on purpose") };
    let ended: Result<(), _> = ends(rt, caught(shielded(rt, panics))).await;
    assert_eq!(ended.unwrap_err(), "on purpose");
    // What has ended is given in the first poll.
    assert_eq!(ByHand::new(shielded(rt, ready(1))).ready(), 1);
}

// CB-10, CB-12, K10
pub async fn whoever_cancels_waits_for_what_is_shielded(rt: &impl Runtime) {
    let log = Log::new();
    let shields = async {
        shield(rt, LONG, commit(log.clone()))
            .await
            .unwrap()
            .unwrap();
        log.push("behind");
        yields(9).await;
        log.push("never");
        Ok::<(), Failed>(())
    };
    let fails = async {
        yields(1).await;
        Err::<(), _>(Failed("error"))
    };
    let ended = ends(rt, try_join((shields, fails))).await;
    assert_eq!(ended, Err(Failed("error")));
    log.push("returned");
    log.assert("half whole behind returned");
}

// CB-10, K10
pub async fn a_shield_that_ends_while_it_is_cancelled_gives_its_value(_: &impl Runtime) {
    let (clock, log) = (Deterministic::new(), Log::new());
    let second = Duration::from_secs(1);
    let limited = timeout(&clock, second, shielded(&clock, commit(log.clone())));
    let mut limited = ByHand::waiting(limited);
    clock.advance(second);
    assert!(limited.poll().is_pending());
    assert!(limited.poll().is_pending());
    assert_eq!(limited.ready(), Ok(Ok(7)));
    log.assert("half whole");
}

// CB-10, CB-12, K3
pub async fn foreign_code_that_drops_a_shield_stops_nothing(rt: &impl Runtime) {
    let log = Log::new();
    let scoped = with(rt, Act::new(&log, "a"), async |()| {
        let shielded = shielded(rt, commit(log.clone()));
        assert!(gives_up(1, shielded).await.is_none());
        log.push("gave-up");
        Ok::<_, Infallible>(())
    });
    ends(rt, scoped).await.unwrap();
    assert_eq!(log.events().last().map(String::as_str), Some("-a"));
    assert_eq!((log.count("half"), log.count("whole")), (1, 1));
}

// CB-11
pub async fn an_error_behind_a_dropped_shield_is_reported(rt: &impl Runtime) {
    struct Marked;
    async fn fails(_: Marked) -> Result<(), Failed> {
        yields(2).await;
        Err(Failed("late"))
    }
    async fn succeeds(_: Marked) {
        yields(2).await;
    }
    let reports = Reports::begin();
    let waits = await_cleanup(gives_up(1, shielded(rt, fails(Marked))));
    assert!(ends(rt, waits).await.is_none());
    let this = "an_error_behind_a_dropped_shield_is_reported";
    assert_eq!(reports.count(this), 1);
    // There is nothing that could be lost.
    let waits = await_cleanup(gives_up(1, shielded(rt, succeeds(Marked))));
    assert!(ends(rt, waits).await.is_none());
    assert_eq!(reports.count(this), 1);
    let waits = await_cleanup(gives_up(1, shield(rt, LONG, succeeds(Marked))));
    assert!(ends(rt, waits).await.is_none());
    assert_eq!(reports.count(this), 1);
}

// CB-13, K10
pub async fn a_timeout_of_zero_lets_a_shield_run(rt: &impl Runtime) {
    let log = Log::new();
    let limited = timeout(rt, Duration::ZERO, shield(rt, LONG, commit(log.clone())));
    assert_eq!(ends(rt, limited).await, Ok(Ok(Ok(7))));
    log.assert("half whole");
}

// CB-13, CM-18
pub async fn a_shield_that_has_not_begun_is_dropped(rt: &impl Runtime) {
    let log = Log::new();
    let raced = either(ready(()), shielded(rt, commit(log.clone())));
    ends(rt, raced).await;
    drop(shield(rt, LONG, commit(log.clone())));
    log.assert("");
}
