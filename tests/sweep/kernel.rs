//! The kernel under the sweep, with what only a deterministic runtime can do: shutdowns, and time.

use std::convert::Infallible;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::time::Duration;

use futures_util::FutureExt;
use withal::runtime::{Blocking, Spawn, Timer};
use withal::scope::{Lend, scope_fn};
use withal::{Either, either, enter_in, shielded, timeout, with};
use withal_tests::foreign::gives_up;
use withal_tests::poll::{poll_now, yields};
use withal_tests::sweep::{Ending, Followed, Sweep, Way, checkpoint};
use withal_tests::{Deterministic, Log, Probe, laws};

/// A sweep that is held against the laws of the log.
fn lawful() -> Sweep<Log> {
    Sweep::new(Log::new).invariant_of(laws::hold)
}

/// A probe that waits everywhere.
fn probe(log: &Log, name: &str) -> Probe {
    Probe::new(log, name)
        .enter_yields(1)
        .exit_yields(2)
        .reasons()
}

async fn body(log: &Log, name: &str) -> Result<(), Infallible> {
    yields(2).await;
    log.push(format_args!(".{name}"));
    Ok(())
}

// CM-17, K1, K2, K3, K6, K11
#[test]
fn three_scopes_in_one_another() {
    let swept = lawful().run(async |rt, log| {
        let outer = with(&rt, probe(&log, "a"), async |_| {
            let inner = with(&rt, probe(&log, "a/b"), async |_| {
                let innermost = with(&rt, probe(&log, "a/b/c"), async |_| {
                    body(&log, "a/b/c").await
                });
                innermost.await.unwrap();
                body(&log, "a/b").await
            });
            inner.await.unwrap();
            body(&log, "a").await
        });
        outer.await.unwrap();
    });
    // Three enters, three bodies and three exits, each of which waits.
    assert_eq!(swept.polls, 3 + 6 + 6 + 1, "{swept}");
    assert!(swept.runs > 300 && swept.scopes > swept.runs, "{swept}");
}

// K3, K4, K11
#[test]
fn a_foreign_drop_in_a_body() {
    lawful().run(async |rt, log| {
        let outer = with(&rt, probe(&log, "a"), async |_| {
            let dropped = with(&rt, probe(&log, "a/b"), async |_| {
                yields(9).await;
                Ok::<_, Infallible>(())
            });
            gives_up(3, dropped).await;
            body(&log, "a").await
        });
        outer.await.unwrap();
    });
}

// K1, K4, K11
#[test]
fn a_race_in_a_timeout() {
    lawful().run(async |rt: Followed<Deterministic>, log| {
        let scopes = with(&rt, probe(&log, "a"), async |_| {
            let slow = with(&rt, probe(&log, "a/l"), async |_| {
                rt.sleep(Duration::from_secs(9)).await;
                body(&log, "a/l").await
            });
            let quick = with(&rt, probe(&log, "a/r"), async |_| body(&log, "a/r").await);
            match either(slow, quick).await {
                Either::Left(ended) | Either::Right(ended) => ended.unwrap(),
            }
            rt.sleep(Duration::from_secs(5)).await;
            body(&log, "a").await
        });
        let _elapsed = timeout(&rt, Duration::from_secs(3), scopes).await;
    });
}

// GM-2, GM-5, GM-12, GM-19, K6, K11
#[test]
fn a_closure_scope() {
    lawful().run(async |rt, log| {
        let of_scope = log.clone();
        let scope = scope_fn(async move |lend: Lend<u32>| {
            checkpoint().await;
            of_scope.push("+a");
            let (_, ended) = lend.lend(1).await;
            checkpoint().await;
            of_scope.push(format_args!("-a:{}", ended.kind()));
            Ok::<_, Infallible>(ended)
        });
        let used = with(&rt, scope, async |_| body(&log, "a").await);
        used.await.unwrap();
    });
}

// CM-28, K4
#[test]
fn two_guards_of_one_frame() {
    let rt = Sweep::new(Log::new).invariant_of(laws::hold);
    // With nothing around them they are exited in no order.
    let waiting = rt.ways(Way::waiting(&withal::runtime::NoExecutor::new()));
    waiting.run(async |rt, log| {
        let outer = enter_in(&rt, probe(&log, "a")).await.unwrap();
        let inner = enter_in(&rt, probe(&log, "a/b")).await.unwrap();
        let ended = body(&log, "a/b").await;
        inner.exit(ended).await.unwrap();
        let ended = body(&log, "a").await;
        outer.exit(ended).await.unwrap();
    });
}

// K10, CM-22
#[test]
fn a_shield_in_a_scope() {
    let sweep = Sweep::new(Log::new).invariant_of(|log, ending| {
        laws::hold(log, ending);
        // Once begun it is never cancelled, so its body completes, unless it was it that panicked.
        if log.has("+a/s") && *ending != Ending::Panicked {
            assert!(log.has("-a/s:completed"), "{log:?}");
        }
    });
    sweep.run(async |rt, log| {
        let outer = with(&rt, probe(&log, "a"), async |_| {
            let (own_rt, own_log) = (rt.clone(), log.clone());
            let shield = shielded(&rt, async move {
                let scope = with(&own_rt, probe(&own_log, "a/s"), async |_| {
                    body(&own_log, "a/s").await
                });
                scope.await.unwrap();
            });
            shield.await;
            body(&log, "a").await
        });
        outer.await.unwrap();
    });
}

// K6, K11: as a cleanup that panicked, it is over.
#[test]
fn a_shielded_future_that_panicked_is_not_polled_again() {
    let polls = Arc::new(AtomicUsize::new(0));
    let counted = polls.clone();
    let rt = Deterministic::new();
    let shield = async {
        shielded(
            &rt,
            poll_fn(move |_| -> Poll<()> {
                counted.fetch_add(1, Ordering::Relaxed);
                resume_unwind(Box::new("on purpose"));
            }),
        )
        .await;
    };
    let mut shield = Box::pin(AssertUnwindSafe(shield).catch_unwind());
    assert!(matches!(poll_now(shield.as_mut()), Poll::Ready(Err(_))));
    drop(shield);
    rt.run_until_stalled();
    assert_eq!(polls.load(Ordering::Relaxed), 1);
}

// K2, K6, K13
#[test]
fn scopes_of_tasks_and_of_blocking_work() {
    let swept = lawful().run(async |rt: Followed<Deterministic>, log: Log| {
        let (task_rt, task_log) = (rt.clone(), log.clone());
        let task = rt.spawn(async move {
            let scope = with(&task_rt, probe(&task_log, "t"), async |_| {
                body(&task_log, "t").await
            });
            scope.await.unwrap();
        });
        let scope = with(&rt, probe(&log, "a"), async |_| {
            let _done = rt.unblock(|| 1).await;
            let _ended = task.await;
            body(&log, "a").await
        });
        scope.await.unwrap();
    });
    assert!(swept.polls > 6, "{swept}");
}
