use core::cell::{Cell, UnsafeCell};
use core::mem::MaybeUninit;
use core::ops::Deref;
use core::ptr::{self, NonNull};
use core::sync::atomic::Ordering::{AcqRel, Relaxed};

use super::key::Key;
use super::shared::Shared;
use crate::primitives::{AtomicBool, AtomicPtr};

/// A place for a future, and what is known about it.
///
/// The future comes last, so that nothing but the set needs to know its type.
#[repr(C)]
pub(super) struct Node<F> {
    pub(super) slot: Slot,
    pub(super) future: UnsafeCell<MaybeUninit<F>>,
}

/// What is known about a place: what wakers change, and what is the set's alone.
pub(super) struct Slot {
    pub(super) shared: NonNull<Shared>,
    /// The next in the one list that it is in: the woken, those to be polled, or the free.
    next: AtomicPtr<Self>,
    /// Whether it is in a list, or free: then a wake has nothing to do.
    queued: AtomicBool,
    /// Whether a waker of it was ever cloned; if not, the only one is lent to a poll.
    cloned: AtomicBool,
    /// Whether the waker that is lent to a poll was woken.
    woken: AtomicBool,
    pub(super) index: u32,
    /// Odd while there is a future.
    generation: Cell<u32>,
    /// The neighbours in the order of the pushes.
    pub(super) before: Cell<Option<SlotPtr>>,
    pub(super) after: Cell<Option<SlotPtr>>,
}

impl Slot {
    /// A place that was never used.
    pub(super) fn new(shared: NonNull<Shared>, index: u32) -> Self {
        Self {
            shared,
            next: AtomicPtr::new(ptr::null_mut()),
            queued: AtomicBool::new(true),
            cloned: AtomicBool::new(false),
            woken: AtomicBool::new(false),
            index,
            generation: Cell::new(0),
            before: Cell::new(None),
            after: Cell::new(None),
        }
    }

    #[inline]
    pub(super) fn shared(&self) -> &Shared {
        // SAFETY: it lies in a block of the set, and those live as long as this slot (1).
        unsafe { self.shared.as_ref() }
    }

    #[inline]
    pub(super) fn next(&self) -> Option<SlotPtr> {
        SlotPtr::new(self.next.load(Relaxed))
    }

    #[inline]
    pub(super) fn set_next(&self, next: Option<SlotPtr>) {
        self.next
            .store(next.map_or(ptr::null_mut(), SlotPtr::as_ptr), Relaxed);
    }

    #[inline]
    pub(super) fn is_occupied(&self) -> bool {
        self.generation.get() % 2 == 1
    }

    /// All generations have been used: a key of another one would be equal to an old one.
    #[inline]
    pub(super) fn is_worn_out(&self) -> bool {
        self.generation.get() == u32::MAX - 1
    }

    /// Lets the next generation begin: a future came, or went.
    #[inline]
    pub(super) fn turn_over(&self) {
        self.generation.set(self.generation.get() + 1);
    }

    /// As after very many generations.
    #[cfg(all(test, not(loom)))]
    pub(super) fn wear_out(&self) {
        self.generation.set(u32::MAX - 3);
    }

    #[inline]
    pub(super) fn key(&self) -> Key {
        Key {
            index: self.index,
            generation: self.generation.get(),
        }
    }

    /// It left the lists, and is polled next: from now on a wake counts.
    ///
    /// What was done before a wake that came too late to count is seen by this poll.
    #[inline]
    pub(super) fn begin_poll(&self) {
        if self.is_cloned() {
            self.queued.swap(false, AcqRel);
        } else {
            self.queued.store(false, Relaxed);
        }
        self.woken.store(false, Relaxed);
    }

    /// Whether the waker that was lent to the poll was woken.
    #[inline]
    pub(super) fn was_woken(&self) -> bool {
        self.woken.load(Relaxed)
    }

    /// The set's way to get it into a list, or out of the reach of wakers. Whether it was in no
    /// list: then the caller is the one to put it into one.
    #[inline]
    pub(super) fn claim(&self) -> bool {
        if self.is_cloned() {
            self.claim_shared()
        } else {
            let was_queued = self.queued.load(Relaxed);
            self.queued.store(true, Relaxed);
            !was_queued
        }
    }

    /// [`claim`](Self::claim), while others may do the same.
    #[inline]
    pub(super) fn claim_shared(&self) -> bool {
        // Written even if it is queued: the poll that comes must see what was done before.
        !self.queued.swap(true, AcqRel)
    }

    #[inline]
    pub(super) fn is_cloned(&self) -> bool {
        self.cloned.load(Relaxed)
    }

    #[inline]
    pub(super) fn set_cloned(&self) {
        if !self.is_cloned() {
            self.cloned.store(true, Relaxed);
        }
    }

    #[inline]
    pub(super) fn set_woken(&self) {
        self.woken.store(true, Relaxed);
    }
}

/// A slot of a set that lives, or whose wakers do (invariant 1).
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct SlotPtr(NonNull<Slot>);

impl SlotPtr {
    /// `None` for null. The pointer is one that [`as_ptr`](Self::as_ptr) gave, or to a node.
    #[inline]
    pub(super) fn new(slot: *mut Slot) -> Option<Self> {
        NonNull::new(slot).map(Self)
    }

    /// With the right to use all of the node.
    #[inline]
    pub(super) fn as_ptr(self) -> *mut Slot {
        self.0.as_ptr()
    }

    /// The place of the future, which has the type of those in the set.
    #[inline]
    pub(super) fn future<F>(self) -> *mut F {
        let node = self.0.as_ptr().cast::<Node<F>>();
        // SAFETY: the slot is the first field of a node (1), which is as large as `F` says.
        let future = unsafe { &raw mut (*node).future };
        UnsafeCell::raw_get(future).cast()
    }
}

impl Deref for SlotPtr {
    type Target = Slot;

    #[inline]
    fn deref(&self) -> &Slot {
        // SAFETY: the slot is initialised, and its block lives (1); all that is ever changed of it is
        // a cell or an atomic.
        unsafe { self.0.as_ref() }
    }
}
