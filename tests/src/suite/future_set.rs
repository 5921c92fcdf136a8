//! Many futures in one task, each of which is woken alone.

use std::convert::Infallible;
use std::future::{Future, pending, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::future::Either;
use withal::runtime::Runtime;
use withal::{cancel, with};
use withal_sync::Latch;
use withal_sync::future_set::FutureSet;

use crate::foreign::gives_up;
use crate::log::{spawns_nothing, within_patience};
use crate::poll::yields;
use crate::{Log, Probe};

/// The table of these cases, given to the macro `$make`.
#[doc(hidden)]
#[macro_export]
macro_rules! future_set_cases {
    ($make:ident $with:tt $of:tt) => {
        $crate::$make! { $with $of future_set:
            a_set_in_a_task_borrows_from_it,
            a_future_is_polled_only_when_it_was_woken,
            futures_wait_for_what_other_tasks_do,
            futures_of_a_set_wait_for_the_clock_side_by_side,
            a_future_that_never_waits_starves_nobody,
            a_set_that_is_cancelled_exits_the_scopes_in_it,
            a_set_that_foreign_code_drops_exits_the_scopes_in_it,
            a_future_that_is_removed_exits_its_scopes,
        }
    };
}

async fn ends<F: Future>(rt: &impl Runtime, future: F) -> F::Output {
    within_patience(rt, future, || "it does not end".to_owned()).await
}

// CM-15, A-15
pub async fn a_set_in_a_task_borrows_from_it(rt: &impl Runtime) {
    let task = async {
        let words = ["a", "bc", "def"].map(String::from);
        let mut set: FutureSet<_> = words
            .iter()
            .map(async |word: &String| {
                let text: &str = word;
                yields(text.len()).await;
                text.len()
            })
            .collect();
        let mut lengths = Vec::new();
        while let Some((key, length)) = set.next().await {
            assert_eq!(key.index() + 1, length);
            lengths.push(length);
        }
        lengths
    };
    let lengths = if spawns_nothing(rt) {
        task.await
    } else {
        rt.spawn(task).await.unwrap()
    };
    assert_eq!(lengths, [1, 2, 3]);
}

//
pub async fn a_future_is_polled_only_when_it_was_woken(rt: &impl Runtime) {
    let latches: Vec<Latch> = (0..50).map(|_| Latch::new()).collect();
    let polls = AtomicUsize::new(0);
    let mut set: FutureSet<_> = latches
        .iter()
        .map(|latch| {
            let (polls, mut wait) = (&polls, Box::pin(latch.wait()));
            poll_fn(move |cx| {
                polls.fetch_add(1, Ordering::Relaxed);
                wait.as_mut().poll(cx)
            })
        })
        .collect();
    assert!(gives_up(3, set.next()).await.is_none());
    assert_eq!(polls.load(Ordering::Relaxed), 50);
    for latch in latches.iter().rev() {
        latch.open();
    }
    for index in (0..50).rev() {
        let (key, ()) = ends(rt, set.next()).await.unwrap();
        assert_eq!(key.index(), index, "in the order of the wakes");
    }
    assert_eq!(polls.load(Ordering::Relaxed), 100);
}

//
pub async fn futures_wait_for_what_other_tasks_do(rt: &impl Runtime) {
    if spawns_nothing(rt) {
        return;
    }
    let latches: Vec<_> = (0..200).map(|_| Arc::new(Latch::new())).collect();
    let mut set: FutureSet<_> = latches.iter().map(|latch| latch.wait()).collect();
    let openers: Vec<_> = latches
        .chunks(20)
        .map(|part| {
            let part = part.to_vec();
            rt.spawn(async move {
                for latch in part {
                    yields(1).await;
                    latch.open();
                }
            })
        })
        .collect();
    let mut ended = 0;
    while ends(rt, set.next()).await.is_some() {
        ended += 1;
    }
    assert_eq!(ended, 200);
    for opener in openers {
        opener.await.unwrap();
    }
}

//
pub async fn futures_of_a_set_wait_for_the_clock_side_by_side(rt: &impl Runtime) {
    let mut set: FutureSet<_> = (0..100)
        .map(|number| {
            let sleep = rt.sleep(Duration::from_millis(number % 3));
            async move {
                sleep.await;
                number
            }
        })
        .collect();
    let mut sum = 0;
    while let Some((_, number)) = ends(rt, set.next()).await {
        sum += number;
    }
    assert_eq!(sum, 99 * 100 / 2);
}

//
pub async fn a_future_that_never_waits_starves_nobody(rt: &impl Runtime) {
    let turns = AtomicUsize::new(0);
    let busy = async {
        loop {
            turns.fetch_add(1, Ordering::Relaxed);
            yields(1).await;
        }
    };
    let mut set: FutureSet<_> = [3, 0, 1].into_iter().map(yields).map(left).collect();
    set.push(right(busy));
    for _ in 0..3 {
        assert!(ends(rt, set.next()).await.is_some());
    }
    // A turn for each poll of the set, and no more.
    assert!(turns.load(Ordering::Relaxed) <= 4);
    // And the task gives way as often.
    assert!(gives_up(2, set.next()).await.is_none());
}

fn left<L, R>(left: L) -> Either<Pin<Box<L>>, R> {
    Either::Left(Box::pin(left))
}

fn right<L, R>(right: R) -> Either<L, Pin<Box<R>>> {
    Either::Right(Box::pin(right))
}

/// A scope that is never left by itself.
async fn held(rt: &impl Runtime, log: &Log, name: &str) {
    let probe = Probe::new(log, name).exit_yields(2);
    let ended = with(rt, probe, async |_| {
        pending::<Result<(), Infallible>>().await
    });
    ended.await.unwrap();
}

/// A set of scopes that have been entered.
async fn entered(rt: &impl Runtime, log: &Log, names: [&'static str; 3]) {
    let mut set: FutureSet<_> = names.map(|name| held(rt, log, name)).into_iter().collect();
    set.next().await;
}

fn assert_exited(log: &Log, names: [&str; 3]) {
    for name in names {
        assert!(log.has(&format!("-{name}")), "{}", log.trace());
    }
    log.assert_balanced();
}

// K1, K2, CM-21
pub async fn a_set_that_is_cancelled_exits_the_scopes_in_it(rt: &impl Runtime) {
    let log = Log::new();
    let mut set = Box::pin(entered(rt, &log, ["x", "y", "z"]));
    assert!(gives_up(2, set.as_mut()).await.is_none());
    ends(rt, cancel(set)).await;
    assert_exited(&log, ["x", "y", "z"]);
}

// K3, K4
pub async fn a_set_that_foreign_code_drops_exits_the_scopes_in_it(rt: &impl Runtime) {
    let log = Log::new();
    let probe = Probe::new(&log, "a");
    let outer = with(rt, probe, async |_| {
        let mut set = Box::pin(entered(rt, &log, ["x", "y", "z"]));
        assert!(gives_up(2, set.as_mut()).await.is_none());
        drop(set);
        Ok::<_, Infallible>(())
    });
    ends(rt, outer).await.unwrap();
    assert_exited(&log, ["x", "y", "z"]);
    let last = log.position("-a").unwrap();
    for name in ["-x", "-y", "-z"] {
        assert!(log.position(name).unwrap() < last, "{}", log.trace());
    }
}

// K1, CM-17
pub async fn a_future_that_is_removed_exits_its_scopes(rt: &impl Runtime) {
    let log = Log::new();
    let mut set: FutureSet<_> = ["x", "y", "z"]
        .map(|name| held(rt, &log, name))
        .into_iter()
        .collect();
    assert!(gives_up(2, set.next()).await.is_none());
    let second = set.iter_pin_mut().nth(1).map(|(key, _)| key).unwrap();
    let removed = withal::await_cleanup(async { set.remove(second) });
    assert!(ends(rt, removed).await);
    assert!(log.has("-y") && !log.has("-x"), "{}", log.trace());
    ends(rt, withal::await_cleanup(async { drop(set) })).await;
    assert_exited(&log, ["x", "y", "z"]);
}
