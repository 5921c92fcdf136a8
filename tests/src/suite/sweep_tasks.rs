//! Tasks of foreign executors that are aborted after every number of polls.

use futures_util::future::{BoxFuture, FutureExt, abortable};
use withal::runtime::{Runtime, Spawn};
use withal::scope::{Lend, scope_fn};
use withal::with;

#[cfg(any(feature = "async-std", feature = "smol"))]
use crate::foreign::block_on;
use crate::poll::yields;
use crate::probe::Failed;
use crate::sweep::{Followed, Gate, Real, Sweep};
use crate::{Deterministic, Log, Probe, laws};

/// The table of these cases, given to the macro `$make`.
#[doc(hidden)]
#[macro_export]
macro_rules! sweep_tasks_cases {
    ($make:ident $with:tt $of:tt) => {
        $crate::$make! { $with $of sweep_tasks:
            an_aborted_task,
            an_aborted_task_of_another_runtime,
        }
    };
}

type Scenario = BoxFuture<'static, ()>;

fn swept<R: Runtime>(rt: &R) -> Sweep<Log, Real<R>> {
    Sweep::on(rt, Log::new).invariant_of(laws::hold)
}

/// Three scopes in one another, one of them a closure, in a future that moves between threads.
fn scopes<R: Runtime>(rt: Followed<R>, log: Log) -> Scenario {
    async move {
        let probe = |name| {
            Probe::new(&log, name)
                .enter_yields(1)
                .exit_yields(2)
                .reasons()
        };
        let of_scope = log.clone();
        let closure = scope_fn(async move |lend: Lend<()>| {
            yields(1).await;
            of_scope.push("+a/b");
            let ((), ended) = lend.lend(()).await;
            yields(1).await;
            of_scope.push(format_args!("-a/b:{}", ended.kind()));
            Ok::<_, Failed>(ended)
        });
        with(&rt, probe("a"), async |_| {
            with(&rt, closure, async |_| {
                with(&rt, probe("a/b/c"), async |_| {
                    yields(2).await;
                    log.push(".a/b/c");
                    Ok::<_, Failed>(())
                })
                .await
                .unwrap();
                log.push(".a/b");
                Ok::<_, Failed>(())
            })
            .await
            .unwrap();
            log.push(".a");
            Ok::<_, Failed>(())
        })
        .await
        .unwrap();
    }
    .boxed()
}

/// Aborts a task whose handle cannot, by a handle around its future.
async fn abort_on(rt: &impl Runtime, gate: Gate<Scenario>, told: Log) {
    let (gate, abort) = abortable(gate);
    let task = rt.spawn(gate);
    told.when(|events| !events.is_empty()).await;
    abort.abort();
    let _aborted = task.await;
}

#[cfg(feature = "tokio")]
async fn abort_on_tokio(gate: Gate<Scenario>, told: Log) {
    let task = tokio::spawn(gate);
    told.when(|events| !events.is_empty()).await;
    task.abort();
    // The future is dropped by the time the task has ended.
    let _aborted = task.await;
}

#[cfg(feature = "async-std")]
async fn cancel_on_async_std(gate: Gate<Scenario>, told: Log) {
    let task = async_std::task::spawn(gate);
    told.when(|events| !events.is_empty()).await;
    task.cancel().await;
}

#[cfg(feature = "smol")]
async fn cancel_on_smol(gate: Gate<Scenario>, told: Log) {
    let task = smol::spawn(gate);
    told.when(|events| !events.is_empty()).await;
    task.cancel().await;
}

/// On an executor that polls only here.
async fn abort_by_hand(gate: Gate<Scenario>, told: Log) {
    let rt = Deterministic::new();
    let (gate, handle) = abortable(gate);
    let _task = rt.spawn(gate);
    rt.run_until_stalled();
    assert!(!told.events().is_empty());
    handle.abort();
    assert_eq!(rt.run_until_stalled(), 0);
}

// CM-15, CM-17, K2, K5
pub async fn an_aborted_task<R: Runtime>(rt: &R) {
    let sweep = swept(rt);
    let swept = match rt.id().name {
        #[cfg(feature = "tokio")]
        "tokio" => sweep.sweep_tasks(abort_on_tokio, scopes::<R>).await,
        #[cfg(feature = "async-std")]
        "async-std" => sweep.sweep_tasks(cancel_on_async_std, scopes::<R>).await,
        #[cfg(feature = "smol")]
        "smol" => sweep.sweep_tasks(cancel_on_smol, scopes::<R>).await,
        _ => {
            let abort = async |gate, told| abort_on(rt, gate, told).await;
            sweep.sweep_tasks(abort, scopes::<R>).await
        }
    };
    swept.unwrap();
}

// K2, K5, K7: entered with the value of one runtime, polled and dropped by another.
pub async fn an_aborted_task_of_another_runtime<R: Runtime>(rt: &R) {
    let by_hand = swept(rt).sweep_tasks(abort_by_hand, scopes::<R>).await;
    by_hand.unwrap();
    // These have threads of their own, for which this one waits.
    #[cfg(feature = "smol")]
    {
        let abort = async |gate, told| block_on(cancel_on_smol(gate, told));
        let swept = swept(rt).sweep_tasks(abort, scopes::<R>).await;
        swept.unwrap();
    }
    #[cfg(feature = "async-std")]
    {
        let abort = async |gate, told| block_on(cancel_on_async_std(gate, told));
        let swept = swept(rt).sweep_tasks(abort, scopes::<R>).await;
        swept.unwrap();
    }
}
