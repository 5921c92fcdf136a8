use core::cell::Cell;

use super::RawLock;

/// Only notices a section inside of a section.
#[derive(Debug)]
pub(crate) struct OneThreadLock {
    // A cell, and so not `Sync`.
    locked: Cell<bool>,
}

// SAFETY: the type is not `Sync`, so all calls come from one thread at a time; a second one inside
// of a section panics.
unsafe impl RawLock for OneThreadLock {
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
