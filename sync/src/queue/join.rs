use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};

use super::Queue;
use super::held::Held;
use super::storage::{Fifo, Storage};
use crate::event::Wait;
use crate::flavour::{Flavour, Spin};
use crate::handle::Handle;

/// The future that [`Queue::join`] returns.
#[must_use = "futures do nothing unless polled"]
pub struct Join<H, T, S = Fifo<T>, F = Spin>
where
    H: Handle<Queue<T, S, F>>,
    S: Storage<T>,
    F: Flavour,
{
    idle: Wait<Held<H, T, S, F>, F>,
}

impl<H, T, S, F> Join<H, T, S, F>
where
    H: Handle<Queue<T, S, F>>,
    S: Storage<T>,
    F: Flavour,
{
    pub(super) fn new(queue: H) -> Self {
        Self {
            idle: Wait::new(Held::new(queue)),
        }
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
        if begins && self.idle.event().state.with(|state| state.unfinished) == 0 {
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
