use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
use std::time::Duration;

use async_executor::Executor;
use withal_core::cleanup::CleanupTask;
use withal_core::runtime::{Alarm, Cleanup, RuntimeId, Timer};

use crate::{Choice, SmolRuntime};

impl Cleanup for SmolRuntime {
    fn id(&self) -> RuntimeId {
        // The weak reference keeps the allocation, so an address names one executor for as long
        // as any value names it.
        let address = match &self.executor {
            Choice::Global => ptr::null::<Executor<'_>>(),
            Choice::Static(executor) => ptr::from_ref(*executor),
            Choice::Own(executor) => executor.as_ptr(),
        };
        RuntimeId::new("smol", address.addr() as u64)
    }

    fn spawn_cleanup(&self, task: CleanupTask) {
        // An executor that is gone drops the task, which gives the cleanup back; so does a panic
        // of the spawn (no thread could be started), which must not leave the caller's `Drop`.
        let _ = catch_unwind(AssertUnwindSafe(|| match &self.executor {
            Choice::Global => smol::spawn(task).detach(),
            Choice::Static(executor) => executor.spawn(task).detach(),
            Choice::Own(executor) => {
                if let Some(executor) = executor.upgrade() {
                    executor.spawn(task).detach();
                }
            }
        }));
    }

    fn alarm(&self, timeout: Duration) -> Option<Alarm> {
        Some(Alarm::new(self.sleep(timeout)))
    }
}
