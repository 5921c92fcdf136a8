//! How many run on each runtime at the moment.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::runtime::RuntimeId;

static ACTIVE: Mutex<Vec<RuntimeId>> = Mutex::new(Vec::new());

/// One that runs on a runtime, until this is dropped.
pub(super) struct Active(RuntimeId);

pub(super) fn begin(runtime: RuntimeId) -> Active {
    lock().push(runtime);
    Active(runtime)
}

impl Active {
    /// Whether nobody else runs on it.
    pub(super) fn is_last(&self) -> bool {
        lock().iter().filter(|id| **id == self.0).count() == 1
    }
}

impl Drop for Active {
    fn drop(&mut self) {
        let mut active = lock();
        if let Some(position) = active.iter().position(|id| *id == self.0) {
            active.swap_remove(position);
        }
    }
}

fn lock() -> MutexGuard<'static, Vec<RuntimeId>> {
    // Nothing panics under it.
    ACTIVE.lock().unwrap_or_else(PoisonError::into_inner)
}
