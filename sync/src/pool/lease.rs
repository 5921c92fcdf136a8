use core::fmt;
use core::marker::PhantomData;
use core::mem::ManuallyDrop;
use core::ops::{Deref, DerefMut};
use core::ptr;

use super::Pool;
use super::state::Place;
use crate::flavour::{Flavour, Spin};
use crate::handle::Handle;

/// An object of a [`Pool`], which goes back when this is dropped.
///
/// # Invariants
///
/// 1. `object` is there until this is dropped or taken apart, which is the last that happens to it.
#[must_use = "a lease that is dropped gives its object back at once"]
#[clippy::has_significant_drop]
pub struct Lease<H: Handle<Pool<T, F>>, T, F: Flavour = Spin> {
    pool: H,
    object: ManuallyDrop<T>,
    _lock: PhantomData<fn() -> F>,
}

impl<H: Handle<Pool<T, F>>, T, F: Flavour> Lease<H, T, F> {
    /// Made by whoever has just taken the object.
    #[inline]
    pub(super) fn new(pool: H, object: T) -> Self {
        Self {
            pool,
            object: ManuallyDrop::new(object),
            _lock: PhantomData,
        }
    }

    /// Takes the object out of the pool for good: that has one less from now on.
    pub fn detach(self) -> T {
        let (pool, object) = self.into_parts();
        pool.get().forget();
        object
    }

    /// Gives the object back, to be taken after those that are idle now. If somebody waits, it goes to
    /// the first waiter all the same.
    pub fn release_last(self) {
        let (pool, object) = self.into_parts();
        pool.get().give_back(object, Place::At(0));
    }

    /// Gives the object back, as a drop does, but not to a closed pool, whose objects somebody may have
    /// cleared away already.
    ///
    /// # Errors
    ///
    /// The lease, if the pool is closed.
    #[inline]
    pub fn release_unless_closed(self) -> Result<(), Self> {
        let (pool, object) = self.into_parts();
        match pool.get().give_back_unless_closed(object) {
            Ok(()) => Ok(()),
            Err(object) => Err(Self::new(pool, object)),
        }
    }

    pub(super) fn into_parts(self) -> (H, T) {
        let mut this = ManuallyDrop::new(self);
        // SAFETY: it is there (1), and this is not dropped.
        let object = unsafe { ManuallyDrop::take(&mut this.object) };
        // SAFETY: it is valid, and this is neither dropped nor used again.
        let pool = unsafe { ptr::read(&raw const this.pool) };
        (pool, object)
    }
}

impl<H: Handle<Pool<T, F>>, T, F: Flavour> Deref for Lease<H, T, F> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.object
    }
}

impl<H: Handle<Pool<T, F>>, T, F: Flavour> DerefMut for Lease<H, T, F> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        &mut self.object
    }
}

impl<H: Handle<Pool<T, F>>, T, F: Flavour> Drop for Lease<H, T, F> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: it is there (1), and is not looked at again.
        let object = unsafe { ManuallyDrop::take(&mut self.object) };
        self.pool.get().give_back(object, Place::Top);
    }
}

impl<H: Handle<Pool<T, F>>, T: fmt::Debug, F: Flavour> fmt::Debug for Lease<H, T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<H: Handle<Pool<T, F>>, T: fmt::Display, F: Flavour> fmt::Display for Lease<H, T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
