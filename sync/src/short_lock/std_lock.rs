use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{Raw, ShortLock};

/// Std's mutex: a thread that misses is parked.
///
/// About twice as dear as [`Spin`](super::Spin) where nobody contends. Choose it where threads of
/// different priorities meet, so that one cannot spin for another that the system does not run.
#[derive(Debug)]
pub struct Std(Mutex<()>);

impl ShortLock for Std {}

// SAFETY: std's mutex does exclude and synchronise; poison is ignored, the exclusion holds.
unsafe impl Raw for Std {
    type Guard<'a> = MutexGuard<'a, ()>;

    fn new() -> Self {
        Self(Mutex::new(()))
    }

    #[inline]
    fn lock(&self) -> MutexGuard<'_, ()> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
