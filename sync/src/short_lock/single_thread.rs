use core::cell::Cell;

use super::{Raw, ShortLock};

/// No lock at all: the primitive is not `Sync`, so one thread uses it.
///
/// The cheapest, for executors of one thread and for microcontrollers with one core. A section
/// calls no code of the user's but the order of a priority queue; if that comes back to the same
/// queue, it panics instead of waiting for itself.
#[derive(Debug)]
pub struct SingleThread {
    // A cell, and so not `Sync`.
    locked: Cell<bool>,
}

impl ShortLock for SingleThread {}

// SAFETY: the type is not `Sync`, so all calls come from one thread at a time; a second one inside
// of a section panics.
unsafe impl Raw for SingleThread {
    type Guard<'a> = Unlock<'a>;

    fn new() -> Self {
        Self {
            locked: Cell::new(false),
        }
    }

    #[inline]
    fn lock(&self) -> Unlock<'_> {
        assert!(
            !self.locked.replace(true),
            "a primitive was used from inside of itself"
        );
        Unlock(&self.locked)
    }
}

#[derive(Debug)]
pub(crate) struct Unlock<'a>(&'a Cell<bool>);

impl Drop for Unlock<'_> {
    #[inline]
    fn drop(&mut self) {
        self.0.set(false);
    }
}
