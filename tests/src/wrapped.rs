//! A runtime of which one thing is different.

use std::future::Future;
use std::marker::PhantomData;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use withal::cleanup::CleanupTask;
use withal::runtime::{
    Alarm, Blocking, Cleanup, Coop, Runtime, RuntimeId, Spawn, TaskError, Timer,
};

/// What is different: each provided method does as the runtime below does.
pub trait Wrap: Send + Sync + 'static {
    /// [`Spawn::spawn`].
    fn spawn<R, F>(rt: &R, future: F) -> BoxFuture<'static, Result<F::Output, TaskError>>
    where
        R: Runtime,
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        rt.spawn(future).boxed()
    }

    /// [`Blocking::unblock`].
    fn unblock<R, F, T>(rt: &R, work: F) -> BoxFuture<'static, Result<T, TaskError>>
    where
        R: Runtime,
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        rt.unblock(work).boxed()
    }

    /// [`Timer::deadline`].
    fn deadline<R: Runtime>(rt: &R, timeout: Duration) -> R::Instant {
        rt.deadline(timeout)
    }

    /// [`Timer::elapsed`].
    fn elapsed<R: Runtime>(rt: &R, earlier: R::Instant, later: R::Instant) -> Duration {
        rt.elapsed(earlier, later)
    }

    /// [`Timer::sleep_until`].
    fn sleep_until<R: Runtime>(rt: &R, deadline: R::Instant) -> BoxFuture<'static, ()> {
        rt.sleep_until(deadline).boxed()
    }

    /// [`Cleanup::id`].
    fn id<R: Runtime>(rt: &R) -> RuntimeId {
        rt.id()
    }

    /// [`Cleanup::spawn_cleanup`].
    fn spawn_cleanup<R: Runtime>(rt: &R, task: CleanupTask) {
        rt.spawn_cleanup(task);
    }

    /// [`Cleanup::in_context`].
    fn in_context<R: Runtime, T>(rt: &R, f: impl FnOnce() -> T) -> T {
        rt.in_context(f)
    }

    /// [`Cleanup::alarm`].
    fn alarm<R: Runtime>(rt: &R, timeout: Duration) -> Option<Alarm> {
        rt.alarm(timeout)
    }
}

/// Nothing is different.
#[derive(Debug)]
#[non_exhaustive]
pub enum Same {}

impl Wrap for Same {}

/// The executor is gone: it discards what it is given. Timers and blocking work go on.
#[derive(Debug)]
#[non_exhaustive]
pub enum Gone {}

impl Wrap for Gone {
    fn spawn<R, F>(_rt: &R, future: F) -> BoxFuture<'static, Result<F::Output, TaskError>>
    where
        R: Runtime,
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        drop(future);
        std::future::ready(Err(TaskError::cancelled())).boxed()
    }

    fn spawn_cleanup<R: Runtime>(_rt: &R, task: CleanupTask) {
        drop(task);
    }
}

/// `R`, but for what `W` does differently.
#[derive(Debug)]
pub struct Wrapped<R, W> {
    rt: R,
    _different: PhantomData<fn() -> W>,
}

impl<R, W> Wrapped<R, W> {
    /// Wraps `rt`.
    pub fn new(rt: R) -> Self {
        Self {
            rt,
            _different: PhantomData,
        }
    }
}

impl<R: Clone, W> Clone for Wrapped<R, W> {
    fn clone(&self) -> Self {
        Self::new(self.rt.clone())
    }
}

impl<R: Runtime, W: Wrap> Spawn for Wrapped<R, W> {
    type Task<T: Send + 'static> = BoxFuture<'static, Result<T, TaskError>>;

    fn spawn<F>(&self, future: F) -> Self::Task<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        W::spawn(&self.rt, future)
    }
}

impl<R: Runtime, W: Wrap> Coop for Wrapped<R, W> {
    type Unit = R::Unit;

    fn poll_unit(cx: &mut Context<'_>) -> Poll<R::Unit> {
        R::poll_unit(cx)
    }

    fn spend(unit: R::Unit) {
        R::spend(unit);
    }
}

impl<R: Runtime, W: Wrap> Blocking for Wrapped<R, W> {
    type Job<T: Send + 'static> = BoxFuture<'static, Result<T, TaskError>>;

    fn unblock<F, T>(&self, work: F) -> Self::Job<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        W::unblock(&self.rt, work)
    }
}

impl<R: Runtime, W: Wrap> Timer for Wrapped<R, W> {
    type Instant = R::Instant;
    type Sleep = BoxFuture<'static, ()>;

    fn now(&self) -> R::Instant {
        self.rt.now()
    }

    fn deadline(&self, timeout: Duration) -> R::Instant {
        W::deadline(&self.rt, timeout)
    }

    fn elapsed(&self, earlier: R::Instant, later: R::Instant) -> Duration {
        W::elapsed(&self.rt, earlier, later)
    }

    fn after(&self, moment: R::Instant, span: Duration) -> R::Instant {
        self.rt.after(moment, span)
    }

    fn sleep_until(&self, deadline: R::Instant) -> Self::Sleep {
        W::sleep_until(&self.rt, deadline)
    }
}

impl<R: Runtime, W: Wrap> Cleanup for Wrapped<R, W> {
    fn id(&self) -> RuntimeId {
        W::id(&self.rt)
    }

    fn spawn_cleanup(&self, task: CleanupTask) {
        W::spawn_cleanup(&self.rt, task);
    }

    fn in_context<T>(&self, f: impl FnOnce() -> T) -> T {
        W::in_context(&self.rt, f)
    }

    fn alarm(&self, timeout: Duration) -> Option<Alarm> {
        W::alarm(&self.rt, timeout)
    }
}
