use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};

use super::shared::{Driver, Shared};
use super::{About, ambient};
use crate::mutants::mutant;

/// The envelope in which an executor gets a cleanup: a plain future to be spawned.
///
/// Dropped before its end (a runtime that shuts down, or refuses), it gives the cleanup back to
/// the scope that waits for it, or to the orphan list. Its polls never panic.
#[must_use = "a cleanup must be given to an executor; dropping it gives it back"]
pub struct CleanupTask {
    shared: Arc<Shared>,
}

impl CleanupTask {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// The scopes that it still exits, in this order: for executors that name their tasks.
    pub fn scopes(&self) -> Vec<About> {
        self.shared.unfinished()
    }
}

impl Future for CleanupTask {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        ambient::cleared(|| self.shared.poll(cx, Driver::Executor))
    }
}

impl Drop for CleanupTask {
    fn drop(&mut self) {
        if !mutant("envelope_discards") {
            self.shared.executor_gone();
        }
    }
}

impl fmt::Debug for CleanupTask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("CleanupTask")
            .field(&self.shared.unfinished())
            .finish()
    }
}
