//! The waker of the consumer reaches what a generator waits for, as it is: nothing of ours stands in
//! between, which would have to be woken first.

use std::sync::Arc;
use std::task::{Context, Waker};

use futures_util::stream::{FuturesUnordered, StreamExt};
use withal::generator;
use withal_tests::Log;
use withal_tests::deterministic::Deterministic;
use withal_tests::poll::Wakes;
use withal_tests::streams::{Feed, feed};

use crate::{Items, items};

/// Whether the feed of a stream that waits for it would wake by the very waker that the stream was
/// polled with.
fn passes_on(make: fn(Feed) -> Items) -> bool {
    let (feeder, feed) = feed(&Deterministic::new(), &Log::new(), "feed");
    let mut stream = make(feed);
    // At its first step, and at a later one.
    [(); 2].iter().all(|()| {
        let waker = Waker::from(Arc::<Wakes>::default());
        let mut cx = Context::from_waker(&waker);
        assert!(stream.poll_next_unpin(&mut cx).is_pending());
        let passes = feeder.would_wake(&waker);
        feeder.push(1);
        assert!(stream.poll_next_unpin(&mut cx).is_ready());
        passes
    })
}

fn generated(mut feed: Feed) -> Items {
    items(generator(async move |y| {
        while let Some(item) = feed.next().await {
            y.yield_(item).await;
        }
    }))
}

// AG-20
#[test]
fn a_generator_passes_it_on() {
    assert!(passes_on(generated));
    assert!(passes_on(|feed| {
        let mut inner = generated(feed);
        items(generator(async move |y| {
            while let Some(item) = inner.next().await {
                y.yield_(item).await;
            }
        }))
    }));
}

#[test]
fn a_sub_executor_does_not() {
    assert!(!passes_on(|feed| {
        let mut set: FuturesUnordered<_> = [feed.into_future()].into_iter().collect();
        items(generator(async move |y| {
            while let Some((item, feed)) = set.next().await {
                set.push(feed.into_future());
                y.yield_(item.expect("it goes on")).await;
            }
        }))
    }));
}
