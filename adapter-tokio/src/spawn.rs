use std::fmt;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::rc::Weak;
use std::task::{Context, Poll};

use tokio::task::{JoinError, JoinHandle};
use withal_core::runtime::{Spawn, SpawnLocal, TaskError, TaskFuture};

use crate::{TokioLocal, TokioRuntime};

/// A task of a runtime: resolves to its value; dropping it detaches the task.
pub struct Task<T> {
    handle: JoinHandle<Result<T, TaskError>>,
}

impl<T> Future for Task<T> {
    type Output = Result<T, TaskError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.handle).poll(cx).map(flatten)
    }
}

impl<T> fmt::Debug for Task<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Task").finish_non_exhaustive()
    }
}

impl Spawn for TokioRuntime {
    type Task<T: Send + 'static> = Task<T>;

    fn spawn<F>(&self, future: F) -> Self::Task<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        Task {
            handle: self.handle.spawn(TaskFuture::new(future)),
        }
    }
}

/// A task of a local executor: resolves to its value; dropping it detaches the task.
pub struct LocalTask<T> {
    // `None`: the executor is gone, or was not there.
    handle: Option<JoinHandle<Result<T, TaskError>>>,
}

impl<T> Future for LocalTask<T> {
    type Output = Result<T, TaskError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.handle {
            Some(handle) => Pin::new(handle).poll(cx).map(flatten),
            None => Poll::Ready(Err(TaskError::cancelled())),
        }
    }
}

impl<T> fmt::Debug for LocalTask<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalTask").finish_non_exhaustive()
    }
}

impl SpawnLocal for TokioLocal {
    type LocalTask<T: 'static> = LocalTask<T>;

    fn spawn_local<F>(&self, future: F) -> Self::LocalTask<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        let task = TaskFuture::new(future);
        let handle = match self.set.as_ref().map(Weak::upgrade) {
            Some(Some(set)) => Some(set.spawn_local(task)),
            Some(None) => None,
            // The panic is Tokio's only way to say that no set is current. It comes before the
            // task is touched, so nothing is left half-done.
            None => catch_unwind(AssertUnwindSafe(|| tokio::task::spawn_local(task))).ok(),
        };
        LocalTask { handle }
    }
}

/// Joins what Tokio says about a task with what the task says itself.
pub(crate) fn flatten<T>(joined: Result<Result<T, TaskError>, JoinError>) -> Result<T, TaskError> {
    match joined {
        Ok(result) => result,
        Err(error) => Err(match error.try_into_panic() {
            Ok(payload) => TaskError::panicked(payload),
            Err(_) => TaskError::cancelled(),
        }),
    }
}
