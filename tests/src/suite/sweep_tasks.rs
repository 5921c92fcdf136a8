//! Tasks of foreign executors that are aborted after every number of polls.

#[cfg(any(feature = "tokio", feature = "async-std", feature = "smol"))]
use crate::sweep::Gate;
use crate::sweep::{Followed, Real, Sweep, Way};
use crate::{Log, Probe, laws};

use futures_util::future::{BoxFuture, FutureExt};
use withal::runtime::Runtime;
use withal::scope::{Lend, scope_fn};
use withal::with;

use crate::poll::yields;
use crate::probe::Failed;

/// Expands to the cases of this module.
#[macro_export]
macro_rules! sweep_tasks_cases {
    ($harness:ty) => {
        $crate::cases!($harness, sweep_tasks: an_aborted_task, an_aborted_task_of_another_runtime);
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
    let sweep = swept(rt);
    let swept = match rt.id().name {
        #[cfg(feature = "tokio")]
        "tokio" => sweep.sweep_tasks(abort_on_tokio, scopes::<R>).await,
        #[cfg(feature = "async-std")]
        "async-std" => sweep.sweep_tasks(cancel_on_async_std, scopes::<R>).await,
        #[cfg(feature = "smol")]
        "smol" => sweep.sweep_tasks(cancel_on_smol, scopes::<R>).await,
        // Of a runtime from elsewhere the suite knows no handle that aborts: it drops the future.
        _ => sweep.ways(Way::alone(rt)).sweep(scopes::<R>).await,
    };
    swept.unwrap();
}

// K2, K5, K7
pub async fn an_aborted_task_of_another_runtime<R: Runtime>(rt: &R) {
    // Entered with `rt`'s value, polled and dropped on threads of somebody else.
    #[cfg(feature = "smol")]
    swept(rt)
        .sweep_tasks(cancel_on_smol, scopes::<R>)
        .await
        .unwrap();
    #[cfg(feature = "async-std")]
    swept(rt)
        .sweep_tasks(cancel_on_async_std, scopes::<R>)
        .await
        .unwrap();
    let _ = rt;
}
