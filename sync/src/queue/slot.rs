use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, ready};

use super::Queue;
use super::error::{Closed, PushError};
use super::held::Held;
use super::state::{NotIn, Pusher, State};
use super::storage::{Fifo, Storage};
use crate::flavour::{Flavour, Spin, in_turn};
use crate::handle::Handle;
use crate::short_lock::Locked;
use crate::wait_queue::{Left, List, WaitOn, Waiter, Wakers, until_done};

/// A reserved place in a queue: what [`Queue::reserve`] gives. Dropped, it is given up.
#[must_use = "a place that is dropped is given up"]
pub struct Slot<H, T, S = Fifo<T>, F = Spin>
where
    H: Handle<Queue<T, S, F>>,
    S: Storage<T>,
    F: Flavour,
{
    /// `None` once it is filled.
    queue: Option<Held<H, T, S, F>>,
}

impl<H, T, S, F> Slot<H, T, S, F>
where
    H: Handle<Queue<T, S, F>>,
    S: Storage<T>,
    F: Flavour,
{
    pub(super) fn new(queue: Held<H, T, S, F>) -> Self {
        Self { queue: Some(queue) }
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
        let (mut item, mut refused) = (Some(item), None);
        // One after the other, so that a waker which panics keeps nobody from the place.
        until_done(|wakers| {
            queue.state.with(|state| {
                if let Some(item) = item.take() {
                    match state.fill(item) {
                        Ok(waker) => wakers.push(waker),
                        Err(item) => refused = Some(item),
                    }
                }
                state.admit(wakers)
            })
        });
        refused.map_or(Ok(()), |item| Err(PushError::new(item)))
    }
}

impl<H, T, S, F> Drop for Slot<H, T, S, F>
where
    H: Handle<Queue<T, S, F>>,
    S: Storage<T>,
    F: Flavour,
{
    fn drop(&mut self) {
        if let Some(queue) = &self.queue {
            queue.state.with(|state| state.reserved -= 1);
            queue.admit();
        }
    }
}

impl<H, T, S, F> fmt::Debug for Slot<H, T, S, F>
where
    H: Handle<Queue<T, S, F>>,
    S: Storage<T>,
    F: Flavour,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Slot").finish_non_exhaustive()
    }
}

/// The future that [`Queue::reserve`] returns.
#[must_use = "futures do nothing unless polled"]
pub struct Reserve<H, T, S = Fifo<T>, F = Spin>
where
    H: Handle<Queue<T, S, F>>,
    S: Storage<T>,
    F: Flavour,
{
    waiter: Waiter<ToReserve<H, T, S, F>>,
}

/// A place among those that wait for room; what it is given goes back if nobody takes it.
struct ToReserve<H, T, S, F>(Held<H, T, S, F>);

// SAFETY: a handle keeps the queue where it is, and that has one list of pushers.
unsafe impl<H, T, S, F> WaitOn for ToReserve<H, T, S, F>
where
    H: Handle<Queue<T, S, F>>,
    S: Storage<T>,
    F: Flavour,
{
    type State = State<T, S>;
    type Flavour = F;
    type Parcel = Pusher<T>;

    fn locked(&self) -> &Locked<State<T, S>, F> {
        &self.0.state
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
        }
        // Also where it only waited: those behind it may want no place, but a popper.
        state.admit(wakers);
        None
    }

    fn settle(&self) {
        self.0.admit();
    }
}

impl<H, T, S, F> Reserve<H, T, S, F>
where
    H: Handle<Queue<T, S, F>>,
    S: Storage<T>,
    F: Flavour,
{
    pub(super) fn new(queue: H) -> Self {
        Self {
            waiter: Waiter::new(ToReserve(Held::new(queue))),
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

impl<H, T, S, F> Future for Reserve<H, T, S, F>
where
    H: Handle<Queue<T, S, F>>,
    S: Storage<T>,
    F: Flavour,
{
    type Output = Result<Slot<H, T, S, F>, Closed>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        in_turn::<F, _>(cx, |cx| {
            let reserved = ready!(self.as_mut().poll_reserved(cx));
            Poll::Ready(reserved.map(|()| Slot::new(self.waiter.on().0.clone())))
        })
    }
}

impl<H, T, S, F> fmt::Debug for Reserve<H, T, S, F>
where
    H: Handle<Queue<T, S, F>>,
    S: Storage<T>,
    F: Flavour,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reserve")
            .field("waits", &self.waiter.is_queued())
            .finish_non_exhaustive()
    }
}
