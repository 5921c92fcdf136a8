use core::fmt;
use core::future::Future;
use core::marker::PhantomData;
use core::pin::Pin;
use core::task::{Context, Poll, ready};

use super::Semaphore;
use super::permit::{Closed, Permit, TryAcquireError};
use crate::handle::Handle;
use crate::short_lock::{Locked, ShortLock, Spin};
use crate::wait_queue::{Left, List, WaitOn, Waiter, Wakers};

/// What a waiter is given instead of permits when the semaphore is closed: more than there can be.
pub(super) const CLOSED: usize = usize::MAX;

/// The future that [`Semaphore::acquire`] and its kin return.
#[must_use = "futures do nothing unless polled"]
pub struct Acquire<H: Handle<Semaphore<L>>, L: ShortLock = Spin> {
    permits: usize,
    waiter: Waiter<On<H, L>>,
}

struct On<H, L> {
    semaphore: H,
    _lock: PhantomData<fn() -> L>,
}

// SAFETY: a handle keeps the semaphore where it is, and that has one list.
unsafe impl<H: Handle<Semaphore<L>>, L: ShortLock> WaitOn for On<H, L> {
    type State = List<usize>;
    type Lock = L;
    /// The permits that are wanted.
    type Parcel = usize;

    fn locked(&self) -> &Locked<List<usize>, L> {
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
        let permits = match left {
            // Those behind it may want less.
            Left::Waiting { .. } | Left::Served(CLOSED) => 0,
            Left::Served(permits) => permits,
        };
        let semaphore = self.semaphore.get();
        semaphore.serve_some(waiters, permits, wakers);
        None
    }

    fn settle(&self) {
        self.semaphore.get().serve(0);
    }
}

impl<H: Handle<Semaphore<L>>, L: ShortLock> Acquire<H, L> {
    pub(super) fn new(semaphore: H, permits: usize) -> Self {
        Self {
            permits,
            waiter: Waiter::new(On {
                semaphore,
                _lock: PhantomData,
            }),
        }
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

impl<H: Handle<Semaphore<L>>, L: ShortLock> Future for Acquire<H, L> {
    type Output = Result<Permit<H, L>, Closed>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let permits = self.permits;
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
    }
}

impl<H: Handle<Semaphore<L>>, L: ShortLock> fmt::Debug for Acquire<H, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Acquire")
            .field("permits", &self.permits)
            .field("waits", &self.waiter.is_queued())
            .finish_non_exhaustive()
    }
}
