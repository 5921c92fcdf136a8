use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::pin::pin;
use std::rc::Rc;

use futures_util::{FutureExt, StreamExt, join, stream};

use super::{all, poll_once};
use crate::generator::{State, generator};

// AG-24
#[test]
fn a_delegation_takes_an_item_when_the_consumer_asks_for_it() {
    let asked = Cell::new(0);
    let inner = stream::iter(1..4).inspect(|_| asked.set(asked.get() + 1));
    let mut items = pin!(generator(async |y| {
        y.delegate(inner).await;
        y.yield_(9).await;
    }));
    for n in 1..4 {
        assert_eq!(asked.get(), n - 1);
        assert_eq!(items.next().now_or_never(), Some(Some(n)));
        // A step that is dropped takes none.
        drop(items.next());
    }
    assert_eq!(items.next().now_or_never(), Some(Some(9)));
    assert_eq!(items.next().now_or_never(), Some(None));
}

// AG-24
#[test]
fn a_delegation_drops_the_stream_at_its_end() {
    let alive = Rc::new(());
    let held = alive.clone();
    let items = generator(async |y| {
        let inner = stream::iter([1]).inspect(move |_| drop(held.clone()));
        let mut delegation = pin!(y.delegate(inner));
        delegation.as_mut().await;
        y.yield_(Rc::strong_count(&alive)).await;
    });
    assert_eq!(all(items), [1, 1]);
}

// AG-24, AG-26
#[test]
fn a_generator_in_a_generator_is_dropped_with_it() {
    struct Says<'l>(&'l Cell<u32>, u32);

    impl Drop for Says<'_> {
        fn drop(&mut self) {
            self.0.set(self.0.get() * 10 + self.1);
        }
    }

    let said = Cell::new(0);
    {
        let mut items = pin!(generator(async |y| {
            let _outer = Says(&said, 1);
            y.delegate(generator(async |y| {
                let _middle = Says(&said, 2);
                y.delegate(generator(async |y| {
                    let _inner = Says(&said, 3);
                    y.yield_(1).await;
                    y.yield_(2).await;
                }))
                .await;
            }))
            .await;
        }));
        assert_eq!(items.next().now_or_never(), Some(Some(1)));
    }
    assert_eq!(said.get(), 321);
}

// AG-24
#[test]
fn an_item_of_a_delegation_that_is_dropped_is_delivered() {
    let items = all(generator(async |y| {
        {
            let mut dropped = pin!(y.delegate(stream::iter([1, 2])));
            poll_once(dropped.as_mut()).await;
        }
        drop(y.delegate(stream::iter([3])));
        y.yield_(4).await;
    }));
    assert_eq!(items, [1, 4]);
}

// AG-24
#[test]
fn delegations_side_by_side_lose_nothing() {
    let mut items = all(generator(async |y| {
        join!(
            y.delegate(stream::iter([1, 2])),
            y.delegate(stream::iter([3, 4]))
        );
    }));
    // Whichever is polled first has the next one.
    items.sort_unstable();
    assert_eq!(items, [1, 2, 3, 4]);
}

// AG-8, AG-24
#[test]
fn a_panic_in_a_delegation_closes_the_generator() {
    let mut items = pin!(generator(async |y| {
        y.delegate(stream::iter([1]).chain(stream::poll_fn(|_| panic_any("oh"))))
            .await;
    }));
    assert_eq!(items.next().now_or_never(), Some(Some(1)));
    let step = catch_unwind(AssertUnwindSafe(|| items.next().now_or_never()));
    assert!(step.is_err());
    assert_eq!(items.state(), State::Closed);
}
