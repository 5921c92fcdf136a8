use core::fmt;
use core::future::Future;
use core::marker::PhantomData;
use core::pin::Pin;
use core::task::{Context, Poll, ready};

use super::error::{KeyInUse, TryAcquireError};
use super::state::State;
use super::{Limiter, Token};
use crate::flavour::{Flavour, Spin, in_turn};
use crate::handle::Handle;
use crate::short_lock::Locked;
use crate::wait_queue::{Left, List, WaitOn, Waiter, Wakers};

/// The future that [`Limiter::acquire`] and [`Limiter::acquire_owned`] return.
#[must_use = "futures do nothing unless polled"]
pub struct Acquire<H: Handle<Limiter<K, F>>, K: Copy + Ord, F: Flavour = Spin> {
    key: K,
    waiter: Waiter<On<H, K, F>>,
}

struct On<H, K, F> {
    limiter: H,
    _limiter: PhantomData<fn() -> (K, F)>,
}

// SAFETY: a handle keeps the limiter where it is, and that has one list.
unsafe impl<H: Handle<Limiter<K, F>>, K: Copy + Ord, F: Flavour> WaitOn for On<H, K, F> {
    type State = State<K>;
    type Flavour = F;
    /// The key that waits.
    type Parcel = K;

    fn locked(&self) -> &Locked<State<K>, F> {
        &self.limiter.get().state
    }

    fn list(state: &mut State<K>) -> &mut List<K> {
        &mut state.waiters
    }

    fn pass_on(&self, state: &mut State<K>, left: Left<K>, wakers: &mut Wakers) -> Option<K> {
        match left {
            Left::Waiting { parcel: key, .. } => state.forget(key),
            Left::Served(key) => {
                state.take_back(key);
                // If that were not all, `settle` follows.
                state.lend(wakers);
            }
        }
        None
    }

    fn settle(&self) {
        self.limiter.get().change(|_| {});
    }
}

impl<H: Handle<Limiter<K, F>>, K: Copy + Ord, F: Flavour> Acquire<H, K, F> {
    pub(super) fn new(limiter: H, key: K) -> Self {
        Self {
            key,
            waiter: Waiter::new(On {
                limiter,
                _limiter: PhantomData,
            }),
        }
    }

    /// The same wait, from its begin.
    pub(crate) fn anew(&self) -> Self {
        Self::new(self.waiter.on().limiter.clone(), self.key)
    }
}

impl<H: Handle<Limiter<K, F>>, K: Copy + Ord, F: Flavour> Future for Acquire<H, K, F> {
    type Output = Result<Token<H, K, F>, KeyInUse>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let key = self.key;
        // SAFETY: `waiter` is pinned structurally.
        let mut waiter = unsafe { self.map_unchecked_mut(|this| &mut this.waiter) };
        in_turn::<F, _>(cx, |cx| {
            match ready!(poll_borrow(waiter.as_mut(), cx, key)) {
                Ok(()) => {
                    let limiter = waiter.on().limiter.clone();
                    Poll::Ready(Ok(Token::new(limiter, key)))
                }
                Err(_) => Poll::Ready(Err(KeyInUse::new())),
            }
        })
    }
}

/// Borrows a token, or waits for one. What it fails with at last is that the key is in use.
fn poll_borrow<H: Handle<Limiter<K, F>>, K: Copy + Ord, F: Flavour>(
    waiter: Pin<&mut Waiter<On<H, K, F>>>,
    cx: &mut Context<'_>,
    key: K,
) -> Poll<Result<(), TryAcquireError>> {
    if waiter.is_queued() {
        let served = waiter.poll_served(cx, |_, _| Err::<K, _>(None));
        return served.map(|_| Ok(()));
    }
    let limiter = waiter.on().limiter.clone();
    // Once without a waker, which costs its clone.
    match limiter.get().state.with(|state| state.try_borrow(key)) {
        Err(TryAcquireError::NoTokens) => {}
        done => return Poll::Ready(done),
    }
    waiter.poll_enter(cx, |state| match state.borrow_or_announce(key) {
        Err(TryAcquireError::NoTokens) => Err(key),
        done => Ok(done),
    })
}

impl<H, K, F> fmt::Debug for Acquire<H, K, F>
where
    H: Handle<Limiter<K, F>>,
    K: Copy + Ord + fmt::Debug,
    F: Flavour,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Acquire")
            .field("key", &self.key)
            .field("waits", &self.waiter.is_queued())
            .finish_non_exhaustive()
    }
}
