//! How children are added, and what they and the group come to.

use std::convert::Infallible;
use std::future::pending;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use withal::runtime::Runtime;
use withal::task_group::ChildState;
use withal::{JoinError, TaskGroup, task_group, with};

use super::{ends, fails, on};
use crate::foreign::OnDrop;
use crate::poll::yields;
use crate::probe::Failed;
use crate::{Act, Log};

// TG-1, TG-3, TG-14
pub async fn a_group_gives_its_body_s_value_after_all_children(rt: &impl Runtime) {
    let log = Log::new();
    let run = task_group(rt, async |group: TaskGroup<_, Failed>| {
        for name in ["a", "b"] {
            let log = log.clone();
            group.spawn(async move {
                on(&log, "body").await;
                yields(2).await;
                log.push(name);
                Ok(())
            });
        }
        log.push("body");
        Ok(7)
    });
    assert_eq!(ends(rt, run).await.unwrap(), 7);
    log.push("returned");
    assert!(log.has("a") && log.has("b"));
    assert_eq!(
        (log.position("body"), log.position("returned")),
        (Some(0), Some(3))
    );
}

// TG-2, TG-3
pub async fn a_child_may_add_siblings_while_the_group_waits(rt: &impl Runtime) {
    /// Adds a sibling, which does the same.
    fn add<R: Runtime>(
        group: TaskGroup<R, Failed>,
        log: Log,
        left: usize,
    ) -> BoxFuture<'static, Result<(), Failed>> {
        let child = async move {
            yields(1).await;
            log.push(left);
            if left > 0 {
                group.spawn(add(group.clone(), log, left - 1));
            }
            Ok(())
        };
        child.boxed()
    }

    let log = Log::new();
    let run = task_group(rt, async |group| {
        group.spawn(add(group.clone(), log.clone(), 4));
        Ok(())
    });
    ends(rt, run).await.unwrap();
    log.assert("4 3 2 1 0");
}

// TG-17
pub async fn results_are_read_during_the_group_and_after_it(rt: &impl Runtime) {
    let run = task_group(rt, async |group: TaskGroup<_, Failed>| {
        let during = group.spawn(async { Ok("during") }).await.unwrap();
        let after = group.spawn(async {
            yields(3).await;
            Ok(String::from("after"))
        });
        let dropped = group.spawn(async {
            yields(2).await;
            Ok([0; 8])
        });
        drop(dropped);
        Ok((during, after))
    });
    let (during, after) = ends(rt, run).await.unwrap();
    assert!(after.is_finished());
    let after = after.now_or_never().expect("the group has ended");
    assert_eq!((during, after.unwrap().as_str()), ("during", "after"));
}

// TG-2
pub async fn a_group_that_is_closed_gives_the_future_back(rt: &impl Runtime) {
    let (log, kept) = (Log::new(), Arc::new(Mutex::new(None)));
    let run = task_group(rt, async |group: TaskGroup<_, Failed>| {
        *kept.lock().unwrap() = Some(group.clone());
        let closing = OnDrop::new(|| {
            let refused = group.try_spawn(async { Ok("again") }).unwrap_err();
            log.push("refused");
            assert_eq!(refused.0.now_or_never(), Some(Ok("again")));
        });
        group.spawn(fails(&log, "body", "it"));
        log.push("body");
        on(&log, "never").await;
        drop(closing);
        Ok(())
    });
    ends(rt, run).await.unwrap_err();
    log.assert("body it! refused");
    let group = kept.lock().unwrap().take().expect("it was kept");
    assert!(group.is_closed() && group.is_empty());
    let dropped = log.clone();
    let owned = OnDrop::new(move || dropped.push("dropped"));
    let handle = group.spawn(async move {
        drop(owned);
        Ok(())
    });
    log.assert("body it! refused dropped");
    assert_eq!(
        (handle.is_finished(), handle.await),
        (true, Err(JoinError::Closed))
    );
    assert!(group.try_spawn(async { Ok(()) }).is_err());
}

// TG-26
pub async fn no_more_children_run_than_the_limit_says(rt: &impl Runtime) {
    let running = Arc::new(Mutex::new((0, 0)));
    let log = Log::new();
    let run = task_group(rt, async |group: TaskGroup<_, Failed>| {
        for number in 0..9 {
            let (running, log) = (running.clone(), log.clone());
            group.spawn(async move {
                let now = {
                    let mut running = running.lock().unwrap();
                    running.0 += 1;
                    running.1 = running.0.max(running.1);
                    running.0
                };
                assert!(now <= 3);
                log.push(format_args!("{number}"));
                yields(3).await;
                running.lock().unwrap().0 -= 1;
                Ok(())
            });
        }
        // Some may have ended on another thread.
        assert!(group.len() <= 9);
        let waiting = group.tasks().into_iter();
        assert!(
            waiting
                .filter(|task| task.state == ChildState::Waiting)
                .count()
                <= 6
        );
        Ok(())
    });
    ends(rt, run.limit(3)).await.unwrap();
    assert_eq!(log.events().len(), 9);
    assert!(running.lock().unwrap().1 <= 3);
    // One after the other, they run in their order.
    let log = Log::new();
    let run = task_group(rt, async |group: TaskGroup<_, Failed>| {
        for number in 0..5 {
            let log = log.clone();
            group.spawn(async move {
                yields(1).await;
                log.push(number);
                Ok(())
            });
        }
        Ok(())
    });
    ends(rt, run.limit(1)).await.unwrap();
    log.assert("0 1 2 3 4");
}

// TG-18, TC-14, P24
pub async fn children_are_listed_until_they_end(rt: &impl Runtime) {
    let log = Log::new();
    let run = task_group(rt, async |group: TaskGroup<_, Failed>| {
        let listed = || {
            let tasks = group.tasks();
            let text = |task: &withal::task_group::ChildInfo| {
                let name = task.name.as_deref().unwrap_or("-");
                format!("{name}:{:?}", task.state)
            };
            tasks.iter().map(text).collect::<Vec<_>>().join(" ")
        };
        let act = Act::new(&log, "s").exit_waits_for("go");
        let own_rt = rt.clone();
        let first = group.spawn_named("first", async move {
            let held = with(&own_rt, act, async |()| {
                pending::<Result<(), Infallible>>().await
            });
            held.await.unwrap();
            Ok(())
        });
        let second = group.spawn(async { Ok(()) });
        assert_eq!(listed(), "first:Running -:Waiting");
        log.seen(rt, "+s").await;
        first.cancel();
        assert_eq!(listed(), "first:Cancelling -:Waiting");
        log.push("go");
        second.await.unwrap();
        assert_eq!(first.await, Err(JoinError::Cancelled));
        assert!(listed().is_empty() && group.is_empty());
        Ok(())
    });
    ends(rt, run.limit(1)).await.unwrap();
}

// TG-19
pub async fn a_leaked_group_lets_its_children_end(rt: &impl Runtime) {
    let log = Log::new();
    let mut run = Box::pin(task_group(rt, async |group: TaskGroup<_, Failed>| {
        let own = log.clone();
        group.spawn(async move {
            own.push("begun");
            yields(3).await;
            own.push("ended");
            Ok(())
        });
        pending::<Result<(), Failed>>().await
    }));
    assert!(futures_util::poll!(run.as_mut()).is_pending());
    std::mem::forget(run);
    log.seen(rt, "ended").await;
}

// TG-19
pub async fn a_group_leaves_nothing_behind(rt: &impl Runtime) {
    let owned = Arc::new(());
    let log = Log::new();
    let run = task_group(rt, async |group: TaskGroup<_, Arc<()>>| {
        for fails in [false, true, false] {
            let (own, group, log) = (owned.clone(), group.clone(), log.clone());
            group.clone().spawn::<_, ()>(async move {
                let _group = group;
                if fails {
                    on(&log, "go").await;
                    return Err(own);
                }
                pending().await
            });
        }
        log.push("go");
        pending::<Result<(), _>>().await
    });
    drop(ends(rt, run).await.unwrap_err());
    // The executor drops its side of the last task when it gets there.
    let none = async {
        while Arc::strong_count(&owned) > 1 {
            rt.sleep(Duration::from_millis(1)).await;
        }
    };
    ends(rt, none).await;
}
