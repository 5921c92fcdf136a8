use alloc::sync::Arc;
use core::sync::atomic::{AtomicUsize, Ordering};

use super::ambient::{self, WatchSlot};

/// A combinator's knowledge of the exits in progress in what it polls: those it must not drop
/// (K10). Unallocated until an exit waits.
#[derive(Default)]
pub(crate) struct Watch {
    exits: Option<Arc<AtomicUsize>>,
}

impl Watch {
    /// Calls `f`, a poll, with this watch told of exits that begin to wait.
    pub(crate) fn during<T>(&mut self, f: impl FnOnce() -> T) -> T {
        struct Back<'a>(&'a mut Watch, WatchSlot);

        impl Drop for Back<'_> {
            fn drop(&mut self) {
                self.0.exits = self.1.exits.take();
            }
        }

        let slot = WatchSlot {
            present: true,
            exits: self.exits.take(),
        };
        let mut back = Back(self, slot);
        ambient::swapped(&mut back.1, |slots| &mut slots.watch, f)
    }

    /// Whether an exit is in progress.
    pub(crate) fn is_busy(&self) -> bool {
        self.exits
            .as_ref()
            .is_some_and(|exits| exits.load(Ordering::Acquire) > 0)
    }
}
