use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::task::JoinHandle;
use withal_core::runtime::{Blocking, TaskError};

use crate::TokioRuntime;
use crate::spawn::flatten;

/// Blocking work: resolves to its value; dropping it lets the work run to its end.
pub struct Job<T> {
    handle: JoinHandle<T>,
}

impl<T> Future for Job<T> {
    type Output = Result<T, TaskError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.handle)
            .poll(cx)
            .map(|joined| flatten(joined.map(Ok)))
    }
}

impl<T> fmt::Debug for Job<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Job").finish_non_exhaustive()
    }
}

impl Blocking for TokioRuntime {
    type Job<T: Send + 'static> = Job<T>;

    fn unblock<F, T>(&self, work: F) -> Self::Job<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        Job {
            handle: self.handle.spawn_blocking(work),
        }
    }
}
