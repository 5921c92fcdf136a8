use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};

use super::Queue;
use super::pop::Pop;
use super::storage::{Fifo, Storage};
use crate::flavour::{Flavour, Spin};
use crate::handle::Handle;

/// The items of a queue until it is closed and empty: what [`Queue::stream`] returns.
///
/// It holds its place in the queue from one poll to the next, and gives it up when it is dropped.
#[must_use = "streams do nothing unless polled"]
pub struct Stream<H, T, S = Fifo<T>, F = Spin>
where
    H: Handle<Queue<T, S, F>>,
    S: Storage<T>,
    F: Flavour,
{
    pop: Pop<H, T, S, F>,
}

impl<H, T, S, F> Stream<H, T, S, F>
where
    H: Handle<Queue<T, S, F>>,
    S: Storage<T>,
    F: Flavour,
{
    pub(super) fn new(queue: H) -> Self {
        Self {
            pop: Pop::new(queue),
        }
    }
}

impl<H, T, S, F> futures_core::Stream for Stream<H, T, S, F>
where
    H: Handle<Queue<T, S, F>>,
    S: Storage<T>,
    F: Flavour,
{
    type Item = T;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        // SAFETY: `pop` is pinned structurally.
        unsafe { self.map_unchecked_mut(|this| &mut this.pop) }.poll(cx)
    }
}

impl<H, T, S, F> fmt::Debug for Stream<H, T, S, F>
where
    H: Handle<Queue<T, S, F>>,
    S: Storage<T>,
    F: Flavour,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stream").finish_non_exhaustive()
    }
}
