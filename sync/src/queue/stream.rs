use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, ready};

use futures_core::stream::FusedStream;

use super::Queue;
use super::pop::Pop;
use super::storage::{Fifo, Storage};
use crate::flavour::{Flavour, Spin};
use crate::handle::Handle;

/// The items of a queue until it is closed and empty: what [`Queue::stream`] returns. It is fused.
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
    ended: bool,
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
            ended: false,
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
        if self.ended {
            return Poll::Ready(None);
        }
        // SAFETY: `pop` alone is pinned, structurally; `ended` is moved freely.
        let this = unsafe { self.get_unchecked_mut() };
        // SAFETY: as above.
        let item = ready!(unsafe { Pin::new_unchecked(&mut this.pop) }.poll(cx));
        this.ended = item.is_none();
        Poll::Ready(item)
    }
}

impl<H, T, S, F> FusedStream for Stream<H, T, S, F>
where
    H: Handle<Queue<T, S, F>>,
    S: Storage<T>,
    F: Flavour,
{
    fn is_terminated(&self) -> bool {
        self.ended
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
