use alloc::boxed::Box;
use core::mem;
use core::ptr::NonNull;

use super::Moment;
use super::node::{List, Node, fire, with_linked};
use crate::wait_queue::Wakers;

/// The width of a slot of the lowest level: 2²⁰ ns, 1.05 ms. Sleeps of one such slot are looked at
/// each time the driver rings in it, and what is narrower makes more levels.
const TICK_BITS: u32 = 20;

/// Slots of a level: as many as a word has bits.
const SLOTS: usize = 64;
const SLOT_BITS: u32 = SLOTS.ilog2();

/// As many as it takes for all moments: 20 + 8 × 6 bits are 68.
const LEVELS: usize = 8;

/// How many nodes one section moves at most: some 10 µs if none of them is in a cache.
const BATCH: usize = 128;

/// The slots of a wheel, and what is linked in them.
pub(super) struct Slots {
    /// The present, in ticks, when the wheel was last turned. All slots before are empty.
    turned: u64,
    /// For each level, a bit for each slot that is not empty.
    occupied: [u64; LEVELS],
    slots: Box<[Slot]>,
    /// What was in the slot that the wheel has come to; empty but during a turn.
    moving: List,
    /// What the driver is set for, or will be by whoever is at the desk: no sleep ends before.
    first: Moment,
}

#[derive(Default)]
struct Slot {
    list: List,
    /// None of its nodes ends before; one does then, or did and was taken out. `NEVER` if empty.
    first: Moment,
}

// SAFETY: the nodes lie in sleeps that may be on other threads. A section touches their links and
// their wakers (3), which may go anywhere.
unsafe impl Send for Slots {}

impl Slots {
    pub(super) fn new() -> Self {
        let slot = |_| Slot {
            list: List::default(),
            first: Moment::NEVER,
        };
        Self {
            turned: 0,
            occupied: [0; LEVELS],
            slots: (0..LEVELS * SLOTS).map(slot).collect(),
            moving: List::default(),
            first: Moment::NEVER,
        }
    }

    /// What the driver is to be set for.
    #[inline]
    pub(super) fn first(&self) -> Option<Moment> {
        (self.first != Moment::NEVER).then_some(self.first)
    }

    /// The driver could not be set: it is to be set for the next node, whenever that ends.
    pub(super) fn forget_first(&mut self) {
        self.first = Moment::NEVER;
    }

    /// Links `node`. Whether it ends before all others, so that the driver is to be set.
    ///
    /// # Safety
    ///
    /// The node is linked nowhere, has not fired, and keeps to (2) from now on.
    #[inline]
    pub(super) unsafe fn insert(&mut self, node: NonNull<Node>) -> bool {
        // SAFETY: the caller's word.
        let deadline = unsafe { self.place(node) };
        let earlier = deadline < self.first;
        if earlier {
            self.first = deadline;
        }
        earlier
    }

    /// Takes out `node`.
    ///
    /// # Safety
    ///
    /// The node is linked here.
    #[inline]
    pub(super) unsafe fn remove(&mut self, node: NonNull<Node>) {
        if self.moving.ends_with(node) {
            // SAFETY: it is linked here (1), and stands at one end of this list.
            unsafe { self.moving.unlink(node) };
            return;
        }
        // SAFETY: linked, in a section (3).
        let at = unsafe { with_linked(node, |linked| linked.slot) };
        let slot = &mut self.slots[at];
        // SAFETY: it is linked in this list, or moves, and stands at neither end.
        unsafe { slot.list.unlink(node) };
        if slot.list.is_empty() {
            slot.first = Moment::NEVER;
            self.occupied[at / SLOTS] &= !(1 << (at % SLOTS));
        }
    }

    /// Wakes those that end by `now`, as far as one section should go; whether all is done, and
    /// then the next moment is known.
    pub(super) fn turn(&mut self, now: Moment, wakers: &mut Wakers) -> bool {
        for _ in 0..BATCH {
            if !wakers.has_room() {
                return false;
            }
            if let Some(node) = self.moving.pop_front() {
                // SAFETY: it was linked, so it is there (2).
                if unsafe { node.as_ref() }.deadline() <= now {
                    // SAFETY: just unlinked; a node that is linked has not fired (4).
                    wakers.push(unsafe { fire(node) });
                } else {
                    // SAFETY: the same, and (2) goes on.
                    unsafe { self.place(node) };
                }
            } else if !self.open(now) {
                self.turned = self.turned.max(tick(now));
                let next = self.first_slot();
                self.first = next.map_or(Moment::NEVER, |at| self.slots[at].first);
                return true;
            }
        }
        false
    }

    /// Moves the wheel to the first slot, if the present is there or beyond, and begins to empty
    /// it. What does not end by now goes down to another slot; or, from the lowest level, back to
    /// the same one, which then knows that its first is yet to come.
    fn open(&mut self, now: Moment) -> bool {
        let Some(at) = self.first_slot() else {
            return false;
        };
        let (level, index) = (at / SLOTS, at % SLOTS);
        let above = self.turned >> (SLOT_BITS * (level as u32 + 1));
        let begin = ((above << SLOT_BITS) | index as u64) << (SLOT_BITS * level as u32);
        let slot = &mut self.slots[at];
        if begin > tick(now) || (level == 0 && slot.first > now) {
            return false;
        }
        self.turned = self.turned.max(begin);
        self.moving = mem::take(&mut slot.list);
        slot.first = Moment::NEVER;
        self.occupied[level] &= !(1 << index);
        true
    }

    /// The slot with the earliest sleeps. At each level all are ahead of the present, and those of
    /// a level before those of the next.
    #[inline]
    fn first_slot(&self) -> Option<usize> {
        let level = self.occupied.iter().position(|bits| *bits != 0)?;
        Some(level * SLOTS + self.occupied[level].trailing_zeros() as usize)
    }

    /// Links `node` in the slot of its moment, which it returns.
    ///
    /// # Safety
    ///
    /// As for `insert`.
    #[inline]
    unsafe fn place(&mut self, node: NonNull<Node>) -> Moment {
        // SAFETY: the caller's word: it is there.
        let deadline = unsafe { node.as_ref() }.deadline();
        // What has passed goes where the wheel is.
        let due = tick(deadline).max(self.turned);
        // The highest digit in which they differ.
        let differing = (due ^ self.turned) | (SLOTS as u64 - 1);
        let level = (differing.ilog2() / SLOT_BITS) as usize;
        let index = (due >> (SLOT_BITS * level as u32)) as usize % SLOTS;
        let at = level * SLOTS + index;
        self.occupied[level] |= 1 << index;
        let slot = &mut self.slots[at];
        slot.first = slot.first.min(deadline);
        // SAFETY: linked nowhere: it is the caller's.
        unsafe { with_linked(node, |linked| linked.slot = at) };
        // SAFETY: the caller's word.
        unsafe { slot.list.push_back(node) };
        deadline
    }
}

#[inline]
fn tick(moment: Moment) -> u64 {
    moment.nanos() >> TICK_BITS
}
