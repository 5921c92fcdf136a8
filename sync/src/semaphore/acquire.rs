use core::fmt;
use core::future::Future;
use core::marker::PhantomData;
use core::pin::Pin;
use core::task::{Context, Poll, ready};

use super::Semaphore;
use super::permit::{Closed, Permit, TryAcquireError};
use crate::flavour::{Flavour, Spin, in_turn};
use crate::handle::Handle;
use crate::short_lock::Locked;
use crate::wait_queue::{Left, List, WaitOn, Waiter, Wakers};

/// What a waiter is given instead of permits when the semaphore is closed: more than there can be.
pub(super) const CLOSED: usize = usize::MAX;

/// The future that [`Semaphore::acquire`] and its kin return.
#[must_use = "futures do nothing unless polled"]
pub struct Acquire<H: Handle<Semaphore<F>>, F: Flavour = Spin> {
    permits: usize,
    waiter: Waiter<On<H, F>>,
}

struct On<H, F> {
    semaphore: H,
    _lock: PhantomData<fn() -> F>,
}

// SAFETY: a handle keeps the semaphore where it is, and that has one list.
unsafe impl<H: Handle<Semaphore<F>>, F: Flavour> WaitOn for On<H, F> {
    type State = List<usize>;
    type Flavour = F;
    /// The permits that are wanted.
    type Parcel = usize;

    fn locked(&self) -> &Locked<List<usize>, F> {
        &self.semaphore.get().waiters
    }

    fn list(state: &mut List<usize>) -> &mut List<usize> {
        state
    }

    fn pass_on(
        &self,
        waiters: &mut List<usize>,
        left: Left<usize>,
        wakers: &mut Wakers,
    ) -> Option<usize> {
        let semaphore = self.semaphore.get();
        // Also if it had none: those behind it may want less.
        if let Left::Served(permits) = left {
            if permits != CLOSED {
                semaphore.add(permits);
            }
        }
        semaphore.serve_some(waiters, wakers);
        None
    }

    fn settle(&self) {
        self.semaphore.get().serve();
    }
}

impl<H: Handle<Semaphore<F>>, F: Flavour> Acquire<H, F> {
    pub(super) fn new(semaphore: H, permits: usize) -> Self {
        Self {
            permits,
            waiter: Waiter::new(On {
                semaphore,
                _lock: PhantomData,
            }),
        }
    }

    /// The same wait, from its begin.
    pub(crate) fn anew(&self) -> Self {
        Self::new(self.waiter.on().semaphore.clone(), self.permits)
    }

    /// Waits behind the others.
    #[cold]
    fn poll_wait(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), TryAcquireError>> {
        let permits = self.permits;
        // SAFETY: `waiter` is pinned structurally.
        let waiter = unsafe { self.map_unchecked_mut(|this| &mut this.waiter) };
        if waiter.is_queued() {
            return waiter
                .poll_served(cx, |_, _| Err::<(), _>(None))
                .map(|served| match served {
                    Err(CLOSED) => Err(TryAcquireError::Closed),
                    Ok(()) | Err(_) => Ok(()),
                });
        }
        let semaphore = waiter.on().semaphore.clone();
        waiter.poll_enter(cx, |_| match semaphore.get().take_or_announce(permits) {
            Err(TryAcquireError::NoPermits) => Err(permits),
            taken => Ok(taken),
        })
    }
}

impl<H: Handle<Semaphore<F>>, F: Flavour> Future for Acquire<H, F> {
    type Output = Result<Permit<H, F>, Closed>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let permits = self.permits;
        in_turn::<F, _>(cx, |cx| {
            let semaphore = &self.waiter.on().semaphore;
            let mut taken = Err(TryAcquireError::NoPermits);
            if !self.waiter.is_queued() {
                taken = semaphore.get().try_take(permits);
            }
            if taken == Err(TryAcquireError::NoPermits) {
                taken = ready!(self.as_mut().poll_wait(cx));
            }
            Poll::Ready(match taken {
                Ok(()) => Ok(Permit::new(self.waiter.on().semaphore.clone(), permits)),
                Err(_) => Err(Closed::new()),
            })
        })
    }
}

impl<H: Handle<Semaphore<F>>, F: Flavour> fmt::Debug for Acquire<H, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Acquire")
            .field("permits", &self.permits)
            .field("waits", &self.waiter.is_queued())
            .finish_non_exhaustive()
    }
}
