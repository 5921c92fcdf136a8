use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, ready};

use super::error::PushError;
use super::held::Held;
use super::state::{NotIn, Pusher, State};
use super::storage::{Fifo, Storage};
use super::{Queue, wake};
use crate::flavour::{Flavour, Spin, in_turn};
use crate::handle::Handle;
use crate::short_lock::Locked;
use crate::wait_queue::{Left, List, WaitOn, Waiter, Wakers};

/// The future that [`Queue::push`] returns.
#[must_use = "futures do nothing unless polled"]
pub struct Push<H, T, S = Fifo<T>, F = Spin>
where
    H: Handle<Queue<T, S, F>>,
    S: Storage<T>,
    F: Flavour,
{
    /// Until it is in, or waits.
    item: Option<T>,
    waiter: Waiter<ToPush<H, T, S, F>>,
}

/// A place among those that wait for room.
struct ToPush<H, T, S, F>(Held<H, T, S, F>);

// SAFETY: a handle keeps the queue where it is, and that has one list of pushers.
unsafe impl<H, T, S, F> WaitOn for ToPush<H, T, S, F>
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
        _state: &mut State<T, S>,
        left: Left<Pusher<T>>,
        _wakers: &mut Wakers,
    ) -> Option<Pusher<T>> {
        // An item that was let in is in; one that was not is dropped after the section.
        match left {
            Left::Waiting { parcel, .. } | Left::Served(parcel) => Some(parcel),
        }
    }
}

impl<H, T, S, F> Push<H, T, S, F>
where
    H: Handle<Queue<T, S, F>>,
    S: Storage<T>,
    F: Flavour,
{
    pub(crate) fn new(queue: H, item: T) -> Self {
        Self {
            item: Some(item),
            waiter: Waiter::new(ToPush(Held::new(queue))),
        }
    }

    pub(crate) fn is_queued(&self) -> bool {
        self.waiter.is_queued()
    }

    #[cold]
    fn poll_wait(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), PushError<T>>> {
        // SAFETY: `waiter` is pinned structurally, and `item` is not.
        let this = unsafe { self.get_unchecked_mut() };
        // SAFETY: as above.
        let waiter = unsafe { Pin::new_unchecked(&mut this.waiter) };
        if waiter.is_queued() {
            let served = ready!(waiter.poll_served(cx, |_, _| Err::<(), _>(None)));
            return Poll::Ready(match served {
                Err(Pusher::Refused(Some(item))) => Err(PushError::new(item)),
                _ => Ok(()),
            });
        }
        let Some(item) = this.item.take() else {
            panic!("a future was polled after completion");
        };
        let entered = waiter.poll_enter(cx, |state| match state.push(item) {
            Ok(waker) => Ok(Ok(waker)),
            Err(NotIn::Closed(item)) => Ok(Err(PushError::new(item))),
            Err(NotIn::Full(item)) => Err(Pusher::Push(item)),
        });
        entered.map_ok(wake)
    }
}

impl<H, T, S, F> Future for Push<H, T, S, F>
where
    H: Handle<Queue<T, S, F>>,
    S: Storage<T>,
    F: Flavour,
{
    type Output = Result<(), PushError<T>>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        in_turn::<F, _>(cx, |cx| {
            // SAFETY: `item` is not pinned, and the waiter is not touched.
            let this = unsafe { self.as_mut().get_unchecked_mut() };
            if let Some(item) = this.item.take() {
                let queue = &this.waiter.on().0;
                match queue.state.with(|state| state.push(item)) {
                    Ok(waker) => {
                        wake(waker);
                        return Poll::Ready(Ok(()));
                    }
                    Err(NotIn::Closed(item)) => return Poll::Ready(Err(PushError::new(item))),
                    Err(NotIn::Full(item)) => this.item = Some(item),
                }
            }
            self.poll_wait(cx)
        })
    }
}

impl<H, T, S, F> fmt::Debug for Push<H, T, S, F>
where
    H: Handle<Queue<T, S, F>>,
    S: Storage<T>,
    F: Flavour,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Push")
            .field("waits", &self.waiter.is_queued())
            .finish_non_exhaustive()
    }
}
