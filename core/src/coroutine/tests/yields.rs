use std::boxed::Box;
use std::cell::Cell;
use std::future::{pending, poll_fn};
use std::mem;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::vec::Vec;

use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt, join, select_biased};

use super::super::{Coroutine, Interrupt, State, Step, StepError, Yielder, coroutine};
use super::{Bad, End, Gate, drop_after, is_pending, now, poll_once};

/// Polls a future for as long as it asks for it.
#[track_caller]
fn run<F: Future>(future: F) -> F::Output {
    struct Flag(AtomicBool);

    impl Wake for Flag {
        fn wake(self: Arc<Self>) {
            self.0.store(true, Ordering::SeqCst);
        }
    }

    let mut future = pin!(future);
    let flag = Arc::new(Flag(AtomicBool::new(true)));
    let waker = Waker::from(flag.clone());
    while flag.0.swap(false, Ordering::SeqCst) {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return output;
        }
    }
    panic!("stuck");
}

/// Answers each item by ten times as much, up to the end.
fn tenfold<T, S>(body: Coroutine<u32, u32, Bad, T, S>) -> (Vec<u32>, T) {
    let mut body = pin!(body);
    let mut items = Vec::new();
    let mut step = run(body.as_mut().start()).unwrap();
    loop {
        match step {
            Step::Yielded(item) => {
                items.push(item);
                step = run(body.as_mut().resume(item * 10)).unwrap();
            }
            Step::Complete(value) => return (items, value),
        }
    }
}

#[test]
fn helpers_yield_by_reference() {
    async fn twice(y: &Yielder<'_, u32, u32, Bad>, n: u32) -> End<u32> {
        Ok(y.yield_(n).await? + y.yield_(n + 1).await?)
    }
    fn send<T: Send>(value: T) -> T {
        value
    }
    let body = send(coroutine(async |y| {
        Ok((twice(&y, 1).await?, twice(&y, 3).await?))
    }));
    assert_eq!(tenfold(body), (std::vec![1, 2, 3, 4], (30, 70)));
}

// AG-3
#[test]
fn each_yield_of_a_join_gets_its_own_answer() {
    let body = coroutine(async |y: Yielder<'_, u32, u32, Bad>| {
        let (a, b, c) = join!(y.yield_(1), y.yield_(2), y.yield_(3));
        End::Ok((a?, b?, c?))
    });
    assert_eq!(tenfold(body), (std::vec![1, 2, 3], (10, 20, 30)));
}

// AG-3
#[test]
fn each_yield_of_a_sub_executor_gets_its_own_answer() {
    let body = coroutine(async |y: Yielder<'_, u32, u32, Bad>| {
        let mut yields: FuturesUnordered<_> = (1..50)
            .map(|n| y.yield_(n).map(move |answer| (n, answer)))
            .collect();
        while let Some((n, answer)) = yields.next().await {
            assert_eq!(answer, Ok(n * 10));
        }
        End::Ok(())
    });
    let (mut items, ()) = tenfold(body);
    // In the order in which the sub-executor polls them.
    items.sort_unstable();
    assert_eq!(items, (1..50).collect::<Vec<_>>());
}

// AG-3
#[test]
fn a_yield_that_loses_a_race_gives_its_item() {
    let body = coroutine(async |y: Yielder<'_, u32, u32, Bad>| {
        let mut never = pin!(pending::<()>().fuse());
        let mut first = pin!(y.yield_(1).fuse());
        poll_once(first.as_mut()).await;
        let raced = select_biased! {
            () = never => 0,
            answer = first => answer?,
        };
        {
            let mut dropped = pin!(y.yield_(2));
            poll_once(dropped.as_mut()).await;
        }
        let third = y.yield_(3).await?;
        // Stored, and the body ends.
        let mut last = pin!(y.yield_(4));
        poll_once(last.as_mut()).await;
        End::Ok((raced, third))
    });
    assert_eq!(tenfold(body), (std::vec![1, 2, 3, 4], (10, 30)));
}

// AG-3
#[test]
fn a_value_for_a_yield_that_is_dropped_is_dropped() {
    let value = Rc::new(());
    let mut body = pin!(coroutine(async |y| -> End<Rc<()>> {
        {
            let mut dropped = pin!(y.yield_(1));
            poll_once(dropped.as_mut()).await;
        }
        pending::<()>().await;
        y.yield_(2).await
    }));
    // The item is delivered though the body waits for something else.
    assert_eq!(now(body.as_mut().start()).unwrap(), Step::Yielded(1));
    drop_after(body.as_mut().resume(value.clone()), 1);
    assert_eq!(Rc::strong_count(&value), 1);
}

// AG-5
#[test]
fn an_error_for_a_yield_that_is_dropped_comes_back() {
    let gate = Gate::default();
    let polls = Cell::new(0);
    let mut body = pin!(coroutine(async |y| {
        {
            let mut dropped = pin!(y.yield_(1));
            poll_once(dropped.as_mut()).await;
        }
        let mut second = pin!(y.yield_(2));
        poll_fn(|cx| {
            polls.set(polls.get() + 1);
            second.as_mut().poll(cx)
        })
        .await?;
        {
            let mut dropped = pin!(y.yield_(3));
            poll_once(dropped.as_mut()).await;
        }
        gate.wait().await;
        {
            let mut dropped = pin!(y.yield_(4));
            poll_once(dropped.as_mut()).await;
        }
        End::Ok("end")
    }));
    let missed = |step| match step {
        Err(StepError::Missed(Bad(n))) => n,
        other => panic!("{other:?}"),
    };
    assert_eq!(now(body.as_mut().start()).unwrap(), Step::Yielded(1));
    // There is an item behind it already.
    assert_eq!(missed(now(body.as_mut().throw(Bad(10)))), 10);
    assert_eq!(body.state(), State::Running);
    let polled = polls.get();
    assert_eq!(now(body.as_mut().proceed()).unwrap(), Step::Yielded(2));
    assert_eq!(polls.get(), polled, "the body ran on");
    assert_eq!(now(body.as_mut().resume(())).unwrap(), Step::Yielded(3));
    // The body waits.
    assert_eq!(missed(now(body.as_mut().throw(Bad(30)))), 30);
    drop_after(body.as_mut().proceed(), 1);
    gate.open();
    assert_eq!(now(body.as_mut().proceed()).unwrap(), Step::Yielded(4));
    // It has ended.
    assert_eq!(missed(now(body.as_mut().throw(Bad(40)))), 40);
    assert_eq!(now(body.as_mut().proceed()).unwrap(), Step::Complete("end"));
}

// AG-5, AG-7
#[test]
fn an_error_for_a_yield_that_is_leaked_comes_back_at_the_end() {
    let gate = Gate::default();
    let mut body = pin!(coroutine(async |y: Yielder<'_, u32, (), Bad>| {
        let mut leaked = Box::new(y.yield_(1));
        poll_once(pin!(&mut leaked)).await;
        mem::forget(leaked);
        gate.wait().await;
        End::Ok("end")
    }));
    assert_eq!(now(body.as_mut().start()).unwrap(), Step::Yielded(1));
    drop_after(body.as_mut().throw(Bad(1)), 1);
    gate.open();
    let missed = now(body.as_mut().proceed());
    assert!(matches!(missed, Err(StepError::Missed(Bad(1)))));
    assert_eq!(now(body.as_mut().proceed()).unwrap(), Step::Complete("end"));
}

// AG-18
#[test]
fn a_yield_that_is_leaked_keeps_its_turn_until_it_is_closed() {
    let mut body = pin!(coroutine(async |y| {
        let mut leaked = Box::new(y.yield_(1));
        poll_once(pin!(&mut leaked)).await;
        mem::forget(leaked);
        y.yield_(2).await?;
        End::Ok(())
    }));
    assert_eq!(now(body.as_mut().start()).unwrap(), Step::Yielded(1));
    drop_after(body.as_mut().resume(()), 3);
    assert_eq!(now(body.as_mut().close()), Ok(None));
    assert_eq!(body.state(), State::Closed);
}

// AG-20: a yield elsewhere waits for the thread that polls the body; it may be dropped there.
#[test]
fn a_yield_that_is_polled_on_another_thread_waits() {
    let body = coroutine(async |y: Yielder<'_, u32, u32, Bad>| {
        let mut there = pin!(y.yield_(1));
        thread::scope(|scope| {
            let poll = || is_pending(there.as_mut());
            assert!(scope.spawn(poll).join().unwrap());
        });
        let here = y.yield_(2).await?;
        let there = there.await?;
        let mut dropped = Some(Box::pin(y.yield_(3)));
        poll_once(dropped.as_mut().unwrap().as_mut()).await;
        thread::scope(|scope| scope.spawn(|| dropped = None).join()).unwrap();
        End::Ok((here, there, y.yield_(4).await?))
    });
    assert_eq!(tenfold(body), (std::vec![2, 1, 3, 4], (20, 10, 40)));
}

/// Polls a yield when it is dropped.
struct YieldsLate<'g>(Yielder<'g, Rc<()>, (), Bad>, Rc<()>);

impl Drop for YieldsLate<'_> {
    fn drop(&mut self) {
        assert!(is_pending(pin!(self.0.yield_(self.1.clone()))));
    }
}

// FH-5
#[test]
fn a_yield_in_a_drop_stores_nothing_and_leaks_nothing() {
    let item = Rc::new(());
    for closes in [false, true] {
        let mut body = Box::pin(coroutine(async |y| {
            let late = YieldsLate(y, item.clone());
            late.0.yield_(item.clone()).await?;
            pending::<End<()>>().await
        }));
        assert!(now(body.as_mut().start()).is_ok());
        drop_after(body.as_mut().resume(()), 1);
        if closes {
            assert_eq!(now(body.as_mut().close()).ok(), Some(None));
        }
        drop(body);
        assert_eq!(Rc::strong_count(&item), 1);
    }
}

// AG-23, AG-28
#[test]
fn an_item_that_is_stored_when_the_body_ends_comes_before_its_value() {
    let mut body = pin!(coroutine(async |y| {
        let answer = y.yield_(1).await;
        let mut stored = pin!(y.yield_(2));
        poll_once(stored.as_mut()).await;
        End::Ok(answer)
    }));
    now(body.as_mut().start()).unwrap();
    let step = now(body.as_mut().throw(Bad(7))).unwrap();
    assert_eq!(step, Step::Yielded(2));
    assert_eq!(body.state(), State::Suspended);
    let last = now(body.as_mut().resume(())).unwrap();
    assert_eq!(last, Step::Complete(Err(Interrupt::Thrown(Bad(7)))));
}
