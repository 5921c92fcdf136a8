//! A counting semaphore: strict first in, first out.

mod acquire;
mod permit;
#[cfg(all(test, not(loom)))]
mod tests;
#[cfg(all(test, loom))]
#[path = "semaphore/tests/loom.rs"]
mod tests;

#[cfg(feature = "alloc")]
use alloc::sync::Arc;
use core::fmt;
use core::sync::atomic::Ordering;

pub use self::acquire::Acquire;
pub use self::permit::{Closed, Permit, TryAcquireError};
use crate::flavour::{Flavour, Spin};
use crate::short_lock::Locked;
use crate::wait_queue::{List, Wakers, until_done};
use crate::word::{RawWord, Word};

/// Hands out a number of permits, in the order in which they are asked for.
///
/// A permit goes back when it is dropped, straight to the first waiter if there is one: nobody
/// overtakes, not even [`try_acquire`](Self::try_acquire). A waiter for many permits holds up those
/// behind it until it is served, so it cannot starve.
///
/// # Complexity
///
/// Without contention a permit costs an atomic exchange each way. Waiting allocates nothing; being
/// cancelled takes constant time.
///
/// # Examples
///
/// At most ten requests at once:
///
/// ```
/// use withal_sync::Semaphore;
///
/// # async fn send() {}
/// # futures_util::FutureExt::now_or_never(async {
/// let limit = Semaphore::new(10);
/// let permit = limit.acquire().await?;
/// send().await;
/// drop(permit);
/// # Ok::<(), withal_sync::semaphore::Closed>(())
/// # }).unwrap().unwrap();
/// ```
///
/// Source: asyncio's `Semaphore`; differs in that permits are guards, so that none can be released
/// twice, and in `acquire_many` and `close`.
pub struct Semaphore<F: Flavour = Spin> {
    /// The free permits, and two flags; see `Word`.
    word: Word<F>,
    waiters: Locked<List<usize>, F>,
}

/// Somebody waits. Set and cleared in sections only. While it is set, permits are taken in sections
/// only, so that nobody overtakes; and who adds some sees to it that they are given out.
const WAITERS: usize = 1;
/// It is closed.
const CLOSED: usize = 2;
/// The permits are counted above the flags.
const ONE: usize = 4;

impl<F: Flavour> Semaphore<F> {
    /// The most permits that a semaphore can hold.
    // Half of what there are bits for: two such numbers can be added before one looks at the sum.
    pub const MAX_PERMITS: usize = usize::MAX / ONE / 2;

    /// A semaphore with `permits` free permits; none is legal.
    ///
    /// # Panics
    ///
    /// If there are more than [`MAX_PERMITS`](Self::MAX_PERMITS).
    pub fn new(permits: usize) -> Self {
        assert!(
            permits <= Self::MAX_PERMITS,
            "a semaphore holds at most MAX_PERMITS permits"
        );
        Self {
            word: Word::new(permits * ONE),
            waiters: Locked::new(List::new()),
        }
    }

    /// Takes a permit as soon as it is this caller's turn.
    ///
    /// It is a scope as well: `with(&rt, semaphore.acquire(), async |_permit| …)` holds the permit. One
    /// that borrows is given back at once with a dropped body; that of `acquire_owned` goes back after
    /// the cleanups of scopes inside.
    ///
    /// # Cancel safety
    ///
    /// Dropped while it waits, it leaves the queue; dropped after it was given its permit, it passes
    /// that on. Leaked, it keeps its place, and what it is given is lost.
    ///
    /// # Errors
    ///
    /// [`Closed`], if the semaphore is or becomes closed.
    pub fn acquire(&self) -> Acquire<&Self, F> {
        self.acquire_many(1)
    }

    /// Takes `permits` permits at once, as [`acquire`](Self::acquire) takes one.
    ///
    /// # Errors
    ///
    /// As [`acquire`](Self::acquire). More permits than there will ever be are waited for for ever.
    pub fn acquire_many(&self, permits: usize) -> Acquire<&Self, F> {
        Acquire::new(self, permits)
    }

    /// Takes a permit if one is free and nobody waits.
    ///
    /// # Errors
    ///
    /// [`TryAcquireError`], which says why not.
    pub fn try_acquire(&self) -> Result<Permit<&Self, F>, TryAcquireError> {
        self.try_acquire_many(1)
    }

    /// Takes `permits` permits if they are free and nobody waits.
    ///
    /// # Errors
    ///
    /// As [`try_acquire`](Self::try_acquire).
    pub fn try_acquire_many(&self, permits: usize) -> Result<Permit<&Self, F>, TryAcquireError> {
        self.try_take(permits)?;
        Ok(Permit::new(self, permits))
    }

    /// [`acquire`](Self::acquire), with a permit that owns its share of the semaphore.
    ///
    /// # Errors
    ///
    /// As [`acquire`](Self::acquire).
    #[cfg(feature = "alloc")]
    pub fn acquire_owned(self: &Arc<Self>) -> Acquire<Arc<Self>, F> {
        self.acquire_many_owned(1)
    }

    /// [`acquire_many`](Self::acquire_many), with permits that own their share of the semaphore.
    ///
    /// # Errors
    ///
    /// As [`acquire`](Self::acquire).
    #[cfg(feature = "alloc")]
    pub fn acquire_many_owned(self: &Arc<Self>, permits: usize) -> Acquire<Arc<Self>, F> {
        Acquire::new(self.clone(), permits)
    }

    /// [`try_acquire`](Self::try_acquire), with a permit that owns its share of the semaphore.
    ///
    /// # Errors
    ///
    /// As [`try_acquire`](Self::try_acquire).
    #[cfg(feature = "alloc")]
    pub fn try_acquire_owned(self: &Arc<Self>) -> Result<Permit<Arc<Self>, F>, TryAcquireError> {
        self.try_acquire_many_owned(1)
    }

    /// [`try_acquire_many`](Self::try_acquire_many), with permits that own their share of the
    /// semaphore.
    ///
    /// # Errors
    ///
    /// As [`try_acquire`](Self::try_acquire).
    #[cfg(feature = "alloc")]
    pub fn try_acquire_many_owned(
        self: &Arc<Self>,
        permits: usize,
    ) -> Result<Permit<Arc<Self>, F>, TryAcquireError> {
        self.try_take(permits)?;
        Ok(Permit::new(self.clone(), permits))
    }

    /// Adds `permits` permits, which go to the first waiters.
    ///
    /// # Panics
    ///
    /// If there would be more free ones than [`MAX_PERMITS`](Self::MAX_PERMITS).
    #[inline]
    pub fn add_permits(&self, permits: usize) {
        assert!(
            permits <= Self::MAX_PERMITS,
            "a semaphore holds at most MAX_PERMITS permits"
        );
        if self.add(permits) & WAITERS != 0 {
            self.serve();
        }
    }

    /// Takes up to `permits` free permits away for good, and says how many: none while somebody
    /// waits.
    pub fn forget_permits(&self, permits: usize) -> usize {
        let mut word = self.word.load(Ordering::Relaxed);
        loop {
            let taken = if word & WAITERS == 0 {
                permits.min(word / ONE)
            } else {
                0
            };
            match self.word.compare_exchange_weak(
                word,
                word - taken * ONE,
                Ordering::Acquire,
                Ordering::Relaxed,
            ) {
                Ok(_) => return taken,
                Err(now) => word = now,
            }
        }
    }

    /// Closes it for ever: whoever waits or comes gets [`Closed`]. Permits that are out stay valid.
    pub fn close(&self) {
        until_done(|wakers| {
            self.waiters.with(|waiters| {
                self.word.fetch_or(CLOSED, Ordering::Relaxed);
                while wakers.has_room() {
                    match waiters.serve(|wanted| *wanted = acquire::CLOSED) {
                        Some(((), waker)) => wakers.push(waker),
                        None => {
                            self.word.fetch_and(!WAITERS, Ordering::Relaxed);
                            return true;
                        }
                    }
                }
                false
            })
        });
    }

    /// Whether it is closed.
    pub fn is_closed(&self) -> bool {
        self.word.load(Ordering::Relaxed) & CLOSED != 0
    }

    /// How many permits are free at this moment.
    pub fn available_permits(&self) -> usize {
        self.word.load(Ordering::Relaxed) / ONE
    }

    /// How many wait at this moment.
    pub fn waiting(&self) -> usize {
        self.waiters.with(|waiters| waiters.len())
    }

    #[inline]
    fn try_take(&self, permits: usize) -> Result<(), TryAcquireError> {
        let mut word = self.word.load(Ordering::Relaxed);
        loop {
            if word & CLOSED != 0 {
                return Err(TryAcquireError::Closed);
            }
            if word & WAITERS != 0 || word / ONE < permits {
                return Err(TryAcquireError::NoPermits);
            }
            match self.word.compare_exchange_weak(
                word,
                word - permits * ONE,
                Ordering::Acquire,
                Ordering::Relaxed,
            ) {
                Ok(_) => return Ok(()),
                Err(now) => word = now,
            }
        }
    }

    /// In a section: takes permits, or announces a waiter.
    fn take_or_announce(&self, permits: usize) -> Result<(), TryAcquireError> {
        loop {
            match self.try_take(permits) {
                Err(TryAcquireError::NoPermits) => {}
                done => return done,
            }
            let word = self.word.load(Ordering::Relaxed);
            let cannot = word & WAITERS != 0 || word / ONE < permits;
            let open = word & CLOSED == 0;
            if cannot
                && open
                && self
                    .word
                    .compare_exchange(word, word | WAITERS, Ordering::Relaxed, Ordering::Relaxed)
                    .is_ok()
            {
                return Err(TryAcquireError::NoPermits);
            }
        }
    }

    /// Adds permits, and gives what the word was before.
    #[inline]
    fn add(&self, permits: usize) -> usize {
        // One operation, without a look first, which would have to wait for the one before.
        let before = self.word.fetch_add(permits * ONE, Ordering::Release);
        if before / ONE + permits > Self::MAX_PERMITS {
            self.refuse(permits);
        }
        before
    }

    #[cold]
    fn refuse(&self, permits: usize) -> ! {
        self.word.fetch_sub(permits * ONE, Ordering::Relaxed);
        panic!("a semaphore holds at most MAX_PERMITS permits");
    }

    /// Gives free permits to those who wait.
    #[cold]
    fn serve(&self) {
        until_done(|wakers| {
            self.waiters
                .with(|waiters| self.serve_some(waiters, wakers))
        });
    }

    /// In a section: serves waiters, as many as the wakers have room for. Whether that were all.
    fn serve_some(&self, waiters: &mut List<usize>, wakers: &mut Wakers) -> bool {
        // Acquired for those who are served. It may grow meanwhile: who adds to it comes here next.
        let word = self.word.load(Ordering::Acquire);
        let mut free = word / ONE;
        let mut done = true;
        while let Some(wanted) = waiters.front(|wanted| *wanted) {
            if free < wanted {
                break;
            }
            if !wakers.has_room() {
                done = false;
                break;
            }
            if let Some(((), waker)) = waiters.serve(|_| ()) {
                free -= wanted;
                wakers.push(waker);
            }
        }
        let mut taken = (word / ONE - free) * ONE;
        if waiters.is_empty() {
            taken += word & WAITERS;
        }
        if taken != 0 {
            // Relaxed: what was released to the word stays so through this.
            self.word.fetch_sub(taken, Ordering::Relaxed);
        }
        done
    }
}

impl<F: Flavour> fmt::Debug for Semaphore<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Semaphore")
            .field("available", &self.available_permits())
            .field("waiting", &self.waiting())
            .field("closed", &self.is_closed())
            .finish()
    }
}
