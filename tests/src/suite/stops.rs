//! When a combinator of ours stops something in which scopes are being exited.

use std::time::Duration;

use futures_util::future::{join, join3};
use withal::runtime::Runtime;
use withal::{either, timeout, with};

use crate::poll::yields;
use crate::{Deterministic, Log, Probe};

/// The table of these cases, given to the macro `$make`.
#[doc(hidden)]
#[macro_export]
macro_rules! stops_cases {
    ($make:ident $with:tt $of:tt) => {
        $crate::$make! { $with $of stops:
            an_exit_that_begins_after_the_timeout_does_not_put_it_off,
            an_exit_that_begins_after_the_race_does_not_put_it_off,
        }
    };
}

/// Enough rounds to outlast the stop by far.
const ROUNDS: usize = 1_000;

/// How many polls pass before the stop.
const BEFORE: usize = 10;

/// Enters and exits one scope after the other, so that two of these side by side always have an
/// exit in progress.
async fn one_after_the_other(rt: &impl Runtime, lead: usize) {
    let unheard = Log::new();
    yields(lead).await;
    for _ in 0..ROUNDS {
        let scope = Probe::new(&unheard, "x").silent().exit_yields(2);
        with(rt, scope, async |_| {
            yields(1).await;
            Ok::<_, String>(())
        })
        .await
        .unwrap();
    }
}

// K10
pub async fn an_exit_that_begins_after_the_timeout_does_not_put_it_off(rt: &impl Runtime) {
    let (clock, span) = (Deterministic::new(), Duration::from_millis(5));
    let time_passes = async {
        yields(BEFORE).await;
        clock.advance(span);
    };
    let busy = join3(
        one_after_the_other(rt, 0),
        one_after_the_other(rt, 2),
        time_passes,
    );
    let ended = timeout(&clock, span, busy).await;
    assert!(ended.is_err(), "the timeout was put off to the end");
}

// K10
pub async fn an_exit_that_begins_after_the_race_does_not_put_it_off(rt: &impl Runtime) {
    let log = Log::new();
    let busy = async {
        join(one_after_the_other(rt, 0), one_after_the_other(rt, 2)).await;
        log.push("ran-to-its-end");
    };
    either(yields(BEFORE), busy).await;
    log.assert("");
}
