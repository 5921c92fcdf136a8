//! The short lock around the state of every primitive.
//!
//! A section is a few instructions long. Nothing is woken, polled, cloned or dropped in it that is
//! the user's; what must be woken is carried out of it.

#[cfg(all(test, loom))]
mod modelled;
mod single_thread;
mod spin;
#[cfg(feature = "std")]
mod std_lock;

#[cfg(all(test, loom))]
pub(crate) use self::modelled::Modelled;
pub use self::single_thread::SingleThread;
pub use self::spin::Spin;
#[cfg(feature = "std")]
pub use self::std_lock::Std;
use crate::primitives::UnsafeCell;

/// How the short sections inside of a primitive exclude one another.
///
/// [`Spin`] is the default and right nearly everywhere. [`Std`] parks threads instead of spinning,
/// for systems whose threads have priorities. [`SingleThread`] costs nothing, and keeps the
/// primitive on one thread. Sealed.
#[expect(
    private_bounds,
    reason = "sealed: the safety of every primitive rests on it"
)]
pub trait ShortLock: Raw {}

/// # Safety
///
/// Between `lock` and the drop of its guard, no other call of `lock` on the same value returns,
/// and what happened before that drop happens before what follows the next `lock`.
pub(crate) unsafe trait Raw: 'static {
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
pub(crate) struct Locked<S, L> {
    lock: L,
    value: UnsafeCell<S>,
}

// SAFETY: the lock gives the value to one thread at a time (1), which is what `S: Send` allows.
unsafe impl<S: Send, L: Sync> Sync for Locked<S, L> {}

impl<S, L: ShortLock> Locked<S, L> {
    pub(crate) fn new(value: S) -> Self {
        Self {
            lock: L::new(),
            value: UnsafeCell::new(value),
        }
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
