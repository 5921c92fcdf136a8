//! What the children do, and what polls the group.

use std::cell::RefCell;
use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::hint::black_box;
use std::pin::pin;
use std::task::{Poll, Waker};

use crate::executor::Yield;
use crate::now::poll;

/// Ends in its first poll.
pub(super) async fn ready(number: u32) -> u32 {
    black_box(number)
}

/// Wakes itself in its first poll, and ends in the second one.
pub(super) async fn yields(number: u32) -> u32 {
    Yield::default().await;
    black_box(number)
}

/// Keeps its waker in its first poll, as what waits for something does, and ends in the second one.
pub(super) async fn kept(number: u32) -> u32 {
    let mut waker = None;
    poll_fn(|cx| match waker.replace(()) {
        None => {
            KEPT.with_borrow_mut(|kept| kept.push(cx.waker().clone()));
            Poll::Pending
        }
        Some(()) => Poll::Ready(()),
    })
    .await;
    black_box(number)
}

/// `child`, where one that may fail is asked for.
pub(super) async fn succeeds<F: Future>(child: F) -> Result<F::Output, Infallible> {
    Ok(child.await)
}

thread_local! {
    static KEPT: RefCell<Vec<Waker>> = const { RefCell::new(Vec::new()) };
}

/// Polls `group` to its end. Between the polls, what was kept is woken.
pub(super) fn finish<T>(group: impl Future<Output = T>) -> T {
    let mut group = pin!(group);
    loop {
        if let Poll::Ready(output) = poll(group.as_mut()) {
            return output;
        }
        KEPT.with_borrow_mut(|kept| kept.drain(..).for_each(Waker::wake));
    }
}
