use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use pin_project_lite::pin_project;

use super::buffer::Buffer;
use super::sealed::Work;

pin_project! {
    /// Makes the items of a stream ahead, one after the other.
    pub struct Sequential<S> {
        ended: bool,
        #[pin]
        stream: S,
    }
}

impl<S> Sequential<S> {
    pub(super) fn new(stream: S) -> Self {
        Self {
            ended: false,
            stream,
        }
    }
}

impl<S: Stream> Work<S::Item> for Sequential<S> {
    fn poll_work(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &Buffer<S::Item>) {
        let mut this = self.project();
        while !*this.ended && buffer.poll_room(0, cx).is_ready() {
            match this.stream.as_mut().poll_next(cx) {
                Poll::Ready(Some(item)) => buffer.push(item),
                Poll::Ready(None) => {
                    *this.ended = true;
                    buffer.end();
                }
                Poll::Pending => return,
            }
        }
    }
}

impl<S> fmt::Debug for Sequential<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sequential")
            .field("ended", &self.ended)
            .finish_non_exhaustive()
    }
}
