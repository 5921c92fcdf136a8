use core::fmt;
use core::marker::PhantomData;
use core::mem::ManuallyDrop;
use core::ops::{Deref, DerefMut};

use super::RwLock;
use crate::flavour::{Flavour, Spin};
use crate::handle::Handle;

/// Leads to the value of a [`RwLock`], to look at it; dropped, it gives the lock back.
#[must_use = "a guard that is dropped gives the lock back at once"]
#[clippy::has_significant_drop]
pub struct ReadGuard<H: Handle<RwLock<T, F>>, T, F: Flavour = Spin> {
    lock: H,
    // As if it were the reference that it leads to.
    _value: PhantomData<*const T>,
    _flavour: PhantomData<fn() -> F>,
}

/// Leads to the value of a [`RwLock`], to change it; dropped, it gives the lock back.
#[must_use = "a guard that is dropped gives the lock back at once"]
#[clippy::has_significant_drop]
pub struct WriteGuard<H: Handle<RwLock<T, F>>, T, F: Flavour = Spin> {
    lock: H,
    // As if it were the reference that it leads to.
    _value: PhantomData<*mut T>,
    _flavour: PhantomData<fn() -> F>,
}

// SAFETY: it stands for a `&T`, and giving back is possible on any thread.
unsafe impl<H: Handle<RwLock<T, F>> + Send, T: Sync, F: Flavour> Send for ReadGuard<H, T, F> {}
// SAFETY: as above.
unsafe impl<H: Handle<RwLock<T, F>> + Sync, T: Sync, F: Flavour> Sync for ReadGuard<H, T, F> {}
// SAFETY: it stands for a `&mut T`, and giving back is possible on any thread.
unsafe impl<H: Handle<RwLock<T, F>> + Send, T: Send, F: Flavour> Send for WriteGuard<H, T, F> {}
// SAFETY: shared, it gives a `&T`.
unsafe impl<H: Handle<RwLock<T, F>> + Sync, T: Sync, F: Flavour> Sync for WriteGuard<H, T, F> {}

impl<H: Handle<RwLock<T, F>>, T, F: Flavour> ReadGuard<H, T, F> {
    /// Made by whoever was just let in as a reader.
    #[inline]
    pub(super) fn new(lock: H) -> Self {
        Self {
            lock,
            _value: PhantomData,
            _flavour: PhantomData,
        }
    }
}

impl<H: Handle<RwLock<T, F>>, T, F: Flavour> WriteGuard<H, T, F> {
    /// Made by whoever was just let in as the writer.
    #[inline]
    pub(super) fn new(lock: H) -> Self {
        Self {
            lock,
            _value: PhantomData,
            _flavour: PhantomData,
        }
    }

    /// Reads on, without letting another writer in between. Readers that are first in line are let
    /// in as well.
    pub fn downgrade(this: Self) -> ReadGuard<H, T, F> {
        let this = ManuallyDrop::new(this);
        this.lock.get().raw.downgrade();
        // SAFETY: it is not dropped, nor looked at again.
        let guard = ReadGuard::new(unsafe { core::ptr::read(&raw const this.lock) });
        guard.lock.get().raw.admit_readers();
        guard
    }
}

impl<H: Handle<RwLock<T, F>>, T, F: Flavour> Deref for ReadGuard<H, T, F> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: let in as a reader for as long as this is there (1).
        unsafe { &*self.lock.get().value.get() }
    }
}

impl<H: Handle<RwLock<T, F>>, T, F: Flavour> Deref for WriteGuard<H, T, F> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: let in as the writer for as long as this is there (1).
        unsafe { &*self.lock.get().value.get() }
    }
}

impl<H: Handle<RwLock<T, F>>, T, F: Flavour> DerefMut for WriteGuard<H, T, F> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as above, and `&mut self` is the only way to the value.
        unsafe { &mut *self.lock.get().value.get() }
    }
}

impl<H: Handle<RwLock<T, F>>, T, F: Flavour> Drop for ReadGuard<H, T, F> {
    #[inline]
    fn drop(&mut self) {
        self.lock.get().raw.release_read();
    }
}

impl<H: Handle<RwLock<T, F>>, T, F: Flavour> Drop for WriteGuard<H, T, F> {
    #[inline]
    fn drop(&mut self) {
        self.lock.get().raw.release_write();
    }
}

macro_rules! shown_as_the_value {
    ($($Guard:ident)*) => {$(
        impl<H: Handle<RwLock<T, F>>, T: fmt::Debug, F: Flavour> fmt::Debug for $Guard<H, T, F> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                (**self).fmt(f)
            }
        }

        impl<H: Handle<RwLock<T, F>>, T: fmt::Display, F: Flavour> fmt::Display for $Guard<H, T, F> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                (**self).fmt(f)
            }
        }
    )*};
}

shown_as_the_value!(ReadGuard WriteGuard);

/// Somebody writes, or a reader would have to wait in line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TryReadError;

impl TryReadError {
    pub(super) fn new() -> Self {
        Self
    }
}

impl fmt::Display for TryReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the lock is held or waited for by a writer: wait for it with `read`")
    }
}

impl core::error::Error for TryReadError {}

/// Somebody reads or writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TryWriteError;

impl TryWriteError {
    pub(super) fn new() -> Self {
        Self
    }
}

impl fmt::Display for TryWriteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the lock is held: wait for it with `write`")
    }
}

impl core::error::Error for TryWriteError {}
