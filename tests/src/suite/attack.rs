//! What broke earlier designs: order, waiting, and what "inner" means.

use std::future::pending;
use std::sync::mpsc;
use std::time::Duration;

use futures_util::stream::{FuturesUnordered, StreamExt};
use withal::runtime::Runtime;
use withal::scope::{ExitError, ScopeError};
use withal::{await_cleanup, cancel, enter_in, timeout, with};

use crate::foreign::{OnDrop, begun, block_on, gives_up};
use crate::poll::yields;
use crate::reports::Reports;
use crate::{Act, Deterministic, Log};

/// The table of these cases, given to the macro `$make`.
#[doc(hidden)]
#[macro_export]
macro_rules! attack_cases {
    ($make:ident $with:tt $of:tt) => {
        $crate::$make! { $with $of attack:
            an_enclosing_scope_waits_for_a_foreign_drop,
            an_enclosing_scope_needs_no_executor,
            an_enclosing_scope_takes_back_what_an_executor_discards,
            guards_of_one_frame_are_exited_last_one_first,
            a_guard_is_exited_behind_the_scope_inside_of_it,
            block_on_in_a_drop_does_not_wait_for_its_own_collector,
            await_cleanup_in_a_drop_does_not_wait_for_its_own_collector,
            a_budget_frees_a_scope_from_a_stuck_child,
            an_exit_that_hangs_is_given_up_at_its_budget,
            a_lock_held_by_the_frame_hangs_until_the_budget,
            an_exit_is_an_enclosing_scope,
            an_exit_that_was_handed_over_is_an_enclosing_scope,
            a_spawned_task_is_outside,
            a_set_outside_of_the_body_is_outside,
            a_scope_belongs_to_the_body_that_drops_it,
        }
    };
}

type Never = Result<(), String>;

// K2, K3. The exits may run before the select returns, where the executor has threads of its own.
pub async fn an_enclosing_scope_waits_for_a_foreign_drop(rt: &impl Runtime) {
    let log = Log::new();
    with(rt, Act::new(&log, "a"), async |_| {
        let foreign = with(rt, Act::new(&log, "b"), async |_| {
            let c = with(rt, Act::new(&log, "c"), async |_| pending::<Never>().await);
            c.await.map_err(|error| error.to_string())
        });
        futures_util::future::select(Box::pin(foreign), Box::pin(yields(2))).await;
        Ok::<_, String>(())
    })
    .await
    .unwrap();
    log.push("returned");
    log.assert("+a +b +c -c:cancelled -b:cancelled -a returned");
}

// K3, ATTACK A1: the executor of b is driven by nobody, and b needs nothing of it.
pub async fn an_enclosing_scope_needs_no_executor(rt: &impl Runtime) {
    let log = Log::new();
    let stalled = Deterministic::new();
    let a = with(rt, Act::new(&log, "a"), async |_| {
        let b = with(&stalled, Act::new(&log, "b"), async |_| {
            pending::<Never>().await
        });
        assert!(gives_up(1, b).await.is_none());
        Ok::<_, String>(())
    });
    a.await.unwrap();
    log.assert("+a +b -b:cancelled -a");
    assert_eq!(stalled.spawned(), 1);
    assert_eq!(
        stalled.run_until_stalled(),
        0,
        "the task ends when it is looked at"
    );
}

// K3, K6, ATTACK A1: the executor goes while the cleanup of b waits in it.
pub async fn an_enclosing_scope_takes_back_what_an_executor_discards(rt: &impl Runtime) {
    let log = Log::new();
    let dying = Deterministic::new();
    let a = with(rt, Act::new(&log, "a"), async |_| {
        let b = Act::new(&log, "b").exit_waits_for("runtime-gone");
        let b = with(&dying, b, async |_| pending::<Never>().await);
        assert!(gives_up(1, b).await.is_none());
        assert_eq!(dying.run_until_stalled(), 1, "it waits");
        dying.shut_down();
        log.push("runtime-gone");
        Ok::<_, String>(())
    });
    a.await.unwrap();
    log.assert("+a +b runtime-gone -b:cancelled -a");
}

// K4, ATTACK A2
pub async fn guards_of_one_frame_are_exited_last_one_first(rt: &impl Runtime) {
    let log = Log::new();
    let a = with(rt, Act::new(&log, "a"), async |_| {
        let frame = async {
            let _x = enter_in(rt, Act::new(&log, "x")).await.unwrap();
            let y = Act::new(&log, "y").exit(yields(5));
            let _y = enter_in(rt, y).await.unwrap();
            pending::<()>().await;
        };
        assert!(gives_up(1, frame).await.is_none());
        Ok::<_, String>(())
    });
    a.await.unwrap();
    log.assert("+a +x +y -y:cancelled -x:cancelled -a");
}

// K4, ATTACK A2
pub async fn a_guard_is_exited_behind_the_scope_inside_of_it(rt: &impl Runtime) {
    let log = Log::new();
    let a = with(rt, Act::new(&log, "a"), async |_| {
        let frame = async {
            let _x = enter_in(rt, Act::new(&log, "x")).await.unwrap();
            let y = Act::new(&log, "y").exit(yields(5));
            let _ = with(rt, y, async |_| pending::<Never>().await).await;
        };
        assert!(gives_up(1, frame).await.is_none());
        Ok::<_, String>(())
    });
    a.await.unwrap();
    log.assert("+a +x +y -y:cancelled -x:cancelled -a");
}

// K2, ATTACK A7: the permit is given back before the drop goes on to take it again.
pub async fn block_on_in_a_drop_does_not_wait_for_its_own_collector(rt: &impl Runtime) {
    let log = Log::new();
    cancel(begun(async {
        let _drop = OnDrop::new(|| {
            block_on(async {
                let outer = with(rt, Act::new(&log, "outer"), async |_| {
                    let permit = with(rt, Act::new(&log, "permit"), async |_| {
                        pending::<Never>().await
                    });
                    assert!(gives_up(1, permit).await.is_none());
                    Ok::<_, String>(())
                });
                outer.await.unwrap();
            });
            log.push("reacquired");
        });
        pending::<()>().await;
    }))
    .await;
    log.assert("+outer +permit -permit:cancelled -outer reacquired");
}

// K1, K2, ATTACK A7: the same through a combinator that is dropped itself.
pub async fn await_cleanup_in_a_drop_does_not_wait_for_its_own_collector(rt: &impl Runtime) {
    let log = Log::new();
    cancel(begun(async {
        let _drop = OnDrop::new(|| {
            block_on(async {
                let outer = with(rt, Act::new(&log, "outer"), async |_| {
                    let permit = Act::new(&log, "permit").exit_waits_for("given-up");
                    let permit = with(rt, permit, async |_| pending::<Never>().await);
                    // Dropped while it awaits what it has cancelled.
                    assert!(gives_up(2, cancel(begun(permit))).await.is_none());
                    log.push("given-up");
                    Ok::<_, String>(())
                });
                outer.await.unwrap();
            });
            log.push("reacquired");
        });
        pending::<()>().await;
    }))
    .await;
    log.assert("+outer +permit given-up -permit:cancelled -outer reacquired");
}

// K9, CM-23, ATTACK A8
pub async fn a_budget_frees_a_scope_from_a_stuck_child(rt: &impl Runtime) {
    struct StuckChild;
    let (log, reports) = (Log::new(), Reports::begin());
    let a = with(rt, Act::<StuckChild>::of(&log, "a"), async |_| {
        let b = Act::<StuckChild>::of(&log, "b").exit_waits_for("returned");
        let b = with(rt, b, async |_| pending::<Never>().await);
        assert!(gives_up(1, b).await.is_none());
        Ok::<_, String>(())
    });
    a.budget(Duration::from_millis(5)).await.unwrap();
    log.push("returned");
    log.seen(rt, "-b:cancelled").await;
    log.assert("+a +b -a returned -b:cancelled");
    assert!(reports.count("cleanup budget of 5ms ran out before") > 0);
    assert!(reports.count("StuckChild> (entered at tests/src/suite/attack.rs:") > 0);
}

// K9, CM-23
pub async fn an_exit_that_hangs_is_given_up_at_its_budget(rt: &impl Runtime) {
    let log = Log::new();
    let a = Act::new(&log, "a").exit_waits_for("returned");
    let a = with(rt, a, async |_| Ok::<_, String>(7)).budget(Duration::from_millis(5));
    match a.await {
        Err(ScopeError::Exit {
            error: ExitError::OverBudget(_),
            value: 7,
        }) => {}
        other => panic!("{other:?}"),
    }
    log.push("returned");
    log.seen(rt, "-a").await;
    log.assert("+a returned -a");
}

// K9, ATTACK A8: the exit needs what the frame around the timeout holds.
pub async fn a_lock_held_by_the_frame_hangs_until_the_budget(rt: &impl Runtime) {
    let log = Log::new();
    let lock = OnDrop::new({
        let log = log.clone();
        move || log.push("unlocked")
    });
    let a = with(
        rt,
        Act::new(&log, "a").exit_waits_for("unlocked"),
        async |_| pending::<Never>().await,
    );
    let a = with(rt, Act::new(&log, "outer"), async |_| {
        gives_up(1, a).await;
        Ok::<_, String>(())
    });
    let ended = timeout(
        rt,
        Duration::from_millis(2),
        a.budget(Duration::from_millis(5)),
    )
    .await;
    assert!(matches!(ended, Ok(Ok(()))), "{ended:?}");
    drop(lock);
    log.seen(rt, "-a:cancelled").await;
    log.assert("+outer +a -outer unlocked -a:cancelled");
}

// K3, CM-31, ATTACK A9. z ends after the last line of the exit, and before e counts as exited.
pub async fn an_exit_is_an_enclosing_scope(rt: &impl Runtime) {
    let log = Log::new();
    let (exit_rt, exit_log) = (rt.clone(), log.clone());
    let e = Act::new(&log, "e").exit(async move {
        let z = Act::new(&exit_log, "z").exit_waits_for("-e");
        gives_up(1, with(&exit_rt, z, async |_| pending::<Never>().await)).await;
    });
    with(rt, e, async |_| Ok::<_, String>(())).await.unwrap();
    log.push("returned");
    log.assert("+e +z -e -z:cancelled returned");
}

// K3, CM-31, ATTACK A9
pub async fn an_exit_that_was_handed_over_is_an_enclosing_scope(rt: &impl Runtime) {
    let log = Log::new();
    let a = with(rt, Act::new(&log, "a"), async |_| {
        let (exit_rt, exit_log) = (rt.clone(), log.clone());
        let e = Act::new(&log, "e").exit(async move {
            let z = Act::new(&exit_log, "z").exit_waits_for("-e:cancelled");
            gives_up(1, with(&exit_rt, z, async |_| pending::<Never>().await)).await;
        });
        gives_up(1, with(rt, e, async |_| pending::<Never>().await)).await;
        Ok::<_, String>(())
    });
    a.await.unwrap();
    log.assert("+a +e +z -e:cancelled -z:cancelled -a");
}

// K13, ATTACK A10: a task is nobody's body, and nobody waits for it.
pub async fn a_spawned_task_is_outside(rt: &impl Runtime) {
    let log = Log::new();
    let task = with(rt, Act::new(&log, "a"), async |_| {
        let (task_rt, task_log) = (rt.clone(), log.clone());
        let task = rt.spawn(async move {
            let b = Act::new(&task_log, "b").exit_waits_for("returned");
            gives_up(1, with(&task_rt, b, async |_| pending::<Never>().await)).await;
        });
        log.seen(rt, "+b").await;
        Ok::<_, String>(task)
    })
    .await
    .unwrap();
    log.push("returned");
    task.await.unwrap();
    log.seen(rt, "-b:cancelled").await;
    log.assert("+a +b -a returned -b:cancelled");
}

// K2, ATTACK A10: dropped outside of the body that filled the set.
pub async fn a_set_outside_of_the_body_is_outside(rt: &impl Runtime) {
    let log = Log::new();
    await_cleanup(async {
        let mut set = FuturesUnordered::new();
        with(rt, Act::new(&log, "a"), async |_| {
            set.push(with(rt, Act::new(&log, "b"), async |_| {
                pending::<Never>().await
            }));
            assert!(gives_up(1, set.next()).await.is_none());
            Ok::<_, String>(())
        })
        .await
        .unwrap();
        log.push("returned");
    })
    .await;
    log.assert("+a +b -a returned -b:cancelled");
}

// K2, K3, ATTACK A10: entered in the body of a, moved out of it, and dropped in that of z.
pub async fn a_scope_belongs_to_the_body_that_drops_it(rt: &impl Runtime) {
    let log = Log::new();
    let (send, receive) = mpsc::channel();
    with(rt, Act::new(&log, "a"), async |_| {
        let b = Act::new(&log, "b").exit_waits_for("dropped");
        let _ = send.send(begun(with(rt, b, async |_| pending::<Never>().await)));
        Ok::<_, String>(())
    })
    .await
    .unwrap();
    with(rt, Act::new(&log, "z"), async |_| {
        drop(receive.recv());
        log.push("dropped");
        Ok::<_, String>(())
    })
    .await
    .unwrap();
    log.assert("+a +b -a +z dropped -b:cancelled -z");
}
