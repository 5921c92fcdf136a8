use core::fmt;
use core::future::Future;
use core::marker::PhantomData;
use core::pin::Pin;
use core::task::{Context, Poll, ready};

use super::error::{Closed, PushError};
use super::push::ToPush;
use super::state::{NotIn, Pusher, State};
use super::storage::{Fifo, Storage};
use super::{Of, Queue, wake};
use crate::handle::Handle;
use crate::short_lock::{Locked, ShortLock, Spin};
use crate::wait_queue::{Left, List, WaitOn, Waiter, Wakers};

/// A reserved place in a queue: what [`Queue::reserve`] gives. Dropped, it is given up.
#[must_use = "a place that is dropped is given up"]
pub struct Slot<H, T, S = Fifo<T>, L = Spin>
where
    H: Handle<Queue<T, S, L>>,
    S: Storage<T>,
    L: ShortLock,
{
    /// `None` once it is filled.
    queue: Option<H>,
    _queue: PhantomData<Of<T, S, L>>,
}

impl<H, T, S, L> Slot<H, T, S, L>
where
    H: Handle<Queue<T, S, L>>,
    S: Storage<T>,
    L: ShortLock,
{
    fn new(queue: H) -> Self {
        Self {
            queue: Some(queue),
            _queue: PhantomData,
        }
    }

    /// Puts `item` in.
    ///
    /// # Errors
    ///
    /// [`PushError`] with the item, if the queue was closed meanwhile.
    pub fn push(mut self, item: T) -> Result<(), PushError<T>> {
        let Some(queue) = self.queue.take() else {
            return Err(PushError::new(item));
        };
        let filled = queue.get().state.with(|state| state.fill(item));
        let pushed = filled.map(wake).map_err(PushError::new);
        queue.get().admit();
        pushed
    }
}

impl<H, T, S, L> Drop for Slot<H, T, S, L>
where
    H: Handle<Queue<T, S, L>>,
    S: Storage<T>,
    L: ShortLock,
{
    fn drop(&mut self) {
        if let Some(queue) = &self.queue {
            let queue = queue.get();
            queue.state.with(|state| state.reserved -= 1);
            queue.admit();
        }
    }
}

impl<H, T, S, L> fmt::Debug for Slot<H, T, S, L>
where
    H: Handle<Queue<T, S, L>>,
    S: Storage<T>,
    L: ShortLock,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Slot").finish_non_exhaustive()
    }
}

/// The future that [`Queue::reserve`] returns.
#[must_use = "futures do nothing unless polled"]
pub struct Reserve<H, T, S = Fifo<T>, L = Spin>
where
    H: Handle<Queue<T, S, L>>,
    S: Storage<T>,
    L: ShortLock,
{
    waiter: Waiter<ToReserve<H, T, S, L>>,
}

/// A place among those that wait for room; what it is given goes back if nobody takes it.
struct ToReserve<H, T, S, L>(ToPush<H, T, S, L>);

// SAFETY: as `ToPush`, whose list it is.
unsafe impl<H, T, S, L> WaitOn for ToReserve<H, T, S, L>
where
    H: Handle<Queue<T, S, L>>,
    S: Storage<T>,
    L: ShortLock,
{
    type State = State<T, S>;
    type Lock = L;
    type Parcel = Pusher<T>;

    fn locked(&self) -> &Locked<State<T, S>, L> {
        self.0.locked()
    }

    fn list(state: &mut State<T, S>) -> &mut List<Pusher<T>> {
        &mut state.pushers
    }

    fn pass_on(
        &self,
        state: &mut State<T, S>,
        left: Left<Pusher<T>>,
        wakers: &mut Wakers,
    ) -> Option<Pusher<T>> {
        if let Left::Served(Pusher::Done) = left {
            state.reserved -= 1;
            state.admit(wakers);
        }
        None
    }

    fn settle(&self) {
        self.0.queue.get().admit();
    }
}

impl<H, T, S, L> Reserve<H, T, S, L>
where
    H: Handle<Queue<T, S, L>>,
    S: Storage<T>,
    L: ShortLock,
{
    pub(super) fn new(queue: H) -> Self {
        Self {
            waiter: Waiter::new(ToReserve(ToPush::new(queue))),
        }
    }

    fn poll_reserved(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Closed>> {
        // SAFETY: `waiter` is pinned structurally.
        let waiter = unsafe { self.map_unchecked_mut(|this| &mut this.waiter) };
        if waiter.is_queued() {
            let served = ready!(waiter.poll_served(cx, |_, _| Err::<(), _>(None)));
            return Poll::Ready(match served {
                Err(Pusher::Refused(_)) => Err(Closed::new()),
                _ => Ok(()),
            });
        }
        waiter.poll_enter(cx, |state| match state.reserve() {
            Ok(()) => Ok(Ok(())),
            Err(NotIn::Closed(())) => Ok(Err(Closed::new())),
            Err(NotIn::Full(())) => Err(Pusher::Reserve),
        })
    }
}

impl<H, T, S, L> Future for Reserve<H, T, S, L>
where
    H: Handle<Queue<T, S, L>>,
    S: Storage<T>,
    L: ShortLock,
{
    type Output = Result<Slot<H, T, S, L>, Closed>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let reserved = ready!(self.as_mut().poll_reserved(cx));
        Poll::Ready(reserved.map(|()| Slot::new(self.waiter.on().0.queue.clone())))
    }
}

impl<H, T, S, L> fmt::Debug for Reserve<H, T, S, L>
where
    H: Handle<Queue<T, S, L>>,
    S: Storage<T>,
    L: ShortLock,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reserve")
            .field("waits", &self.waiter.is_queued())
            .finish_non_exhaustive()
    }
}
