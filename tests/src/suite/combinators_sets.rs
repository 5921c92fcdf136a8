//! Several futures whose ends are taken one by one.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::future::{Future, pending, ready};
use std::panic::panic_any;
use std::pin::pin;
use std::time::Duration;

use futures_util::stream::{FusedStream as _, Stream as _, StreamExt as _};
use withal::runtime::{Runtime, Timer as _};
use withal::wait::EmptySet;
use withal::{
    Local, Outcome, Until, WaitSet, as_completed, close, either, for_each_by_ref, timeout, wait,
    with,
};

use crate::foreign::{OnDrop, gives_up};
use crate::log::within_patience;
use crate::poll::{ByHand, caught, yields};
use crate::probe::{Failed, LocalProbe};
use crate::reports::{Reports, unique};
use crate::{Act, Deterministic, Log, Probe};

/// The table of these cases, given to the macro `$make`.
#[doc(hidden)]
#[macro_export]
macro_rules! combinators_sets_cases {
    ($make:ident $with:tt $of:tt) => {
        $crate::$make! { $with $of combinators_sets:
            outputs_come_as_they_are_completed,
            a_loop_that_was_left_goes_on_later,
            a_timeout_for_one_output_loses_none,
            closing_cancels_what_has_not_ended_and_waits,
            what_a_dropped_stream_leaves_cleans_up_side_by_side,
            a_panic_ends_the_stream_after_the_others_are_cleaned_up,
            waiting_for_the_first_consumes_and_cancels_nothing,
            waiting_for_the_first_error_passes_by_what_was_cancelled,
            waiting_for_all_tells_every_outcome,
            a_wait_that_is_given_up_loses_nothing,
            an_empty_set_is_an_error,
            a_set_that_is_closed_waits_for_the_cleanup,
            an_outcome_that_nobody_takes_is_reported_if_it_is_a_panic,
            local_sets_wait_for_local_exits,
        }
    };
}

async fn ends<F: Future>(rt: &impl Runtime, future: F) -> F::Output {
    within_patience(rt, future, || "it does not end".to_owned()).await
}

async fn after<T>(polls: usize, value: T) -> T {
    yields(polls).await;
    value
}

/// Holds the scope `name`, and never ends.
async fn holds(rt: &impl Runtime, log: &Log, name: &str) -> Result<u32, Failed> {
    let probe = Probe::new(log, name).exit_yields(2).reasons();
    let ended = with(rt, probe, async |_| pending::<Result<u32, Failed>>().await);
    Ok(ended.await.unwrap())
}

// CB-8
pub async fn outputs_come_as_they_are_completed(rt: &impl Runtime) {
    let text = String::from("borrowed");
    let waits = [4, 0, 2];
    let completed = as_completed(waits.map(|polls| after(polls, &text[..polls])));
    assert_eq!(completed.size_hint(), (3, Some(3)));
    let completed: Vec<_> = completed.collect().await;
    assert_eq!(completed, [(1, ""), (2, "bo"), (0, "borr")]);
    let tasks = (0..50).map(|n| rt.spawn(after(n % 5, n)));
    let seen = as_completed(tasks).map(|(index, value)| (index, value.unwrap()));
    let seen: BTreeMap<_, _> = ends(rt, seen.collect()).await;
    assert_eq!(seen, (0..50).map(|n| (n, n)).collect());
    let mut none = as_completed(Vec::<std::future::Ready<()>>::new());
    assert!(none.is_terminated());
    assert_eq!(none.next().await, None);
}

// CB-8, IT-8
pub async fn a_loop_that_was_left_goes_on_later(rt: &impl Runtime) {
    let mut completed = as_completed([3, 1, 2].map(|polls| after(polls, polls)));
    let mut seen = Vec::new();
    while let Some((_, polls)) = completed.next().await {
        seen.push(polls);
        if polls == 1 {
            break;
        }
    }
    assert_eq!((seen.len(), completed.len()), (1, 2));
    for_each_by_ref(&mut completed, async |(_, polls)| seen.push(polls)).await;
    assert_eq!(seen, [1, 2, 3]);
    drop(rt.clone());
}

// CB-9
pub async fn a_timeout_for_one_output_loses_none(_: &impl Runtime) {
    let (clock, span) = (Deterministic::new(), Duration::from_secs(1));
    let mut completed = as_completed([1, 3].map(|n| {
        let sleep = clock.sleep(n * 2 * span);
        async move {
            sleep.await;
            n
        }
    }));
    let mut next = ByHand::waiting(timeout(&clock, span, completed.next()));
    clock.advance(span);
    assert!(next.ready().is_err());
    drop(next);
    let mut next = ByHand::waiting(timeout(&clock, 9 * span, completed.next()));
    clock.advance(span);
    assert_eq!(next.ready().unwrap(), Some((0, 1)));
    drop(next);
    let mut next = ByHand::waiting(completed.next());
    clock.advance(4 * span);
    assert_eq!(next.ready(), Some((1, 3)));
}

// CB-8, K1
pub async fn closing_cancels_what_has_not_ended_and_waits(rt: &impl Runtime) {
    let log = Log::new();
    let futures = ["a", "b", "c"].map(async |name: &str| match name {
        "b" => after(1, Ok(1)).await,
        name => holds(rt, &log, name).await,
    });
    let mut completed = as_completed(futures);
    assert_eq!(completed.next().await, Some((1, Ok(1))));
    ends(rt, close(completed)).await;
    log.push("returned");
    log.assert("+a +c -a:cancelled -c:cancelled returned");
}

// CB-8, K4
pub async fn what_a_dropped_stream_leaves_cleans_up_side_by_side(rt: &impl Runtime) {
    let log = Log::new();
    let names = [("a", "-b:cancelled"), ("b", "go")];
    let futures = names.map(async |(name, event)| {
        let act = Act::new(&log, name).exit_waits_for(event);
        let ended = with(rt, act, async |()| pending::<Result<(), Failed>>().await);
        ended.await.unwrap();
    });
    let scoped = with(rt, Act::new(&log, "s"), async |()| {
        let mut completed = as_completed(futures);
        assert!(gives_up(1, completed.next()).await.is_none());
        drop(completed);
        log.push("go");
        Ok::<_, Infallible>(())
    });
    ends(rt, scoped).await.unwrap();
    log.assert("+s +a +b go -b:cancelled -a:cancelled -s");
}

// CB-8, K11
pub async fn a_panic_ends_the_stream_after_the_others_are_cleaned_up(rt: &impl Runtime) {
    let (log, reports, text) = (Log::new(), Reports::begin(), unique("second"));
    let futures = ["a", "panics", "bursts"].map(async |name: &str| match name {
        "a" => holds(rt, &log, name).await,
        "bursts" => {
            let _panics = OnDrop::new(|| panic_any(text.clone()));
            pending().await
        }
        _ => {
            yields(1).await;
            panic_any("on purpose")
        }
    });
    let mut completed = as_completed(futures);
    let ended = ends(rt, caught(completed.next())).await;
    assert_eq!(ended.unwrap_err(), "on purpose");
    assert_eq!(reports.count(&text), 1);
    log.assert("+a -a:cancelled");
    assert_eq!(completed.next().await, None);
}

// CB-7
pub async fn waiting_for_the_first_consumes_and_cancels_nothing(rt: &impl Runtime) {
    let log = Log::new();
    let mut set = WaitSet::new();
    let scoped = async |name: &'static str, polls: usize| {
        let scoped = with(rt, Probe::new(&log, name).reasons(), async |_| {
            Ok::<_, Failed>(after(polls, polls).await)
        });
        scoped.await
    };
    let (one, two) = (set.push(scoped("a", 5)), set.push(scoped("b", 1)));
    let also = set.push(scoped("c", 1));
    let waited = ends(rt, wait(&mut set, Until::FirstCompleted))
        .await
        .unwrap();
    // Everything that could end by then has.
    assert_eq!((waited.ended, waited.running), (2, 1));
    assert!(set.take_outcome(one).is_none());
    // At once, for what has ended is still there.
    let again = ByHand::new(wait(&mut set, Until::FirstCompleted))
        .ready()
        .unwrap();
    assert!(again.ended >= 2);
    assert!(matches!(set.take_outcome(two), Some(Outcome::Ok(1))));
    assert!(matches!(set.take_next(), Some((key, Outcome::Ok(1))) if key == also));
    ends(rt, wait(&mut set, Until::FirstCompleted))
        .await
        .unwrap();
    assert!(matches!(set.take_next(), Some((key, Outcome::Ok(5))) if key == one));
    assert!(set.is_empty());
    assert_eq!(log.count("-"), 3);
    assert!(!log.trace().contains("cancelled"));
}

// CB-7, CB-5
pub async fn waiting_for_the_first_error_passes_by_what_was_cancelled(rt: &impl Runtime) {
    let log = Log::new();
    let mut set = WaitSet::new();
    let names = ["held", "ok", "late", "fails"];
    let futures = names.map(async |name: &str| match name {
        "held" => holds(rt, &log, name).await,
        "ok" => Ok(1),
        "late" => after(9, Ok(2)).await,
        _ => after(3, Err(Failed("error"))).await,
    });
    let keys = futures.map(|future| set.push(future));
    let first = ends(rt, wait(&mut set, Until::FirstCompleted))
        .await
        .unwrap();
    assert_eq!((first.ended, first.running), (1, 3));
    assert!(set.cancel(keys[0]));
    let waited = ends(rt, wait(&mut set, Until::FirstError)).await.unwrap();
    assert_eq!((waited.ended, waited.running), (3, 1));
    log.assert("+held -held:cancelled");
    assert!(matches!(
        set.take_outcome(keys[0]),
        Some(Outcome::Cancelled)
    ));
    assert!(matches!(
        set.take_outcome(keys[3]),
        Some(Outcome::Err(Failed("error")))
    ));
    assert!(!set.cancel(keys[3]));
    // Without an error, until all have ended.
    let waited = ends(rt, wait(&mut set, Until::FirstError)).await.unwrap();
    assert_eq!((waited.ended, waited.running), (2, 0));
}

// CB-7, CB-3
pub async fn waiting_for_all_tells_every_outcome(rt: &impl Runtime) {
    let futures = (0..40).map(async |n: u32| match n % 3 {
        0 => after(5, Ok(n)).await,
        1 => Err(Failed("error")),
        _ => panic_any("on purpose"),
    });
    let mut set: WaitSet<_, _, _> = futures.collect();
    let waited = ends(rt, wait(&mut set, Until::AllCompleted)).await.unwrap();
    assert_eq!((waited.ended, waited.running), (40, 0));
    let mut ends = [0; 3];
    while let Some((key, outcome)) = set.take_next() {
        let end = match outcome {
            Outcome::Ok(n) => {
                assert_eq!(n as usize, key.index());
                0
            }
            Outcome::Err(Failed(_)) => 1,
            Outcome::Panicked(_) => 2,
            Outcome::Cancelled => panic!("{key:?} was cancelled"),
        };
        ends[end] += 1;
    }
    assert_eq!(ends, [14, 13, 13]);
}

// CB-7
pub async fn a_wait_that_is_given_up_loses_nothing(rt: &impl Runtime) {
    let mut set = WaitSet::new();
    for polls in [0, 2, 7] {
        set.push(after(polls, Ok::<_, Infallible>(polls)));
    }
    for polls in 0..4 {
        gives_up(polls, wait(&mut set, Until::AllCompleted)).await;
    }
    either(wait(&mut set, Until::AllCompleted), ready(())).await;
    assert!(set.ended() >= 2, "{set:?}");
    ends(rt, wait(&mut set, Until::AllCompleted)).await.unwrap();
    let outcomes: Vec<_> = std::iter::from_fn(|| set.take_next()).collect();
    let values = outcomes.into_iter().map(|(_, outcome)| outcome.ok());
    assert_eq!(values.collect::<Vec<_>>(), [Some(0), Some(2), Some(7)]);
    // With a timeout around it.
    let clock = Deterministic::new();
    let key = set.push(after(9, Ok(9)));
    let limited = timeout(
        &clock,
        Duration::ZERO,
        wait(&mut set, Until::FirstCompleted),
    );
    assert!(limited.await.is_err());
    ends(rt, wait(&mut set, Until::FirstCompleted))
        .await
        .unwrap();
    assert!(matches!(set.take_outcome(key), Some(Outcome::Ok(9))));
}

// CB-7, A-8
pub async fn an_empty_set_is_an_error(_: &impl Runtime) {
    let mut set = WaitSet::<std::future::Ready<Result<u32, Failed>>, _, _>::new();
    for until in [
        Until::FirstCompleted,
        Until::FirstError,
        Until::AllCompleted,
    ] {
        assert!(matches!(
            ByHand::new(wait(&mut set, until)).ready(),
            Err(EmptySet { .. })
        ));
    }
}

// CB-7, K1, K4
pub async fn a_set_that_is_closed_waits_for_the_cleanup(rt: &impl Runtime) {
    let log = Log::new();
    let mut set = WaitSet::new();
    for name in ["a", "b"] {
        set.push(holds(rt, &log, name));
    }
    gives_up(1, wait(&mut set, Until::AllCompleted)).await;
    log.assert("+a +b");
    ends(rt, close(set)).await;
    log.push("returned");
    log.assert("+a +b -a:cancelled -b:cancelled returned");
    // Or each of them, one by one.
    let log = Log::new();
    let mut set = WaitSet::new();
    set.push(holds(rt, &log, "a"));
    gives_up(1, wait(&mut set, Until::AllCompleted)).await;
    set.cancel_all();
    let (_, outcome) = ends(rt, pin!(set).next()).await.unwrap();
    assert!(matches!(outcome, Outcome::Cancelled));
    log.assert("+a -a:cancelled");
}

// CB-7, K11
pub async fn an_outcome_that_nobody_takes_is_reported_if_it_is_a_panic(rt: &impl Runtime) {
    let (reports, text) = (Reports::begin(), unique("untaken"));
    let mut set = WaitSet::new();
    let lost = text.clone();
    set.push(async move { panic_any(lost) });
    let set = {
        let mut set: WaitSet<_, (), Failed> = set;
        ends(rt, wait(&mut set, Until::AllCompleted)).await.unwrap();
        set
    };
    drop(set);
    assert_eq!(reports.count(&text), 1);
}

// K8
pub async fn local_sets_wait_for_local_exits(rt: &impl Runtime) {
    let holds = async |log: &Log, name: &str| {
        let probe = Local(LocalProbe::new(Probe::new(log, name).reasons()));
        let ended = with(rt, probe, async |_| pending::<Result<(), Failed>>().await);
        ended.await.unwrap();
        Ok::<_, Failed>(())
    };
    let log = Log::new();
    let mut completed = as_completed(["a", "b"].map(|name| holds(&log, name))).local();
    assert!(gives_up(1, completed.next()).await.is_none());
    ends(rt, close(completed).local()).await;
    log.push("returned");
    log.assert("+a +b -a:cancelled -b:cancelled returned");
    let log = Log::new();
    let mut set = WaitSet::new_local();
    set.push(holds(&log, "a"));
    gives_up(1, wait(&mut set, Until::AllCompleted)).await;
    set.cancel_all();
    ends(rt, wait(&mut set, Until::AllCompleted)).await.unwrap();
    log.push("returned");
    log.assert("+a -a:cancelled returned");
}
