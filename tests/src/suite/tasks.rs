//! Tasks that are owned by their handle.

use std::convert::Infallible;
use std::future::{Future, pending};
use std::mem::forget;
use std::panic::panic_any;
use std::pin::pin;

use futures_util::future::select;
use withal::runtime::Runtime;
use withal::{Either, Task, either, spawn, with};

use crate::foreign::OnDrop;
use crate::log::within_patience;
use crate::poll::yields;
use crate::probe::Probe;
use crate::reports::{Reports, unique};
use crate::{Act, Log};

/// The table of these cases, given to the macro `$make`.
#[doc(hidden)]
#[macro_export]
macro_rules! tasks_cases {
    ($make:ident $with:tt $of:tt) => {
        $crate::$make! { $with $of tasks:
            an_owned_task_gives_its_value,
            an_owned_task_gives_its_panic_after_its_cleanup,
            cancelling_an_owned_task_waits_for_its_cleanup,
            an_owned_task_that_is_being_exited_gives_its_value,
            an_owned_task_that_is_cancelled_at_once_never_runs,
            an_owned_task_that_our_combinator_drops_is_awaited,
            an_owned_task_that_foreign_code_drops_is_awaited_by_the_scope_around,
            an_owned_task_that_is_dropped_outside_of_scopes_ends_by_itself,
            a_cancellation_of_an_owned_task_that_is_dropped_is_handed_on,
            a_detached_task_goes_on,
            a_leaked_task_goes_on,
            a_panic_of_an_owned_task_that_nobody_hears_is_reported,
            what_is_shielded_by_a_task_goes_on_without_its_waiter,
        }
    };
}

async fn ends<F: Future>(rt: &impl Runtime, future: F) -> F::Output {
    within_patience(rt, future, || "it does not end".to_owned()).await
}

/// A task that is stuck in the scope `name`.
fn stuck<R: Runtime>(rt: &R, log: &Log, name: &'static str) -> Task<()> {
    let (own_rt, probe) = (rt.clone(), Probe::new(log, name).exit_yields(2).reasons());
    spawn(rt, async move {
        let never = with(&own_rt, probe, async |_| {
            pending::<Result<(), Infallible>>().await
        });
        never.await.unwrap();
    })
}

/// A task that waits in the exit of the scope `name` until the log has `event`, and then gives 7.
fn exiting<R: Runtime>(rt: &R, log: &Log, name: &'static str, event: &'static str) -> Task<u32> {
    let (own_rt, probe) = (rt.clone(), Probe::new(log, name).exit_waits_for(event));
    spawn(rt, async move {
        let ended = with(&own_rt, probe, async |_| Ok::<_, Infallible>(7));
        ended.await.unwrap()
    })
}

// TG-17, RT-4
pub async fn an_owned_task_gives_its_value(rt: &impl Runtime) {
    let task = spawn(rt, async {
        yields(2).await;
        7
    });
    assert_eq!(ends(rt, task).await.unwrap(), 7);
}

// K11, RT-5
pub async fn an_owned_task_gives_its_panic_after_its_cleanup(rt: &impl Runtime) {
    let log = Log::new();
    let (own_rt, probe) = (rt.clone(), Probe::new(&log, "s").exit_yields(2).reasons());
    let task = spawn(rt, async move {
        let held = with(&own_rt, probe, async |_| -> Result<(), Infallible> {
            yields(1).await;
            panic_any("on purpose")
        });
        held.await.unwrap();
    });
    let error = ends(rt, task).await.unwrap_err();
    log.push("told");
    assert_eq!(
        error.into_panic().unwrap().downcast_ref(),
        Some(&"on purpose")
    );
    log.assert("+s -s:panicked told");
}

// K1, CM-21
pub async fn cancelling_an_owned_task_waits_for_its_cleanup(rt: &impl Runtime) {
    let log = Log::new();
    let task = stuck(rt, &log, "s");
    log.seen(rt, "+s").await;
    let ended = ends(rt, task.cancel()).await;
    log.push("cancelled");
    assert!(!ended.unwrap_err().is_panic());
    log.assert("+s -s:cancelled cancelled");
}

// K10
pub async fn an_owned_task_that_is_being_exited_gives_its_value(rt: &impl Runtime) {
    let log = Log::new();
    let task = exiting(rt, &log, "s", "cancels");
    log.seen(rt, "…s").await;
    let cancels = async {
        log.push("cancels");
        task.cancel().await
    };
    assert_eq!(ends(rt, cancels).await.unwrap(), 7);
    log.assert("+s …s cancels -s");
}

// TC-4, P23: what it owns is dropped with it.
pub async fn an_owned_task_that_is_cancelled_at_once_never_runs(rt: &impl Runtime) {
    let log = Log::new();
    let (ran, closes) = (log.clone(), log.clone());
    let owned = OnDrop::new(move || closes.push("closed"));
    let task = spawn(rt, async move {
        // A task may begin on another thread before it is cancelled.
        pending::<()>().await;
        ran.push("ran");
        drop(owned);
    });
    ends(rt, task.cancel()).await.unwrap_err();
    log.assert("closed");
}

// K1, K2
pub async fn an_owned_task_that_our_combinator_drops_is_awaited(rt: &impl Runtime) {
    let log = Log::new();
    let owns = async {
        let _task = stuck(rt, &log, "s");
        pending::<()>().await;
    };
    let raced = either(owns, log.seen(rt, "+s"));
    assert!(matches!(ends(rt, raced).await, Either::Right(())));
    log.push("returned");
    log.assert("+s -s:cancelled returned");
}

// K2, K3
pub async fn an_owned_task_that_foreign_code_drops_is_awaited_by_the_scope_around(
    rt: &impl Runtime,
) {
    let log = Log::new();
    let scoped = with(rt, Act::new(&log, "a"), async |()| {
        let task = stuck(rt, &log, "s");
        let seen = pin!(log.seen(rt, "+s"));
        let raced = select(task, seen).await;
        drop(raced);
        Ok::<_, Infallible>(())
    });
    ends(rt, scoped).await.unwrap();
    log.assert("+a +s -s:cancelled -a");
}

// K2, K6
pub async fn an_owned_task_that_is_dropped_outside_of_scopes_ends_by_itself(rt: &impl Runtime) {
    let log = Log::new();
    let task = stuck(rt, &log, "s");
    log.seen(rt, "+s").await;
    drop(task);
    log.seen(rt, "-s:cancelled").await;
}

// K1
pub async fn a_cancellation_of_an_owned_task_that_is_dropped_is_handed_on(rt: &impl Runtime) {
    let log = Log::new();
    let task = exiting(rt, &log, "s", "go");
    log.seen(rt, "…s").await;
    let raced = either(task.cancel(), async {
        yields(3).await;
        log.push("go");
    });
    assert!(matches!(ends(rt, raced).await, Either::Right(())));
    log.push("returned");
    log.assert("+s …s go -s returned");
}

// P22
pub async fn a_detached_task_goes_on(rt: &impl Runtime) {
    let log = Log::new();
    let own = log.clone();
    spawn(rt, async move {
        own.when(|events| events.contains(&"detached".to_owned()))
            .await;
        yields(2).await;
        own.push("ran");
    })
    .detach();
    log.push("detached");
    log.seen(rt, "ran").await;
}

// P22
pub async fn a_leaked_task_goes_on(rt: &impl Runtime) {
    let log = Log::new();
    let own = log.clone();
    forget(spawn(rt, async move {
        yields(2).await;
        own.push("ran");
    }));
    log.seen(rt, "ran").await;
}

// K11, CB-11
pub async fn a_panic_of_an_owned_task_that_nobody_hears_is_reported(rt: &impl Runtime) {
    let (log, reports) = (Log::new(), Reports::begin());
    for drops in [false, true] {
        let text = unique("unheard");
        let (own_text, own_log) = (text.clone(), log.clone());
        let task = spawn(rt, async move {
            let go = |events: &[String]| events.contains(&"go".to_owned());
            own_log.when(go).await;
            panic_any(own_text);
        });
        if drops {
            log.push("go");
            let ended = async {
                while !task.is_finished() {
                    yields(1).await;
                    rt.sleep(std::time::Duration::from_millis(1)).await;
                }
            };
            ends(rt, ended).await;
            drop(task);
        } else {
            task.detach();
            log.push("go");
        }
        reports.until(rt, &text).await;
    }
}

// CB-10, CB-12, P20
pub async fn what_is_shielded_by_a_task_goes_on_without_its_waiter(rt: &impl Runtime) {
    let log = Log::new();
    let own = log.clone();
    let mut task = spawn(rt, async move {
        own.when(|events| events.contains(&"gone".to_owned())).await;
        yields(2).await;
        "result"
    });
    // The waiter is cancelled; its task is not.
    let waiter = pin!(yields(2));
    drop(select(&mut task, waiter).await);
    log.push("gone");
    assert_eq!(ends(rt, task).await.unwrap(), "result");
}
