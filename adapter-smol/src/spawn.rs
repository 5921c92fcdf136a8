use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use async_executor::FallibleTask;
use withal_core::runtime::{Spawn, SpawnLocal, TaskError, TaskFuture};

use crate::{Choice, SmolLocal, SmolRuntime};

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

impl Spawn for SmolRuntime {
    type Task<T: Send + 'static> = Task<T>;

    fn spawn<F>(&self, future: F) -> Self::Task<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let task = TaskFuture::new(future);
        let task = match &self.executor {
            Choice::Global => Some(smol::spawn(task)),
            Choice::Static(executor) => Some(executor.spawn(task)),
            Choice::Own(executor) => executor.upgrade().map(|executor| executor.spawn(task)),
        };
        Task {
            handle: Detached::new(task),
        }
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

impl SpawnLocal for SmolLocal {
    type LocalTask<T: 'static> = LocalTask<T>;

    fn spawn_local<F>(&self, future: F) -> Self::LocalTask<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        let executor = self.executor.upgrade();
        LocalTask {
            handle: Detached::new(executor.map(|executor| executor.spawn(TaskFuture::new(future)))),
        }
    }
}

/// A handle of smol's, turned round: dropping it detaches, and a discarded task is an error
/// instead of a panic.
pub(crate) struct Detached<T> {
    // `None`: the executor was gone. (And after the drop.)
    task: Option<FallibleTask<Result<T, TaskError>>>,
}

impl<T> Detached<T> {
    pub(crate) fn new(task: Option<async_executor::Task<Result<T, TaskError>>>) -> Self {
        Self {
            task: task.map(async_executor::Task::fallible),
        }
    }
}

impl<T> Future for Detached<T> {
    type Output = Result<T, TaskError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.task {
            Some(task) => Pin::new(task)
                .poll(cx)
                .map(|result| result.unwrap_or_else(|| Err(TaskError::cancelled()))),
            None => Poll::Ready(Err(TaskError::cancelled())),
        }
    }
}

impl<T> Drop for Detached<T> {
    fn drop(&mut self) {
        if let Some(task) = self.task.take() {
            task.detach();
        }
    }
}
