//! The atomics and cells that everything here is made of, so that a model checker can replace them.

#[cfg(all(test, loom))]
pub(crate) use loom::{
    cell::UnsafeCell,
    hint::spin_loop,
    sync::atomic::{AtomicBool, AtomicUsize},
};

#[cfg(not(all(test, loom)))]
pub(crate) use core::{
    hint::spin_loop,
    sync::atomic::{AtomicBool, AtomicUsize},
};

#[cfg(all(test, loom, feature = "alloc"))]
pub(crate) use loom::{
    alloc::{alloc, dealloc},
    sync::atomic::{AtomicPtr, AtomicU32},
};

#[cfg(all(feature = "alloc", not(all(test, loom))))]
pub(crate) use {
    alloc::alloc::{alloc, dealloc},
    core::sync::atomic::{AtomicPtr, AtomicU32},
};

/// A cell with the face of loom's, which counts who looks at it.
#[cfg(not(all(test, loom)))]
#[derive(Debug)]
#[repr(transparent)]
pub(crate) struct UnsafeCell<T>(core::cell::UnsafeCell<T>);

#[cfg(not(all(test, loom)))]
impl<T> UnsafeCell<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self(core::cell::UnsafeCell::new(value))
    }

    #[inline]
    pub(crate) fn with_mut<R>(&self, f: impl FnOnce(*mut T) -> R) -> R {
        f(self.0.get())
    }

    pub(crate) fn into_inner(self) -> T {
        self.0.into_inner()
    }
}
