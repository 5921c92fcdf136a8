use core::fmt;
use core::future::Future;
use core::marker::PhantomData;
use core::pin::Pin;
use core::task::{Context, Poll};

use super::storage::{Fifo, Storage};
use super::{Of, Queue};
use crate::event::{Event, Wait};
use crate::flavour::{Flavour, Spin};
use crate::handle::{Get, Handle};

/// The future that [`Queue::join`] returns.
#[must_use = "futures do nothing unless polled"]
pub struct Join<H, T, S = Fifo<T>, F = Spin>
where
    H: Handle<Queue<T, S, F>>,
    S: Storage<T>,
    F: Flavour,
{
    queue: H,
    idle: Wait<Idle<H, T, S, F>, F>,
}

/// A queue's event of having nothing unfinished.
struct Idle<H, T, S, F> {
    queue: H,
    _queue: PhantomData<Of<T, S, F>>,
}

impl<H: Clone, T, S, F> Clone for Idle<H, T, S, F> {
    fn clone(&self) -> Self {
        Self {
            queue: self.queue.clone(),
            _queue: PhantomData,
        }
    }
}

impl<H, T, S, F> Handle<Event<F>> for Idle<H, T, S, F>
where
    H: Handle<Queue<T, S, F>>,
    S: Storage<T>,
    F: Flavour,
{
}

// SAFETY: a field of what the handle keeps.
unsafe impl<H, T, S, F> Get<Event<F>> for Idle<H, T, S, F>
where
    H: Handle<Queue<T, S, F>>,
    S: Storage<T>,
    F: Flavour,
{
    fn get(&self) -> &Event<F> {
        &self.queue.get().idle
    }
}

impl<H, T, S, F> Join<H, T, S, F>
where
    H: Handle<Queue<T, S, F>>,
    S: Storage<T>,
    F: Flavour,
{
    pub(super) fn new(queue: H) -> Self {
        let idle = Wait::new(Idle {
            queue: queue.clone(),
            _queue: PhantomData,
        });
        Self { queue, idle }
    }
}

impl<H, T, S, F> Future for Join<H, T, S, F>
where
    H: Handle<Queue<T, S, F>>,
    S: Storage<T>,
    F: Flavour,
{
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        // SAFETY: `idle` is pinned structurally.
        let idle = unsafe { self.as_mut().map_unchecked_mut(|this| &mut this.idle) };
        let begins = !idle.is_queued();
        if idle.poll(cx).is_ready() {
            return Poll::Ready(());
        }
        // Looked at after it was queued, so that the last `task_done` cannot slip in between.
        if begins && self.queue.get().state.with(|state| state.unfinished) == 0 {
            return Poll::Ready(());
        }
        Poll::Pending
    }
}

impl<H, T, S, F> fmt::Debug for Join<H, T, S, F>
where
    H: Handle<Queue<T, S, F>>,
    S: Storage<T>,
    F: Flavour,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Join")
            .field("waits", &self.idle.is_queued())
            .finish_non_exhaustive()
    }
}
