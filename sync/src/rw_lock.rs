//! Shared or exclusive access to a value, held over awaits.

mod guard;
mod lock;
mod raw;
#[cfg(all(test, not(loom)))]
mod tests;
#[cfg(all(test, loom))]
#[path = "rw_lock/tests/loom.rs"]
mod tests;

#[cfg(feature = "alloc")]
use alloc::sync::Arc;
use core::cell::UnsafeCell;
use core::fmt;

pub use self::guard::{ReadGuard, TryReadError, TryWriteError, WriteGuard};
pub use self::lock::{Read, Write};
use self::raw::Raw;
use crate::flavour::{Flavour, Spin};

/// Gives many tasks at a time access to a value, or one that may change it, over awaits.
///
/// # Order and fairness
///
/// Waiters come in order, and readers that wait in a row are let in together. A reader that comes
/// while somebody waits gets in line, even if others are reading: so readers never starve a writer,
/// nor writers a reader.
///
/// By default one that comes while the lock happens to be free takes it, also past a waiter that has
/// been woken and did not run yet. A waiter that ran and missed it so, or for which it came free 256
/// times, is handed the lock directly.
/// [`fair`](Self::fair) makes a lock that nobody is overtaken in.
///
/// It is not reentrant: a task that reads, and asks to read again behind a writer that waits, waits
/// for ever. A panic of the holder releases it, and poisons nothing. Where readers are few or brief, a
/// [`Mutex`](crate::mutex::Mutex) is cheaper; where no section awaits, std's lock is.
///
/// # Complexity
///
/// Without contention an atomic exchange each way. Waiting allocates nothing; being cancelled takes
/// constant time.
///
/// # Examples
///
/// ```
/// use withal_sync::RwLock;
///
/// # futures_util::FutureExt::now_or_never(async {
/// let table = RwLock::new(vec![1]);
/// {
///     let (a, b) = (table.read().await, table.read().await);
///     assert_eq!(a[0] + b[0], 2);
/// }
/// table.write().await.push(2);
/// assert_eq!(table.into_inner(), [1, 2]);
/// # }).unwrap();
/// ```
///
/// Source: asyncio has none; the order is that of `Lock`. Std's `RwLock` for the names.
///
/// # Invariants
///
/// 1. `value` is written to only by whoever `raw` has let in as the writer, and read only by those and
///    by whoever it has let in as a reader, until they give that back.
pub struct RwLock<T, F: Flavour = Spin> {
    raw: Raw<F>,
    value: UnsafeCell<T>,
}

// SAFETY: the value is given to one task at a time to change (1), which is what `T: Send` allows, or
// to many to look at, which is what `T: Sync` allows.
unsafe impl<T: Send + Sync, F: Flavour + Sync> Sync for RwLock<T, F> {}

impl<T, F: Flavour> RwLock<T, F> {
    /// A free lock around `value`.
    pub fn new(value: T) -> Self {
        Self {
            raw: Raw::new(false),
            value: UnsafeCell::new(value),
        }
    }

    /// A free lock that nobody is overtaken in: strict first in, first out.
    ///
    /// Under contention each writer's section then costs the switch to the next task.
    pub fn fair(value: T) -> Self {
        Self {
            raw: Raw::new(true),
            value: UnsafeCell::new(value),
        }
    }

    /// Waits until the value can be read.
    ///
    /// It is a scope as well: `with(&rt, lock.read(), async |value| …)` lends the guard.
    ///
    /// # Cancel safety
    ///
    /// Dropped while it waits, it leaves the queue; dropped after it was woken or let in, it passes
    /// that on. Leaked, it keeps its place, and the lock stays with it once it is let in.
    ///
    /// # Panics
    ///
    /// If there are some `usize::MAX / 8` readers, which takes leaked guards.
    pub fn read(&self) -> Read<&Self, T, F> {
        Read::new(self)
    }

    /// Waits until the value can be written to.
    ///
    /// It is a scope as well: `with(&rt, lock.write(), async |value| …)` lends the guard.
    ///
    /// # Cancel safety
    ///
    /// As [`read`](Self::read). The readers behind a writer that is dropped are let in, if others are
    /// reading.
    pub fn write(&self) -> Write<&Self, T, F> {
        Write::new(self)
    }

    /// [`read`](Self::read), with a guard that owns its share of the lock.
    #[cfg(feature = "alloc")]
    pub fn read_owned(self: &Arc<Self>) -> Read<Arc<Self>, T, F> {
        Read::new(self.clone())
    }

    /// [`write`](Self::write), with a guard that owns its share of the lock.
    #[cfg(feature = "alloc")]
    pub fn write_owned(self: &Arc<Self>) -> Write<Arc<Self>, T, F> {
        Write::new(self.clone())
    }

    /// Reads the value if nobody writes, and no reader would have to wait.
    ///
    /// # Errors
    ///
    /// [`TryReadError`], if somebody does.
    pub fn try_read(&self) -> Result<ReadGuard<&Self, T, F>, TryReadError> {
        if self.raw.try_read() {
            Ok(ReadGuard::new(self))
        } else {
            Err(TryReadError::new())
        }
    }

    /// Writes to the value if nobody else has access.
    ///
    /// # Errors
    ///
    /// [`TryWriteError`], if somebody has.
    pub fn try_write(&self) -> Result<WriteGuard<&Self, T, F>, TryWriteError> {
        if self.raw.try_write() {
            Ok(WriteGuard::new(self))
        } else {
            Err(TryWriteError::new())
        }
    }

    /// [`try_read`](Self::try_read), with a guard that owns its share of the lock.
    ///
    /// # Errors
    ///
    /// As [`try_read`](Self::try_read).
    #[cfg(feature = "alloc")]
    pub fn try_read_owned(self: &Arc<Self>) -> Result<ReadGuard<Arc<Self>, T, F>, TryReadError> {
        if self.raw.try_read() {
            Ok(ReadGuard::new(self.clone()))
        } else {
            Err(TryReadError::new())
        }
    }

    /// [`try_write`](Self::try_write), with a guard that owns its share of the lock.
    ///
    /// # Errors
    ///
    /// As [`try_write`](Self::try_write).
    #[cfg(feature = "alloc")]
    pub fn try_write_owned(self: &Arc<Self>) -> Result<WriteGuard<Arc<Self>, T, F>, TryWriteError> {
        if self.raw.try_write() {
            Ok(WriteGuard::new(self.clone()))
        } else {
            Err(TryWriteError::new())
        }
    }

    /// The value, without locking: nobody else has the lock.
    pub fn get_mut(&mut self) -> &mut T {
        self.value.get_mut()
    }

    /// The value.
    pub fn into_inner(self) -> T {
        self.value.into_inner()
    }

    /// How many are reading at this moment.
    pub fn readers(&self) -> usize {
        self.raw.readers()
    }

    /// Whether somebody writes at this moment.
    pub fn has_writer(&self) -> bool {
        self.raw.has_writer()
    }

    /// How many wait at this moment.
    pub fn waiting(&self) -> usize {
        self.raw.waiting()
    }
}

impl<T: fmt::Debug, F: Flavour> fmt::Debug for RwLock<T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = f.debug_struct("RwLock");
        // Looked at before, so that this look is not counted.
        let readers = self.readers();
        match self.try_read() {
            Ok(value) => text.field("value", &&*value),
            Err(_) => text.field("value", &format_args!("<locked>")),
        };
        text.field("readers", &readers)
            .field("waiting", &self.waiting())
            .finish()
    }
}

impl<T: Default, F: Flavour> Default for RwLock<T, F> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T, F: Flavour> From<T> for RwLock<T, F> {
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

const _: () = {
    const fn send_sync<T: Send + Sync>() {}
    const fn send<T: Send>() {}
    send_sync::<RwLock<u8>>();
    send_sync::<ReadGuard<&RwLock<u8>, u8>>();
    send_sync::<WriteGuard<&RwLock<u8>, u8>>();
    send::<Read<&RwLock<u8>, u8>>();
    send::<Write<&RwLock<u8>, u8>>();
    send::<RwLock<core::cell::Cell<u8>>>();
    send::<RwLock<u8, crate::flavour::SingleThread>>();
};
