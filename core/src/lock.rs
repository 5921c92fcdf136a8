//! The kernel's short lock: std's mutex, or a spin lock where there is no std.
//!
//! Sections are a few instructions long and run no user code: nothing is polled, dropped, spawned
//! or woken inside.

use crate::primitives::const_fn;

pub(crate) struct Mutex<T> {
    #[cfg(feature = "std")]
    inner: crate::primitives::Mutex<T>,
    #[cfg(not(feature = "std"))]
    inner: spin::Spin<T>,
}

impl<T> Mutex<T> {
    const_fn! {
        pub(crate) fn new(value: T) -> Self {
            Self {
                #[cfg(feature = "std")]
                inner: crate::primitives::Mutex::new(value),
                #[cfg(not(feature = "std"))]
                inner: spin::Spin::new(value),
            }
        }
    }

    /// Calls `section` with the value; keeps no guard that could outlive it.
    pub(crate) fn with<R>(&self, section: impl FnOnce(&mut T) -> R) -> R {
        // No section can leave the value half-changed, so poison says nothing.
        #[cfg(feature = "std")]
        return section(
            &mut self
                .inner
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner),
        );
        #[cfg(not(feature = "std"))]
        self.inner.with(section)
    }
}

impl<T: Default> Default for Mutex<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

// With std it is there for its model alone.
#[cfg(any(not(feature = "std"), all(test, loom)))]
mod spin {
    use core::sync::atomic::Ordering;

    use crate::primitives::{AtomicBool, UnsafeCell, const_fn, spin_loop};

    /// # Invariants
    ///
    /// 1. `value` is touched only by the thread that changed `locked` from false to true, until it
    ///    stores false again.
    pub(super) struct Spin<T> {
        locked: AtomicBool,
        value: UnsafeCell<T>,
    }

    // SAFETY: the lock gives the value to one thread at a time (1), which is what `T: Send` allows.
    unsafe impl<T: Send> Sync for Spin<T> {}

    impl<T> Spin<T> {
        const_fn! {
            pub(super) fn new(value: T) -> Self {
                Self {
                    locked: AtomicBool::new(false),
                    value: UnsafeCell::new(value),
                }
            }
        }

        pub(super) fn with<R>(&self, section: impl FnOnce(&mut T) -> R) -> R {
            while self
                .locked
                .compare_exchange_weak(false, true, Ordering::Acquire, Ordering::Relaxed)
                .is_err()
            {
                spin_loop();
            }
            // Unlocks also when `section` unwinds.
            let _unlock = Unlock(&self.locked);
            // SAFETY: this thread holds the lock (1), and the reference ends before `_unlock` does.
            self.value.with_mut(|value| section(unsafe { &mut *value }))
        }
    }

    struct Unlock<'a>(&'a AtomicBool);

    impl Drop for Unlock<'_> {
        fn drop(&mut self) {
            self.0.store(false, Ordering::Release);
        }
    }
}

#[cfg(all(test, loom))]
mod tests;
