use core::future::Future;

use super::TaskError;

/// Runs blocking work on a thread that may block.
pub trait Blocking {
    /// The handle: resolves once the work ended.
    type Job<T: Send + 'static>: Future<Output = Result<T, TaskError>> + Send + 'static;

    /// Runs `work` on a thread of the runtime's blocking pool.
    ///
    /// # Cancel safety
    ///
    /// Dropping the handle does not stop work that has begun: it runs to its end and its result is
    /// dropped. Work that has not begun may be discarded only by the runtime's shutdown.
    ///
    /// # Errors
    ///
    /// The handle resolves to [`TaskError`] if `work` panicked, or if the runtime discarded it.
    fn unblock<F, T>(&self, work: F) -> Self::Job<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static;
}
