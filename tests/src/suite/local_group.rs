//! Children that run in the task of their group: with scopes in them, on clocks and executors as they
//! are.

use std::convert::Infallible;
use std::future::pending;
use std::panic::panic_any;
use std::pin::pin;
use std::rc::Rc;
use std::time::Duration;

use withal::runtime::Runtime;
use withal::{ErrorGroup, JoinError, Local, cancel, timeout, with};
use withal_sync::group::{LocalGroup, local_group};
use withal_sync::single_thread;

use crate::foreign::gives_up;
use crate::log::{patience, spawns_nothing, within_patience};
use crate::poll::{caught, poll_until, yields};
use crate::probe::{Failed, LocalProbe};
use crate::reports::{Reports, unique};
use crate::{Log, Probe};

/// The table of these cases, given to the macro `$make`.
#[doc(hidden)]
#[macro_export]
macro_rules! local_group_cases {
    ($make:ident $with:tt $of:tt) => {
        $crate::$make! { $with $of local_group:
            children_sleep_side_by_side_and_borrow,
            a_group_runs_in_a_task_that_moves,
            handles_and_spawners_may_be_in_other_tasks,
            a_failure_waits_for_the_cleanup_of_all,
            an_exit_in_progress_ends_when_a_sibling_fails,
            a_timeout_around_a_group_waits_for_its_cleanup,
            a_timeout_in_a_child_is_the_childs,
            a_child_is_cancelled_and_its_cleanup_awaited,
            a_group_that_foreign_code_drops_is_cleaned_up_by_the_scope_around_it,
            a_group_that_foreign_code_drops_outside_of_every_scope_is_cleaned_up,
            groups_in_children_end_inner_before_outer,
            errors_of_a_group_that_is_dropped_are_reported,
            a_panic_goes_on_after_the_cleanup_and_another_is_reported,
            a_thousand_children_in_scopes_are_cancelled_at_once,
            children_that_stay_on_the_thread_exit_their_scopes,
        }
    };
}

const SPAN: Duration = Duration::from_millis(5);

fn probe(log: &Log, name: &str) -> Probe {
    Probe::new(log, name).exit_yields(2).reasons()
}

/// Stays in the scope `name` until it is dropped.
async fn inside<R: Runtime>(rt: &R, log: &Log, name: &str) -> Result<(), Failed> {
    let ended = with(rt, probe(log, name), async |_| {
        pending::<Result<(), Infallible>>().await
    });
    ended.await.map_err(|_| Failed("it never fails"))
}

fn panics(text: String) -> Result<(), Failed> {
    panic_any(text)
}

fn leaves(errors: ErrorGroup<Failed>) -> Vec<&'static str> {
    errors.into_leaves().map(|error| error.0).collect()
}

// TG-3, TG-17, TG-27
pub async fn children_sleep_side_by_side_and_borrow(rt: &impl Runtime) {
    let names = ["a", "b", "c"].map(String::from);
    let begun = rt.now();
    let slept = local_group(async |group| {
        let handles: Vec<_> = names
            .iter()
            .cycle()
            .take(60)
            .map(|name| {
                group.spawn(async move {
                    rt.sleep(20 * SPAN).await;
                    Ok::<_, Failed>(name.as_str())
                })
            })
            .collect();
        let mut slept = String::new();
        for handle in handles {
            slept.push_str(handle.await.unwrap());
        }
        Ok(slept)
    });
    assert_eq!(slept.await.unwrap(), "abc".repeat(20));
    // One after the other they would take sixty times as long.
    let took = rt.elapsed(begun, rt.now());
    assert!(took >= 20 * SPAN && took < 400 * SPAN, "{took:?}");
}

// TG-27, CM-15
pub async fn a_group_runs_in_a_task_that_moves(rt: &impl Runtime) {
    let spawner = rt.clone();
    let task = async move {
        let rt = &spawner;
        let text = String::from("a bcd ef");
        let lengths = local_group(async |group| {
            let mut handles = Vec::new();
            for word in text.split(' ') {
                handles.push(group.spawn(async move {
                    rt.sleep(SPAN).await;
                    yields(3).await;
                    Ok::<_, Failed>(word.len())
                }));
            }
            let mut lengths = Vec::new();
            for handle in handles {
                lengths.push(handle.await.unwrap());
            }
            Ok(lengths)
        });
        lengths.await.unwrap()
    };
    if spawns_nothing(rt) {
        assert_eq!(task.await, [1, 3, 2]);
    } else {
        assert_eq!(rt.spawn(task).await.unwrap(), [1, 3, 2]);
    }
}

// TG-3, TG-17, TG-27
pub async fn handles_and_spawners_may_be_in_other_tasks(rt: &impl Runtime) {
    if spawns_nothing(rt) {
        return;
    }
    let log = Log::new();
    let sum = local_group(async |group: LocalGroup<'static, Failed>| {
        let (spawner, steps) = (group.clone(), log.clone());
        let task = rt.spawn(async move {
            let child = spawner.spawn(async move {
                steps.when(|events| events.contains(&"go".to_owned())).await;
                Ok(40)
            });
            child.await.unwrap() + 1
        });
        yields(3).await;
        log.push("go");
        Ok(task.await.unwrap() + 1)
    });
    let sum = within_patience(rt, sum, || "it does not end".to_owned());
    assert_eq!(sum.await.unwrap(), 42);
}

// TG-4, TG-6, TG-8, K1
pub async fn a_failure_waits_for_the_cleanup_of_all(rt: &impl Runtime) {
    let log = Log::new();
    let failed = local_group(async |group| {
        for name in ["a", "b"] {
            group.spawn(inside(rt, &log, name));
        }
        group.spawn(async {
            log.when(|events| events.len() == 3).await;
            Err::<(), _>(Failed("child"))
        });
        inside(rt, &log, "body").await
    });
    let errors = failed.await.unwrap_err();
    log.push("returned");
    assert_eq!(leaves(errors), ["child"]);
    log.assert("+body +a +b -body:cancelled -a:cancelled -b:cancelled returned");
}

// TG-9, K10
pub async fn an_exit_in_progress_ends_when_a_sibling_fails(rt: &impl Runtime) {
    let log = Log::new();
    let saved = local_group(async |group| {
        let log = &log;
        let saving = group.spawn(async move {
            let scope = probe(log, "commit").exit_waits_for("failing");
            let ended = with(rt, scope, async |_| Ok::<_, Infallible>(7)).await;
            Ok(ended.unwrap())
        });
        group.spawn(async move {
            log.when(|events| events.contains(&"…commit".to_owned()))
                .await;
            log.push("failing");
            Err::<(), _>(Failed("sibling"))
        });
        // The body is cancelled; the handle tells afterwards.
        log.push(".body");
        let _never = pending::<Result<(), Failed>>().await;
        drop(saving);
        Ok(())
    });
    assert_eq!(leaves(saved.await.unwrap_err()), ["sibling"]);
    log.assert(".body +commit …commit failing -commit:completed");
}

// TG-10, K1
pub async fn a_timeout_around_a_group_waits_for_its_cleanup(rt: &impl Runtime) {
    let log = Log::new();
    let group = local_group(async |group| {
        group.spawn(inside(rt, &log, "a"));
        inside(rt, &log, "body").await
    });
    let late = timeout(rt, SPAN, group).await;
    log.push("returned");
    assert!(late.is_err());
    log.assert("+body +a -body:cancelled -a:cancelled returned");
}

// TG-12, TG-17
pub async fn a_timeout_in_a_child_is_the_childs(rt: &impl Runtime) {
    let log = Log::new();
    let ended = local_group(async |group| {
        let log = &log;
        let late = group.spawn(async move {
            let late = timeout(rt, SPAN, inside(rt, log, "a")).await;
            Ok::<_, Failed>(late.is_err())
        });
        let in_time = group.spawn(async { Ok(timeout(rt, patience(), yields(2)).await.is_ok()) });
        Ok((late.await, in_time.await))
    });
    assert_eq!(ended.await.unwrap(), (Ok(true), Ok(true)));
    log.assert("+a -a:cancelled");
}

// TG-7, TG-16, TG-20
pub async fn a_child_is_cancelled_and_its_cleanup_awaited(rt: &impl Runtime) {
    let log = Log::new();
    let ended = local_group(async |group| {
        let child = group.spawn(inside(rt, &log, "a"));
        let other = group.spawn(inside(rt, &log, "b"));
        log.when(|events| events.len() == 2).await;
        child.cancel();
        assert_eq!(child.await, Err(JoinError::Cancelled));
        log.push("cancelled");
        assert!(!other.is_finished());
        group.cancel();
        Ok(())
    });
    ended.await.unwrap();
    log.assert("+a +b -a:cancelled cancelled -b:cancelled");
}

// TG-10, K2, K3
pub async fn a_group_that_foreign_code_drops_is_cleaned_up_by_the_scope_around_it(
    rt: &impl Runtime,
) {
    let log = Log::new();
    let ended = with(rt, probe(&log, "a"), async |_| {
        let group = local_group(async |group| {
            group.spawn(inside(rt, &log, "a/child"));
            inside(rt, &log, "a/body").await
        });
        assert!(gives_up(3, group).await.is_none());
        log.push("dropped");
        Ok::<_, Infallible>(())
    });
    ended.await.unwrap();
    let before = |first: &str, second: &str| {
        let (first, second) = (log.position(first), log.position(second));
        assert!(first < second && first.is_some(), "{}", log.trace());
    };
    before("-a/body:cancelled", "-a:completed");
    before("-a/child:cancelled", "-a:completed");
    before("dropped", "-a:completed");
}

// TG-10, TG-19, K2
pub async fn a_group_that_foreign_code_drops_outside_of_every_scope_is_cleaned_up(
    rt: &impl Runtime,
) {
    let log = Log::new();
    let group = local_group(async |group| {
        group.spawn(inside(rt, &log, "child"));
        inside(rt, &log, "body").await
    });
    assert!(gives_up(3, group).await.is_none());
    if spawns_nothing(rt) {
        withal::cleanup::drain(rt, patience()).await;
    }
    log.seen(rt, "-child:cancelled").await;
    log.seen(rt, "-body:cancelled").await;
}

// TG-3, TG-10, TG-13, CM-15
pub async fn groups_in_children_end_inner_before_outer(rt: &impl Runtime) {
    let log = Log::new();
    let ended = with(rt, probe(&log, "a"), async |_| {
        let log = &log;
        let outer = local_group(async |outer| {
            outer.spawn(async move {
                let scope = probe(log, "a/b");
                let ended = with(rt, scope, async |_| {
                    let inner = local_group(async |inner| {
                        inner.spawn(inside(rt, log, "a/b/c"));
                        inside(rt, log, "a/b/d").await
                    });
                    inner.await.map_err(|_| Failed("it never fails"))
                });
                ended.await.map_err(|_| Failed("it never fails"))
            });
            log.when(|events| events.len() == 4).await;
            outer.cancel();
            Ok::<_, Failed>(())
        });
        outer.await.map_err(|_| Failed("it never fails"))
    });
    ended.await.unwrap();
    log.assert(
        "+a +a/b +a/b/d +a/b/c -a/b/d:cancelled -a/b/c:cancelled -a/b:cancelled -a:completed",
    );
}

// TG-11, TG-25
pub async fn errors_of_a_group_that_is_dropped_are_reported(rt: &impl Runtime) {
    let (log, reports) = (Log::new(), Reports::begin());
    let lost = unique("lost");
    {
        let mut group = pin!(local_group(async |group| {
            let scope = Probe::new(&log, "a").exit_waits_for("never");
            let (lost, log) = (lost.clone(), &log);
            group.spawn(async move {
                let never = with(rt, scope, async |_| {
                    pending::<Result<(), Infallible>>().await
                });
                never.await.map_err(|_| String::new())
            });
            group.spawn(async move {
                log.when(|events| events.contains(&"+a".to_owned())).await;
                Err::<(), _>(lost)
            });
            pending::<Result<(), String>>().await
        }));
        // It has failed, and waits for a cleanup that takes too long.
        poll_until(group.as_mut(), &log, "…a");
        assert_eq!(reports.count(&lost), 0);
    }
    assert_eq!(reports.count(&lost), 1);
    log.push("never");
    if spawns_nothing(rt) {
        withal::cleanup::drain(rt, patience()).await;
    }
    log.seen(rt, "-a").await;
}

// TG-15, EG-2
pub async fn a_panic_goes_on_after_the_cleanup_and_another_is_reported(rt: &impl Runtime) {
    let (log, reports) = (Log::new(), Reports::begin());
    let later = unique("later");
    let panicked = caught(local_group(async |group| {
        let (log, later) = (&log, later.clone());
        group.spawn(inside(rt, log, "a"));
        group.spawn(async move {
            let scope = probe(log, "b").exit_waits_for("panics");
            let ended = with(rt, scope, async |_| Ok::<_, Infallible>(())).await;
            ended.unwrap();
            panics(later)
        });
        log.when(|events| events.contains(&"…b".to_owned())).await;
        log.push("panics");
        panics("the first".to_owned())
    }));
    assert_eq!(panicked.await.unwrap_err(), "the first");
    log.push("returned");
    assert_eq!(reports.count(&later), 1);
    assert!(log.position("-a:cancelled") < log.position("returned"));
    assert!(log.position("-b:completed") < log.position("returned"));
}

// TG-10, TG-19
pub async fn a_thousand_children_in_scopes_are_cancelled_at_once(rt: &impl Runtime) {
    let log = Log::new();
    let group = local_group(async |group| {
        for n in 0..1000 {
            let log = &log;
            group.spawn(async move {
                let outer = Probe::new(log, format!("{n}"));
                let ended = with(rt, outer, async |_| {
                    inside(rt, log, &format!("{n}/inner")).await
                });
                ended.await.map_err(|_| Failed("it never fails"))
            });
        }
        log.when(|events| events.len() == 2000).await;
        log.push("all");
        pending::<Result<(), Failed>>().await
    });
    let mut group = Box::pin(group);
    poll_until(group.as_mut(), &log, "all");
    cancel(group).await;
    let exits = log.events().iter().filter(|e| e.starts_with('-')).count();
    assert_eq!(exits, 2000);
    for n in [0, 500, 999] {
        let inner = log.position(&format!("-{n}/inner:cancelled"));
        assert!(inner < log.position(&format!("-{n}")));
    }
}

// TG-27, K8
pub async fn children_that_stay_on_the_thread_exit_their_scopes(rt: &impl Runtime) {
    let log = Log::new();
    let shared = Rc::new(());
    let ended = single_thread::local_group(async |group| {
        let log = &log;
        for name in ["a", "b"] {
            let shared = shared.clone();
            group.spawn(async move {
                let scope = Local(LocalProbe::new(Probe::new(log, name)));
                let never = with(rt, scope, async |_| {
                    let _shared = shared;
                    pending::<Result<(), Infallible>>().await
                });
                never.await.map_err(|_| Failed("it never fails"))
            });
        }
        log.when(|events| events.len() == 2).await;
        Err::<(), _>(Failed("body"))
    })
    .await;
    log.push("returned");
    assert_eq!(leaves(ended.unwrap_err()), ["body"]);
    log.assert("+a +b -a -b returned");
    assert_eq!(Rc::strong_count(&shared), 1);
}
