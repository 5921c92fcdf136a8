//! Code that knows nothing of scopes.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;

/// Polls `future` until it ends, or in so many polls: then it is given back.
pub(super) async fn after<F: Future + ?Sized>(
    polls: usize,
    future: Pin<Box<F>>,
) -> Result<F::Output, Pin<Box<F>>> {
    let mut future = future;
    let mut left = polls;
    let output = poll_fn(|cx| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        if let Poll::Ready(output) = future.as_mut().poll(cx) {
            return Poll::Ready(Some(output));
        }
        // It counts polls, so it is polled again.
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
    output.ok_or(future)
}

/// [`after`], and then it is dropped.
pub(super) async fn gives_up<F: Future + ?Sized>(
    polls: usize,
    future: Pin<Box<F>>,
) -> Option<F::Output> {
    after(polls, future).await.ok()
}
