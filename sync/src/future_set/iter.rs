use core::fmt;
use core::iter::FusedIterator;
use core::marker::PhantomData;
use core::pin::Pin;

use super::FutureSet;
use super::key::Key;
use super::slot::SlotPtr;

/// The iterator that [`FutureSet::iter_pin_mut`] returns.
pub struct IterPinMut<'a, F> {
    next: Option<SlotPtr>,
    left: usize,
    _set: PhantomData<&'a mut FutureSet<F>>,
}

// SAFETY: it is a `&mut FutureSet<F>`.
unsafe impl<F: Send> Send for IterPinMut<'_, F> {}

// SAFETY: as above.
unsafe impl<F: Sync> Sync for IterPinMut<'_, F> {}

impl<'a, F> IterPinMut<'a, F> {
    pub(super) fn new(set: &'a mut FutureSet<F>) -> Self {
        Self {
            next: set.order.first(),
            left: set.len,
            _set: PhantomData,
        }
    }
}

impl<'a, F> Iterator for IterPinMut<'a, F> {
    type Item = (Key, Pin<&'a mut F>);

    fn next(&mut self) -> Option<Self::Item> {
        let slot = self.next?;
        self.next = slot.after.get();
        self.left -= 1;
        // SAFETY: the slot is in the order, so it holds a future (3), which nobody else reaches
        // while the set is borrowed, and which is given out once.
        let future = unsafe { &mut *slot.future::<F>() };
        // SAFETY: it is never moved (3).
        Some((slot.key(), unsafe { Pin::new_unchecked(future) }))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl<F> ExactSizeIterator for IterPinMut<'_, F> {}

impl<F> FusedIterator for IterPinMut<'_, F> {}

impl<F> fmt::Debug for IterPinMut<'_, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IterPinMut")
            .field("left", &self.left)
            .finish_non_exhaustive()
    }
}
