//! What is done with a stream. None sees where it was made, as if that were in another crate: the
//! stream stays where it is, and its address is hidden. Moved on the way, it would be written by parts
//! and read as a whole, which costs more than the first item.

use std::hint::black_box;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use futures_util::{Stream, StreamExt};

/// Polls it by hand until its end.
#[inline(always)]
pub(super) fn poll_each(stream: impl Stream<Item = u64>) {
    let stream = pin!(stream);
    let mut stream = black_box(stream);
    let mut cx = Context::from_waker(Waker::noop());
    loop {
        match stream.as_mut().poll_next(&mut cx) {
            Poll::Ready(Some(item)) => drop(black_box(item)),
            Poll::Ready(None) => return,
            Poll::Pending => {}
        }
    }
}

/// Awaits its items in a future.
#[inline(always)]
pub(super) fn await_each(stream: impl Stream<Item = u64>) {
    let stream = pin!(stream);
    let mut stream = black_box(stream);
    let mut consumer = pin!(async {
        while let Some(item) = stream.next().await {
            black_box(item);
        }
    });
    let mut cx = Context::from_waker(Waker::noop());
    while consumer.as_mut().poll(&mut cx).is_pending() {}
}

/// The same, with the stream in a box.
#[inline(always)]
pub(super) fn await_each_boxed<'s>(stream: impl Stream<Item = u64> + 's) {
    let boxed: Pin<Box<dyn Stream<Item = u64> + 's>> = Box::pin(stream);
    await_each(boxed);
}

/// Drops it.
#[inline(always)]
pub(super) fn drop_it(stream: impl Stream<Item = u64>) {
    black_box(pin!(stream));
}

/// Asks it for one item, and drops it.
#[inline(always)]
pub(super) fn poll_once(stream: impl Stream<Item = u64>) {
    let stream = pin!(stream);
    let mut stream = black_box(stream);
    let mut cx = Context::from_waker(Waker::noop());
    match stream.as_mut().poll_next(&mut cx) {
        Poll::Ready(Some(item)) => drop(black_box(item)),
        _ => panic!("it gave no item"),
    }
}
