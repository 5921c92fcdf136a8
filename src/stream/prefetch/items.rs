use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_core::Stream;
use futures_core::stream::FusedStream;

use super::buffer::Buffer;

/// The items that were made ahead, in their order: what the body of [`prefetch`](super::prefetch())
/// and [`buffered`](super::buffered()) is given.
///
/// It ends with the source, or with the loop, whichever is first, after what is in it. It may leave
/// the body: in its output, or into another task, which then gets what the loop makes while the body
/// goes on. When it is dropped, nothing more is made.
///
/// # Cancel safety
///
/// Dropping the future of a `next` loses no item. Leaked, the loop makes items until there is no room,
/// and they are leaked with it.
///
/// # Complexity
///
/// A lock held for a few instructions for each item, and for each look at how many there are; no
/// allocation.
#[must_use = "streams do nothing unless polled"]
pub struct Prefetched<T>(Arc<Buffer<T>>);

impl<T> Prefetched<T> {
    pub(super) fn new(buffer: Arc<Buffer<T>>) -> Self {
        Self(buffer)
    }

    /// How many items can be taken without waiting. From the loop's own task the number holds until
    /// that waits; from another one it is out of date when it comes.
    pub fn ready(&self) -> usize {
        self.0.ready().0
    }
}

impl<T> Stream for Prefetched<T> {
    type Item = T;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        self.0.poll_take(cx)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let (ready, last) = self.0.ready();
        (ready, last.then_some(ready))
    }
}

impl<T> FusedStream for Prefetched<T> {
    fn is_terminated(&self) -> bool {
        self.0.ready() == (0, true)
    }
}

impl<T> Drop for Prefetched<T> {
    fn drop(&mut self) {
        self.0.abandon();
    }
}

impl<T> fmt::Debug for Prefetched<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Prefetched").field(&self.0).finish()
    }
}
