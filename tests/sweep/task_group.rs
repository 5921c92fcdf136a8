//! Groups and tasks: cancelled, or their executor gone, at every poll.

use std::convert::Infallible;
use std::future::{Future, pending};
use std::mem::forget;
use std::sync::Arc;
use std::time::Duration;

use withal::cleanup::drain;
use withal::runtime::Runtime;
use withal::task_group::Started;
use withal::{ErrorGroup, JoinError, TaskGroup, cancel, spawn, task_group, with};
use withal_tests::foreign::begun;
use withal_tests::poll::{ByHand, yields};
use withal_tests::probe::Failed;
use withal_tests::sweep::{Followed, Sweep};
use withal_tests::{Act, Deterministic, LeakCheck, Log, Probe, laws};

fn probe(log: &Log, name: &str) -> Probe {
    Probe::new(log, name)
        .enter_yields(1)
        .exit_yields(2)
        .reasons()
}

/// A child that holds the scope `name` for a while, and then fails if it is to.
fn child<R: Runtime>(
    rt: &R,
    log: &Log,
    name: &'static str,
    polls: usize,
    fails: bool,
) -> impl Future<Output = Result<usize, Failed>> + Send + 'static + use<R> {
    let (rt, log) = (rt.clone(), log.clone());
    async move {
        let held = with(&rt, probe(&log, name), async |_| {
            yields(polls).await;
            if fails {
                log.push(format_args!("!{name}"));
                return Err(Failed("the child"));
            }
            log.push(format_args!(".{name}"));
            Ok(polls)
        });
        held.await.map_err(|error| match error.into_body() {
            Ok(error) => error,
            Err(error) => panic!("its exit is clean: {error:?}"),
        })
    }
}

/// A child that is stuck in the scope `name`.
fn stuck<R: Runtime>(
    rt: &R,
    log: &Log,
    name: &'static str,
) -> impl Future<Output = Result<usize, Failed>> + Send + 'static + use<R> {
    let (rt, log) = (rt.clone(), log.clone());
    async move {
        let held = with(&rt, probe(&log, name), async |_| {
            pending::<Result<usize, Infallible>>().await
        });
        held.await.map_err(|_| Failed("not stuck"))
    }
}

/// A group in a scope: its children hold scopes, one adds another, and one may fail.
async fn group(rt: &impl Runtime, log: &Log, fails: bool) -> Result<usize, ErrorGroup<Failed>> {
    let scoped = with(rt, probe(log, "a"), async |_| {
        let run = task_group(rt, async |group| {
            let first = group.spawn(child(rt, log, "a/r", 2, false));
            let (adds, late) = (group.clone(), child(rt, log, "a/t", 3, false));
            group.spawn(async move {
                yields(1).await;
                adds.spawn(late);
                Ok(())
            });
            group.spawn(child(rt, log, "a/s", 4, fails));
            let held = with(rt, probe(log, "a/b"), async |_| {
                let value = first.await;
                log.push(".a/b");
                Ok::<_, Infallible>(value)
            });
            Ok(held.await.unwrap().unwrap_or_default())
        });
        // A cleanup that waits for a drain has no clock against it.
        let ended = run.budget(Duration::MAX).await;
        log.push(".a");
        Ok::<_, Infallible>(ended)
    });
    scoped.await.unwrap()
}

// TG-3, TG-10, TG-15, TG-16, CM-17, A-3, K1, K2
#[test]
fn a_group_that_is_cancelled_at_any_poll_leaves_nothing_behind() {
    let swept = Sweep::new(Log::new).invariant_of(laws::hold).run(
        async |rt: Followed<Deterministic>, log| {
            assert_eq!(group(&rt, &log, false).await.unwrap(), 2);
        },
    );
    assert!(swept.polls > 5, "{swept}");
    assert!(swept.scopes > swept.runs, "{swept}");
}

// TG-4, TG-6, TG-10, TG-11, A-3, K10
#[test]
fn a_group_that_fails_and_is_cancelled_at_any_poll_leaves_nothing_behind() {
    let swept = Sweep::new(Log::new).invariant_of(laws::hold).run(
        async |rt: Followed<Deterministic>, log| {
            let errors = group(&rt, &log, true).await.unwrap_err();
            assert_eq!(errors.single().unwrap(), Failed("the child"));
        },
    );
    assert!(swept.polls > 5, "{swept}");
}

// TG-24, TG-26, TG-16, TG-10, A-3
#[test]
fn a_starter_and_children_in_line_are_cancelled_at_any_poll() {
    let scenario = async |rt: Followed<Deterministic>, log: Log| {
        let scoped = with(&rt, probe(&log, "a"), async |_| {
            let run = task_group(&rt, async |group: TaskGroup<_, Failed>| {
                let serves = child(&rt, &log, "a/r", 2, false);
                let started = group.start(async move |started: Started<u8>| {
                    yields(2).await;
                    started.send(7).ok();
                    serves.await
                });
                let in_line = group.spawn(child(&rt, &log, "a/s", 1, false));
                group.spawn(child(&rt, &log, "a/t", 1, false));
                let (value, server) = started.await.unwrap();
                group.limit(2);
                assert_eq!((value, server.await, in_line.await), (7, Ok(2), Ok(1)));
                Ok(())
            });
            run.limit(1).budget(Duration::MAX).await.unwrap();
            log.push(".a");
            Ok::<_, Infallible>(())
        });
        scoped.await.unwrap();
    };
    let swept = Sweep::new(Log::new).invariant_of(laws::hold).run(scenario);
    assert!(swept.polls > 5, "{swept}");
}

// TG-25, K3, K6, K7
#[test]
fn a_group_goes_on_without_its_executor() {
    let (mut taken_over, mut failed) = (0, 0);
    for fails in [false, true] {
        for polls in 0..60 {
            let rt = Deterministic::builder().shut_down_after(polls).build();
            let (leaks, log) = (LeakCheck::new(&rt), Log::new());
            let ended = rt.block_on(async {
                let ended = group(&rt, &log, fails).await;
                drain(&rt, Duration::from_secs(1)).await;
                ended
            });
            leaks.finish();
            assert_eq!(laws::check(&log.events()), Ok(()));
            assert_eq!(ended.is_err(), fails);
            taken_over += usize::from(rt.contexts() > 0);
            failed += usize::from(fails);
        }
    }
    assert!((1..120).contains(&taken_over), "{taken_over}");
    assert_eq!(failed, 60);
}

// TG-25, K6
#[test]
fn a_group_runs_where_no_task_can_be_spawned() {
    for accepted in 0..5 {
        let rt = Deterministic::builder()
            .refuse_spawns_after(accepted)
            .build();
        let log = Log::new();
        assert_eq!(rt.block_on(group(&rt, &log, false)).unwrap(), 2);
        assert_eq!(laws::check(&log.events()), Ok(()));
        assert_eq!(rt.contexts() == 0, accepted == 4);
    }
}

// TG-22: nobody has to poll the group for that.
#[test]
fn children_are_cancelled_by_the_one_that_fails() {
    let (rt, log) = (Deterministic::new(), Log::new());
    let mut run = ByHand::waiting(task_group(&rt, async |group: TaskGroup<_, Failed>| {
        group.spawn(stuck(&rt, &log, "s"));
        group.spawn(async {
            yields(3).await;
            Err::<(), _>(Failed("it"))
        });
        Ok(())
    }));
    rt.run_until_stalled();
    log.assert("+s -s:cancelled");
    assert!(run.woken());
    assert!(run.ready().is_err());
}

// TG-19: one wake for the end of all children, however many there are.
#[test]
fn a_group_is_woken_by_its_last_child() {
    let rt = Deterministic::new();
    let mut run = ByHand::waiting(task_group(&rt, async |group: TaskGroup<_, Failed>| {
        for polls in 0..9 {
            group.spawn(async move {
                yields(polls).await;
                Ok(())
            });
        }
        Ok(7)
    }));
    assert!(!run.woken());
    rt.run_until_stalled();
    assert!(run.woken());
    assert_eq!(run.ready().unwrap(), 7);
}

// CM-18, TG-1
#[test]
fn a_group_that_is_never_polled_does_nothing() {
    let rt = Deterministic::new();
    drop(task_group(&rt, async |group: TaskGroup<_, Failed>| {
        group.spawn(async { Ok(()) });
        Ok(())
    }));
    assert_eq!((rt.spawned(), rt.run_until_stalled()), (0, 0));
}

// TG-19: leaked, it does nothing more, and its children end.
#[test]
fn a_group_that_is_leaked_harms_nobody() {
    let (rt, log, owned) = (Deterministic::new(), Log::new(), Arc::new(()));
    forget(begun(task_group(
        &rt,
        async |group: TaskGroup<_, Failed>| {
            let (child, owned) = (child(&rt, &log, "s", 2, false), owned.clone());
            group.spawn(async move {
                let _owned = owned;
                child.await
            });
            pending::<Result<(), Failed>>().await
        },
    )));
    rt.run_until_stalled();
    log.assert("+s .s -s:completed");
    assert_eq!(Arc::strong_count(&owned), 1);
}

// TG-22, K9: it is found, and reported, where it goes on.
#[test]
fn a_child_that_does_not_end_moves_to_the_pending_ones() {
    let (rt, log) = (Deterministic::new(), Log::new());
    let run = task_group(&rt, async |group: TaskGroup<_, Failed>| {
        let (own_rt, act) = (rt.clone(), Act::new(&log, "s").exit_waits_for("go"));
        group.spawn(async move {
            let held = with(&own_rt, act, async |()| {
                pending::<Result<(), Infallible>>().await
            });
            held.await.unwrap();
            Ok(())
        });
        log.seen(&rt, "+s").await;
        Err::<(), _>(Failed("the body"))
    });
    let errors = rt.block_on(run.budget(Duration::from_secs(3)));
    assert_eq!(errors.unwrap_err().len(), 1);
    log.assert("+s");
    let left = rt.block_on(drain(&rt, Duration::from_secs(1)));
    assert!(!left.is_clean());
    log.push("go");
    let left = rt.block_on(drain(&rt, Duration::from_secs(1)));
    assert!(left.is_clean(), "{left}");
    log.assert("+s go -s:cancelled");
}

/// A task that holds a scope, in a scope.
async fn task(rt: &impl Runtime, log: &Log, cancels: bool) {
    let scoped = with(rt, probe(log, "a"), async |_| {
        let task = spawn(rt, child(rt, log, "a/s", 4, false));
        yields(3).await;
        if cancels {
            // It may have come to its value.
            let _ended = task.cancel().await;
        } else {
            assert_eq!(task.await.unwrap(), Ok(4));
        }
        log.push(".a");
        Ok::<_, Infallible>(())
    });
    scoped.await.unwrap();
}

// CM-17, A-3, K1, K2, K10
#[test]
fn a_task_whose_owner_is_cancelled_at_any_poll_leaves_nothing_behind() {
    for cancels in [false, true] {
        let swept = Sweep::new(Log::new)
            .invariant_of(laws::hold)
            .run(async |rt: Followed<Deterministic>, log| task(&rt, &log, cancels).await);
        assert!(swept.polls > 4, "{swept}");
        assert!(swept.scopes > 200, "{swept}");
    }
}

// K3, K6, K7, RT-5
#[test]
fn a_task_goes_on_without_its_executor() {
    let mut taken_over = 0;
    for cancels in [false, true] {
        for polls in 0..30 {
            let rt = Deterministic::builder().shut_down_after(polls).build();
            let (leaks, log) = (LeakCheck::new(&rt), Log::new());
            rt.block_on(async {
                task(&rt, &log, cancels).await;
                drain(&rt, Duration::from_secs(1)).await;
            });
            leaks.finish();
            assert_eq!(laws::check(&log.events()), Ok(()));
            taken_over += usize::from(rt.contexts() > 0);
        }
    }
    assert!((1..60).contains(&taken_over), "{taken_over}");
}

// K6, P22: a detached one is cancelled, and its cleanup is an orphan.
#[test]
fn a_detached_task_without_its_executor_is_cleaned_up_by_a_drain() {
    let (rt, log) = (Deterministic::new(), Log::new());
    spawn(&rt, stuck(&rt, &log, "s")).detach();
    // What has nothing to wait for is dropped at once, and nobody hears of it.
    spawn(&rt, pending::<()>()).detach();
    rt.run_for(Duration::ZERO);
    rt.shut_down();
    log.assert("+s");
    let left = rt.block_on(drain(&rt, Duration::from_secs(1)));
    assert_eq!(left.finished.len(), 1, "{left}");
    log.assert("+s -s:cancelled");
}

// K6: its handle is there, and does not wait.
#[test]
fn a_task_that_is_dropped_after_its_executor_is_cleaned_up_by_a_drain() {
    let (rt, log) = (Deterministic::new(), Log::new());
    let task = spawn(&rt, stuck(&rt, &log, "s"));
    rt.run_for(Duration::ZERO);
    rt.shut_down();
    drop(task);
    log.assert("+s");
    rt.block_on(drain(&rt, Duration::from_secs(1)));
    log.assert("+s -s:cancelled");
}

// TG-17, TG-7: a handle that outlives its group knows.
#[test]
fn a_handle_of_a_group_that_was_dropped_ends() {
    let (rt, log) = (Deterministic::new(), Log::new());
    let mut handle = None;
    let run = task_group(&rt, async |group: TaskGroup<_, Failed>| {
        handle = Some(group.spawn(stuck(&rt, &log, "s")));
        Ok(())
    });
    let mut run = Box::pin(run);
    rt.block_on(async {
        assert!(futures_util::poll!(run.as_mut()).is_pending());
        log.seen(&rt, "+s").await;
        cancel(run).await;
    });
    let mut handle = ByHand::new(handle.take().unwrap());
    assert_eq!(handle.ready(), Err(JoinError::Cancelled));
    log.assert("+s -s:cancelled");
}
