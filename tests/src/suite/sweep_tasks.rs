//! Tasks of foreign executors that are aborted after every number of polls.

use futures_util::future::{BoxFuture, FutureExt, abortable};
use withal::runtime::Runtime;
use withal::scope::{Lend, scope_fn};
use withal::with;

use crate::poll::yields;
use crate::probe::Failed;
use crate::sweep::{Gate, sweep_tasks};
use crate::{Log, Probe};

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

/// Three scopes in one another, one of them a closure, in a future that moves between threads.
fn scopes<R: Runtime>(rt: R, log: Log) -> Scenario {
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

// CM-15, CM-17, K2, K5
pub async fn an_aborted_task<R: Runtime>(rt: &R) {
    let scenario = scopes::<R>;
    match rt.id().name {
        #[cfg(feature = "tokio")]
        "tokio" => sweep_tasks(rt, abort_on_tokio, scenario).await.unwrap(),
        #[cfg(feature = "async-std")]
        "async-std" => sweep_tasks(rt, cancel_on_async_std, scenario)
            .await
            .unwrap(),
        #[cfg(feature = "smol")]
        "smol" => sweep_tasks(rt, cancel_on_smol, scenario).await.unwrap(),
        // Of a runtime from elsewhere the suite knows no handle that aborts.
        _ => {
            let abort = async |gate, told| abort_on(rt, gate, told).await;
            sweep_tasks(rt, abort, scenario).await.unwrap();
        }
    }
}

// K2, K5, K7
pub async fn an_aborted_task_of_another_runtime<R: Runtime>(rt: &R) {
    // Entered with `rt`'s value, polled and dropped on threads of somebody else.
    #[cfg(feature = "smol")]
    sweep_tasks(rt, cancel_on_smol, scopes::<R>).await.unwrap();
    #[cfg(feature = "async-std")]
    sweep_tasks(rt, cancel_on_async_std, scopes::<R>)
        .await
        .unwrap();
    let _ = rt;
}
