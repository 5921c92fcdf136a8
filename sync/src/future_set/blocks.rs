//! Where the futures lie: blocks that never move, each as large as all before it together.

use alloc::alloc::handle_alloc_error;
use core::alloc::Layout;
use core::ptr::NonNull;
use core::sync::atomic::Ordering::Relaxed;

use super::shared::{Shared, release};
use super::slot::{Node, Slot, SlotPtr};
use crate::primitives::{alloc, dealloc};

/// The beginning of a block; its nodes follow.
pub(super) struct Block {
    older: Option<NonNull<Self>>,
    layout: Layout,
    /// The index of its first node.
    start: u32,
    nodes: NonNull<u8>,
}

/// How many places the first block has, unless more are asked for.
const FIRST: u32 = 4;

/// All blocks of a set, by what it knows about them.
pub(super) struct Blocks {
    shared: Option<NonNull<Shared>>,
    /// How many places there are.
    capacity: u32,
    /// How many of them were ever used; from this index on they are not initialised.
    used: u32,
}

impl Blocks {
    pub(super) const fn new() -> Self {
        Self {
            shared: None,
            capacity: 0,
            used: 0,
        }
    }

    #[inline]
    pub(super) fn shared(&self) -> Option<&Shared> {
        // SAFETY: the set has a share, which it gives up at its end (1).
        self.shared.map(|shared| unsafe { shared.as_ref() })
    }

    pub(super) fn capacity(&self) -> usize {
        self.capacity as usize
    }

    /// A place that was never used, if there is one.
    #[inline]
    pub(super) fn fresh<F>(&mut self) -> Option<SlotPtr> {
        if self.used == self.capacity {
            return None;
        }
        let shared = self.shared?;
        let newest = self.shared()?.newest.load(Relaxed);
        // SAFETY: it is a block of this set's, and nobody changes it any more.
        let newest = unsafe { &*newest };
        let index = self.used;
        // SAFETY: the newest block has the places from its start to the capacity (2).
        let node = unsafe { newest.node::<F>(index) };
        let slot = node.cast::<Slot>();
        // SAFETY: the slot begins there; nobody knows of the place so far.
        unsafe { slot.write(Slot::new(shared, index)) };
        self.used += 1;
        SlotPtr::new(slot)
    }

    /// Makes a block of `at_least` so many places.
    ///
    /// # Panics
    ///
    /// If there would be more than 2³² of them, or more than the address space holds.
    #[cold]
    pub(super) fn grow<F>(&mut self, at_least: usize) {
        let (start, count) = u32::try_from(at_least)
            .ok()
            .map(|count| (self.capacity, count.max(self.capacity).max(FIRST)))
            .filter(|(start, count)| start.checked_add(*count).is_some())
            .expect("there are too many futures in a set");
        match self.shared() {
            None => {
                let (shared, block) = allocate::<Shared, F>(count, start, None);
                // SAFETY: newly allocated for this.
                unsafe { shared.write(Shared::new(block, shared)) };
                self.shared = Some(shared);
            }
            Some(shared) => {
                let older = NonNull::new(shared.newest.load(Relaxed));
                let (place, block) = allocate::<Block, F>(count, start, older);
                // SAFETY: newly allocated for this.
                unsafe { place.write(block) };
                shared.newest.store(place.as_ptr(), Relaxed);
            }
        }
        self.capacity = start + count;
    }

    /// The place with this index, if it was ever used.
    #[inline]
    pub(super) fn find<F>(&self, index: u32) -> Option<SlotPtr> {
        if index >= self.used {
            return None;
        }
        let newest = self.shared()?.newest.load(Relaxed);
        // SAFETY: it is a block of this set's, and nobody changes it any more.
        let mut block = unsafe { &*newest };
        // Half of the places are in the newest block, a quarter in the one before it.
        while index < block.start {
            // SAFETY: as above.
            block = unsafe { block.older?.as_ref() };
        }
        // SAFETY: the younger blocks start behind it, so it is in this one (2).
        let node = unsafe { block.node::<F>(index) };
        SlotPtr::new(node.cast())
    }

    /// Gives the blocks up, for a set whose futures are gone: to the wakers, which are at so many
    /// places.
    pub(super) fn give_up<F>(&mut self, noticed: usize) {
        let Some(shared) = self.shared() else {
            return;
        };
        let mut next = shared.close();
        while let Some(slot) = next {
            next = slot.next();
            slot.collected();
        }
        let mut gone = 1;
        if noticed > 0 {
            // Before the first of them can go.
            shared.share(noticed);
            gone += noticed;
            for index in 0..self.used {
                if self.find::<F>(index).is_some_and(|slot| slot.orphan()) {
                    gone -= 1;
                }
            }
        }
        if let Some(shared) = self.shared.take() {
            // SAFETY: the set's share, and those of places that have no waker.
            unsafe { release(shared, gone) };
        }
    }
}

impl Block {
    /// # Safety
    ///
    /// The index is that of a place in this block, whose nodes are those of `F`.
    #[inline]
    unsafe fn node<F>(&self, index: u32) -> *mut Node<F> {
        let nodes = self.nodes.cast::<Node<F>>().as_ptr();
        // SAFETY: the block has a place there, says the caller.
        unsafe { nodes.add((index - self.start) as usize) }
    }
}

/// Allocates a block that begins with `Head`; its description is to be written there.
fn allocate<Head, F>(
    count: u32,
    start: u32,
    older: Option<NonNull<Block>>,
) -> (NonNull<Head>, Block) {
    let (layout, offset) = Layout::array::<Node<F>>(count as usize)
        .and_then(|nodes| Layout::new::<Head>().extend(nodes))
        .expect("there are too many futures in a set");
    // SAFETY: the layout has a size, that of the head at least.
    let block = unsafe { alloc(layout) };
    let Some(block) = NonNull::new(block) else {
        handle_alloc_error(layout);
    };
    let description = Block {
        older,
        layout,
        start,
        // SAFETY: the offset is inside of the layout.
        nodes: unsafe { block.add(offset) },
    };
    (block.cast(), description)
}

/// Frees all blocks of a set that is gone, with its wakers.
///
/// # Safety
///
/// Nobody uses anything in them, now or later.
#[cold]
pub(super) unsafe fn free(shared: NonNull<Shared>) {
    // SAFETY: it lives until it is freed below.
    let newest = unsafe { shared.as_ref() }.newest.load(Relaxed);
    // SAFETY: nobody uses it any more. It begins with the description of its block, which is plain
    // data, and still read below.
    unsafe { shared.drop_in_place() };
    let mut next = NonNull::new(newest);
    while let Some(block) = next {
        // SAFETY: the blocks younger than it are freed, and it is not.
        let &Block { older, layout, .. } = unsafe { block.as_ref() };
        next = older;
        // SAFETY: it was allocated with this layout.
        unsafe { dealloc(block.as_ptr().cast(), layout) };
    }
}
