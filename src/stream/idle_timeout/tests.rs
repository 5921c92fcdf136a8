use std::task::Poll;
use std::time::Duration;

use futures_core::Stream;
use futures_core::stream::FusedStream;
use futures_util::stream::{self, StreamExt};

use super::{Idle, idle_timeout};
use crate::close;
use crate::stream::tests::by_hand::{ByHand, Fed, Trace, held, send};
use crate::stream::tests::clock::Clock;

const TIMEOUT: Duration = Duration::from_secs(30);
const ALMOST: Duration = Duration::from_secs(29);
const IDLE: Option<Result<u8, Idle>> = Some(Err(Idle { timeout: TIMEOUT }));

fn item(item: u8) -> Poll<Option<Result<u8, Idle>>> {
    Poll::Ready(Some(Ok(item)))
}

// IT-16, A-12
#[test]
fn an_idle_item_comes_in_time_and_the_stream_goes_on() {
    let (clock, fed) = (Clock::default(), Fed::new());
    let mut items = ByHand::new(idle_timeout(&clock, TIMEOUT, fed.clone()));
    for _ in 0..2 {
        assert!(items.poll_next().is_pending());
        clock.advance(ALMOST);
        assert_eq!(items.wakes(), 0);
        assert!(items.poll_next().is_pending());
        clock.advance(TIMEOUT - ALMOST);
        assert_eq!(items.wakes(), 1);
        assert_eq!(items.poll_next(), Poll::Ready(IDLE));
    }
    fed.feed(1);
    assert_eq!(items.poll_next(), item(1));
    assert_eq!(clock.made(), 2);
    fed.end();
    assert_eq!(items.poll_next(), Poll::Ready(None));
}

// IT-10
#[test]
fn it_is_fused() {
    let (clock, fed) = (Clock::default(), Fed::new());
    let mut items = ByHand::new(idle_timeout(&clock, TIMEOUT, fed.clone()));
    fed.end();
    assert!(!items.value.is_terminated());
    assert_eq!(items.poll_next(), Poll::Ready(None));
    assert!(items.value.is_terminated());
    fed.feed(1);
    assert_eq!(items.poll_next(), Poll::Ready(None));
    assert_eq!(items.value.size_hint(), (0, Some(0)));
}

#[test]
fn what_the_consumer_does_between_two_items_does_not_count() {
    let (clock, fed) = (Clock::default(), Fed::new());
    let mut items = ByHand::new(idle_timeout(&clock, TIMEOUT, fed.clone()));
    clock.advance(10 * TIMEOUT);
    assert!(items.poll_next().is_pending());
    clock.advance(ALMOST);
    fed.feed(1);
    assert_eq!(items.poll_next(), item(1));
    assert_eq!(clock.armed(), 0, "the timer outlived its item");
    clock.advance(10 * TIMEOUT);
    assert!(items.poll_next().is_pending());
    clock.advance(ALMOST);
    assert!(items.poll_next().is_pending());
    clock.advance(TIMEOUT - ALMOST);
    assert_eq!(items.poll_next(), Poll::Ready(IDLE));
}

#[test]
fn an_item_that_is_ready_wins_a_tie() {
    let (clock, fed) = (Clock::default(), Fed::new());
    let mut items = ByHand::new(idle_timeout(&clock, TIMEOUT, fed.clone()));
    assert!(items.poll_next().is_pending());
    clock.advance(TIMEOUT);
    fed.feed(1);
    fed.feed(2);
    assert_eq!(items.poll_next(), item(1));
    assert_eq!(items.poll_next(), item(2));
    assert_eq!(clock.made(), 1);
}

#[test]
fn a_timeout_of_zero_asks_once() {
    let (clock, fed) = (Clock::default(), Fed::new());
    let mut items = ByHand::new(idle_timeout(&clock, Duration::ZERO, fed.clone()));
    let idle = Some(Err(Idle {
        timeout: Duration::ZERO,
    }));
    assert_eq!(items.poll_next(), Poll::Ready(idle));
    fed.feed(1);
    assert_eq!(items.poll_next(), item(1));
    assert_eq!(items.poll_next(), Poll::Ready(idle));
}

// IT-13, IT-14
#[test]
fn an_error_of_the_source_is_an_item_and_not_the_end() {
    let clock = Clock::default();
    let lines = stream::iter([Err("line is dead"), Ok(1)]);
    let mut lines = ByHand::new(idle_timeout(&clock, TIMEOUT, lines));
    assert_eq!(
        lines.poll_next(),
        Poll::Ready(Some(Ok(Err("line is dead"))))
    );
    assert_eq!(lines.poll_next(), Poll::Ready(Some(Ok(Ok(1)))));
    assert_eq!(lines.poll_next(), Poll::Ready(None));
    assert_eq!(clock.made(), 0, "a timer was made for nothing");
}

// IT-15
#[test]
fn a_dropped_step_loses_neither_item_nor_time() {
    let (clock, fed) = (Clock::default(), Fed::new());
    let mut items = Box::pin(idle_timeout(&clock, TIMEOUT, fed.clone()));
    drop(items.next());
    assert_eq!(clock.made(), 0);
    assert!(ByHand::new(items.next()).poll().is_pending());
    clock.advance(ALMOST);
    let mut woken = ByHand::new(items.next());
    assert!(woken.poll().is_pending());
    clock.advance(TIMEOUT - ALMOST);
    assert_eq!(woken.wakes(), 1);
    drop(woken);
    assert_eq!(ByHand::new(items.next()).poll(), Poll::Ready(IDLE));

    let mut woken = ByHand::new(items.next());
    assert!(woken.poll().is_pending());
    fed.feed(1);
    drop(woken);
    assert_eq!(ByHand::new(items.next()).poll(), item(1));
}

// K1
#[test]
fn closing_it_closes_its_source_and_drops_the_timer() {
    let (clock, trace) = (Clock::default(), Trace::default());
    let source = held(&trace, "source", &[1, 2]);
    let mut items = Box::pin(send(idle_timeout(&clock, TIMEOUT, source)));
    assert_eq!(ByHand::new(items.next()).ready(), Some(Ok(1)));
    assert!(ByHand::new(items.next()).poll().is_pending());
    assert_eq!(clock.armed(), 1);
    let mut closing = ByHand::new(close(items));
    assert!(closing.poll().is_pending());
    assert_eq!(clock.armed(), 0);
    closing.ready();
    assert_eq!(trace.take(), "+source -source");
}
