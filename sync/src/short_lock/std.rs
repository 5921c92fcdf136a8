use ::std::sync::{Mutex, MutexGuard, PoisonError};

use super::RawLock;

#[derive(Debug)]
pub(crate) struct StdLock(Mutex<()>);

// SAFETY: std's mutex does exclude and synchronise; poison is ignored, the exclusion holds.
unsafe impl RawLock for StdLock {
    type Guard<'a> = MutexGuard<'a, ()>;

    fn new() -> Self {
        Self(Mutex::new(()))
    }

    #[inline]
    fn lock(&self) -> MutexGuard<'_, ()> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
