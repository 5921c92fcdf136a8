use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, ready};

use super::permit::{Closed, Permit, TryAcquireError};
use super::Semaphore;
use crate::short_lock::{Locked, ShortLock, Spin};
use crate::wait_queue::{Left, List, WaitOn, Waiter, Wakers};

/// What a waiter is given instead of permits when the semaphore is closed: more than there can be.
pub(super) const CLOSED: usize = usize::MAX;

/// The future that [`Semaphore::acquire`] and [`Semaphore::acquire_many`] return.
#[must_use = "futures do nothing unless polled"]
pub struct Acquire<'s, L: ShortLock = Spin> {
    permits: usize,
    waiter: Waiter<On<'s, L>>,
}

struct On<'s, L: ShortLock>(&'s Semaphore<L>);

// SAFETY: the reference keeps the semaphore where it is, and there is one list.
unsafe impl<L: ShortLock> WaitOn for On<'_, L> {
    type State = List<usize>;
    type Lock = L;
    /// The permits that are wanted.
    type Parcel = usize;

    fn locked(&self) -> &Locked<List<usize>, L> {
        &self.0.waiters
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
        self.0.serve_some(waiters, permits, wakers);
        None
    }

    fn settle(&self) {
        self.0.serve(0);
    }
}

impl<'s, L: ShortLock> Acquire<'s, L> {
    pub(super) fn new(semaphore: &'s Semaphore<L>, permits: usize) -> Self {
        Self {
            permits,
            waiter: Waiter::new(On(semaphore)),
        }
    }

    fn waiter(self: Pin<&mut Self>) -> Pin<&mut Waiter<On<'s, L>>> {
        // SAFETY: `waiter` is pinned structurally.
        unsafe { self.map_unchecked_mut(|this| &mut this.waiter) }
    }
}

impl<'s, L: ShortLock> Future for Acquire<'s, L> {
    type Output = Result<Permit<'s, L>, Closed>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let (semaphore, permits) = (self.waiter.on().0, self.permits);
        let taken = if self.waiter.is_queued() {
            let waiter = self.as_mut().waiter();
            match ready!(waiter.poll_served(cx, |_| Err::<(), _>(None))) {
                Err(CLOSED) => Err(TryAcquireError::Closed),
                Ok(()) | Err(_) => Ok(()),
            }
        } else {
            match semaphore.try_take(permits) {
                Err(TryAcquireError::NoPermits) => {
                    let enter = |_: &mut List<usize>| match semaphore.take_or_announce(permits) {
                        Err(TryAcquireError::NoPermits) => Err(permits),
                        done => Ok(done),
                    };
                    ready!(self.as_mut().waiter().poll_enter(cx, enter))
                }
                done => done,
            }
        };
        Poll::Ready(match taken {
            Ok(()) => Ok(Permit::new(semaphore, permits)),
            Err(_) => Err(Closed::new()),
        })
    }
}

impl<L: ShortLock> fmt::Debug for Acquire<'_, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Acquire")
            .field("permits", &self.permits)
            .field("waits", &self.waiter.is_queued())
            .finish_non_exhaustive()
    }
}
