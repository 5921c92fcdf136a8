use std::future::{Future, pending};
use std::mem::forget;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use withal::cleanup::CleanupTask;
use withal::runtime::{Runtime, RuntimeId};

use crate::wrapped::Wrap;

/// It looks for the current runtime when a scope is dropped, as `tokio::spawn` does; where there is
/// none, the cleanup is lost.
#[derive(Debug)]
#[non_exhaustive]
pub enum LooksAround {}

impl Wrap for LooksAround {
    fn spawn_cleanup<R: Runtime>(rt: &R, task: CleanupTask) {
        match withal::current() {
            Ok(_) => rt.spawn_cleanup(task),
            Err(_) => forget(task),
        }
    }
}

/// It takes cleanups and never runs them.
#[derive(Debug)]
#[non_exhaustive]
pub enum Loses {}

impl Wrap for Loses {
    fn spawn_cleanup<R: Runtime>(_rt: &R, task: CleanupTask) {
        forget(task);
    }
}

/// It takes no cleanup while the thread panics, and loses those.
#[derive(Debug)]
#[non_exhaustive]
pub enum LosesInPanic {}

impl Wrap for LosesInPanic {
    fn spawn_cleanup<R: Runtime>(rt: &R, task: CleanupTask) {
        if std::thread::panicking() {
            forget(task);
        } else {
            rt.spawn_cleanup(task);
        }
    }
}

/// It polls a cleanup once, and never again.
#[derive(Debug)]
#[non_exhaustive]
pub enum PollsOnce {}

impl Wrap for PollsOnce {
    fn spawn_cleanup<R: Runtime>(rt: &R, mut task: CleanupTask) {
        drop(rt.spawn(async move {
            let _ = futures_util::poll!(Pin::new(&mut task));
            pending::<()>().await;
        }));
    }
}

/// When it ends, it discards its cleanups without dropping them: nobody hears of that.
#[derive(Debug)]
#[non_exhaustive]
pub enum ForgetsAtItsEnd {}

impl Wrap for ForgetsAtItsEnd {
    fn spawn_cleanup<R: Runtime>(rt: &R, task: CleanupTask) {
        drop(rt.spawn(Forgets(Some(task))));
    }
}

struct Forgets(Option<CleanupTask>);

impl Future for Forgets {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        match &mut self.0 {
            Some(task) => Pin::new(task).poll(cx),
            None => Poll::Ready(()),
        }
    }
}

impl Drop for Forgets {
    fn drop(&mut self) {
        forget(self.0.take());
    }
}

/// It polls cleanups outside of its context.
#[derive(Debug)]
#[non_exhaustive]
pub enum OutOfContext {}

impl Wrap for OutOfContext {
    fn in_context<R: Runtime, T>(_rt: &R, f: impl FnOnce() -> T) -> T {
        f()
    }
}

/// It has another name each time that it is asked.
#[derive(Debug)]
#[non_exhaustive]
pub enum NewNames {}

impl Wrap for NewNames {
    fn id<R: Runtime>(rt: &R) -> RuntimeId {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        RuntimeId::new(rt.id().name, NEXT.fetch_add(1, Ordering::Relaxed))
    }
}
