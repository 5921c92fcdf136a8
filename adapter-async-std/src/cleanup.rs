use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use withal_core::cleanup::CleanupTask;
use withal_core::runtime::{Alarm, Cleanup, RuntimeId, Timer};

use crate::AsyncStdRuntime;

impl Cleanup for AsyncStdRuntime {
    fn id(&self) -> RuntimeId {
        RuntimeId::new("async-std", 0)
    }

    fn spawn_cleanup(&self, task: CleanupTask) {
        // A panic of the spawn (no thread could be started) drops the task, which gives the
        // cleanup back; the panic itself must not leave the caller's `Drop`.
        let _ = catch_unwind(AssertUnwindSafe(|| drop(async_std::task::spawn(task))));
    }

    fn alarm(&self, timeout: Duration) -> Option<Alarm> {
        Some(Alarm::new(self.sleep(timeout)))
    }
}
