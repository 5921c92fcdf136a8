//! The place that an item passes through, from a yield to the consumer.
//!
//! # Invariants
//!
//! 1. `item` is initialised if and only if `full` is set.
//! 2. The slot is touched only by the generator that owns it, outside of its polls of the body, and
//!    by yields, within them: on the thread that polls the body, as [`Turn`] sees to.
//! 3. `consumer` is null, or points to the waker of the poll of the generator that is going on.
//!
//! A yielder lives no longer than the body it was lent to, whatever that does with it; so another
//! thread can have one only while a poll of the body waits for that thread.

use core::cell::{Cell, UnsafeCell};
use core::mem::MaybeUninit;
use core::ptr;
use core::task::{Context, Waker};

use super::turn::Turn;

pub(super) struct Slot<T> {
    // Apart from the item: read together, they would have to be written together first.
    full: Cell<bool>,
    item: UnsafeCell<MaybeUninit<T>>,
    /// How many items were taken so far.
    taken: Cell<usize>,
    consumer: Cell<*const Waker>,
    turn: Turn,
}

// SAFETY: what is in it is touched on one thread at a time (2); items move between threads by it.
unsafe impl<T: Send> Sync for Slot<T> {}
// SAFETY: as above; the pointer is null whenever the slot can be moved (3).
unsafe impl<T: Send> Send for Slot<T> {}

/// Tells whether an item was taken.
#[derive(Clone, Copy)]
pub(super) struct Ticket(usize);

/// What comes of a yield's look at the slot.
pub(super) enum Put {
    Stored(Ticket),
    /// There is an item in it, or it is not this thread's turn.
    Full,
}

impl<T> Slot<T> {
    pub(super) const fn new() -> Self {
        Self {
            full: Cell::new(false),
            item: UnsafeCell::new(MaybeUninit::uninit()),
            taken: Cell::new(0),
            consumer: Cell::new(ptr::null()),
            turn: Turn::new(),
        }
    }

    /// Opens the slot for the yields of one poll of the body.
    #[inline]
    pub(super) fn open<'s>(&'s self, consumer: &'s Waker) -> Open<'s, T> {
        self.consumer.set(consumer);
        self.turn.begin();
        Open(self)
    }

    /// Takes the item out, by the generator.
    #[inline]
    pub(super) fn take(&self) -> Option<T> {
        if !self.full.get() {
            return None;
        }
        self.full.set(false);
        self.taken.set(self.taken.get().wrapping_add(1));
        // SAFETY: it was full, so there is an item (1), which is not read again.
        Some(unsafe { self.item.get().cast::<T>().read() })
    }

    /// Stores what `item` leads to, by a yield.
    ///
    /// # Safety
    ///
    /// The item is initialised. If it is stored, it is moved.
    #[inline]
    pub(super) unsafe fn put(&self, item: &MaybeUninit<T>) -> Put {
        let stored = self.turn.take(|| {
            if self.full.get() {
                return Put::Full;
            }
            // SAFETY: within a poll of the body, on its thread (2); the slot is empty (1).
            unsafe { ptr::copy_nonoverlapping(item, self.item.get(), 1) };
            self.full.set(true);
            Put::Stored(Ticket(self.taken.get()))
        });
        stored.unwrap_or(Put::Full)
    }

    /// Whether the item of that ticket was taken.
    #[inline]
    pub(super) fn is_taken(&self, Ticket(before): Ticket) -> bool {
        self.turn
            .take(|| self.taken.get() != before)
            .unwrap_or(false)
    }

    /// Wakes a yield that is polled on behalf of somebody else than the consumer: the consumer's next
    /// step does not come by there by itself.
    #[inline]
    pub(super) fn keep_awake(&self, cx: &Context<'_>) {
        let consumer = self.turn.take(|| self.consumer.get());
        // SAFETY: it is null, or the waker of a poll that is going on (3), on this very thread (2).
        let consumer = consumer.and_then(|consumer| unsafe { consumer.as_ref() });
        let is_consumer = consumer.is_some_and(|consumer| {
            ptr::eq(consumer, cx.waker()) || consumer.will_wake(cx.waker())
        });
        if !is_consumer {
            cx.waker().wake_by_ref();
        }
    }
}

/// The slot is open; it is closed when this is dropped, also by a panic.
pub(super) struct Open<'s, T>(&'s Slot<T>);

impl<T> Drop for Open<'_, T> {
    #[inline]
    fn drop(&mut self) {
        self.0.turn.end();
        self.0.consumer.set(ptr::null());
    }
}

impl<T> Drop for Slot<T> {
    fn drop(&mut self) {
        drop(self.take());
    }
}
