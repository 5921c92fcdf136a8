use loom::sync::{Mutex, MutexGuard};

use super::RawLock;

/// The model checker's own lock: models of what stands on a lock need not step through its spins.
#[derive(Debug)]
pub(crate) struct ModelledLock(Mutex<()>);

// SAFETY: it excludes, and synchronises.
unsafe impl RawLock for ModelledLock {
    type Guard<'a> = MutexGuard<'a, ()>;

    fn new() -> Self {
        Self(Mutex::new(()))
    }

    fn lock(&self) -> MutexGuard<'_, ()> {
        self.0.lock().unwrap()
    }
}
