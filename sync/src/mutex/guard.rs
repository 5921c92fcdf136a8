use core::fmt;
use core::marker::PhantomData;
use core::ops::{Deref, DerefMut};

use super::Mutex;
use crate::flavour::{Flavour, Spin};
use crate::handle::Handle;

/// Leads to the value of a [`Mutex`], which is released when this is dropped.
#[must_use = "a guard that is dropped releases the mutex at once"]
#[clippy::has_significant_drop]
pub struct Guard<H: Handle<Mutex<T, F>>, T, F: Flavour = Spin> {
    mutex: H,
    // As if it were the reference that it leads to.
    _value: PhantomData<*mut T>,
    _lock: PhantomData<fn() -> F>,
}

// SAFETY: it stands for a `&mut T`, and releasing is possible on any thread.
unsafe impl<H: Handle<Mutex<T, F>> + Send, T: Send, F: Flavour> Send for Guard<H, T, F> {}
// SAFETY: shared, it gives a `&T`.
unsafe impl<H: Handle<Mutex<T, F>> + Sync, T: Sync, F: Flavour> Sync for Guard<H, T, F> {}

impl<H: Handle<Mutex<T, F>>, T, F: Flavour> Guard<H, T, F> {
    pub(crate) fn handle(&self) -> &H {
        &self.mutex
    }

    /// Made by whoever has just got the lock.
    #[inline]
    pub(super) fn new(mutex: H) -> Self {
        Self {
            mutex,
            _value: PhantomData,
            _lock: PhantomData,
        }
    }
}

impl<H: Handle<Mutex<T, F>>, T, F: Flavour> Deref for Guard<H, T, F> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: the lock is held for as long as this is there (1).
        unsafe { &*self.mutex.get().value.get() }
    }
}

impl<H: Handle<Mutex<T, F>>, T, F: Flavour> DerefMut for Guard<H, T, F> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as above, and `&mut self` is the only way to the value.
        unsafe { &mut *self.mutex.get().value.get() }
    }
}

impl<H: Handle<Mutex<T, F>>, T, F: Flavour> Drop for Guard<H, T, F> {
    #[inline]
    fn drop(&mut self) {
        self.mutex.get().release();
    }
}

impl<H: Handle<Mutex<T, F>>, T: fmt::Debug, F: Flavour> fmt::Debug for Guard<H, T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<H: Handle<Mutex<T, F>>, T: fmt::Display, F: Flavour> fmt::Display for Guard<H, T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

/// The mutex is locked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TryLockError;

impl TryLockError {
    pub(super) fn new() -> Self {
        Self
    }
}

impl fmt::Display for TryLockError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the mutex is locked: wait for it with `lock`")
    }
}

impl core::error::Error for TryLockError {}
