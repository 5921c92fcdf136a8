//! Where futures come, and from where they go.

use core::mem;

use super::slot::{Noticed, SlotPtr};
use super::{FutureSet, Key};

impl<F> FutureSet<F> {
    pub(super) fn find(&self, key: Key) -> Option<SlotPtr> {
        let slot = self.blocks.find::<F>(key.index)?;
        (slot.key() == key && slot.is_occupied()).then_some(slot)
    }

    /// A free place.
    #[inline]
    pub(super) fn place(&mut self) -> SlotPtr {
        loop {
            if let Some(slot) = self.free.pop() {
                return slot;
            }
            if let Some(slot) = self.blocks.fresh::<F>() {
                return slot;
            }
            self.make_room();
        }
    }

    #[cold]
    pub(super) fn make_room(&mut self) {
        // Without polls, places that were left would stay in the lists for ever.
        if self.lingering > self.blocks.capacity() / 2 {
            self.collect();
            let mut all = mem::take(&mut self.run);
            while let Some(slot) = all.pop() {
                if slot.is_occupied() {
                    self.run.append(slot);
                } else {
                    self.reclaim(slot);
                }
            }
        } else {
            self.blocks.grow::<F>(1);
        }
    }

    /// Drops the future in `slot`, and leaves the place.
    #[inline]
    pub(super) fn vacate(&mut self, slot: SlotPtr) {
        self.order.remove(slot);
        slot.turn_over();
        self.len -= 1;
        self.notice(slot);
        if slot.claim() {
            self.free.push(slot);
        } else {
            self.lingering += 1;
        }
        // Last, since it may panic. SAFETY: it was occupied, and is no longer (3).
        unsafe { slot.future::<F>().drop_in_place() };
    }

    /// Counts it, if there are wakers since the last poll, or none any more.
    #[inline]
    pub(super) fn notice(&mut self, slot: SlotPtr) {
        match slot.notice() {
            Noticed::More => self.noticed += 1,
            Noticed::Fewer => self.noticed -= 1,
            Noticed::Same => {}
        }
    }

    /// A place that was left has come out of the list that it was in.
    #[cold]
    pub(super) fn reclaim(&mut self, slot: SlotPtr) {
        self.lingering -= 1;
        self.free.push(slot);
    }
}
