//! Running futures without an executor, so that none is measured.

use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

/// What `future` gives in its first poll.
#[inline(always)]
pub fn now<F: Future>(future: F) -> F::Output {
    match poll(pin!(future)) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("a future waited that was not to"),
    }
}

/// What `future` gives in its second poll.
#[inline(always)]
pub fn soon<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    assert!(poll(future.as_mut()).is_pending(), "a future did not wait");
    match poll(future) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("a future waited twice"),
    }
}

/// Polls `future` once, with a waker that does nothing.
#[inline(always)]
pub fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}
