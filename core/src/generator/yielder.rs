use core::fmt;
use core::future::Future;
use core::marker::PhantomPinned;
use core::mem::MaybeUninit;
use core::pin::Pin;
use core::ptr;
use core::task::{Context, Poll};

use super::slot::Slot;

/// What a generator's body yields by: it is lent to the body, and lives no longer.
///
/// A function that takes a `&Yielder` can yield on behalf of the generator. Several yields may wait
/// at once, in `join!` or in a `FuturesUnordered`: their items come one after the other.
pub struct Yielder<'g, T> {
    slot: &'g Slot<T>,
}

impl<'g, T> Yielder<'g, T> {
    pub(super) fn new(slot: &'g Slot<T>) -> Self {
        Self { slot }
    }

    pub(super) fn reborrow(&self) -> Self {
        Self { slot: self.slot }
    }

    /// Gives `item` to the consumer, and waits until that comes for the next one.
    ///
    /// # Cancel safety
    ///
    /// Dropped before it has stored its item, which takes one poll unless others are before it, it
    /// drops the item. Dropped afterwards, the item is delivered all the same. Leaked: the same.
    ///
    /// # Complexity
    ///
    /// A few instructions; no allocation.
    pub fn yield_(&self, item: T) -> Yield<'g, T> {
        Yield {
            slot: self.slot,
            item: MaybeUninit::new(item),
            stored: false,
            _pinned: PhantomPinned,
        }
    }
}

impl<T> fmt::Debug for Yielder<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Yielder").finish_non_exhaustive()
    }
}

/// The future that [`Yielder::yield_`] returns.
#[must_use = "futures do nothing unless polled: the item is given by `.await`"]
pub struct Yield<'g, T> {
    slot: &'g Slot<T>,
    /// Initialised until it is stored.
    item: MaybeUninit<T>,
    stored: bool,
    /// The slot knows it by its place.
    _pinned: PhantomPinned,
}

impl<T> Future for Yield<'_, T> {
    type Output = ();

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        // SAFETY: it stays where it is; the item, which is not pinned, is moved.
        let this = unsafe { self.get_unchecked_mut() };
        let place = ptr::from_ref(this).cast();
        if !this.stored {
            // SAFETY: it is not stored, so the item is here; it is forgotten here if it is.
            if unsafe { this.slot.store(&this.item, place) } {
                this.stored = true;
            }
        } else if this.slot.is_taken(place) {
            return Poll::Ready(());
        }
        this.slot.keep_awake(cx);
        Poll::Pending
    }
}

impl<T> Drop for Yield<'_, T> {
    #[inline]
    fn drop(&mut self) {
        if !self.stored {
            // SAFETY: it is not stored, so the item is here.
            unsafe { self.item.assume_init_drop() };
        }
    }
}

impl<T> fmt::Debug for Yield<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Yield")
            .field("stored", &self.stored)
            .finish_non_exhaustive()
    }
}
