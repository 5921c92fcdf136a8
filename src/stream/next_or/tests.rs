use std::task::Poll;

use futures_util::stream;

use super::next_or;
use crate::generator;
use crate::stream::tests::by_hand::{ByHand, Fed, send, yields};

// IT-11
#[test]
fn the_default_stands_for_the_end_each_time() {
    let mut numbers = Box::pin(generator(async |y| {
        yields(1).await;
        y.yield_(1).await;
    }));
    for expected in [1, 0, 0] {
        assert_eq!(ByHand::new(next_or(&mut numbers, 0)).ready(), expected);
    }
}

// IT-11
#[test]
fn the_default_stands_for_no_error() {
    let mut lines = stream::iter([Err("line is dead"), Ok(1)]);
    assert_eq!(
        ByHand::new(next_or(&mut lines, Ok(0))).ready(),
        Err("line is dead")
    );
    assert_eq!(ByHand::new(next_or(&mut lines, Ok(0))).ready(), Ok(1));
    assert_eq!(ByHand::new(next_or(&mut lines, Ok(0))).ready(), Ok(0));
}

// IT-15
#[test]
fn dropped_it_loses_no_item() {
    let mut fed = Fed::new();
    let source = fed.clone();
    drop(next_or(&mut fed, 0));
    let mut waiting = ByHand::new(next_or(&mut fed, 0));
    assert!(waiting.poll().is_pending());
    drop(waiting);
    let mut woken = ByHand::new(next_or(&mut fed, 0));
    assert!(woken.poll().is_pending());
    source.feed(1);
    assert_eq!(woken.wakes(), 1);
    drop(woken);
    assert_eq!(ByHand::new(next_or(&mut fed, 0)).ready(), 1);
}

#[test]
fn it_owns_or_borrows_its_stream() {
    let mut owned = ByHand::new(send(next_or(stream::empty::<u8>(), 7)));
    assert_eq!(owned.poll(), Poll::Ready(7));
    let mut pinned = std::pin::pin!(stream::once(async { 1 }));
    assert_eq!(ByHand::new(next_or(pinned.as_mut(), 0)).ready(), 1);
    assert_eq!(ByHand::new(next_or(pinned.as_mut(), 0)).ready(), 0);
}

#[test]
#[should_panic(expected = "polled after completion")]
fn polled_after_completion_it_panics() {
    let mut next = ByHand::new(next_or(stream::iter([1, 2]), 0));
    assert_eq!(next.ready(), 1);
    let _ = next.poll();
}
