use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use async_std::channel::{Receiver, Sender, bounded};
use async_std::stream::Stream;
use withal_core::runtime::{Spawn, SpawnLocal, TaskError, TaskFuture};

use crate::{AsyncStdLocal, AsyncStdRuntime};

/// A task of a runtime: resolves to its value; dropping it detaches the task.
pub struct Task<T> {
    handle: Detached<T>,
}

impl<T> Future for Task<T> {
    type Output = Result<T, TaskError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.handle).poll(cx)
    }
}

impl<T> fmt::Debug for Task<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Task").finish_non_exhaustive()
    }
}

impl Spawn for AsyncStdRuntime {
    type Task<T: Send + 'static> = Task<T>;

    fn spawn<F>(&self, future: F) -> Self::Task<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let (report, handle) = Detached::new();
        drop(async_std::task::spawn(reporting(future, report)));
        Task { handle }
    }
}

/// A task of a local executor: resolves to its value; dropping it detaches the task.
pub struct LocalTask<T> {
    handle: Detached<T>,
}

impl<T> Future for LocalTask<T> {
    type Output = Result<T, TaskError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.handle).poll(cx)
    }
}

impl<T> fmt::Debug for LocalTask<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalTask").finish_non_exhaustive()
    }
}

impl SpawnLocal for AsyncStdLocal {
    type LocalTask<T: 'static> = LocalTask<T>;

    fn spawn_local<F>(&self, future: F) -> Self::LocalTask<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        let (report, handle) = Detached::new();
        drop(async_std::task::spawn_local(reporting(future, report)));
        LocalTask { handle }
    }
}

/// Receives the result of a task or job. Its sender lives inside the task: if the task is
/// discarded, so is the sender, and that is an error here.
///
/// async-std's own join handle would panic in that case.
pub(crate) struct Detached<T> {
    result: Receiver<Result<T, TaskError>>,
}

impl<T> Detached<T> {
    pub(crate) fn new() -> (Sender<Result<T, TaskError>>, Self) {
        let (report, result) = bounded(1);
        (report, Self { result })
    }
}

impl<T> Future for Detached<T> {
    type Output = Result<T, TaskError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.result)
            .poll_next(cx)
            .map(|result| result.unwrap_or_else(|| Err(TaskError::cancelled())))
    }
}

/// Runs `future` to its end, drops it, then reports its result to whoever is interested.
async fn reporting<F: Future>(future: F, report: Sender<Result<F::Output, TaskError>>) {
    let result = TaskFuture::new(future).await;
    // It fails if the handle was dropped, which means that nobody is interested.
    let _ = report.try_send(result);
}
