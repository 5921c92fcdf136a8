//! A runtime under a name of its own, so that the scopes of one run can be told from all others.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use pin_project_lite::pin_project;
use withal::cleanup::CleanupTask;
use withal::runtime::{Alarm, Blocking, Cleanup, Coop, RuntimeId, Spawn, SpawnLocal, Timer};

use super::scenario::point;

/// What a scenario gets for its runtime: the runtime itself, under an id of its own. Each await of
/// a sleep, a task or a blocking job is also a [`checkpoint`](super::checkpoint).
#[derive(Clone, Debug)]
pub struct Followed<R> {
    runtime: R,
    id: RuntimeId,
    started: Arc<AtomicUsize>,
}

impl<R: Cleanup> Followed<R> {
    pub(super) fn new(runtime: R) -> Self {
        // Far from what any adapter counts or takes an address for.
        static NEXT: AtomicU64 = AtomicU64::new(1 << 63);
        let id = RuntimeId::new(runtime.id().name, NEXT.fetch_add(1, Ordering::Relaxed));
        Self {
            runtime,
            id,
            started: Arc::default(),
        }
    }

    /// The runtime itself.
    pub fn runtime(&self) -> &R {
        &self.runtime
    }

    /// Whether tasks or blocking jobs were started.
    pub(super) fn has_started(&self) -> bool {
        self.started.load(Ordering::Relaxed) > 0
    }

    fn start(&self) {
        self.started.fetch_add(1, Ordering::Relaxed);
    }
}

impl<R: Cleanup> Cleanup for Followed<R> {
    fn id(&self) -> RuntimeId {
        self.id
    }

    fn spawn_cleanup(&self, task: CleanupTask) {
        self.runtime.spawn_cleanup(task);
    }

    fn in_context<T>(&self, f: impl FnOnce() -> T) -> T {
        self.runtime.in_context(f)
    }

    fn alarm(&self, timeout: Duration) -> Option<Alarm> {
        self.runtime.alarm(timeout)
    }
}

impl<R: Timer> Timer for Followed<R> {
    type Instant = R::Instant;
    type Sleep = Awaited<R::Sleep>;

    fn now(&self) -> R::Instant {
        self.runtime.now()
    }

    fn deadline(&self, timeout: Duration) -> R::Instant {
        self.runtime.deadline(timeout)
    }

    fn elapsed(&self, earlier: R::Instant, later: R::Instant) -> Duration {
        self.runtime.elapsed(earlier, later)
    }

    fn after(&self, moment: R::Instant, span: Duration) -> R::Instant {
        self.runtime.after(moment, span)
    }

    fn sleep_until(&self, deadline: R::Instant) -> Self::Sleep {
        Awaited::new(self.runtime.sleep_until(deadline))
    }

    fn sleep(&self, timeout: Duration) -> Self::Sleep {
        Awaited::new(self.runtime.sleep(timeout))
    }
}

impl<R: Cleanup + Spawn> Spawn for Followed<R> {
    type Task<T: Send + 'static> = Awaited<R::Task<T>>;

    fn spawn<F>(&self, future: F) -> Self::Task<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.start();
        Awaited::new(self.runtime.spawn(future))
    }
}

impl<R: Cleanup + SpawnLocal> SpawnLocal for Followed<R> {
    type LocalTask<T: 'static> = Awaited<R::LocalTask<T>>;

    fn spawn_local<F>(&self, future: F) -> Self::LocalTask<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        self.start();
        Awaited::new(self.runtime.spawn_local(future))
    }
}

impl<R: Cleanup + Coop> Coop for Followed<R> {
    type Unit = R::Unit;

    fn poll_unit(cx: &mut Context<'_>) -> Poll<R::Unit> {
        R::poll_unit(cx)
    }

    fn spend(unit: R::Unit) {
        R::spend(unit);
    }
}

impl<R: Cleanup + Blocking> Blocking for Followed<R> {
    type Job<T: Send + 'static> = Awaited<R::Job<T>>;

    fn unblock<F, T>(&self, work: F) -> Self::Job<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.start();
        Awaited::new(self.runtime.unblock(work))
    }
}

pin_project! {
    /// A future of the runtime's, each poll of which is a [`checkpoint`](super::checkpoint).
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct Awaited<F> {
        #[pin]
        future: F,
    }
}

impl<F> Awaited<F> {
    fn new(future: F) -> Self {
        Self { future }
    }
}

impl<F: Future> Future for Awaited<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        point();
        self.project().future.poll(cx)
    }
}
