use core::fmt;
use core::future::Future;
use core::marker::PhantomData;
use core::pin::Pin;
use core::task::{Context, Poll, ready};

use super::error::{Closed, TryTakeError};
use super::state::{After, Place, State, Taker};
use super::{Lease, Pool};
use crate::flavour::{Flavour, Spin, in_turn};
use crate::handle::Handle;
use crate::short_lock::Locked;
use crate::wait_queue::{Left, List, Patience, WaitOn, Waiter, Wakers};

/// The future that [`Pool::take`] and [`Pool::take_owned`] return.
#[must_use = "futures do nothing unless polled"]
pub struct Take<H: Handle<Pool<T, F>>, T, F: Flavour = Spin> {
    waiter: Waiter<On<H, T, F>>,
}

/// A place among those that wait for an object.
struct On<H, T, F> {
    pool: H,
    _pool: PhantomData<fn() -> (T, F)>,
}

// SAFETY: a handle keeps the pool where it is, and that has one list of takers.
unsafe impl<H: Handle<Pool<T, F>>, T, F: Flavour> WaitOn for On<H, T, F> {
    type State = State<T>;
    type Flavour = F;
    type Parcel = Taker<T>;

    fn locked(&self) -> &Locked<State<T>, F> {
        &self.pool.get().state
    }

    fn list(state: &mut State<T>) -> &mut List<Taker<T>> {
        &mut state.takers
    }

    fn pass_on(
        &self,
        state: &mut State<T>,
        left: Left<Taker<T>>,
        wakers: &mut Wakers,
    ) -> Option<Taker<T>> {
        match left {
            Left::Waiting { .. } => wakers.push(state.taker_left()),
            Left::Served(Taker::Has(object)) => match state.give(object, Place::Top) {
                After::Nothing => {}
                After::Wake(waker) => wakers.push(Some(waker)),
                // If that were not all, `settle` follows.
                After::Over => {
                    state.let_go(wakers);
                }
            },
            Left::Served(Taker::Waits(_) | Taker::Closed) => {}
        }
        None
    }

    fn settle(&self) {
        self.pool.get().let_go();
    }
}

impl<H: Handle<Pool<T, F>>, T, F: Flavour> Take<H, T, F> {
    pub(super) fn new(pool: H) -> Self {
        Self {
            waiter: Waiter::new(On {
                pool,
                _pool: PhantomData,
            }),
        }
    }

    /// The same wait, from its begin.
    pub(crate) fn anew(&self) -> Self {
        Self::new(self.waiter.on().pool.clone())
    }

    /// Waits behind the others.
    #[cold]
    fn poll_wait(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<T, Closed>> {
        // SAFETY: `waiter` is pinned structurally.
        let waiter = unsafe { self.map_unchecked_mut(|this| &mut this.waiter) };
        if !waiter.is_queued() {
            return waiter.poll_enter(cx, |state| match state.take() {
                Ok(object) => Ok(Ok(object)),
                Err(TryTakeError::NoneIdle) => Err(Taker::Waits(Patience::FULL)),
                Err(TryTakeError::Closed) => Ok(Err(Closed::new())),
            });
        }
        // In a closed pool it has been refused, or is about to be.
        let retry = |state: &mut State<T>, roused: bool| {
            let spent = || Taker::Waits(Patience::SPENT);
            state.take().map_err(|_| roused.then(spent))
        };
        waiter.poll_served(cx, retry).map(|served| match served {
            Ok(object) | Err(Taker::Has(object)) => Ok(object),
            Err(Taker::Waits(_) | Taker::Closed) => Err(Closed::new()),
        })
    }
}

impl<H: Handle<Pool<T, F>>, T, F: Flavour> Future for Take<H, T, F> {
    type Output = Result<Lease<H, T, F>, Closed>;

    /// Polled again after a lease, it waits for another one.
    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        in_turn::<F, _>(cx, |cx| {
            let mut taken = Err(TryTakeError::NoneIdle);
            if !self.waiter.is_queued() {
                taken = self.waiter.on().pool.get().state.with(State::take);
            }
            let taken = match taken {
                Ok(object) => Ok(object),
                Err(TryTakeError::Closed) => Err(Closed::new()),
                Err(TryTakeError::NoneIdle) => ready!(self.as_mut().poll_wait(cx)),
            };
            Poll::Ready(taken.map(|object| Lease::new(self.waiter.on().pool.clone(), object)))
        })
    }
}

impl<H: Handle<Pool<T, F>>, T, F: Flavour> fmt::Debug for Take<H, T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Take")
            .field("waits", &self.waiter.is_queued())
            .finish_non_exhaustive()
    }
}
