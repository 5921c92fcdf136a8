use core::fmt;
use core::future::Future;
use core::mem::MaybeUninit;
use core::pin::Pin;
use core::task::{Context, Poll};

use super::slot::{Put, Slot, Ticket};

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
    /// # Panics
    ///
    /// If polled again after completion.
    ///
    /// # Complexity
    ///
    /// A few instructions; no allocation.
    pub fn yield_(&self, item: T) -> Yield<'g, T> {
        Yield {
            slot: self.slot,
            item: MaybeUninit::new(item),
            stage: Stage::Fresh,
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
    /// Initialised while the stage is `Fresh`.
    item: MaybeUninit<T>,
    stage: Stage,
}

#[derive(Clone, Copy)]
enum Stage {
    /// The item is here.
    Fresh,
    /// It is in the slot, or taken.
    Stored(Ticket),
    Done,
}

// The item is moved, never pinned.
impl<T> Unpin for Yield<'_, T> {}

impl<T> Future for Yield<'_, T> {
    type Output = ();

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        match self.stage {
            Stage::Fresh => {
                // SAFETY: it is fresh; and forgotten here if it is stored.
                if let Put::Stored(ticket) = unsafe { self.slot.put(&self.item) } {
                    self.stage = Stage::Stored(ticket);
                }
            }
            Stage::Stored(ticket) => {
                if self.slot.is_taken(ticket) {
                    self.stage = Stage::Done;
                    return Poll::Ready(());
                }
            }
            Stage::Done => panic!("a yield was polled after completion"),
        }
        self.slot.keep_awake(cx);
        Poll::Pending
    }
}

impl<T> Drop for Yield<'_, T> {
    #[inline]
    fn drop(&mut self) {
        if let Stage::Fresh = self.stage {
            // SAFETY: it is fresh, so the item is here.
            unsafe { self.item.assume_init_drop() };
        }
    }
}

impl<T> fmt::Debug for Yield<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stored = !matches!(self.stage, Stage::Fresh);
        f.debug_struct("Yield")
            .field("stored", &stored)
            .finish_non_exhaustive()
    }
}
