//! Stacks: cancelled, panicking, and without their executor, at every poll; and held against scopes
//! that are nested by hand.

mod nested;
mod script;

use std::convert::Infallible;
use std::time::Duration;

use withal::cleanup::drain;
use withal::exit_stack::{BoxError, exit_stack_local};
use withal::runtime::{Runtime, Spawn as _};
use withal::scope::ExitError;
use withal::{ExitStack, Local, ScopeError, cancel, enter_in, exit_stack, with};
use withal_tests::act::ActError;
use withal_tests::foreign::{begun, block_on, gives_up};
use withal_tests::poll::{poll_now, yields};
use withal_tests::probe::{Failed, LocalProbe};
use withal_tests::sweep::{Followed, Sweep};
use withal_tests::{Act, Deterministic, LeakCheck, Log, Probe, laws};

fn probe(log: &Log, name: &str) -> Probe {
    Probe::new(log, name).enter_yields(1).exit_yields(2)
}

/// A stack in a scope, a stack on that stack, and callbacks.
async fn stacks<R: Runtime>(rt: &R, log: &Log) {
    let scoped = with(rt, probe(log, "a").reasons(), async |_| {
        let ended = exit_stack(rt, async |stack| {
            stack.enter(probe(log, "a/b")).await?;
            let own = log.clone();
            stack.push(async move |_: withal::ExitReason<'_>| {
                yields(1).await;
                own.push("pushed");
                Ok(())
            });
            stack.enter(probe(log, "a/b/c").exit_fails()).await?;
            let (own, own_rt) = (log.clone(), rt.clone());
            stack.defer(async move {
                // Foreign code drops a scope in an exit.
                let held = with(&own_rt, probe(&own, "a/b/c/d"), async |_| {
                    std::future::pending::<Result<(), Failed>>().await
                });
                gives_up(3, held).await;
            });
            yields(1).await;
            let inner = exit_stack(rt, async |inner| {
                inner.enter(probe(log, "a/b/c/e")).await?;
                yields(1).await;
                Ok::<_, BoxError>(())
            });
            inner.await.unwrap();
            stack.enter(probe(log, "a/b/c/f").reasons()).await?;
            drop(enter_in(rt, probe(log, "a/b/c/f/g")).await);
            yields(1).await;
            log.push(".a/b/c/f");
            Ok::<_, BoxError>(())
        });
        let ended = ended.await.unwrap_err();
        assert!(matches!(ended, ScopeError::Exit { .. }), "{ended}");
        log.push(".a");
        Ok::<_, Infallible>(())
    });
    scoped.await.unwrap();
}

// ES-2, ES-19, ES-20, ES-21, ES-22, CM-17, A-3, K1, K2
#[test]
fn stacks_that_are_cancelled_at_any_poll_leave_nothing_behind() {
    let swept = Sweep::new(Log::new)
        .invariant_of(laws::hold)
        .run(async |rt: Followed<Deterministic>, log| stacks(&rt, &log).await);
    assert!(swept.polls > 20, "{swept}");
    assert!(swept.scopes > swept.runs, "{swept}");
}

// ES-15, ES-22, ES-23, CM-17, A-3: a stack in a variable.
#[test]
fn a_stack_that_is_moved_about_is_unwound_whatever_happens() {
    let scenario = async |rt: Followed<Deterministic>, log: Log| {
        let mut stack = <ExitStack<_>>::new(&rt);
        stack.enter(probe(&log, "a")).await.unwrap();
        stack.enter(probe(&log, "a/b")).await.unwrap();
        let taken = stack.take();
        yields(1).await;
        stack.enter(probe(&log, "c")).await.unwrap();
        stack.close().await.unwrap();
        yields(1).await;
        taken.enter(probe(&log, "a/b/d").reasons()).await.unwrap();
        log.push("!a/b/d");
        let ended = taken.exit(Err::<(), _>(Failed("refused"))).await;
        assert_eq!(ended.unwrap_err().into_body().unwrap(), Failed("refused"));
    };
    // Two stacks in one frame are two guards: foreign code leaves them in no order.
    let swept = Sweep::new(Log::new).invariant_of(laws::hold).run(scenario);
    assert!(swept.polls > 12, "{swept}");
}

// ES-19, ES-22, K8, A-3
#[test]
fn a_local_stack_is_unwound_whatever_happens() {
    let mut ended = 0;
    for polls in 0..16 {
        for softly in [true, false] {
            let (rt, log) = (Deterministic::new(), Log::new());
            let stacked = exit_stack_local(&rt, async |stack| {
                let local = |name| Local(LocalProbe::new(probe(&log, name)));
                stack.enter(local("a")).await?;
                stack.enter(probe(&log, "a/b")).await?;
                stack.enter(local("a/b/c")).await?;
                yields(2).await;
                Ok::<_, BoxError>(())
            });
            let mut stacked = Box::pin(stacked);
            let in_time = (0..polls).any(|_| poll_now(stacked.as_mut()).is_ready());
            ended += usize::from(in_time);
            if softly {
                rt.block_on(cancel(stacked).local());
            } else {
                drop(stacked);
                block_on(drain(&rt, Duration::from_secs(1)));
            }
            assert_eq!(laws::check(&log.events()), Ok(()));
            assert_eq!(log.count("moved"), 0);
        }
    }
    assert!((2..20).contains(&ended), "{ended}");
}

// ES-20, ES-22, K3, K6, K7
#[test]
fn a_stack_is_unwound_without_its_executor() {
    let mut ended = 0;
    for polls in 0..60 {
        let rt = Deterministic::builder().shut_down_after(polls).build();
        let (leaks, log) = (LeakCheck::new(&rt), Log::new());
        let task = rt.spawn({
            let (rt, log) = (rt.clone(), log.clone());
            async move { stacks(&rt, &log).await }
        });
        rt.run_until_stalled();
        ended += usize::from(log.has(".a"));
        drop(task);
        block_on(drain(&rt, Duration::from_secs(1)));
        leaks.finish();
        assert_eq!(laws::check(&log.events()), Ok(()));
    }
    assert!((1..60).contains(&ended), "{ended}");
}

// ES-22, K6: two runtimes, and the stack's own is gone.
#[test]
fn a_stack_whose_runtime_is_gone_is_an_orphan_with_its_order() {
    let (rt, other, log) = (Deterministic::new(), Deterministic::new(), Log::new());
    let stack = <ExitStack<_>>::new(&rt);
    other.block_on(async {
        stack.enter(probe(&log, "a").reasons()).await.unwrap();
        stack.enter(probe(&log, "a/b").reasons()).await.unwrap();
    });
    rt.shut_down();
    drop(stack);
    log.assert("+a +a/b");
    other.block_on(async { drain(&other, Duration::from_secs(1)).await });
    log.assert("+a +a/b -a/b:cancelled -a:cancelled");
}

// ES-19, CM-23, K9
#[test]
fn a_budget_bounds_the_whole_stack() {
    const BUDGET: Duration = Duration::from_secs(1);
    let (rt, log) = (Deterministic::new(), Log::new());
    let ended = <ExitStack<_, ActError>>::run(&rt, async |stack| {
        stack.enter(Act::new(&log, "a")).await?;
        stack
            .enter(Act::new(&log, "b").exit_waits_for("go"))
            .await?;
        Ok::<_, ActError>(7)
    });
    let ended = rt.block_on(ended.budget(BUDGET)).unwrap_err();
    assert!(matches!(ended.exit(), Some(ExitError::OverBudget(BUDGET))));
    assert_eq!(ended.into_value().unwrap(), 7);
    log.assert("+a +b");
    log.push("go");
    rt.run_until_stalled();
    log.assert("+a +b go -b -a");
}

// ES-2, CM-18
#[test]
fn a_stack_that_is_never_polled_does_nothing() {
    let (rt, log) = (Deterministic::new(), Log::new());
    drop(exit_stack(&rt, async |stack| {
        stack.enter(probe(&log, "a")).await?;
        Ok::<_, BoxError>(())
    }));
    assert_eq!((rt.spawned(), rt.run_until_stalled()), (0, 0));
    log.assert("");
}

// ES-21, ES-22: the whole stack is one cleanup.
#[test]
fn a_dropped_stack_is_one_task() {
    let (rt, log) = (Deterministic::new(), Log::new());
    let stack = <ExitStack<_>>::new(&rt);
    for _ in 0..9 {
        rt.block_on(stack.enter(probe(&log, "a"))).unwrap();
    }
    drop(stack);
    assert_eq!(rt.spawned(), 1);
    rt.run_until_stalled();
    assert_eq!(log.count("-a"), 9);
}

// ES-16, CM-31: an exit that runs a stack of its own, and is cancelled.
#[test]
fn an_exit_may_run_a_stack_of_its_own() {
    let (rt, log) = (Deterministic::new(), Log::new());
    let (own_rt, own) = (rt.clone(), log.clone());
    let mut unwinding = begun(exit_stack(&rt, async |stack| {
        stack
            .enter(probe(&log, "a").enter_yields(0).reasons())
            .await?;
        stack.defer(async move {
            let ended = exit_stack(&own_rt, async |stack| {
                stack.enter(probe(&own, "b").enter_yields(0)).await?;
                stack.enter(probe(&own, "c").enter_yields(0)).await?;
                Ok::<_, BoxError>(())
            });
            ended.await.unwrap();
        });
        Ok::<_, BoxError>(())
    }));
    assert!(poll_now(unwinding.as_mut()).is_pending());
    rt.block_on(cancel(unwinding));
    log.assert("+a +b +c -c -b -a:cancelled");
}
