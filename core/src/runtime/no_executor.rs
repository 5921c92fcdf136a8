use core::task::{Context, Poll};

use super::{Cleanup, Coop, RuntimeId};
use crate::cleanup::CleanupTask;

/// A runtime value that spawns nothing, for code that has no executor at hand, and for tests.
///
/// Cleanups that one of our combinators collects run as everywhere else. Those that foreign code
/// causes inside an enclosing scope run when that scope exits. The others go to the process's
/// orphan list, are reported there, and run when somebody drains it. There is no clock: cleanup
/// budgets are unlimited.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct NoExecutor;

impl NoExecutor {
    /// The value.
    pub const fn new() -> Self {
        Self
    }
}

/// Nobody takes turns: whatever can go on does.
impl Coop for NoExecutor {
    type Unit = ();

    #[inline]
    fn poll_unit(_cx: &mut Context<'_>) -> Poll<()> {
        Poll::Ready(())
    }

    #[inline]
    fn spend((): ()) {}
}

impl Cleanup for NoExecutor {
    fn id(&self) -> RuntimeId {
        RuntimeId::new("no-executor", 0)
    }

    fn spawn_cleanup(&self, task: CleanupTask) {
        // Dropping the envelope is the refusal: it gives the cleanup back (K6).
        let _refused = task;
    }
}
