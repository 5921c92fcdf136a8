//! So many at a time, and each of them known.

mod acquire;
mod error;
mod state;
#[cfg(all(test, not(loom)))]
mod tests;
#[cfg(all(test, loom))]
#[path = "limiter/tests/loom.rs"]
mod tests;
mod token;

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

pub use self::acquire::Acquire;
pub use self::error::{KeyInUse, TryAcquireError};
use self::state::State;
pub use self::token::Token;
use crate::flavour::{Flavour, Spin};
use crate::short_lock::Locked;
use crate::wait_queue::until_done;

/// Lends a number of tokens, one to each borrower, in the order in which they are asked for.
///
/// A borrower is named by a key: a number, a task's id, an enum of the subsystems. It may be named by
/// somebody else, who borrows on its behalf. The same key cannot borrow twice, nor wait twice: that is
/// an error, where a [`Semaphore`](crate::semaphore::Semaphore) would let the two in, or let one wait
/// for the other for ever. The number of tokens can be changed at any time.
///
/// A token goes back when it is dropped, straight to the first waiter if there is one: nobody
/// overtakes, not even [`try_acquire`](Self::try_acquire).
///
/// # Keys
///
/// They are compared inside of the limiter's short lock, so their `Ord` must not come back to the same
/// limiter. They are `Copy`: cheap to hand out, and with no drop to run in there.
///
/// # Complexity
///
/// Borrowing and giving back take time logarithmic in the number of borrowers and waiters, and so much
/// memory; it grows inside of the lock.
///
/// # Examples
///
/// Four blocking jobs at once, and never two for the same user:
///
/// ```
/// use withal_sync::Limiter;
///
/// # async fn work() {}
/// # futures_util::FutureExt::now_or_never(async {
/// let limiter = Limiter::new(4);
/// let user = 17;
/// let token = limiter.acquire(user).await?;
/// assert!(limiter.try_acquire(user).is_err());
/// work().await;
/// drop(token);
/// # Ok::<(), withal_sync::limiter::KeyInUse>(())
/// # }).unwrap().unwrap();
/// ```
///
/// Source: the `CapacityLimiter` of Trio and AnyIO; differs in that tokens are guards, so that none is
/// given back by somebody else, and in that keys that wait are refused as well.
pub struct Limiter<K, F: Flavour = Spin> {
    state: Locked<State<K>, F>,
}

/// How a limiter stands at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Statistics<K> {
    /// The tokens that there are.
    pub total: usize,
    /// The keys that have one, in ascending order; also of waiters that were given theirs and did not
    /// run yet. They can be more than `total`, after that was lowered.
    pub borrowers: Vec<K>,
    /// How many wait.
    pub waiting: usize,
}

impl<K: Copy + Ord, F: Flavour> Limiter<K, F> {
    /// A limiter with `total` tokens; none is legal.
    pub fn new(total: usize) -> Self {
        Self {
            state: Locked::new(State::new(total)),
        }
    }

    /// Borrows a token for `key` as soon as it is its turn.
    ///
    /// It is a scope as well: `with(&rt, limiter.acquire(key), async |token| …)` holds the token for a
    /// body.
    ///
    /// # Cancel safety
    ///
    /// Dropped while it waits, it leaves the queue; dropped after it was given its token, it passes
    /// that on. Either way the key is free again. Leaked, it keeps its place and its key, and the token
    /// that it is given is lost.
    ///
    /// # Errors
    ///
    /// [`KeyInUse`], if the key has a token already, or waits for one.
    pub fn acquire(&self, key: K) -> Acquire<&Self, K, F> {
        Acquire::new(self, key)
    }

    /// [`acquire`](Self::acquire), with a token that owns its share of the limiter.
    ///
    /// # Errors
    ///
    /// As [`acquire`](Self::acquire).
    pub fn acquire_owned(self: &Arc<Self>, key: K) -> Acquire<Arc<Self>, K, F> {
        Acquire::new(self.clone(), key)
    }

    /// Borrows a token for `key` if one is free and nobody waits.
    ///
    /// # Errors
    ///
    /// [`TryAcquireError`], which says why not.
    pub fn try_acquire(&self, key: K) -> Result<Token<&Self, K, F>, TryAcquireError> {
        self.state.with(|state| state.try_borrow(key))?;
        Ok(Token::new(self, key))
    }

    /// [`try_acquire`](Self::try_acquire), with a token that owns its share of the limiter.
    ///
    /// # Errors
    ///
    /// As [`try_acquire`](Self::try_acquire).
    pub fn try_acquire_owned(
        self: &Arc<Self>,
        key: K,
    ) -> Result<Token<Arc<Self>, K, F>, TryAcquireError> {
        self.state.with(|state| state.try_borrow(key))?;
        Ok(Token::new(self.clone(), key))
    }

    /// Changes the number of tokens. If there are more now, so many waiters get one; if there are
    /// fewer, nobody loses his, but the next ones that go back are not lent again.
    pub fn set_total(&self, total: usize) {
        self.change(|state| state.total = total);
    }

    /// How many tokens there are.
    pub fn total(&self) -> usize {
        self.state.with(|state| state.total)
    }

    /// How many tokens are borrowed at this moment: more than there are, at times, after their number
    /// was lowered.
    pub fn borrowed(&self) -> usize {
        self.state.with(|state| state.borrowed)
    }

    /// How many tokens are free at this moment.
    pub fn available(&self) -> usize {
        self.state.with(|state| state.available())
    }

    /// How many wait at this moment.
    pub fn waiting(&self) -> usize {
        self.state.with(|state| state.waiters.len())
    }

    /// Whether `key` has a token at this moment.
    pub fn is_borrower(&self, key: K) -> bool {
        self.state.with(|state| state.is_borrower(key))
    }

    /// All at one moment, with the borrowers.
    pub fn statistics(&self) -> Statistics<K> {
        let mut borrowers = Vec::new();
        loop {
            // Made outside of the section.
            borrowers.reserve(self.borrowed());
            let taken = self.state.with(|state| {
                (state.borrowed <= borrowers.capacity()).then(|| {
                    borrowers.extend(state.borrowers());
                    (state.total, state.waiters.len())
                })
            });
            if let Some((total, waiting)) = taken {
                return Statistics {
                    total,
                    borrowers,
                    waiting,
                };
            }
        }
    }

    /// Changes the state, and lends what is free then.
    fn change(&self, change: impl FnOnce(&mut State<K>)) {
        let mut change = Some(change);
        until_done(|wakers| {
            self.state.with(|state| {
                if let Some(change) = change.take() {
                    change(state);
                }
                state.lend(wakers)
            })
        });
    }
}

impl<K: Copy + Ord + fmt::Debug, F: Flavour> fmt::Debug for Limiter<K, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let now = self.statistics();
        f.debug_struct("Limiter")
            .field("total", &now.total)
            .field("borrowers", &now.borrowers)
            .field("waiting", &now.waiting)
            .finish()
    }
}

const _: () = {
    const fn send_sync<T: Send + Sync>() {}
    const fn send<T: Send>() {}
    send_sync::<Limiter<u8>>();
    send_sync::<Token<&Limiter<u8>, u8>>();
    send::<Acquire<&Limiter<u8>, u8>>();
    send::<Limiter<u8, crate::flavour::SingleThread>>();
};
