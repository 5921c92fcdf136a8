//! How body and source take turns. What `buffered` adds is in `buffered`.

mod buffered;
mod ends;

use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::rc::Rc;
use std::task::Poll;

use futures_core::Stream;
use futures_core::stream::FusedStream;
use futures_util::future::join;
use futures_util::stream::{self, StreamExt};

use super::{Prefetched, prefetch};
use crate::stream::tests::by_hand::{ByHand, Fed, send, yields};
use crate::sync::Event;

/// Pending until `open` is set; registers no waker.
async fn gate(open: &Cell<bool>) {
    poll_fn(|_| match open.get() {
        true => Poll::Ready(()),
        false => Poll::Pending,
    })
    .await;
}

// IT-6
#[test]
fn the_source_works_while_the_body_is_busy_up_to_its_limit() {
    let (fed, open) = (Fed::new(), Cell::new(false));
    let mut run = ByHand::new(prefetch(fed.clone(), 2, async |mut items| {
        gate(&open).await;
        let mut seen = Vec::new();
        while let Some(item) = items.next().await {
            seen.push(item);
        }
        seen
    }));
    assert!(run.poll().is_pending());
    for item in 1..=4 {
        fed.feed(item);
    }
    assert_eq!(run.wakes(), 1);
    fed.polls();
    assert!(run.poll().is_pending());
    assert_eq!(fed.polls(), 2, "there is room for two");
    assert!(run.poll().is_pending());
    assert_eq!(fed.polls(), 0, "it is full");
    open.set(true);
    assert!(run.run().is_pending());
    fed.end();
    assert_eq!(run.ready(), [1, 2, 3, 4]);
}

#[test]
fn what_the_body_takes_is_replaced_in_the_same_poll() {
    let (fed, turns) = (Fed::new(), Cell::new(0));
    (1..=5).for_each(|item| fed.feed(item));
    let mut run = ByHand::new(prefetch(fed.clone(), 2, async |mut items| {
        while items.next().await.is_some() {
            turns.set(turns.get() + 1);
            let turn = turns.get();
            poll_fn(|_| match turns.get() == turn {
                true => Poll::Pending,
                false => Poll::Ready(()),
            })
            .await;
        }
    }));
    assert!(run.poll().is_pending());
    assert_eq!((turns.get(), fed.polls(), run.wakes()), (1, 3, 0));
    turns.set(turns.get() + 1);
    assert!(run.poll().is_pending());
    assert_eq!((turns.get(), fed.polls(), run.wakes()), (3, 1, 0));
}

#[test]
fn a_body_that_waits_for_an_item_costs_one_wake_for_each() {
    let (fed, polls) = (Fed::new(), Cell::new(0));
    let mut run = ByHand::new(prefetch(fed.clone(), 4, async |mut items| {
        let mut next = items.next();
        poll_fn(|cx| {
            polls.set(polls.get() + 1);
            let mut item = std::pin::Pin::new(&mut next);
            item.as_mut().poll(cx)
        })
        .await;
        std::future::pending::<()>().await;
    }));
    assert!(run.run().is_pending());
    assert_eq!((fed.polls(), polls.get()), (1, 1));
    fed.feed(1);
    assert_eq!(run.wakes(), 1);
    assert!(run.poll().is_pending());
    assert_eq!(polls.get(), 2);
    assert_eq!(run.wakes(), 0, "nobody has anything to do");
}

#[test]
fn a_source_that_is_always_ready_lets_others_run() {
    let mut run = ByHand::new(prefetch(stream::iter(0..1_000), 10, async |items| {
        items.count().await
    }));
    let mut polls = 0;
    let count = loop {
        polls += 1;
        if let Poll::Ready(count) = run.poll() {
            break count;
        }
        assert_eq!(run.wakes(), 1);
    };
    assert_eq!(count, 1_000);
    assert!((50..=102).contains(&polls), "{polls} polls");
}

// IT-15
#[test]
fn dropped_steps_of_the_body_lose_no_item() {
    let source = stream::iter(1..=5).then(async |n| {
        yields(1).await;
        n
    });
    let mut run = ByHand::new(prefetch(source, 2, async |mut items| {
        let mut seen = Vec::new();
        while !items.is_terminated() {
            // One poll for each step.
            let step = poll_fn(|cx| Poll::Ready(items.poll_next_unpin(cx)));
            match step.await {
                Poll::Ready(item) => seen.extend(item),
                Poll::Pending => yields(1).await,
            }
        }
        seen
    }));
    assert_eq!(run.ready(), [1, 2, 3, 4, 5]);
}

// IT-10
#[test]
fn the_items_are_fused_and_say_how_many_there_are() {
    let mut run = ByHand::new(prefetch(stream::iter([1, 2]), 3, async |mut items| {
        assert_eq!((items.ready(), items.size_hint()), (2, (2, Some(2))));
        assert_eq!(items.next().await, Some(1));
        assert!(!items.is_terminated());
        assert_eq!(items.next().await, Some(2));
        assert!(items.is_terminated());
        assert_eq!(items.next().await, None);
        assert_eq!(items.next().await, None);
    }));
    run.ready();
    let mut run = ByHand::new(prefetch(stream::pending::<u8>(), 1, async |items| {
        assert_eq!((items.ready(), items.size_hint()), (0, (0, None)));
    }));
    run.ready();
}

// AG-20
#[test]
fn source_and_body_see_the_wakers_of_the_consumer() {
    let seen = RefCell::new(Vec::new());
    let source = stream::poll_fn(|cx| {
        seen.borrow_mut().push(cx.waker().clone());
        Poll::<Option<u8>>::Pending
    });
    let body = async |_items| poll_fn(|cx| Poll::Ready(cx.waker().clone())).await;
    let mut run = ByHand::new(prefetch(source, 1, body));
    let from_body = run.ready();
    drop(run);
    for waker in seen.into_inner() {
        assert!(waker.will_wake(&from_body));
    }
}

#[test]
fn neither_need_be_send_and_both_may_borrow() {
    let log = RefCell::new(Vec::new());
    let source = stream::iter([Rc::new(1), Rc::new(2)]).inspect(|_| log.borrow_mut().push("made"));
    let mut sum = 0;
    let mut run = ByHand::new(prefetch(source, 1, async |mut items| {
        while let Some(item) = items.next().await {
            log.borrow_mut().push("taken");
            sum += *item;
        }
    }));
    run.ready();
    drop(run);
    assert_eq!(sum, 3);
    assert_eq!(log.into_inner(), ["made", "taken", "made", "taken"]);
}

#[test]
fn a_task_that_is_spawned_may_loop_over_what_it_borrows() {
    let owner = tokio::runtime::Runtime::new().unwrap();
    let ended = owner.block_on(async {
        tokio::spawn(async {
            let words = [String::from("with"), String::from("all")];
            let source = stream::iter(&words).then(async |word| {
                tokio::task::yield_now().await;
                word.len()
            });
            let mut lengths = Vec::new();
            send(prefetch(source, 1, async |mut items| {
                while let Some(item) = items.next().await {
                    tokio::task::yield_now().await;
                    lengths.push(item);
                }
            }))
            .await;
            lengths
        })
        .await
    });
    assert_eq!(ended.unwrap(), [4, 3]);
}

//
#[test]
fn the_items_may_go_to_another_task() {
    const ITEMS: u64 = 10_000;

    let owner = tokio::runtime::Runtime::new().unwrap();
    for n in [1, 2, 64] {
        let sum = owner.block_on(prefetch(stream::iter(0..ITEMS), n, async |items| {
            let sum = items.fold(0, async |sum, item| sum + item);
            tokio::spawn(sum).await.unwrap()
        }));
        assert_eq!(sum, ITEMS * (ITEMS - 1) / 2);
    }
}

/// The items leave the body for a neighbour in the same task, which nobody else would wake.
#[test]
fn the_items_may_go_to_a_neighbour() {
    let (taken, handed) = (Event::new(), RefCell::new(None));
    let neighbour = async {
        yields(1).await;
        let items: Prefetched<u8> = handed.take().unwrap();
        let items = items.collect::<Vec<_>>().await;
        taken.set();
        items
    };
    let source = stream::iter(1..=5);
    let run = prefetch(source, 1, async |items| {
        handed.replace(Some(items));
        taken.wait().await;
    });
    let mut both = ByHand::new(join(neighbour, run));
    assert_eq!(both.ready().0, [1, 2, 3, 4, 5]);
}

// IT-14
#[test]
fn errors_are_items_and_the_body_ends_as_it_likes() {
    let lines = stream::iter([Ok(1), Err("line is dead"), Ok(2)]);
    let mut run = ByHand::new(prefetch(lines, 2, async |mut items| {
        let mut sum = 0;
        while let Some(item) = items.next().await {
            sum += item?;
        }
        Ok::<_, &str>(sum)
    }));
    assert_eq!(run.ready(), Err("line is dead"));
}

#[test]
#[should_panic(expected = "nothing can be made ahead")]
fn room_for_nothing_is_refused() {
    drop(prefetch(stream::iter([1]), 0, async |_| ()));
}

#[test]
#[should_panic(expected = "polled after completion")]
fn polled_after_completion_it_panics() {
    let mut run = ByHand::new(prefetch(stream::iter([1]), 1, async |_| ()));
    run.ready();
    let _ = run.poll();
}
