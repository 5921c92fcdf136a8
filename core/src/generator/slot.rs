//! The place that an item passes through, from a yield to the consumer.
//!
//! # Invariants
//!
//! 1. A yielder lives no longer than the body it was lent to, whatever that does with it: so another
//!    thread can have one only while a poll or a drop of the body waits for that thread.
//! 2. The generator touches the slot before and after a poll of the body, and not while the body is
//!    polled or dropped. By (1), nobody else does then.
//! 3. Yields write to `item` alone, and only the one that got the claim of this poll does so, once.
//! 4. So there is an item after a poll if and only if the claim was given. It is moved out at once,
//!    and between two polls there is none.

use core::cell::{Cell, UnsafeCell};
use core::mem::{self, MaybeUninit};
use core::ptr;
use core::task::{Context, Waker};

use super::claim::{Claim, Sign};

pub(super) struct Slot<T> {
    claim: Claim,
    /// Where the waker of the consumer was in the latest poll: compared, and never followed.
    consumer: Cell<*const Waker>,
    item: UnsafeCell<MaybeUninit<T>>,
}

// SAFETY: while it is shared, the claim is written to, which is atomic, and the item, by one thread
// (3); the generator reads it when all others are done (2). Items move between threads by it.
unsafe impl<T: Send> Sync for Slot<T> {}
// SAFETY: as above; the pointer is never followed.
unsafe impl<T: Send> Send for Slot<T> {}

/// The side of the generator.
impl<T> Slot<T> {
    pub(super) const fn new() -> Self {
        Self {
            claim: Claim::new(),
            consumer: Cell::new(ptr::null()),
            item: UnsafeCell::new(MaybeUninit::uninit()),
        }
    }

    /// Opens it for one item, in a poll of the body that begins.
    #[inline]
    pub(super) fn open(&self, consumer: &Waker) -> Open<'_, T> {
        self.consumer.set(consumer);
        Open {
            slot: self,
            sign: self.claim.open(),
        }
    }
}

/// Open for one item, until that poll has ended. If it panics, the item is dropped.
pub(super) struct Open<'s, T> {
    slot: &'s Slot<T>,
    sign: Sign,
}

impl<T> Open<'_, T> {
    /// Ends it with the poll, and gives the item.
    #[inline]
    pub(super) fn close(self) -> Option<T> {
        let item = self.take();
        mem::forget(self);
        item
    }

    #[inline]
    fn take(&self) -> Option<T> {
        let Self { slot, sign } = *self;
        if !slot.claim.close(sign) {
            return None;
        }
        // SAFETY: the claim was given, so there is an item (4); it is taken once in a poll, as `close`
        // forgets what would do so again.
        Some(unsafe { slot.item.get().cast::<T>().read() })
    }
}

impl<T> Drop for Open<'_, T> {
    fn drop(&mut self) {
        drop(self.take());
    }
}

/// The side of a yield, which is told from others by its place.
impl<T> Slot<T> {
    /// Stores what `item` leads to, unless another yield has done so in this poll, or none may.
    ///
    /// # Safety
    ///
    /// The item is initialised. If it is stored, it is moved.
    #[inline]
    pub(super) unsafe fn store(&self, item: &MaybeUninit<T>, place: *const ()) -> bool {
        let may = self.claim.ask(place);
        if may {
            // SAFETY: the claim of this poll is its own (3), and there was no item before it (4).
            unsafe { ptr::copy_nonoverlapping(item, self.item.get(), 1) };
        }
        may
    }

    /// Whether the item was taken that this yield has stored.
    #[inline]
    pub(super) fn is_taken(&self, place: *const ()) -> bool {
        // In a later poll the claim is another's, or nobody's; and it was taken at once (4).
        !self.claim.is_of(place)
    }

    /// Wakes a yield that is polled on behalf of somebody else than the consumer: the consumer's next
    /// step does not come by there by itself.
    #[inline]
    pub(super) fn keep_awake(&self, cx: &Context<'_>) {
        if !ptr::eq(self.consumer.get(), cx.waker()) {
            cx.waker().wake_by_ref();
        }
    }
}
