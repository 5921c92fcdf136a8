//! A race whose candidates start one after the other.

use std::future::{Future, pending};
use std::panic::panic_any;
use std::time::Duration;

use withal::runtime::{Runtime, Timer};
use withal::{Local, either, race_staggered, with};

use crate::log::within_patience;
use crate::poll::{ByHand, caught, yields};
use crate::probe::{Failed, LocalProbe};
use crate::{Act, Deterministic, Log, Probe};

/// The table of these cases, given to the macro `$make`.
#[doc(hidden)]
#[macro_export]
macro_rules! combinators_staggered_cases {
    ($make:ident $with:tt $of:tt) => {
        $crate::$make! { $with $of combinators_staggered:
            the_next_candidate_starts_after_the_delay,
            the_next_candidate_starts_when_the_latest_has_failed,
            the_failure_of_an_earlier_one_starts_none,
            a_winner_cancels_the_others_and_waits,
            losers_of_a_staggered_race_clean_up_beside_the_winner,
            all_errors_come_out_by_index,
            a_staggered_race_that_is_cancelled_cancels_all,
            a_panic_ends_a_staggered_race,
            local_staggered_races_wait_for_local_exits,
            candidates_race_on_the_runtime,
        }
    };
}

const DELAY: Duration = Duration::from_secs(1);

async fn ends<F: Future>(rt: &impl Runtime, future: F) -> F::Output {
    within_patience(rt, future, || "it does not end".to_owned()).await
}

async fn holds(rt: &impl Runtime, log: &Log, name: &str) -> Result<u32, Failed> {
    let probe = Probe::new(log, name).exit_yields(2).reasons();
    let ended = with(rt, probe, async |_| pending::<Result<u32, Failed>>().await);
    Ok(ended.await.unwrap())
}

// CB-14
pub async fn the_next_candidate_starts_after_the_delay(_: &impl Runtime) {
    let (clock, log) = (Deterministic::new(), Log::new());
    let candidates = (0..3).map(|n| {
        let (clock, log) = (&clock, &log);
        async move || {
            log.push(n);
            clock.sleep(DELAY * 5 / 2).await;
            Ok::<_, Failed>(n)
        }
    });
    let mut raced = ByHand::waiting(race_staggered(&clock, DELAY, candidates));
    log.assert("0");
    clock.advance(DELAY / 2);
    assert!(!raced.woken());
    clock.advance(DELAY / 2);
    assert!(raced.woken() && raced.poll().is_pending());
    log.assert("0 1");
    clock.advance(DELAY);
    assert!(raced.poll().is_pending());
    log.assert("0 1 2");
    clock.advance(DELAY / 2);
    let won = raced.ready().unwrap();
    assert_eq!((won.value, won.index, won.failed), (0, 0, vec![]));
}

// CB-14
pub async fn the_next_candidate_starts_when_the_latest_has_failed(_: &impl Runtime) {
    let (clock, log) = (Deterministic::new(), Log::new());
    let candidates = (0..4).map(|n| {
        let log = &log;
        async move || {
            log.push(n);
            yields(1).await;
            if n == 2 { Ok("two") } else { Err(n) }
        }
    });
    let mut raced = ByHand::new(race_staggered(&clock, DELAY, candidates));
    while raced.is_due() && !log.has("2") {
        assert!(raced.poll().is_pending());
    }
    let won = raced.ready().unwrap();
    assert_eq!((won.value, won.index), ("two", 2));
    assert_eq!(won.failed, [(0, 0), (1, 1)]);
    // No time has passed, and the last one was never called.
    log.assert("0 1 2");
}

// CB-14
pub async fn the_failure_of_an_earlier_one_starts_none(_: &impl Runtime) {
    let (clock, log) = (Deterministic::new(), Log::new());
    let candidates = (0..3).map(|n| {
        let (clock, log) = (&clock, &log);
        async move || {
            log.push(n);
            clock.sleep(DELAY * 3 / 2).await;
            Err::<(), _>(n)
        }
    });
    let mut raced = ByHand::waiting(race_staggered(&clock, DELAY, candidates));
    clock.advance(DELAY);
    assert!(raced.poll().is_pending());
    clock.advance(DELAY / 2);
    assert!(raced.poll().is_pending());
    // The first has failed, and the second is the latest.
    log.assert("0 1");
    clock.advance(DELAY / 2);
    assert!(raced.poll().is_pending());
    log.assert("0 1 2");
    clock.advance(DELAY * 2);
    let failed = raced.ready().unwrap_err();
    assert_eq!(failed.errors(), [0, 1, 2]);
}

// CB-14, K1, K4
pub async fn a_winner_cancels_the_others_and_waits(rt: &impl Runtime) {
    let log = Log::new();
    let candidates = ["a", "b", "wins", "d"].map(|name| {
        let log = &log;
        async move || match name {
            "wins" => {
                yields(1).await;
                Ok(7)
            }
            name => holds(rt, log, name).await,
        }
    });
    let raced = race_staggered(rt, Duration::ZERO, candidates);
    let won = ends(rt, raced).await.unwrap();
    log.push("returned");
    assert_eq!((won.value, won.index), (7, 2));
    let trace = log.trace();
    assert!(trace.starts_with("+a +b"), "{trace}");
    assert!(trace.ends_with("returned"), "{trace}");
    assert_eq!(log.count("+"), log.count("-"), "{trace}");
}

// CB-14, K1, K4
pub async fn losers_of_a_staggered_race_clean_up_beside_the_winner(rt: &impl Runtime) {
    let log = Log::new();
    let candidates = ["a", "wins"].map(|name| {
        let log = &log;
        async move || match name {
            "wins" => {
                let act = Act::new(log, "w").exit_waits_for("-a:cancelled");
                let held = with(rt, act, async |()| pending::<Result<u32, Failed>>().await);
                crate::foreign::gives_up(1, held).await;
                Ok(7)
            }
            name => holds(rt, log, name).await,
        }
    });
    let won = ends(rt, race_staggered(rt, Duration::ZERO, candidates)).await;
    assert_eq!(won.unwrap().value, 7);
    log.assert("+a +w -a:cancelled -w:cancelled");
}

// CB-14
pub async fn all_errors_come_out_by_index(rt: &impl Runtime) {
    let candidates = [3, 0, 1].map(|polls| {
        async move || {
            yields(polls).await;
            Err::<(), _>(polls)
        }
    });
    let failed = ends(rt, race_staggered(rt, DELAY, candidates)).await;
    assert_eq!(failed.unwrap_err().errors(), [3, 0, 1]);
    type Never = fn() -> std::future::Pending<Result<(), Failed>>;
    let nothing = race_staggered(rt, DELAY, Vec::<Never>::new());
    let failed = ByHand::new(nothing).ready().unwrap_err();
    assert!(failed.errors().is_empty());
}

// CB-14, CB-4, K1
pub async fn a_staggered_race_that_is_cancelled_cancels_all(rt: &impl Runtime) {
    let log = Log::new();
    let candidates = ["a", "b"].map(|name| {
        let log = &log;
        async move || holds(rt, log, name).await
    });
    let raced = race_staggered(rt, Duration::ZERO, candidates);
    ends(rt, either(raced, log.seen(rt, "+b"))).await;
    log.push("returned");
    log.assert("+a +b -a:cancelled -b:cancelled returned");
}

// CB-14, K11
pub async fn a_panic_ends_a_staggered_race(rt: &impl Runtime) {
    let log = Log::new();
    let candidates = ["a", "panics"].map(|name| {
        let log = &log;
        async move || match name {
            "panics" => panic_any("on purpose"),
            name => holds(rt, log, name).await,
        }
    });
    let raced = race_staggered(rt, Duration::ZERO, candidates);
    let ended = ends(rt, caught(raced)).await;
    assert_eq!(ended.map(|_| ()).unwrap_err(), "on purpose");
    log.assert("+a -a:cancelled");
    // Where it is the call itself that panics.
    let log = Log::new();
    let candidates = ["a", "panics"].map(|name| {
        let log = &log;
        move || {
            assert!(name == "a", "on purpose");
            holds(rt, log, name)
        }
    });
    let raced = race_staggered(rt, Duration::ZERO, candidates);
    let ended = ends(rt, caught(raced)).await;
    assert_eq!(ended.map(|_| ()).unwrap_err(), "on purpose");
    log.assert("+a -a:cancelled");
}

// K8, CB-14
pub async fn local_staggered_races_wait_for_local_exits(rt: &impl Runtime) {
    let log = Log::new();
    let candidates = ["a", "wins"].map(|name| {
        let log = &log;
        async move || {
            if name == "wins" {
                return Ok(7);
            }
            let probe = Local(LocalProbe::new(Probe::new(log, name).reasons()));
            let ended = with(rt, probe, async |_| pending::<Result<u32, Failed>>().await);
            Ok::<_, Failed>(ended.await.unwrap())
        }
    });
    let raced = race_staggered(rt, Duration::ZERO, candidates).local();
    assert_eq!(ends(rt, raced).await.unwrap().value, 7);
    log.push("returned");
    log.assert("+a -a:cancelled returned");
}

// CB-14: on the runtime's own clock.
pub async fn candidates_race_on_the_runtime(rt: &impl Runtime) {
    let candidates = (0..3).map(|n| {
        async move || {
            if n < 2 {
                pending::<()>().await;
            }
            Ok::<_, Failed>(n)
        }
    });
    let started = rt.now();
    let delay = Duration::from_millis(3);
    let won = ends(rt, race_staggered(rt, delay, candidates))
        .await
        .unwrap();
    assert_eq!((won.value, won.index), (2, 2));
    assert!(rt.elapsed(started, rt.now()) >= 2 * delay);
}
