#![expect(
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    reason = "tests have std"
)]
extern crate std;

mod delegate;
mod yields;

use std::boxed::Box;
use std::cell::Cell;
use std::future::{Future, pending, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::vec::Vec;

use futures_core::Stream;
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt, join, select_biased};

use super::{State, Yielder, generator};

/// What a stream gives that waits for nothing else; polled again only when it asks for it.
fn all<S: Stream>(stream: S) -> Vec<S::Item> {
    struct Flag(AtomicBool);

    impl Wake for Flag {
        fn wake(self: Arc<Self>) {
            self.0.store(true, Ordering::SeqCst);
        }
    }

    let mut stream = pin!(stream);
    let flag = Arc::new(Flag(AtomicBool::new(false)));
    let waker = Waker::from(flag.clone());
    let mut cx = Context::from_waker(&waker);
    let mut items = Vec::new();
    loop {
        match stream.as_mut().poll_next(&mut cx) {
            Poll::Ready(Some(item)) => items.push(item),
            Poll::Ready(None) => return items,
            Poll::Pending => assert!(
                flag.0.swap(false, Ordering::SeqCst),
                "stuck at {}",
                items.len()
            ),
        }
    }
}

/// Polls a future once, whatever comes of it.
async fn poll_once<F: Future>(mut future: Pin<&mut F>) {
    poll_fn(|cx| {
        let _ = future.as_mut().poll(cx);
        Poll::Ready(())
    })
    .await;
}

// AG-1, AG-27, IT-10
#[test]
fn it_runs_only_when_it_is_polled_and_ends_for_good() {
    let ran = Cell::new(0);
    let mut items = pin!(generator(async |y| {
        ran.set(1);
        y.yield_(1).await;
        ran.set(2);
    }));
    assert_eq!((items.state(), ran.get()), (State::Created, 0));
    assert_eq!(items.next().now_or_never(), Some(Some(1)));
    assert_eq!((items.state(), ran.get()), (State::Suspended, 1));
    for _ in 0..3 {
        assert_eq!(items.next().now_or_never(), Some(None));
        assert_eq!((items.state(), ran.get()), (State::Closed, 2));
    }
}

// AG-1
#[test]
fn one_that_was_never_polled_is_dropped_without_a_trace() {
    let ran = Cell::new(false);
    drop(generator(async |y| {
        ran.set(true);
        y.yield_(1).await;
    }));
    assert!(!ran.get());
}

// AG-18, IT-15, IT-16
#[test]
fn a_step_that_is_dropped_loses_nothing() {
    let gate = Cell::new(false);
    let mut items = pin!(generator(async |y| {
        y.yield_(1).await;
        poll_fn(|_| {
            if gate.get() {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        })
        .await;
        y.yield_(2).await;
    }));
    assert_eq!(items.next().now_or_never(), Some(Some(1)));
    assert_eq!(items.next().now_or_never(), None);
    assert_eq!(items.next().now_or_never(), None);
    gate.set(true);
    assert_eq!(items.next().now_or_never(), Some(Some(2)));
}

// AG-8, AG-28
#[test]
fn an_error_is_the_last_item() {
    let mut items = pin!(generator(async |y| {
        y.yield_(1).await;
        Err("no more")?;
        y.yield_(2).await;
        Ok::<_, &str>(())
    }));
    assert_eq!(items.next().now_or_never(), Some(Some(Ok(1))));
    assert_eq!(items.next().now_or_never(), Some(Some(Err("no more"))));
    assert_eq!(items.state(), State::Closed);
    assert_eq!(items.next().now_or_never(), Some(None));
}

// AG-8
#[test]
fn a_panic_closes_it() {
    let alive = Rc::new(());
    let held = alive.clone();
    let mut items = pin!(generator(async |y| {
        let _held = held;
        y.yield_(1).await;
        panic_any("oh");
    }));
    assert_eq!(items.next().now_or_never(), Some(Some(1)));
    let step = catch_unwind(AssertUnwindSafe(|| items.next().now_or_never()));
    assert!(step.is_err());
    assert_eq!(Rc::strong_count(&alive), 1, "the body is gone");
    assert_eq!(items.next().now_or_never(), Some(None));
}

// AG-20
#[test]
fn it_may_be_polled_on_several_threads_in_turn() {
    let mut items = Box::pin(generator(async |y| {
        for n in 0..4 {
            y.yield_(n).await;
        }
    }));
    for n in 0..4 {
        let step = thread::scope(|scope| scope.spawn(|| items.next().now_or_never()).join());
        assert_eq!(step.unwrap(), Some(Some(n)));
    }
}

// AG-20: a yield elsewhere waits for the thread that polls the body.
#[test]
fn a_yield_that_is_polled_on_another_thread_waits() {
    let items = generator(async |y: Yielder<'_, u8>| {
        let mut yields = pin!(y.yield_(1));
        thread::scope(|scope| {
            let poll = || {
                let mut cx = Context::from_waker(Waker::noop());
                yields.as_mut().poll(&mut cx).is_pending()
            };
            assert!(scope.spawn(poll).join().unwrap());
        });
        y.yield_(2).await;
        yields.await;
    });
    assert_eq!(all(items), [2, 1]);
}

#[test]
fn helpers_yield_by_reference() {
    async fn twice(y: &Yielder<'_, u8>, n: u8) {
        y.yield_(n).await;
        y.yield_(n).await;
    }
    fn send<T: Send>(stream: T) -> T {
        stream
    }
    let items = send(generator(async |y| {
        twice(&y, 1).await;
        twice(&y, 2).await;
    }));
    assert_eq!(all(items), [1, 1, 2, 2]);
}

#[test]
fn yields_in_a_join_come_one_after_the_other() {
    let items = generator(async |y| {
        join!(y.yield_(1), y.yield_(2), y.yield_(3));
    });
    assert_eq!(all(items), [1, 2, 3]);
}

#[test]
fn yields_in_a_sub_executor_are_polled_again() {
    let mut items = all(generator(async |y| {
        let mut yields: FuturesUnordered<_> = (1..4).map(|n| y.yield_(n)).collect();
        while yields.next().await.is_some() {}
    }));
    // In the order in which the sub-executor polls them.
    items.sort_unstable();
    assert_eq!(items, [1, 2, 3]);
}

#[test]
fn a_yield_that_loses_a_race_gives_its_item() {
    let items = all(generator(async |y| {
        let mut never = pin!(pending::<()>().fuse());
        let mut first = pin!(y.yield_(1).fuse());
        poll_once(first.as_mut()).await;
        select_biased! {
            () = never => {}
            () = first => {}
        }
        {
            let mut dropped = pin!(y.yield_(2));
            poll_once(dropped.as_mut()).await;
        }
        y.yield_(3).await;
        // Stored, and the body ends.
        let mut last = pin!(y.yield_(4));
        poll_once(last.as_mut()).await;
    }));
    assert_eq!(items, [1, 2, 3, 4]);
}

/// Polls a yield when it is dropped.
struct YieldsLate<'g>(Yielder<'g, Rc<()>>, Rc<()>);

impl Drop for YieldsLate<'_> {
    fn drop(&mut self) {
        let mut late = pin!(self.0.yield_(self.1.clone()));
        let mut cx = Context::from_waker(Waker::noop());
        assert!(late.as_mut().poll(&mut cx).is_pending());
    }
}

// FH-5
#[test]
fn a_yield_in_a_drop_stores_nothing_and_leaks_nothing() {
    let item = Rc::new(());
    {
        let mut items = Box::pin(generator(async |y| {
            let late = YieldsLate(y, item.clone());
            late.0.yield_(item.clone()).await;
            late.0.yield_(item.clone()).await;
        }));
        assert!(items.next().now_or_never().is_some());
    }
    assert_eq!(Rc::strong_count(&item), 1);
}
