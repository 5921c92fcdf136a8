use std::fmt;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use withal_core::runtime::{Blocking, TaskError};

use crate::AsyncStdRuntime;
use crate::spawn::Detached;

/// Blocking work: resolves to its value; dropping it lets the work run to its end.
pub struct Job<T> {
    handle: Detached<T>,
}

impl<T> Future for Job<T> {
    type Output = Result<T, TaskError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.handle).poll(cx)
    }
}

impl<T> fmt::Debug for Job<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Job").finish_non_exhaustive()
    }
}

impl Blocking for AsyncStdRuntime {
    type Job<T: Send + 'static> = Job<T>;

    fn unblock<F, T>(&self, work: F) -> Self::Job<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let (report, handle) = Detached::new();
        drop(async_std::task::spawn_blocking(move || {
            let result = catch_unwind(AssertUnwindSafe(work)).map_err(TaskError::panicked);
            // It fails if the handle was dropped, which means that nobody is interested.
            let _ = report.try_send(result);
        }));
        Job { handle }
    }
}
