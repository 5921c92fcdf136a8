use core::future::Future;

use super::TaskError;

/// Starts tasks that may move between threads.
///
/// # For callers
///
/// A task starts without the caller's scope around it: what its drop leaves behind belongs to
/// nobody but the executor. Dropping the returned handle detaches the task; it runs on.
///
/// # For implementers
///
/// Wrap the future in [`TaskFuture`](super::TaskFuture) before the executor gets it: it clears the
/// ambient scope for each poll and turns a panic into [`TaskError`]. Never panic: where the
/// executor is gone, the handle resolves to a cancelled [`TaskError`].
pub trait Spawn {
    /// The handle: resolves once the task ended.
    type Task<T: Send + 'static>: Future<Output = Result<T, TaskError>> + Send + 'static;

    /// Starts `future` on the executor.
    ///
    /// # Cancel safety
    ///
    /// Dropping or leaking the handle leaves the task running.
    ///
    /// # Errors
    ///
    /// The handle resolves to [`TaskError`] if the task panicked, or if the executor discarded it.
    fn spawn<F>(&self, future: F) -> Self::Task<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static;
}

/// Starts tasks that stay on this thread.
///
/// The rules of [`Spawn`] apply. A runtime value has this capability only if it stands for an
/// executor of one thread (a `LocalSet`, a local executor).
pub trait SpawnLocal {
    /// The handle: resolves once the task ended.
    type LocalTask<T: 'static>: Future<Output = Result<T, TaskError>> + 'static;

    /// Starts `future` on this thread's executor.
    ///
    /// # Cancel safety
    ///
    /// Dropping or leaking the handle leaves the task running.
    ///
    /// # Errors
    ///
    /// The handle resolves to [`TaskError`] if the task panicked, if the executor discarded it, or
    /// if it was called where that executor does not run.
    fn spawn_local<F>(&self, future: F) -> Self::LocalTask<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static;
}
