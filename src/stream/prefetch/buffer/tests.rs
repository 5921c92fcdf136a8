//! What another thread may do between the steps of a poll.

use std::collections::VecDeque;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use super::{Buffer, Then};
use crate::stream::tests::by_hand::Task;

fn nothing() -> VecDeque<u8> {
    VecDeque::new()
}

/// For one item, which is there; the work has had its turn, and waits.
fn full(cx: &Context<'_>) -> Buffer<u8> {
    let buffer = Buffer::new(1);
    assert_eq!(buffer.begin_work(0), 1);
    buffer.end_work(&mut VecDeque::from([1]), Then::Room, cx);
    buffer
}

//
#[test]
fn what_is_taken_after_a_poll_wakes_the_work() {
    let task = Arc::<Task>::default();
    let waker = Waker::from(task.clone());
    let cx = Context::from_waker(&waker);
    let buffer = full(&cx);
    assert!(!buffer.end_body());
    assert_eq!(buffer.poll_take(&cx), Poll::Ready(Some(1)));
    assert_eq!(task.wakes(), 1);
    assert_eq!(buffer.begin_work(0), 1);
}

//
#[test]
fn what_is_taken_during_the_turn_of_the_work_is_seen() {
    let task = Arc::<Task>::default();
    let waker = Waker::from(task.clone());
    let cx = Context::from_waker(&waker);
    let buffer = full(&cx);
    assert!(!buffer.end_body());
    assert_eq!(buffer.begin_work(0), 0);
    assert_eq!(buffer.poll_take(&cx), Poll::Ready(Some(1)));
    buffer.end_work(&mut nothing(), Then::Room, &cx);
    assert!(buffer.end_body(), "the work has room again");

    // And in the second turn, behind which the body has none.
    assert_eq!(buffer.begin_work(0), 1);
    buffer.end_work(&mut VecDeque::from([2]), Then::Room, &cx);
    assert_eq!(buffer.poll_take(&cx), Poll::Ready(Some(2)));
    assert_eq!(task.wakes(), 0, "within a poll nobody is woken");
    buffer.end_poll();
    assert_eq!(task.wakes(), 1);
}

//
#[test]
fn whoever_begins_to_wait_during_a_poll_is_woken_at_its_end() {
    let (looping, taking) = (Arc::<Task>::default(), Arc::<Task>::default());
    let wakers = [looping.clone(), taking.clone()].map(Waker::from);
    let [of_loop, of_taker] = wakers.each_ref().map(Context::from_waker);
    let buffer = Buffer::new(2);
    for end in [Then::More, Then::End] {
        assert!(buffer.poll_take(&of_taker).is_pending());
        assert_eq!(buffer.begin_work(0), 2);
        assert!(buffer.poll_take(&of_taker).is_pending());
        let made = matches!(end, Then::More).then_some(1);
        buffer.end_work(&mut made.into_iter().collect(), end, &of_loop);
        assert_eq!((looping.wakes(), taking.wakes()), (0, 0));
        assert!(!buffer.end_body());
        assert_eq!((looping.wakes(), taking.wakes()), (0, 1));
        assert_eq!(buffer.poll_take(&of_taker), Poll::Ready(made));
    }
}
