use core::sync::atomic::Ordering;

use super::RawLock;
use crate::primitives::{AtomicBool, spin_loop};

/// Taken by one atomic exchange, and given back by a plain store.
#[derive(Debug)]
pub(crate) struct SpinLock {
    locked: AtomicBool,
}

/// How many times to pause after the first miss, and after the last one before yielding. The pause
/// instruction takes 10 to 50 ns.
///
/// Who stays away for many sections leaves the lock, and what it guards, in the other's cache. On two
/// threads a queue's operations then take 20 to 30 ns, where 1 to 64 pauses made it 40 to 80.
const FIRST_PAUSES: u32 = 64;
const LAST_PAUSES: u32 = 512;

// SAFETY: the exchange lets one in, until the store; it acquires what the store releases.
unsafe impl RawLock for SpinLock {
    type Guard<'a> = Unlock<'a>;

    fn new() -> Self {
        Self {
            locked: AtomicBool::new(false),
        }
    }

    #[inline]
    fn lock(&self) -> Unlock<'_> {
        if !self.try_lock() {
            self.lock_contended();
        }
        Unlock(&self.locked)
    }
}

impl SpinLock {
    #[cfg(not(all(test, loom)))]
    #[inline]
    fn try_lock(&self) -> bool {
        // A swap, which is quicker than to compare: one that misses changes nothing.
        !self.locked.swap(true, Ordering::Acquire)
    }

    /// The model checker may order a swap that misses after the holder's store, so that the lock is
    /// never free again. It cannot be: the swap comes right after the one whose value it read.
    #[cfg(all(test, loom))]
    fn try_lock(&self) -> bool {
        self.locked
            .compare_exchange(false, true, Ordering::Acquire, Ordering::Relaxed)
            .is_ok()
    }

    #[cold]
    fn lock_contended(&self) {
        let mut pauses = FIRST_PAUSES;
        loop {
            if pauses <= LAST_PAUSES {
                for _ in 0..pauses {
                    spin_loop();
                }
                pauses *= 2;
            } else {
                yield_now();
            }
            // Looked at first: a swap that misses takes the line from the holder as well.
            if !self.locked.load(Ordering::Relaxed) && self.try_lock() {
                return;
            }
        }
    }
}

#[cfg(all(test, loom))]
fn yield_now() {
    loom::thread::yield_now();
}

#[cfg(all(feature = "std", not(all(test, loom))))]
fn yield_now() {
    std::thread::yield_now();
}

#[cfg(not(any(feature = "std", all(test, loom))))]
fn yield_now() {
    spin_loop();
}

#[derive(Debug)]
pub(crate) struct Unlock<'a>(&'a AtomicBool);

impl Drop for Unlock<'_> {
    #[inline]
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}
