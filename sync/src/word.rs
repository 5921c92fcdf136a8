//! A machine word that is atomic, or need not be.

use core::cell::Cell;
use core::ops::Deref;
use core::sync::atomic::Ordering;

use crate::flavour::Flavour;
use crate::primitives::AtomicUsize;

/// A flavour's word.
pub(crate) struct Word<F: Flavour>(F::Word);

// SAFETY: a flavour that is `Sync` has atomic words.
unsafe impl<F: Flavour + Sync> Sync for Word<F> {}

impl<F: Flavour> Word<F> {
    pub(crate) fn new(value: usize) -> Self {
        Self(F::Word::new(value))
    }
}

impl<F: Flavour> Deref for Word<F> {
    type Target = F::Word;

    #[inline]
    fn deref(&self) -> &F::Word {
        &self.0
    }
}

/// The face of an atomic. The single-threaded one ignores orderings: nobody else looks.
pub(crate) trait RawWord {
    fn new(value: usize) -> Self;

    fn load(&self, ordering: Ordering) -> usize;

    fn store(&self, value: usize, ordering: Ordering);

    fn compare_exchange(
        &self,
        current: usize,
        new: usize,
        success: Ordering,
        failure: Ordering,
    ) -> Result<usize, usize>;

    fn compare_exchange_weak(
        &self,
        current: usize,
        new: usize,
        success: Ordering,
        failure: Ordering,
    ) -> Result<usize, usize>;

    fn fetch_or(&self, bits: usize, ordering: Ordering) -> usize;

    fn fetch_and(&self, bits: usize, ordering: Ordering) -> usize;

    /// Wraps around.
    fn fetch_add(&self, value: usize, ordering: Ordering) -> usize;

    /// Wraps around.
    fn fetch_sub(&self, value: usize, ordering: Ordering) -> usize;
}

impl RawWord for AtomicUsize {
    #[inline]
    fn new(value: usize) -> Self {
        Self::new(value)
    }

    #[inline]
    fn load(&self, ordering: Ordering) -> usize {
        self.load(ordering)
    }

    #[inline]
    fn store(&self, value: usize, ordering: Ordering) {
        self.store(value, ordering);
    }

    #[inline]
    fn compare_exchange(
        &self,
        current: usize,
        new: usize,
        success: Ordering,
        failure: Ordering,
    ) -> Result<usize, usize> {
        self.compare_exchange(current, new, success, failure)
    }

    #[inline]
    fn compare_exchange_weak(
        &self,
        current: usize,
        new: usize,
        success: Ordering,
        failure: Ordering,
    ) -> Result<usize, usize> {
        self.compare_exchange_weak(current, new, success, failure)
    }

    #[inline]
    fn fetch_or(&self, bits: usize, ordering: Ordering) -> usize {
        self.fetch_or(bits, ordering)
    }

    #[inline]
    fn fetch_and(&self, bits: usize, ordering: Ordering) -> usize {
        self.fetch_and(bits, ordering)
    }

    #[inline]
    fn fetch_add(&self, value: usize, ordering: Ordering) -> usize {
        self.fetch_add(value, ordering)
    }

    #[inline]
    fn fetch_sub(&self, value: usize, ordering: Ordering) -> usize {
        self.fetch_sub(value, ordering)
    }
}

impl RawWord for Cell<usize> {
    #[inline]
    fn new(value: usize) -> Self {
        Self::new(value)
    }

    #[inline]
    fn load(&self, _ordering: Ordering) -> usize {
        self.get()
    }

    #[inline]
    fn store(&self, value: usize, _ordering: Ordering) {
        self.set(value);
    }

    #[inline]
    fn compare_exchange(
        &self,
        current: usize,
        new: usize,
        _success: Ordering,
        _failure: Ordering,
    ) -> Result<usize, usize> {
        let value = self.get();
        if value == current {
            self.set(new);
            Ok(value)
        } else {
            Err(value)
        }
    }

    #[inline]
    fn compare_exchange_weak(
        &self,
        current: usize,
        new: usize,
        success: Ordering,
        failure: Ordering,
    ) -> Result<usize, usize> {
        self.compare_exchange(current, new, success, failure)
    }

    #[inline]
    fn fetch_or(&self, bits: usize, _ordering: Ordering) -> usize {
        let value = self.get();
        self.set(value | bits);
        value
    }

    #[inline]
    fn fetch_and(&self, bits: usize, _ordering: Ordering) -> usize {
        let value = self.get();
        self.set(value & bits);
        value
    }

    #[inline]
    fn fetch_add(&self, added: usize, _ordering: Ordering) -> usize {
        let value = self.get();
        self.set(value.wrapping_add(added));
        value
    }

    #[inline]
    fn fetch_sub(&self, taken: usize, _ordering: Ordering) -> usize {
        let value = self.get();
        self.set(value.wrapping_sub(taken));
        value
    }
}
