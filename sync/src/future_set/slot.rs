use core::cell::{Cell, UnsafeCell};
use core::mem::{self, MaybeUninit};
use core::ops::Deref;
use core::ptr::{self, NonNull};
use core::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed};

use super::key::Key;
use super::shared::Shared;
use crate::primitives::{AtomicBool, AtomicPtr, AtomicU32};

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
    /// [`QUEUED`], [`ORPHANED`], and how many wakers there are, each counted as [`WAKER`].
    state: AtomicU32,
    /// Whether the waker that is lent to a poll was woken.
    woken: AtomicBool,
    /// Whether the waker that put it among the woken went with that, and left its count behind.
    carried: AtomicBool,
    /// Whether the set has noticed that there are wakers.
    noticed: Cell<bool>,
    pub(super) index: u32,
    /// Odd while there is a future.
    generation: Cell<u32>,
    /// The neighbours in the order of the pushes.
    pub(super) before: Cell<Option<SlotPtr>>,
    pub(super) after: Cell<Option<SlotPtr>>,
}

/// It is in a list, or free: a wake has nothing to do.
const QUEUED: u32 = 1;

/// The set is gone: whoever drops the last waker says so to the block.
const ORPHANED: u32 = 2;

/// A waker that is not lent.
const WAKER: u32 = 4;

impl Slot {
    /// A place that was never used.
    pub(super) fn new(shared: NonNull<Shared>, index: u32) -> Self {
        Self {
            shared,
            next: AtomicPtr::new(ptr::null_mut()),
            state: AtomicU32::new(QUEUED),
            woken: AtomicBool::new(false),
            carried: AtomicBool::new(false),
            noticed: Cell::new(false),
            index,
            generation: Cell::new(0),
            before: Cell::new(None),
            after: Cell::new(None),
        }
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

    /// Whether there are wakers, beside one that is lent. If there are none, then there will be none
    /// before the next poll; what they did is seen.
    #[inline]
    pub(super) fn has_wakers(&self) -> bool {
        self.state.load(Acquire) >= WAKER
    }

    /// It left the lists, and is polled next: from now on a wake counts.
    ///
    /// What was done before a wake that came too late to count is seen by this poll.
    #[inline]
    pub(super) fn begin_poll(&self) {
        if self.has_wakers() {
            self.state.fetch_and(!QUEUED, AcqRel);
        } else {
            self.state.store(0, Relaxed);
        }
        self.woken.store(false, Relaxed);
    }

    /// Whether the waker that was lent to the poll was woken.
    #[inline]
    pub(super) fn was_woken(&self) -> bool {
        self.woken.load(Relaxed)
    }

    /// Gets it into a list, or out of the reach of wakers, for the set. Whether it was in no list:
    /// then the set is the one to put it into one.
    #[inline]
    pub(super) fn claim(&self) -> bool {
        if self.has_wakers() {
            return self.claim_shared();
        }
        let is_mine = self.state.load(Relaxed) & QUEUED == 0;
        self.state.store(QUEUED, Relaxed);
        is_mine
    }

    /// [`claim`](Self::claim), while others may do the same.
    #[inline]
    fn claim_shared(&self) -> bool {
        // Written even if it is queued: the poll that comes must see what was done before.
        self.state.fetch_or(QUEUED, AcqRel) & QUEUED == 0
    }

    /// It came out of the list of the woken, for the set.
    #[inline]
    pub(super) fn collected(&self) {
        if !self.carried.load(Relaxed) {
            return;
        }
        self.carried.store(false, Relaxed);
        if self.state.load(Acquire) == QUEUED | WAKER {
            // That was the last waker.
            self.state.store(QUEUED, Relaxed);
        } else {
            self.state.fetch_sub(WAKER, AcqRel);
        }
    }

    /// Notes whether there are wakers. What that changes in the number of places where there are.
    #[inline]
    pub(super) fn notice(&self) -> Noticed {
        let has_wakers = self.has_wakers();
        match (self.noticed.replace(has_wakers), has_wakers) {
            (false, true) => Noticed::More,
            (true, false) => Noticed::Fewer,
            _ => Noticed::Same,
        }
    }

    /// The set is gone. Whether there are wakers.
    pub(super) fn orphan(&self) -> bool {
        self.noticed.get() && self.state.fetch_or(ORPHANED, AcqRel) >= WAKER
    }
}

/// How the number of places with wakers changed.
pub(super) enum Noticed {
    More,
    Same,
    Fewer,
}

/// What wakers do.
impl SlotPtr {
    /// Another waker comes to be.
    #[inline]
    pub(super) fn add_waker(self) {
        // So many can only have been leaked.
        if self.state.fetch_add(WAKER, Relaxed) > u32::MAX / 2 {
            self.state.fetch_sub(WAKER, Relaxed);
            panic!("a future has too many wakers");
        }
    }

    /// A waker goes.
    #[inline]
    pub(super) fn drop_waker(self) {
        let shared = self.shared;
        let before = self.state.fetch_sub(WAKER, AcqRel);
        // While the set lives it keeps the blocks; otherwise this slot does, which ends now.
        if before & ORPHANED != 0 && before < 2 * WAKER {
            // SAFETY: the share is this slot's, which nobody uses any more.
            unsafe { super::shared::release(shared, 1) };
        }
    }

    /// Wakes the future.
    #[inline]
    pub(super) fn wake_by_ref(self) {
        if !self.has_wakers() {
            // This one is lent to a poll that has not ended (5).
            self.woken.store(true, Relaxed);
        } else if self.claim_shared() {
            // SAFETY: this waker is only borrowed, and it or the set stays (4).
            unsafe { Shared::push(self.shared, self, false) };
        }
    }

    /// Wakes the future, by a waker that goes with that.
    #[inline]
    pub(super) fn wake(self) {
        /// The task's waker may panic.
        struct Guard(SlotPtr);

        impl Drop for Guard {
            fn drop(&mut self) {
                self.0.drop_waker();
            }
        }

        let guard = Guard(self);
        if !self.claim_shared() {
            return;
        }
        // SAFETY: this waker stays until then, and it is not used if it goes (4).
        let is_carried = unsafe { Shared::push(self.shared, self, true) };
        if is_carried {
            mem::forget(guard);
        }
    }

    /// Before it is put among the woken, by whoever has claimed it.
    #[inline]
    pub(super) fn set_carried(self, carried: bool) {
        self.carried.store(carried, Relaxed);
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
