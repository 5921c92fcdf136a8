//! What the runtime can do for the library, but for blocking work.

use std::any::type_name;
use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};
use std::thread;
use std::time::Duration;

use futures_channel::oneshot::{self, Receiver};
use withal::Entry;
use withal::cleanup::CleanupTask;
use withal::runtime::{
    Alarm, Cleanup, Coop, RuntimeId, Spawn, SpawnLocal, TaskError, TaskFuture, Timer,
};

use super::task::{AboutTask, TaskKind, Work};
use super::{Deterministic, Instant, Sleep, local};

/// A task, a local task, or blocking work: resolves to its value. Dropping it changes nothing for
/// what it stands for.
pub struct Handle<T>(pub(super) Receiver<Result<T, TaskError>>);

impl<T> Future for Handle<T> {
    type Output = Result<T, TaskError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let received = Pin::new(&mut self.0).poll(cx);
        received.map(|ended| ended.unwrap_or_else(|_| Err(TaskError::cancelled())))
    }
}

impl<T> fmt::Debug for Handle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle").finish_non_exhaustive()
    }
}

/// Nobody is made to give way: a budget would add polls to what a test counts.
impl Coop for Deterministic {
    type Unit = ();

    fn poll_unit(_cx: &mut Context<'_>) -> Poll<()> {
        Poll::Ready(())
    }

    fn spend((): ()) {}
}

impl Spawn for Deterministic {
    type Task<T: Send + 'static> = Handle<T>;

    #[track_caller]
    fn spawn<F>(&self, future: F) -> Handle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let (sender, receiver) = oneshot::channel();
        let about = AboutTask {
            kind: TaskKind::Task,
            name: type_name::<F>(),
            location: Location::caller(),
        };
        let task = Box::pin(async move {
            let ended = TaskFuture::new(future).await;
            let _nobody_waits = sender.send(ended);
        });
        let _refused = self.shared.spawn(about, Work::Task(task));
        Handle(receiver)
    }
}

impl SpawnLocal for Deterministic {
    type LocalTask<T: 'static> = Handle<T>;

    #[track_caller]
    fn spawn_local<F>(&self, future: F) -> Handle<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        let (sender, receiver) = oneshot::channel();
        if thread::current().id() != self.shared.home {
            return Handle(receiver);
        }
        let about = AboutTask {
            kind: TaskKind::LocalTask,
            name: type_name::<F>(),
            location: Location::caller(),
        };
        if let Ok(id) = self.shared.spawn(about, Work::Local) {
            let task = async move {
                let ended = TaskFuture::new(future).await;
                let _nobody_waits = sender.send(ended);
            };
            local::insert((self.shared.id.instance, id), Box::pin(task));
        }
        Handle(receiver)
    }
}

impl Timer for Deterministic {
    type Instant = Instant;
    type Sleep = Sleep;

    fn now(&self) -> Instant {
        self.shared.clock.now()
    }

    fn deadline(&self, timeout: Duration) -> Instant {
        self.now().after(timeout)
    }

    fn elapsed(&self, earlier: Instant, later: Instant) -> Duration {
        later.since(earlier)
    }

    fn after(&self, moment: Instant, span: Duration) -> Instant {
        moment.after(span)
    }

    fn sleep_until(&self, deadline: Instant) -> Sleep {
        Sleep::until(deadline, &self.shared.clock)
    }
}

impl Cleanup for Deterministic {
    fn id(&self) -> RuntimeId {
        self.shared.id
    }

    #[track_caller]
    fn spawn_cleanup(&self, task: CleanupTask) {
        if self.shared.settings.refuses_cleanups {
            self.shared.counts.spawned.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let about = AboutTask {
            kind: TaskKind::Cleanup,
            name: "",
            location: Location::caller(),
        };
        let _refused = self.shared.spawn(about, Work::Cleanup(task));
    }

    fn in_context<T>(&self, f: impl FnOnce() -> T) -> T {
        self.shared.counts.contexts.fetch_add(1, Ordering::Relaxed);
        f()
    }

    fn alarm(&self, timeout: Duration) -> Option<Alarm> {
        Some(Alarm::new(self.sleep(timeout)))
    }
}

impl Entry for Deterministic {
    type Runtime = Self;

    fn runtime(&self) -> Self {
        self.clone()
    }

    fn block_on<F: Future>(&self, future: F) -> F::Output {
        Self::block_on(self, future)
    }
}
