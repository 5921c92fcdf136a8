use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, ready};

use super::Queue;
use super::held::Held;
use super::state::{NotOut, Popper, State};
use super::storage::{Fifo, Out, Storage};
use crate::flavour::{Flavour, Spin, in_turn};
use crate::handle::Handle;
use crate::short_lock::Locked;
use crate::wait_queue::{Left, List, WaitOn, Waiter, Wakers};

/// The future that [`Queue::pop`] returns.
#[must_use = "futures do nothing unless polled"]
pub struct Pop<H, T, S = Fifo<T>, F = Spin>
where
    H: Handle<Queue<T, S, F>>,
    S: Storage<T>,
    F: Flavour,
{
    waiter: Waiter<ToPop<H, T, S, F>>,
}

/// A place among those that wait for an item.
struct ToPop<H, T, S, F>(Held<H, T, S, F>);

// SAFETY: a handle keeps the queue where it is, and that has one list of poppers.
unsafe impl<H, T, S, F> WaitOn for ToPop<H, T, S, F>
where
    H: Handle<Queue<T, S, F>>,
    S: Storage<T>,
    F: Flavour,
{
    type State = State<T, S>;
    type Flavour = F;
    type Parcel = Popper<S::Taken>;

    fn locked(&self) -> &Locked<State<T, S>, F> {
        &self.0.state
    }

    fn list(state: &mut State<T, S>) -> &mut List<Popper<S::Taken>> {
        &mut state.poppers
    }

    fn pass_on(
        &self,
        state: &mut State<T, S>,
        left: Left<Popper<S::Taken>>,
        wakers: &mut Wakers,
    ) -> Option<Popper<S::Taken>> {
        if let Left::Served(Popper::Item(taken)) = left {
            wakers.push(state.take_back(taken));
        }
        None
    }
}

impl<H, T, S, F> Pop<H, T, S, F>
where
    H: Handle<Queue<T, S, F>>,
    S: Storage<T>,
    F: Flavour,
{
    pub(crate) fn new(queue: H) -> Self {
        Self {
            waiter: Waiter::new(ToPop(Held::new(queue))),
        }
    }

    pub(crate) fn is_queued(&self) -> bool {
        self.waiter.is_queued()
    }

    pub(super) fn queue(&self) -> &Held<H, T, S, F> {
        &self.waiter.on().0
    }

    #[cold]
    fn poll_wait(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<S::Taken>> {
        // SAFETY: `waiter` is pinned structurally.
        let mut waiter = unsafe { self.map_unchecked_mut(|this| &mut this.waiter) };
        if waiter.is_queued() {
            let served = ready!(waiter.as_mut().poll_served(cx, |_, _| Err::<(), _>(None)));
            let Err(Popper::Item(taken)) = served else {
                return Poll::Ready(None);
            };
            let queue = &*waiter.on().0;
            return Poll::Ready(Some(queue.keep(taken, || queue.received())));
        }
        let popped = ready!(waiter.as_mut().poll_enter(cx, |state| match state.pop() {
            Err(NotOut::Empty) => Err(Popper::Waiting),
            Err(NotOut::Closed) => Ok(None),
            Ok(popped) => Ok(Some(popped)),
        }));
        let queue = &*waiter.on().0;
        Poll::Ready(popped.map(|(taken, waker)| queue.wake_and_keep(taken, waker)))
    }
}

impl<H, T, S, F> Future for Pop<H, T, S, F>
where
    H: Handle<Queue<T, S, F>>,
    S: Storage<T>,
    F: Flavour,
{
    type Output = Option<T>;

    /// Polled again after an item, it waits for the next one.
    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        in_turn::<F, _>(cx, |cx| {
            let taken = if self.waiter.is_queued() {
                ready!(self.poll_wait(cx))
            } else {
                let popped = self.queue().state.with(State::pop);
                match popped {
                    Ok((taken, waker)) => Some(self.queue().wake_and_keep(taken, waker)),
                    Err(NotOut::Closed) => None,
                    Err(NotOut::Empty) => ready!(self.poll_wait(cx)),
                }
            };
            Poll::Ready(taken.map(|taken| {
                let Out(item) = taken.into();
                item
            }))
        })
    }
}

impl<H, T, S, F> fmt::Debug for Pop<H, T, S, F>
where
    H: Handle<Queue<T, S, F>>,
    S: Storage<T>,
    F: Flavour,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pop")
            .field("waits", &self.waiter.is_queued())
            .finish_non_exhaustive()
    }
}
