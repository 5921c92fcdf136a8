//! What the stream's side does: a step for each item that is asked for, until stream or body end.

use std::future::Future;
use std::pin::Pin;
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
    let run = Run {
        stream,
        link: link.clone(),
        in_step: false,
    };
    Steps {
        inner: Cancellable::new("channel_scope", run),
        link,
        leaving: false,
        ended: None,
    }
}

pin_project! {
    /// Ends with the stream, and keeps it: it is to be dropped where somebody waits for that.
    struct Run<S, T> {
        #[pin]
        stream: S,
        link: Arc<Link<T>>,
        // A step that has begun goes on, whatever is asked: the stream may be in an exit.
        in_step: bool,
    }
}

impl<S, T, E> Future for Run<S, T>
where
    S: Stream<Item = Result<T, E>>,
{
    type Output = Result<(), E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), E>> {
        let mut this = self.project();
        // Whoever asks wakes the task, or drives the stream itself.
        while *this.in_step || this.link.is_asked() {
            *this.in_step = true;
            match ready!(this.stream.as_mut().poll_next(cx)) {
                Some(Ok(item)) => this.link.give(item),
                Some(Err(error)) => return Poll::Ready(Err(error)),
                None => return Poll::Ready(Ok(())),
            }
            *this.in_step = false;
        }
        Poll::Pending
    }
}

pin_project! {
    struct Steps<F: Future, T> {
        #[pin]
        inner: Cancellable<F>,
        link: Arc<Link<T>>,
        // The body has ended: the stream is polled for the sake of an exit in it, and no longer.
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
