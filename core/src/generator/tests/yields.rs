//! What broke the first generators: yields that are not simply awaited.

use std::boxed::Box;
use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;

use futures_util::{FutureExt, StreamExt, join};

use super::{all, poll_once};
use crate::generator::{State, Yielder, generator};

/// Whether a poll with a waker that does nothing leaves it pending.
fn waits<F: Future>(future: Pin<&mut F>) -> bool {
    future
        .poll(&mut Context::from_waker(Waker::noop()))
        .is_pending()
}

/// Yields when it is dropped.
struct Yields<'g>(Yielder<'g, u8>, u8);

impl Drop for Yields<'_> {
    fn drop(&mut self) {
        assert!(waits(pin!(self.0.yield_(self.1))));
    }
}

// IT-15
#[test]
fn a_yield_that_is_polled_twice_in_one_poll_yields_once() {
    let mut items = pin!(generator(async |y| {
        let mut yields = pin!(y.yield_(1));
        poll_fn(|cx| {
            assert!(yields.as_mut().poll(cx).is_pending());
            assert!(yields.as_mut().poll(cx).is_pending(), "not taken yet");
            Poll::Ready(())
        })
        .await;
        yields.await;
        y.yield_(2).await;
    }));
    assert_eq!(items.next().now_or_never(), Some(Some(1)));
    assert_eq!(items.next().now_or_never(), Some(Some(2)));
    assert_eq!(items.next().now_or_never(), Some(None));
}

// IT-15
#[test]
fn the_item_of_a_leaked_yield_is_delivered() {
    let items = all(generator(async |y| {
        let mut leaked = Box::pin(y.yield_(1));
        poll_once(leaked.as_mut()).await;
        mem::forget(leaked);
        y.yield_(2).await;
    }));
    assert_eq!(items, [1, 2]);
}

// IT-15
#[test]
fn a_yield_at_the_place_of_a_dropped_one_is_another() {
    let items = all(generator(async |y| {
        let mut dropped = Box::pin(y.yield_(1));
        poll_once(dropped.as_mut()).await;
        drop(dropped);
        // Perhaps at the same place, and in the same poll.
        let mut next = Box::pin(y.yield_(2));
        poll_once(next.as_mut()).await;
        next.await;
    }));
    assert_eq!(items, [1, 2]);
}

// IT-15
#[test]
fn a_yield_that_has_not_stored_its_item_drops_it() {
    let item = Rc::new(());
    let mut items = Box::pin(generator(async |y| {
        drop(y.yield_(item.clone()));
        assert_eq!(Rc::strong_count(&item), 1);
        let mut first = pin!(y.yield_(item.clone()));
        let mut second = Box::pin(y.yield_(item.clone()));
        poll_once(first.as_mut()).await;
        poll_once(second.as_mut()).await;
        drop(second);
        assert_eq!(Rc::strong_count(&item), 2);
        first.await;
    }));
    assert!(items.next().now_or_never().flatten().is_some());
    assert_eq!(items.next().now_or_never(), Some(None));
    drop(items);
    assert_eq!(Rc::strong_count(&item), 1);
}

// IT-15
#[test]
fn a_yield_completes_though_another_one_is_always_before_it() {
    let completed = Cell::new(false);
    let mut items = pin!(generator(async |y| {
        let mut late = pin!(y.yield_(0));
        poll_once(late.as_mut()).await;
        join!(
            async {
                for n in 1..5 {
                    y.yield_(n).await;
                }
            },
            async {
                late.await;
                completed.set(true);
            }
        );
    }));
    assert_eq!(items.next().now_or_never(), Some(Some(0)));
    assert!(!completed.get(), "its item was not taken before");
    assert_eq!(items.next().now_or_never(), Some(Some(1)));
    assert!(completed.get());
}

// AG-20: whoever polls with a waker of its own hears of it, and of what was given to it.
#[test]
fn a_yield_wakes_whoever_polls_it_for_somebody_else() {
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    let count = Arc::new(Count(AtomicUsize::new(0)));
    let woken = || count.0.load(Ordering::SeqCst);
    let waker = Waker::from(count.clone());
    let mut items = pin!(generator(async |y| {
        let mut stored = pin!(y.yield_(1));
        let mut waiting = pin!(y.yield_(2));
        let mut other = Context::from_waker(&waker);
        assert!(stored.as_mut().poll(&mut other).is_pending());
        assert_eq!(woken(), 1, "it stored its item");
        assert!(waiting.as_mut().poll(&mut other).is_pending());
        assert_eq!(woken(), 2, "there was no room");
        join!(stored, waiting);
        assert_eq!(woken(), 2, "the consumer comes by itself");
    }));
    assert_eq!(items.next().now_or_never(), Some(Some(1)));
    assert_eq!(items.next().now_or_never(), Some(Some(2)));
    assert_eq!(items.next().now_or_never(), Some(None));
}

#[test]
fn a_body_yields_for_the_generator_around_its_own() {
    let items = generator(async |outer| {
        let inner = generator(async |y| {
            outer.yield_(1).await;
            y.yield_(2).await;
            outer.yield_(3).await;
        });
        let mut inner = pin!(inner);
        while let Some(item) = inner.next().await {
            outer.yield_(item).await;
        }
    });
    assert_eq!(all(items), [1, 2, 3]);
}

// AG-8, AG-28
#[test]
fn a_step_that_panics_delivers_nothing() {
    let item = Rc::new(());
    let mut items = pin!(generator(async |y| {
        let mut stored = pin!(y.yield_(item.clone()));
        poll_once(stored.as_mut()).await;
        panic_any("oh");
    }));
    let step = catch_unwind(AssertUnwindSafe(|| items.next().now_or_never()));
    assert!(step.is_err());
    assert_eq!(Rc::strong_count(&item), 1, "the item is gone");
    assert_eq!(items.state(), State::Closed);
    assert_eq!(items.next().now_or_never(), Some(None));
}

// AG-28
#[test]
fn an_item_comes_before_the_error_of_the_same_step() {
    let mut items = pin!(generator(async |y| {
        let mut stored = pin!(y.yield_(1));
        poll_once(stored.as_mut()).await;
        Err("oh")
    }));
    assert_eq!(items.next().now_or_never(), Some(Some(Ok(1))));
    assert_eq!(items.state(), State::Closed);
    assert_eq!(items.next().now_or_never(), Some(Some(Err("oh"))));
    assert_eq!(items.next().now_or_never(), Some(None));
}

// FH-5: here it is the body that ends, in a step.
#[test]
fn a_yield_in_a_drop_at_the_end_of_the_body_gives_its_item() {
    let mut items = pin!(generator(async |y| {
        let end = Yields(y, 2);
        end.0.yield_(1).await;
    }));
    assert_eq!(items.next().now_or_never(), Some(Some(1)));
    assert_eq!(items.next().now_or_never(), Some(Some(2)));
    assert_eq!(items.next().now_or_never(), Some(None));
}

// AG-20, FH-5
#[test]
fn it_may_be_dropped_on_another_thread() {
    let mut items = Box::pin(generator(async |y| {
        let end = Yields(y, 2);
        end.0.yield_(1).await;
    }));
    assert_eq!(items.next().now_or_never(), Some(Some(1)));
    thread::scope(|scope| scope.spawn(|| drop(items)).join()).unwrap();
}

// AG-20: of two threads in one poll, the one that polls the body stores its item.
#[test]
fn yields_on_two_threads_at_once_lose_nothing() {
    for _ in 0..50 {
        let mut items = all(generator(async |y: Yielder<'_, u8>| {
            let mut here = pin!(y.yield_(1));
            let mut there = pin!(y.yield_(2));
            thread::scope(|scope| {
                let there = there.as_mut();
                scope.spawn(|| assert!(waits(there)));
                assert!(waits(here.as_mut()));
            });
            // Its item is in the slot, and it can tell that from anywhere.
            thread::scope(|scope| scope.spawn(|| assert!(waits(here.as_mut()))).join()).unwrap();
            join!(here, there);
        }));
        items.sort_unstable();
        assert_eq!(items, [1, 2]);
    }
}
