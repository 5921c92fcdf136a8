//! The runtimes, with their own ways to limit time.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use smol::Timer;
use smol::future::or;
use tokio::runtime::{Builder, Runtime};
use withal::async_std::AsyncStdRuntime;
use withal::smol::SmolRuntime;
use withal::timeout;
use withal::tokio::TokioRuntime;

use crate::executor::Task;

/// A runtime with a clock.
pub(super) trait Home: Clone + Send + Sync + 'static {
    /// How cases name it.
    const NAME: &'static str;
    /// How its own timeout is named.
    const OWN: &'static str;
    /// How much of its own timeout's time ours may take, where something waits once.
    const WAITS_ONCE: f64;

    /// Runs `task` to its end, as a task is run there.
    fn run(&self, task: Task);

    /// Our timeout, and whether `work` ended in time.
    fn ours(&self, limit: Duration, work: impl Work) -> impl Future<Output = bool> + Send;

    /// Its own.
    fn own(&self, limit: Duration, work: impl Work) -> impl Future<Output = bool> + Send;

    /// Its own sleep.
    fn sleep(&self, span: Duration) -> impl Future<Output = bool> + Send;
}

/// What time is limited for.
pub(super) trait Work: Future<Output = ()> + Send {}

impl<F: Future<Output = ()> + Send> Work for F {}

#[derive(Clone)]
pub(super) struct Tokio<const WORKERS: usize> {
    runtime: Arc<Runtime>,
    ours: TokioRuntime,
}

impl<const WORKERS: usize> Tokio<WORKERS> {
    /// With no worker, on the calling thread.
    pub(super) fn start() -> Self {
        let mut builder = match WORKERS {
            0 => Builder::new_current_thread(),
            _ => Builder::new_multi_thread(),
        };
        let runtime = builder.worker_threads(WORKERS.max(1)).enable_time().build();
        let runtime = runtime.expect("a runtime starts");
        Self {
            ours: TokioRuntime::new(runtime.handle().clone()),
            runtime: Arc::new(runtime),
        }
    }
}

impl<const WORKERS: usize> Home for Tokio<WORKERS> {
    const NAME: &'static str = match WORKERS {
        0 => "Tokio current-thread",
        _ => "Tokio multi-thread",
    };
    const OWN: &'static str = "Tokio";
    const WAITS_ONCE: f64 = 0.75;

    fn run(&self, task: Task) {
        let task = self.runtime.spawn(task);
        self.runtime.block_on(task).expect("no task panics");
    }

    async fn ours(&self, limit: Duration, work: impl Work) -> bool {
        timeout(&self.ours, limit, work).await.is_ok()
    }

    async fn own(&self, limit: Duration, work: impl Work) -> bool {
        tokio::time::timeout(limit, work).await.is_ok()
    }

    async fn sleep(&self, span: Duration) -> bool {
        tokio::time::sleep(span).await;
        false
    }
}

#[derive(Clone)]
pub(super) struct Smol;

impl Home for Smol {
    const NAME: &'static str = "smol";
    const OWN: &'static str = "async-io";
    const WAITS_ONCE: f64 = 0.1;

    fn run(&self, task: Task) {
        smol::block_on(task);
    }

    async fn ours(&self, limit: Duration, work: impl Work) -> bool {
        timeout(&SmolRuntime::global(), limit, work).await.is_ok()
    }

    async fn own(&self, limit: Duration, work: impl Work) -> bool {
        let ended = async {
            work.await;
            true
        };
        or(ended, self.sleep(limit)).await
    }

    async fn sleep(&self, span: Duration) -> bool {
        Timer::after(span).await;
        false
    }
}

#[derive(Clone)]
pub(super) struct AsyncStd;

impl Home for AsyncStd {
    const NAME: &'static str = "async-std";
    const OWN: &'static str = "async-std";
    const WAITS_ONCE: f64 = 0.1;

    fn run(&self, task: Task) {
        async_std::task::block_on(task);
    }

    async fn ours(&self, limit: Duration, work: impl Work) -> bool {
        timeout(&AsyncStdRuntime::new(), limit, work).await.is_ok()
    }

    async fn own(&self, limit: Duration, work: impl Work) -> bool {
        async_std::future::timeout(limit, work).await.is_ok()
    }

    async fn sleep(&self, span: Duration) -> bool {
        async_std::task::sleep(span).await;
        false
    }
}
