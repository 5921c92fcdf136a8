//! Mutual exclusion, held over awaits.

mod guard;
mod lock;
#[cfg(all(test, not(loom)))]
mod tests;

#[cfg(feature = "alloc")]
use alloc::sync::Arc;
use core::cell::UnsafeCell;
use core::fmt;
use core::sync::atomic::Ordering;
use core::task::Waker;

pub use self::guard::{Guard, TryLockError};
pub use self::lock::Lock;
use crate::flavour::{Flavour, Spin};
use crate::short_lock::Locked;
use crate::wait_queue::{List, Patience};
use crate::word::{RawWord, Word};

/// Gives one task at a time access to a value, over awaits.
///
/// # Order and fairness
///
/// Waiters come in order. By default one that comes while the lock happens to be free takes it,
/// also past a waiter that has been woken and did not run yet. A waiter that ran and missed it so,
/// or was overtaken 256 times, is handed the lock directly. That spares a task switch for every short
/// section. [`fair`](Self::fair) makes a mutex that nobody overtakes in, as asyncio's.
///
/// It is not reentrant: locked again by its holder, it waits for ever. A panic of the holder
/// releases it, and poisons nothing. Where no section awaits, std's mutex is the better choice.
///
/// # Complexity
///
/// Without contention an atomic exchange each way. Waiting allocates nothing; being cancelled takes
/// constant time.
///
/// # Examples
///
/// ```
/// use withal_sync::Mutex;
///
/// # async fn ask(n: &mut u32) { *n += 1 }
/// # futures_util::FutureExt::now_or_never(async {
/// let connection = Mutex::new(0);
/// ask(&mut *connection.lock().await).await;
/// assert_eq!(connection.into_inner(), 1);
/// # }).unwrap();
/// ```
///
/// Source: asyncio's `Lock`; differs in that the guard leads to the value and alone releases, and in
/// what newcomers may do.
///
/// # Invariants
///
/// 1. `value` is touched only by whoever has set `LOCKED`, or was handed it set, until it is cleared
///    or handed on.
pub struct Mutex<T, F: Flavour = Spin> {
    word: Word<F>,
    fair: bool,
    waiters: Locked<List<Patience>, F>,
    value: UnsafeCell<T>,
}

/// Somebody holds it, or was handed it.
const LOCKED: usize = 1;
/// Somebody waits. Set and cleared in sections only; the holder then releases in one, too.
const WAITERS: usize = 2;

// SAFETY: the value is given to one task at a time (1), which is what `T: Send` allows.
unsafe impl<T: Send, F: Flavour + Sync> Sync for Mutex<T, F> {}

impl<T, F: Flavour> Mutex<T, F> {
    /// A free mutex around `value`.
    pub fn new(value: T) -> Self {
        Self {
            word: Word::new(0),
            fair: false,
            waiters: Locked::new(List::new()),
            value: UnsafeCell::new(value),
        }
    }

    /// A free mutex that nobody is overtaken in: strict first in, first out.
    ///
    /// Under contention each section then costs the switch to the next task.
    pub fn fair(value: T) -> Self {
        Self {
            fair: true,
            ..Self::new(value)
        }
    }

    /// Waits for the lock.
    ///
    /// It is a scope as well: `with(&rt, mutex.lock(), async |value| …)` lends the guard. One that
    /// borrows is released at once with a dropped body; that of `lock_owned` is released after the
    /// cleanups of scopes inside.
    ///
    /// # Cancel safety
    ///
    /// Dropped while it waits, it leaves the queue; dropped after it was woken or handed the lock, it
    /// passes that on. Leaked, it keeps its place, and the lock stays with it once it is handed it.
    pub fn lock(&self) -> Lock<&Self, T, F> {
        Lock::new(self)
    }

    /// [`lock`](Self::lock), with a guard that owns its share of the mutex.
    #[cfg(feature = "alloc")]
    pub fn lock_owned(self: &Arc<Self>) -> Lock<Arc<Self>, T, F> {
        Lock::new(self.clone())
    }

    /// Takes the lock if it is free.
    ///
    /// # Errors
    ///
    /// [`TryLockError`], if it is not.
    pub fn try_lock(&self) -> Result<Guard<&Self, T, F>, TryLockError> {
        if self.try_take() {
            Ok(Guard::new(self))
        } else {
            Err(TryLockError::new())
        }
    }

    /// [`try_lock`](Self::try_lock), with a guard that owns its share of the mutex.
    ///
    /// # Errors
    ///
    /// As [`try_lock`](Self::try_lock).
    #[cfg(feature = "alloc")]
    pub fn try_lock_owned(self: &Arc<Self>) -> Result<Guard<Arc<Self>, T, F>, TryLockError> {
        if self.try_take() {
            Ok(Guard::new(self.clone()))
        } else {
            Err(TryLockError::new())
        }
    }

    /// The value, without locking: nobody else has the mutex.
    pub fn get_mut(&mut self) -> &mut T {
        self.value.get_mut()
    }

    /// The value.
    pub fn into_inner(self) -> T {
        self.value.into_inner()
    }

    /// Whether it is locked at this moment.
    pub fn is_locked(&self) -> bool {
        self.word.load(Ordering::Relaxed) & LOCKED != 0
    }

    /// How many wait at this moment.
    pub fn waiting(&self) -> usize {
        self.waiters.with(|waiters| waiters.len())
    }

    #[inline]
    fn try_take(&self) -> bool {
        let free = self
            .word
            .compare_exchange(0, LOCKED, Ordering::Acquire, Ordering::Relaxed);
        match free {
            Ok(_) => true,
            // Past one who was woken and did not run yet. A fair mutex is never free with waiters.
            Err(WAITERS) => self.take_past_waiters(),
            Err(_) => false,
        }
    }

    #[cold]
    fn take_past_waiters(&self) -> bool {
        let taken = self.word.compare_exchange(
            WAITERS,
            WAITERS | LOCKED,
            Ordering::Acquire,
            Ordering::Relaxed,
        );
        taken.is_ok()
    }

    /// In a section: takes the lock, or sees to it that its holder will look for waiters.
    fn take_or_announce(&self) -> bool {
        let mut word = self.word.load(Ordering::Relaxed);
        loop {
            let taken = word & LOCKED == 0;
            let new = if taken { word | LOCKED } else { word | WAITERS };
            match self
                .word
                .compare_exchange_weak(word, new, Ordering::Acquire, Ordering::Relaxed)
            {
                Ok(_) => return taken,
                Err(now) => word = now,
            }
        }
    }

    #[inline]
    fn release(&self) {
        let alone = self
            .word
            .compare_exchange(LOCKED, 0, Ordering::Release, Ordering::Relaxed);
        if alone.is_err() {
            self.release_to_waiters();
        }
    }

    #[cold]
    fn release_to_waiters(&self) {
        let waker = self.waiters.with(|waiters| self.pass(waiters));
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// In a section, by the holder: hands the lock to the first waiter, or frees it and wakes that
    /// one to try its luck.
    fn pass(&self, waiters: &mut List<Patience>) -> Option<Waker> {
        let hand_over = waiters.front(|patience| self.fair || patience.is_at_end());
        match hand_over {
            Some(true) => {
                let served = waiters.serve(|_| ());
                if waiters.is_empty() {
                    self.word.store(LOCKED, Ordering::Release);
                }
                served.and_then(|((), waker)| waker)
            }
            Some(false) => {
                self.word.store(WAITERS, Ordering::Release);
                waiters.rouse()
            }
            None => {
                self.word.store(0, Ordering::Release);
                None
            }
        }
    }
}

impl<T: fmt::Debug, F: Flavour> fmt::Debug for Mutex<T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = f.debug_struct("Mutex");
        match self.try_lock() {
            Ok(value) => text.field("value", &&*value),
            Err(_) => text.field("value", &format_args!("<locked>")),
        };
        text.field("waiting", &self.waiting()).finish()
    }
}

impl<T: Default, F: Flavour> Default for Mutex<T, F> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T, F: Flavour> From<T> for Mutex<T, F> {
    fn from(value: T) -> Self {
        Self::new(value)
    }
}
