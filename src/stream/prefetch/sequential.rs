use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use pin_project_lite::pin_project;

use super::buffer::{Buffer, Then};
use super::sealed::Work;

pin_project! {
    /// Makes the items of a stream ahead, one after the other.
    pub struct Sequential<S, T> {
        // On their way into the buffer, within a poll.
        made: VecDeque<T>,
        ended: bool,
        #[pin]
        stream: S,
    }
}

impl<S, T> Sequential<S, T> {
    pub(super) fn new(stream: S) -> Self {
        Self {
            made: VecDeque::new(),
            ended: false,
            stream,
        }
    }
}

impl<S: Stream<Item = T>, T> Work<T> for Sequential<S, T> {
    fn poll_work(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &Buffer<T>) {
        let mut this = self.project();
        let mut room = buffer.begin_work(0);
        let then = loop {
            if *this.ended {
                break Then::End;
            }
            if room == 0 {
                break Then::Room;
            }
            match this.stream.as_mut().poll_next(cx) {
                Poll::Ready(Some(item)) => this.made.push_back(item),
                Poll::Ready(None) => *this.ended = true,
                Poll::Pending => break Then::More,
            }
            room -= 1;
        };
        buffer.end_work(this.made, then, cx);
    }
}

impl<S, T> fmt::Debug for Sequential<S, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sequential")
            .field("ended", &self.ended)
            .finish_non_exhaustive()
    }
}
