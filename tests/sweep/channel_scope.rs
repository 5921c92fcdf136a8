//! A stream in a task of its own: its consumer cancelled, or its executor gone, at every poll.

use std::convert::Infallible;
use std::mem::{forget, swap};
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::stream::{Stream, StreamExt as _, pending};
use withal::cleanup::drain;
use withal::runtime::{Runtime, TaskError};
use withal::scope::ExitError;
use withal::stream::{channel_scope, try_channel_scope};
use withal::{generator, with};
use withal_tests::foreign::{begun, block_on};
use withal_tests::poll::{ByHand, drive, poll_once, yields};
use withal_tests::probe::Failed;
use withal_tests::sweep::{Followed, Sweep};
use withal_tests::{Act, Deterministic, LeakCheck, Log, Probe, laws};

fn probe(log: &Log, name: &str) -> Probe {
    Probe::new(log, name)
        .enter_yields(1)
        .exit_yields(2)
        .reasons()
}

/// A stream that holds the scope `name` while it makes three items, and waits before each.
fn three<R: Runtime>(
    rt: &R,
    log: &Log,
    name: &'static str,
) -> impl Stream<Item = u32> + Send + 'static + use<R> {
    let (rt, log) = (rt.clone(), log.clone());
    generator(async move |y| {
        let ended = with(&rt, probe(&log, name), async |_| {
            for item in 1..=3 {
                yields(1).await;
                y.yield_(item).await;
            }
            log.push(format_args!(".{name}"));
            Ok::<_, Failed>(())
        });
        ended.await.unwrap();
    })
}

async fn all(rt: &impl Runtime, log: &Log) {
    let scoped = with(rt, probe(log, "a"), async |_| {
        let items = with(
            rt,
            channel_scope(rt, three(rt, log, "a/s")),
            async |items| {
                yields(1).await;
                Ok::<_, Infallible>(items.collect::<Vec<_>>().await)
            },
        );
        assert_eq!(items.await.unwrap(), [1, 2, 3]);
        log.push(".a");
        Ok::<_, Infallible>(())
    });
    scoped.await.unwrap();
}

// CS-14, CS-16, CM-17, A-3, K1, K2
#[test]
fn a_consumer_that_is_cancelled_at_any_poll_leaves_nothing_behind() {
    let swept = Sweep::new(Log::new)
        .invariant_of(laws::hold)
        .run(async |rt: Followed<Deterministic>, log| all(&rt, &log).await);
    assert!(swept.polls > 8, "{swept}");
    assert!(swept.scopes > swept.runs, "{swept}");
}

// CS-16, CM-17, A-3, K10: the body leaves, in the middle of the stream.
#[test]
fn a_scope_that_is_cancelled_while_it_closes_its_stream_closes_it() {
    let scenario = async |rt: Followed<Deterministic>, log: Log| {
        let scoped = with(&rt, probe(&log, "a"), async |_| {
            let scope = channel_scope(&rt, three(&rt, &log, "a/s"));
            let item = with(&rt, scope, async |items| {
                Ok::<_, Infallible>(items.next().await)
            });
            assert_eq!(item.await.unwrap(), Some(1));
            log.push(".a");
            Ok::<_, Infallible>(())
        });
        scoped.await.unwrap();
    };
    let swept = Sweep::new(Log::new).invariant_of(laws::hold).run(scenario);
    assert!(swept.polls > 5, "{swept}");
}

// CS-14, CS-17, K3, K6, K7
#[test]
fn a_stream_goes_on_without_its_executor() {
    let mut ended = 0;
    for polls in 0..40 {
        let rt = Deterministic::builder().shut_down_after(polls).build();
        let (leaks, log) = (LeakCheck::new(&rt), Log::new());
        rt.block_on(async {
            all(&rt, &log).await;
            drain(&rt, Duration::from_secs(1)).await;
        });
        leaks.finish();
        assert_eq!(laws::check(&log.events()), Ok(()));
        ended += usize::from(rt.contexts() == 0);
    }
    assert!((1..40).contains(&ended), "{ended}");
}

// CS-14, K6
#[test]
fn a_stream_runs_where_no_task_can_be_spawned() {
    let rt = Deterministic::builder().refuse_spawns_after(0).build();
    let log = Log::new();
    rt.block_on(all(&rt, &log));
    assert_eq!(laws::check(&log.events()), Ok(()));
    assert!(rt.contexts() > 0);
}

// CS-16, K3: the executor lives, and nobody runs it.
#[test]
fn leaving_does_not_wait_for_an_executor_that_stands_still() {
    let (rt, log) = (Deterministic::new(), Log::new());
    let scope = channel_scope(&rt, three(&rt, &log, "s"));
    let left = with(&rt, scope, async |items| {
        let mut next = Box::pin(items.next());
        assert!(futures_util::poll!(next.as_mut()).is_pending());
        // The step is the task's.
        rt.run_until_stalled();
        drop(next);
        Ok::<_, Infallible>(())
    });
    block_on(left).unwrap();
    log.assert("+s -s:cancelled");
    // The task has nothing left to do.
    assert_eq!(rt.run_until_stalled(), 0);
}

// CS-15: one item for one ask, and one wake for it.
#[test]
fn an_item_wakes_the_body_that_asked_for_it() {
    let (rt, log, wakes) = (Deterministic::new(), Log::new(), Arc::default());
    let scope = channel_scope(&rt, three(&rt, &log, "s"));
    let mut scoped = pin!(with(&rt, scope, async |items| {
        while let Some(item) = items.next().await {
            log.push(item);
        }
        Ok::<_, Infallible>(())
    }));
    for received in ["+s", "+s 1", "+s 1 2"] {
        assert!(poll_once(scoped.as_mut(), &wakes).is_pending());
        rt.run_until_stalled();
        log.assert(received);
    }
    assert_eq!(wakes.count(), 3);
    assert!(drive(scoped, 9).is_none());
    rt.run_until_stalled();
    log.assert("+s 1 2 3 .s -s:completed");
}

// CS-16: items that are carried out of their body are at their end, and leave the exit its wakes.
#[test]
fn items_that_outlive_their_body_have_ended() {
    let (rt, log) = (Deterministic::new(), Log::new());
    let outer = channel_scope(&rt, pending::<u32>());
    let outer = with(&rt, outer, async |a| {
        let a = Mutex::new(a);
        let inner = channel_scope(&rt, three(&rt, &log, "s"));
        let mut inner = ByHand::waiting(with(&rt, inner, async |b| {
            assert_eq!(b.next().await, Some(1));
            swap(*a.lock().unwrap(), b);
            Ok::<_, Infallible>(())
        }));
        rt.run_until_stalled();
        assert!(inner.poll().is_pending(), "its stream's exit waits");
        assert_eq!(ByHand::new(a.lock().unwrap().next()).ready(), None);
        assert!(inner.poll().is_pending());
        inner.ready().unwrap();
        Ok::<_, Infallible>(())
    });
    block_on(outer).unwrap();
    log.assert("+s -s:cancelled");
}

// CS-17: an executor that goes is no error of the stream's.
#[test]
fn an_executor_that_goes_while_the_body_waits_is_noticed() {
    let rt = Deterministic::new();
    let stream = generator(async move |y| {
        y.yield_(1).await;
        Err::<(), _>(Failed("the stream"))
    });
    let scope = try_channel_scope(&rt, stream);
    let mut scoped = ByHand::waiting(with(&rt, scope, async |items| {
        Ok::<_, Infallible>(items.collect::<Vec<_>>().await)
    }));
    rt.shut_down();
    assert!(scoped.woken(), "it waits for a task that is gone");
    let ended = scoped.ready().unwrap_err();
    assert_eq!(ended.into_value(), Ok(vec![1]));
}

// CS-16, K9: the cleanup goes on where it can.
#[test]
fn a_stream_that_does_not_close_exceeds_the_budget() {
    const BUDGET: Duration = Duration::from_secs(1);
    let (rt, log) = (Deterministic::new(), Log::new());
    let (own_rt, act) = (rt.clone(), Act::new(&log, "s").exit_waits_for("go"));
    let stream = generator(async move |y| {
        let held = with(&own_rt, act, async |()| {
            y.yield_(1).await;
            Ok::<_, Infallible>(())
        });
        held.await.unwrap();
    });
    let scoped = with(&rt, channel_scope(&rt, stream), async |items| {
        Ok::<_, Infallible>(items.next().await)
    });
    let ended = rt.block_on(scoped.budget(BUDGET)).unwrap_err();
    assert_eq!(ended.exit(), Some(&ExitError::OverBudget(BUDGET)));
    log.assert("+s");
    log.push("go");
    rt.run_until_stalled();
    log.assert("+s go -s:cancelled");
}

// CS-16: its adapter has ended, and it has not.
#[test]
fn a_stream_inside_of_one_that_has_ended_is_closed() {
    let (rt, log) = (Deterministic::new(), Log::new());
    let leaks = LeakCheck::new(&rt);
    let scope = channel_scope(&rt, three(&rt, &log, "s").take(1));
    let scoped = with(&rt, scope, async |items| {
        assert_eq!(items.next().await, Some(1));
        assert_eq!(items.next().await, None);
        log.push("ended");
        Ok::<_, Infallible>(())
    });
    rt.block_on(scoped).unwrap();
    leaks.finish();
    log.assert("+s -s:cancelled ended");
}

// CM-18, AG-1
#[test]
fn a_scope_that_is_never_entered_drops_its_stream() {
    let (rt, log) = (Deterministic::new(), Log::new());
    let scope = channel_scope(&rt, three(&rt, &log, "s"));
    drop(with(&rt, scope, async |items| {
        Ok::<_, Infallible>(items.next().await)
    }));
    assert_eq!((rt.spawned(), rt.run_until_stalled()), (0, 0));
    log.assert("");
}

// CS-16: leaked, it does nothing more, and harms nobody.
#[test]
fn a_scope_that_is_leaked_stands_still() {
    let (rt, log) = (Deterministic::new(), Log::new());
    let scope = channel_scope(&rt, three(&rt, &log, "s"));
    forget(begun(with(&rt, scope, async |items| {
        items.next().await;
        log.push("received");
        Ok::<_, Infallible>(())
    })));
    rt.run_until_stalled();
    log.assert("+s");
    let ended = rt.block_on(async { Ok::<_, TaskError>(()) });
    ended.unwrap();
}
