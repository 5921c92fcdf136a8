//! Tasks of the runtimes. What is dropped in a task belongs to that task, so nobody waits for it who
//! merely ends or drops the handle; a task of ours can be waited for.

use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinSet;
use withal::cleanup::drain;
use withal::tokio::TokioRuntime;
use withal::with;
use withal_tests::log::PATIENCE;
use withal_tests::{Act, Log};

use super::work;

/// A foreign task, and how it is ended.
#[derive(Clone, Copy, Debug)]
enum Foreign {
    Abort,
    AbortHandle,
    JoinSetShutdown,
    JoinSetDropped,
    #[cfg(feature = "smol")]
    SmolCancel,
    #[cfg(feature = "smol")]
    SmolDropped,
    #[cfg(feature = "async-std")]
    AsyncStdCancel,
}

const ALL: &[Foreign] = &[
    Foreign::Abort,
    Foreign::AbortHandle,
    Foreign::JoinSetShutdown,
    Foreign::JoinSetDropped,
    #[cfg(feature = "smol")]
    Foreign::SmolCancel,
    #[cfg(feature = "smol")]
    Foreign::SmolDropped,
    #[cfg(feature = "async-std")]
    Foreign::AsyncStdCancel,
];

impl Foreign {
    /// Begins scope b in a task, whose exit waits for `event`, and ends the task.
    async fn ends(self, rt: &TokioRuntime, log: &Log, event: &'static str) {
        let begun = log.seen(rt, "+b");
        let (rt, log) = (rt.clone(), log.clone());
        let task = async move { work(&rt, &log, event).await };
        match self {
            Self::Abort => {
                let task = tokio::spawn(task);
                begun.await;
                task.abort();
                assert!(task.await.unwrap_err().is_cancelled());
            }
            Self::AbortHandle => {
                let task = tokio::spawn(task);
                begun.await;
                task.abort_handle().abort();
                assert!(task.await.unwrap_err().is_cancelled());
            }
            Self::JoinSetShutdown => {
                let mut set = JoinSet::new();
                set.spawn(task);
                begun.await;
                set.shutdown().await;
            }
            Self::JoinSetDropped => {
                let mut set = JoinSet::new();
                set.spawn(task);
                begun.await;
                drop(set);
            }
            #[cfg(feature = "smol")]
            Self::SmolCancel => {
                let task = smol::spawn(task);
                begun.await;
                assert!(task.cancel().await.is_none());
            }
            #[cfg(feature = "smol")]
            Self::SmolDropped => {
                let task = smol::spawn(task);
                begun.await;
                drop(task);
            }
            #[cfg(feature = "async-std")]
            Self::AsyncStdCancel => {
                let task = async_std::task::spawn(task);
                begun.await;
                assert!(task.cancel().await.is_none());
            }
        }
    }
}

fn tokio_runtime() -> (Runtime, TokioRuntime) {
    let tokio = Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let rt = TokioRuntime::new(tokio.handle().clone());
    (tokio, rt)
}

// K2, K13, ATTACK A10: the scope that ends a foreign task does not wait for its cleanup.
#[test]
fn a_foreign_task_is_outside_of_the_scope_that_ends_it() {
    for foreign in ALL {
        let (log, (tokio, rt)) = (Log::new(), tokio_runtime());
        tokio.block_on(async {
            let a = with(&rt, Act::new(&log, "a"), async |()| {
                foreign.ends(&rt, &log, "returned").await;
                Ok::<_, String>(())
            });
            a.await.unwrap();
            log.push("returned");
            log.seen(&rt, "-b:cancelled").await;
        });
        assert_eq!(log.trace(), "+a +b -a returned -b:cancelled", "{foreign:?}");
    }
}

// K6: a drain does.
#[test]
fn a_drain_waits_for_the_cleanup_of_a_foreign_task() {
    for foreign in ALL {
        let (log, (tokio, rt)) = (Log::new(), tokio_runtime());
        tokio.block_on(async {
            foreign.ends(&rt, &log, "drains").await;
            let waited = async {
                // Where the handle says nothing of the future's end, it may lie ahead.
                tokio::time::sleep(Duration::ZERO).await;
                log.push("drains");
                log.seen(&rt, "-b:cancelled").await;
                drain(&rt, PATIENCE).await
            };
            assert!(waited.await.is_clean());
            log.push("drained");
        });
        assert_eq!(log.trace(), "+b drains -b:cancelled drained", "{foreign:?}");
    }
}
