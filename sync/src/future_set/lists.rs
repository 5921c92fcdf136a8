//! The lists of a set that no waker touches.

use super::slot::SlotPtr;

/// Those that are polled next, first in, first out. It may hold places that have been left.
#[derive(Default)]
pub(super) struct RunQueue {
    ends: Option<(SlotPtr, SlotPtr)>,
}

impl RunQueue {
    pub(super) const fn new() -> Self {
        Self { ends: None }
    }

    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.ends.is_none()
    }

    #[inline]
    pub(super) fn last(&self) -> Option<SlotPtr> {
        self.ends.map(|(_, last)| last)
    }

    /// Appends what is in no list.
    #[inline]
    pub(super) fn append(&mut self, slot: SlotPtr) {
        slot.set_next(None);
        self.append_chain(slot, slot);
    }

    /// Appends what is linked from `first` to `last`, and is in no other list.
    #[inline]
    pub(super) fn append_chain(&mut self, first: SlotPtr, last: SlotPtr) {
        self.ends = match self.ends {
            None => Some((first, last)),
            Some((head, tail)) => {
                tail.set_next(Some(first));
                Some((head, last))
            }
        };
    }

    #[inline]
    pub(super) fn pop(&mut self) -> Option<SlotPtr> {
        let (first, last) = self.ends?;
        self.ends = first.next().map(|next| (next, last));
        Some(first)
    }
}

/// All that hold a future, in the order in which they were pushed.
pub(super) struct Order {
    first: Option<SlotPtr>,
    last: Option<SlotPtr>,
}

impl Order {
    pub(super) const fn new() -> Self {
        Self {
            first: None,
            last: None,
        }
    }

    #[inline]
    pub(super) fn first(&self) -> Option<SlotPtr> {
        self.first
    }

    #[inline]
    pub(super) fn append(&mut self, slot: SlotPtr) {
        slot.before.set(self.last);
        slot.after.set(None);
        match self.last.replace(slot) {
            None => self.first = Some(slot),
            Some(last) => last.after.set(Some(slot)),
        }
    }

    #[inline]
    pub(super) fn remove(&mut self, slot: SlotPtr) {
        let (before, after) = (slot.before.get(), slot.after.get());
        match before {
            None => self.first = after,
            Some(before) => before.after.set(after),
        }
        match after {
            None => self.last = before,
            Some(after) => after.before.set(before),
        }
    }
}

/// The places that were left, the last one on top: it is still in the cache.
pub(super) struct FreeList {
    top: Option<SlotPtr>,
}

impl FreeList {
    pub(super) const fn new() -> Self {
        Self { top: None }
    }

    #[inline]
    pub(super) fn push(&mut self, slot: SlotPtr) {
        // Keys of a new generation would not be new.
        if !slot.is_worn_out() {
            slot.set_next(self.top);
            self.top = Some(slot);
        }
    }

    #[inline]
    pub(super) fn pop(&mut self) -> Option<SlotPtr> {
        let top = self.top?;
        self.top = top.next();
        Some(top)
    }
}
