//! A value lent to blocking jobs, that can always be had back.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A value that blocking jobs use one at a time, until somebody takes it back.
///
/// A cancelled body drops the handle of its blocking job, but the job is only asked to stop: it may
/// still run, or may not even have begun. If it *owned* the file, the scope's exit would have nothing
/// left to close. So jobs get a lease instead:
///
/// - [`take_back`](Self::take_back) waits for the job that is running, by taking the lock;
/// - a job that begins later finds the lease ended and does nothing.
///
/// The lock is held for as long as a job runs, so every method here may block its thread.
#[derive(Debug)]
pub struct Lease<T>(Arc<Mutex<Option<T>>>);

impl<T> Lease<T> {
    /// Puts `value` on lease.
    pub fn new(value: T) -> Self {
        Self(Arc::new(Mutex::new(Some(value))))
    }

    /// Uses the value, or gives `None` if it was taken back.
    pub fn with<R>(&self, work: impl FnOnce(&mut T) -> R) -> Option<R> {
        self.lock().as_mut().map(work)
    }

    /// Ends the lease: waits for the job that is using the value, and gives the value to the
    /// first who asks.
    pub fn take_back(&self) -> Option<T> {
        self.lock().take()
    }

    fn lock(&self) -> MutexGuard<'_, Option<T>> {
        // A job that panicked poisons the lock. Its scope ends as panicked, so the value is only
        // going to be closed or rolled back: both are right for a value left half-changed.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Clone for Lease<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

#[cfg(test)]
mod tests;
