use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use withal::runtime::{Runtime, TaskError};

use crate::wrapped::Wrap;

/// Its jobs begin when they are awaited, and not before.
#[derive(Debug)]
#[non_exhaustive]
pub enum LazyJobs {}

impl Wrap for LazyJobs {
    fn unblock<R, F, T>(rt: &R, work: F) -> BoxFuture<'static, Result<T, TaskError>>
    where
        R: Runtime,
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let rt = rt.clone();
        async move { rt.unblock(work).await }.boxed()
    }
}

/// It discards its jobs, as if it had no thread left for them.
#[derive(Debug)]
#[non_exhaustive]
pub enum DiscardsJobs {}

impl Wrap for DiscardsJobs {
    fn unblock<R, F, T>(_rt: &R, work: F) -> BoxFuture<'static, Result<T, TaskError>>
    where
        R: Runtime,
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        drop(work);
        std::future::ready(Err(TaskError::cancelled())).boxed()
    }
}

/// It says of a job that panicked that it was discarded.
#[derive(Debug)]
#[non_exhaustive]
pub enum LosesJobPanics {}

impl Wrap for LosesJobPanics {
    fn unblock<R, F, T>(rt: &R, work: F) -> BoxFuture<'static, Result<T, TaskError>>
    where
        R: Runtime,
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let job = rt.unblock(work);
        async { job.await.map_err(|_| TaskError::cancelled()) }.boxed()
    }
}
