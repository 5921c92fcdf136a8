#![expect(clippy::std_instead_of_core, reason = "tests have std")]
extern crate std;

use std::boxed::Box;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::vec::Vec;

use futures_core::Stream;
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt, join};

use super::{State, generator};

/// Runs a stream that never waits for anything else.
fn all<S: Stream>(stream: S) -> Vec<S::Item> {
    stream.collect().now_or_never().expect("it never waits")
}

// A11
#[test]
fn yields_inside_of_a_join_come_one_after_the_other() {
    assert_eq!(
        all(generator(async |y| {
            join!(y.yield_(1), y.yield_(2), y.yield_(3));
        })),
        [1, 2, 3]
    );
}

#[test]
fn yields_inside_of_a_sub_executor_are_polled_again() {
    let items = generator(async |y| {
        let mut yields: FuturesUnordered<_> = (1..4).map(|n| y.yield_(n)).collect();
        while yields.next().await.is_some() {}
    });
    let items = Box::pin(items);
    let mut items = futures_executor_free(items);
    // In the order in which the sub-executor polls them.
    items.sort_unstable();
    assert_eq!(items, [1, 2, 3]);
}

/// Polls again only when woken, up to an end.
fn futures_executor_free<S: Stream + Unpin>(mut stream: S) -> Vec<S::Item> {
    use std::sync::atomic::{AtomicBool, Ordering};
    struct Flag(AtomicBool);
    impl std::task::Wake for Flag {
        fn wake(self: Arc<Self>) {
            self.0.store(true, Ordering::SeqCst)
        }
    }
    let flag = Arc::new(Flag(AtomicBool::new(true)));
    let waker = Waker::from(flag.clone());
    let mut cx = Context::from_waker(&waker);
    let mut items = Vec::new();
    loop {
        match Pin::new(&mut stream).poll_next(&mut cx) {
            Poll::Ready(Some(item)) => items.push(item),
            Poll::Ready(None) => return items,
            Poll::Pending => assert!(flag.0.swap(false, Ordering::SeqCst), "stuck"),
        }
    }
}

#[test]
fn a_yield_that_is_dropped_after_its_poll_gives_its_item() {
    let items = all(generator(async |y| {
        {
            let mut first = pin!(y.yield_(1));
            poll_fn(|cx| {
                let _ = first.as_mut().poll(cx);
                Poll::Ready(())
            })
            .await;
        }
        y.yield_(2).await;
        let mut last = pin!(y.yield_(3));
        poll_fn(|cx| {
            let _ = last.as_mut().poll(cx);
            Poll::Ready(())
        })
        .await;
    }));
    assert_eq!(items, [1, 2, 3]);
}

#[test]
fn the_state_can_be_seen() {
    let mut items = pin!(generator(async |y| y.yield_(1).await));
    assert_eq!(items.state(), State::Created);
    assert_eq!(items.next().now_or_never(), Some(Some(1)));
    assert_eq!(items.state(), State::Suspended);
    assert_eq!(items.next().now_or_never(), Some(None));
    assert_eq!(items.state(), State::Closed);
    assert_eq!(items.next().now_or_never(), Some(None));
}

#[test]
fn a_panic_closes_it() {
    let mut items = pin!(generator(async |y| {
        y.yield_(1).await;
        panic!("oh")
    }));
    assert_eq!(items.next().now_or_never(), Some(Some(1)));
    let panicked =
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| items.next().now_or_never()));
    assert!(panicked.is_err());
    assert_eq!(items.next().now_or_never(), Some(None));
}

#[test]
fn helpers_yield_by_reference() {
    async fn twice(y: &super::Yielder<'_, u8>, n: u8) {
        y.yield_(n).await;
        y.yield_(n).await;
    }
    fn send<T: Send>(t: T) -> T {
        t
    }
    assert_eq!(
        all(send(generator(async |y| {
            twice(&y, 1).await;
            twice(&y, 2).await;
        }))),
        [1, 1, 2, 2]
    );
}
