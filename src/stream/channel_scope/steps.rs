//! What the stream's side does: a step for each item that is asked for, until stream or body end.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use pin_project_lite::pin_project;

use super::link::Link;
use crate::cancel::Cancellable;

/// The steps of `stream`, and its cleanup.
#[track_caller]
pub(super) fn steps<S, T, E>(
    stream: S,
    link: Arc<Link<T>>,
) -> impl Future<Output = Result<(), E>> + use<S, T, E>
where
    S: Stream<Item = Result<T, E>>,
{
    Steps {
        inner: Cancellable::new("channel_scope", run(stream, link.clone())),
        link,
        leaving: false,
        ended: None,
    }
}

async fn run<S, T, E>(stream: S, link: Arc<Link<T>>) -> Result<(), E>
where
    S: Stream<Item = Result<T, E>>,
{
    let mut stream = pin!(stream);
    loop {
        poll_asked(&link).await;
        match poll_fn(|cx| stream.as_mut().poll_next(cx)).await {
            Some(Ok(item)) => link.give(item),
            Some(Err(error)) => return Err(error),
            None => return Ok(()),
        }
    }
}

/// It is ready when an item is asked for. Whoever asks wakes the task, or drives the stream itself.
fn poll_asked<T>(link: &Link<T>) -> impl Future<Output = ()> {
    poll_fn(|_| {
        if link.is_asked() {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    })
}

pin_project! {
    struct Steps<F: Future, T> {
        #[pin]
        inner: Cancellable<F>,
        link: Arc<Link<T>>,
        // The body has ended, and the stream is not polled any more.
        leaving: bool,
        // `Some` while the cleanup runs.
        ended: Option<F::Output>,
    }
}

impl<F, T, E> Future for Steps<F, T>
where
    F: Future<Output = Result<(), E>>,
{
    type Output = Result<(), E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), E>> {
        let mut this = self.project();
        if this.ended.is_none() {
            if !*this.leaving && this.link.is_left() {
                *this.leaving = true;
                this.inner.as_mut().stop();
            }
            let closes = |inner: &Cancellable<F>| *this.leaving && !inner.is_exiting();
            let ended = if closes(&this.inner) {
                Ok(())
            } else {
                match this.inner.as_mut().poll(cx) {
                    Poll::Ready(ended) => ended,
                    Poll::Pending if closes(&this.inner) => Ok(()),
                    Poll::Pending => return Poll::Pending,
                }
            };
            *this.ended = Some(ended);
        }
        ready!(this.inner.poll_cancel(cx));
        match this.ended.take() {
            Some(ended) => Poll::Ready(ended),
            None => unreachable!("what has ended is not polled again"),
        }
    }
}
