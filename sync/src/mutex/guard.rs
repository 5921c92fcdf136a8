use core::fmt;
use core::marker::PhantomData;
use core::ops::{Deref, DerefMut};

use super::Mutex;
use crate::handle::Handle;
use crate::short_lock::{ShortLock, Spin};

/// Leads to the value of a [`Mutex`], which is released when this is dropped.
#[must_use = "a guard that is dropped releases the mutex at once"]
#[clippy::has_significant_drop]
pub struct Guard<H: Handle<Mutex<T, L>>, T, L: ShortLock = Spin> {
    mutex: H,
    // As if it were the reference that it leads to.
    _value: PhantomData<*mut T>,
    _lock: PhantomData<fn() -> L>,
}

// SAFETY: it stands for a `&mut T`, and releasing is possible on any thread.
unsafe impl<H: Handle<Mutex<T, L>> + Send, T: Send, L: ShortLock> Send for Guard<H, T, L> {}
// SAFETY: shared, it gives a `&T`.
unsafe impl<H: Handle<Mutex<T, L>> + Sync, T: Sync, L: ShortLock> Sync for Guard<H, T, L> {}

impl<H: Handle<Mutex<T, L>>, T, L: ShortLock> Guard<H, T, L> {
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

impl<H: Handle<Mutex<T, L>>, T, L: ShortLock> Deref for Guard<H, T, L> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: the lock is held for as long as this is there (1).
        unsafe { &*self.mutex.get().value.get() }
    }
}

impl<H: Handle<Mutex<T, L>>, T, L: ShortLock> DerefMut for Guard<H, T, L> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as above, and `&mut self` is the only way to the value.
        unsafe { &mut *self.mutex.get().value.get() }
    }
}

impl<H: Handle<Mutex<T, L>>, T, L: ShortLock> Drop for Guard<H, T, L> {
    #[inline]
    fn drop(&mut self) {
        self.mutex.get().release();
    }
}

impl<H: Handle<Mutex<T, L>>, T: fmt::Debug, L: ShortLock> fmt::Debug for Guard<H, T, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<H: Handle<Mutex<T, L>>, T: fmt::Display, L: ShortLock> fmt::Display for Guard<H, T, L> {
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
