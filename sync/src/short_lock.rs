//! The short lock around the state of every primitive.
//!
//! A section is a few instructions long. Nothing is woken, polled, cloned or dropped in it that is
//! the user's; what must be woken is carried out of it.

#[cfg(all(test, loom))]
mod modelled;
mod one_thread;
mod spin;
#[cfg(feature = "std")]
mod std;

#[cfg(all(test, loom))]
pub(crate) use self::modelled::ModelledLock;
pub(crate) use self::one_thread::OneThreadLock;
pub(crate) use self::spin::SpinLock;
#[cfg(feature = "std")]
pub(crate) use self::std::StdLock;
use crate::flavour::Flavour;
use crate::primitives::UnsafeCell;

/// # Safety
///
/// Between `lock` and the drop of its guard, no other call of `lock` on the same value returns,
/// and what happened before that drop happens before what follows the next `lock`.
pub(crate) unsafe trait RawLock: 'static {
    /// Releases the lock when it is dropped.
    type Guard<'a>;

    /// Makes an open lock.
    fn new() -> Self;

    fn lock(&self) -> Self::Guard<'_>;
}

/// A value behind a short lock.
///
/// # Invariants
///
/// 1. `value` is touched only by whoever holds a guard of `lock`.
pub(crate) struct Locked<S, F: Flavour> {
    lock: F::Lock,
    value: UnsafeCell<S>,
}

// SAFETY: the lock gives the value to one thread at a time (1), which is what `S: Send` allows.
unsafe impl<S: Send, F: Flavour + Sync> Sync for Locked<S, F> {}

impl<S, F: Flavour> Locked<S, F> {
    pub(crate) fn new(value: S) -> Self {
        Self {
            lock: F::Lock::new(),
            value: UnsafeCell::new(value),
        }
    }

    /// The value, without locking: nobody else has it.
    #[cfg(feature = "alloc")]
    pub(crate) fn get_mut(&mut self) -> &mut S {
        // SAFETY: `&mut self` is the only way to the value.
        self.value.with_mut(|value| unsafe { &mut *value })
    }

    /// Calls `section` with the value. What it must wake, drop or call that is the user's, it
    /// returns.
    #[inline]
    pub(crate) fn with<T>(&self, section: impl FnOnce(&mut S) -> T) -> T {
        // Released also when `section` unwinds: the order of a priority queue is the user's.
        let _guard = self.lock.lock();
        // SAFETY: the guard is held (1), and the reference ends before it is dropped.
        self.value.with_mut(|value| section(unsafe { &mut *value }))
    }
}
