//! What every queue owes to those that wait, whoever wrote it.
//!
//! [`queue_conformance!`](crate::queue_conformance) runs these cases on a
//! [`QueueUnderTest`] of your own. Most poll by hand: who is served when is then known to the poll.

use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt};
use withal::runtime::{Runtime, Timer};
use withal::timeout;

use crate::QueueUnderTest;
use crate::foreign::gives_up_at_times;
use crate::log::within_patience;
use crate::poll::{ByHand, yields};
use crate::stress;

/// The table of these cases, given to the macro `$make`. They take the queue, too.
#[doc(hidden)]
#[macro_export]
macro_rules! queues_cases {
    ($make:ident $with:tt $of:tt) => {
        $crate::$make! { $with $of queues:
            items_come_out_in_the_order_in_which_they_went_in,
            a_push_waits_for_room_and_a_pop_for_an_item,
            each_item_wakes_one_that_waits_for_it,
            waiters_are_served_in_the_order_in_which_they_came,
            nobody_overtakes_one_that_was_woken,
            a_pop_that_is_dropped_loses_no_item,
            a_push_that_is_dropped_puts_nothing_in,
            a_waiter_that_is_dropped_leaves_the_line,
            closing_lets_everybody_go_and_everything_out,
            tasks_that_give_up_lose_nothing,
            a_timeout_around_a_pop_loses_no_item,
        }
    };
}

//
pub async fn items_come_out_in_the_order_in_which_they_went_in<Q: QueueUnderTest>(
    _: &impl Runtime,
) {
    let queue = Q::bounded(3);
    for round in 0..3 {
        for n in 0..3 {
            assert_eq!(ByHand::new(queue.push(3 * round + n)).ready(), Ok(()));
        }
        for n in 0..3 {
            let popped = ByHand::new(queue.pop()).ready();
            assert_eq!(popped, Some(3 * round + n), "the order");
        }
    }
}

//
pub async fn a_push_waits_for_room_and_a_pop_for_an_item<Q: QueueUnderTest>(_: &impl Runtime) {
    let queue = Q::bounded(2);
    assert_eq!(queue.try_pop(), None);
    let mut pop = ByHand::waiting(queue.pop());
    assert_eq!(queue.try_push(0), Ok(()));
    assert!(pop.woken(), "the pop was not woken");
    assert_eq!(pop.ready(), Some(0));
    assert_eq!((queue.try_push(1), queue.try_push(2)), (Ok(()), Ok(())));
    assert_eq!(queue.try_push(3), Err(3), "there is no room");
    let mut push = ByHand::waiting(queue.push(3));
    assert_eq!(queue.try_pop(), Some(1));
    assert!(push.woken(), "the push was not woken");
    assert_eq!(push.ready(), Ok(()));
    assert_eq!((queue.try_pop(), queue.try_pop()), (Some(2), Some(3)));
}

// also where one item follows another, before anybody has run.
pub async fn each_item_wakes_one_that_waits_for_it<Q: QueueUnderTest>(_: &impl Runtime) {
    let queue = Q::bounded(8);
    let mut pops: Vec<_> = (0..3).map(|_| ByHand::waiting(queue.pop())).collect();
    for item in 0..3 {
        let woken = pops.iter().filter(|pop| pop.woken()).count();
        assert_eq!(woken, item, "a lost wake");
        queue.try_push(u32::try_from(item).unwrap()).unwrap();
    }
    assert!(pops.iter().all(ByHand::woken), "a lost wake");
    let mut got: Vec<_> = pops.iter_mut().map(ByHand::ready).collect();
    got.sort_unstable();
    assert_eq!(got, [Some(0), Some(1), Some(2)]);
}

//
pub async fn waiters_are_served_in_the_order_in_which_they_came<Q: QueueUnderTest>(
    _: &impl Runtime,
) {
    let queue = Q::bounded(1);
    let mut pops: Vec<_> = (0..3).map(|_| ByHand::waiting(queue.pop())).collect();
    for (item, mut pop) in (0..).zip(pops.drain(..)) {
        queue.try_push(item).unwrap();
        assert_eq!(pop.poll(), Poll::Ready(Some(item)), "the order of poppers");
    }
    queue.try_push(3).unwrap();
    let mut pushes: Vec<_> = (4..7).map(|n| ByHand::waiting(queue.push(n))).collect();
    for item in 3..7 {
        assert_eq!(queue.try_pop(), Some(item), "the order of pushers");
        // For those whose wake means that they are to try again.
        let _ = pushes
            .iter_mut()
            .find(|push| push.woken())
            .map(ByHand::poll);
        pushes.retain(|push| !push.woken());
    }
}

//
pub async fn nobody_overtakes_one_that_was_woken<Q: QueueUnderTest>(_: &impl Runtime) {
    let queue = Q::bounded(1);
    let mut pop = ByHand::waiting(queue.pop());
    queue.try_push(1).unwrap();
    assert_eq!(queue.try_pop(), None, "a newcomer overtakes");
    assert_eq!(pop.ready(), Some(1));
    queue.try_push(2).unwrap();
    let mut push = ByHand::waiting(queue.push(3));
    assert_eq!(queue.try_pop(), Some(2));
    assert_eq!(queue.try_push(4), Err(4), "a newcomer overtakes");
    assert_eq!(push.ready(), Ok(()));
    assert_eq!(queue.try_pop(), Some(3));
}

//
pub async fn a_pop_that_is_dropped_loses_no_item<Q: QueueUnderTest>(_: &impl Runtime) {
    let queue = Q::bounded(4);
    // Before its first poll.
    queue.try_push(0).unwrap();
    drop(queue.pop());
    assert_eq!(queue.try_pop(), Some(0), "an item is lost");
    // After it was woken: the item goes to the next one.
    let (a, mut b) = (ByHand::waiting(queue.pop()), ByHand::waiting(queue.pop()));
    queue.try_push(1).unwrap();
    drop(a);
    assert!(b.woken(), "the next one sleeps on: an item is lost");
    assert_eq!(b.ready(), Some(1), "an item is lost");
    // Where nobody waits, it is the next to come out.
    let a = ByHand::waiting(queue.pop());
    queue.try_push(2).unwrap();
    queue.try_push(3).unwrap();
    drop(a);
    assert_eq!(queue.try_pop(), Some(2), "an item is lost");
    assert_eq!(queue.try_pop(), Some(3));
    assert_eq!(queue.try_pop(), None, "an item came twice");
}

//
pub async fn a_push_that_is_dropped_puts_nothing_in<Q: QueueUnderTest>(_: &impl Runtime) {
    let queue = Q::bounded(1);
    drop(queue.push(0));
    assert_eq!(queue.try_pop(), None);
    queue.try_push(1).unwrap();
    let (a, mut b) = (
        ByHand::waiting(queue.push(2)),
        ByHand::waiting(queue.push(3)),
    );
    drop(a);
    assert_eq!(queue.try_pop(), Some(1));
    assert!(b.woken(), "the next one sleeps on");
    assert_eq!(b.ready(), Ok(()));
    assert_eq!(queue.try_pop(), Some(3), "it was put in after all");
    assert_eq!(queue.try_pop(), None);
}

//
pub async fn a_waiter_that_is_dropped_leaves_the_line<Q: QueueUnderTest>(_: &impl Runtime) {
    let queue = Q::bounded(1);
    let (a, mut b) = (ByHand::waiting(queue.pop()), ByHand::waiting(queue.pop()));
    assert!(!a.drop_and_look(), "its waker is still there");
    queue.try_push(1).unwrap();
    assert_eq!(b.poll(), Poll::Ready(Some(1)));
    queue.try_push(2).unwrap();
    let push = ByHand::waiting(queue.push(3));
    assert!(!push.drop_and_look(), "its waker is still there");
}

//
pub async fn closing_lets_everybody_go_and_everything_out<Q: QueueUnderTest>(_: &impl Runtime) {
    let empty = Q::bounded(1);
    let mut pops: Vec<_> = (0..3).map(|_| ByHand::waiting(empty.pop())).collect();
    empty.close();
    empty.close();
    for pop in &mut pops {
        assert!(pop.woken(), "one sleeps on");
        assert_eq!(pop.ready(), None);
    }
    let full = Q::bounded(1);
    full.try_push(1).unwrap();
    let mut pushes: Vec<_> = (2..5).map(|n| ByHand::waiting(full.push(n))).collect();
    full.close();
    for (item, push) in (2..).zip(&mut pushes) {
        assert!(push.woken(), "one sleeps on");
        assert_eq!(push.ready(), Err(item));
    }
    assert_eq!(full.try_push(5), Err(5));
    assert_eq!(ByHand::new(full.push(5)).ready(), Err(5));
    assert_eq!(ByHand::new(full.pop()).ready(), Some(1));
    assert_eq!(ByHand::new(full.pop()).ready(), None);
}

// what went in comes out once, whoever gives up meanwhile.
pub async fn tasks_that_give_up_lose_nothing<Q: QueueUnderTest>(rt: &impl Runtime) {
    let each = u32::try_from(stress(100)).unwrap();
    let queue = Arc::new(Q::bounded(2));
    let producers = (0..3).map(|producer| {
        let queue = queue.clone();
        rt.spawn(async move {
            let mut went_in = Vec::new();
            for item in producer * each..(producer + 1) * each {
                // One that is given up may have been let in just before.
                let turn = item as usize;
                if let Some(pushed) = gives_up_at_times(turn, queue.push(item)).await {
                    pushed.expect("it is open");
                    went_in.push(item);
                }
                yields(1).await;
            }
            went_in
        })
    });
    let consumers = (0..3).map(|consumer| {
        let queue = queue.clone();
        rt.spawn(async move {
            let mut came_out = Vec::new();
            for turn in consumer.. {
                match gives_up_at_times(turn, queue.pop()).await {
                    Some(Some(item)) => came_out.push(item),
                    Some(None) => break,
                    None => yields(1).await,
                }
            }
            came_out
        })
    });
    let (producers, consumers): (Vec<_>, Vec<_>) = (producers.collect(), consumers.collect());
    let all = async {
        let (mut went_in, mut came_out) = (Vec::new(), Vec::new());
        for producer in producers {
            went_in.extend(producer.await.unwrap());
        }
        queue.close();
        for consumer in consumers {
            came_out.extend(consumer.await.unwrap());
        }
        (went_in, came_out)
    };
    let ended = within_patience(rt, all, || "a task sleeps on".to_owned());
    let (went_in, mut came_out) = ended.await;
    came_out.sort_unstable();
    let doubled = came_out.windows(2).find(|two| two[0] == two[1]);
    assert_eq!(doubled, None, "an item came twice");
    let lost = |item: &&u32| came_out.binary_search(item).is_err();
    assert_eq!(went_in.iter().find(lost), None, "an item is lost");
}

/// A timer whose time is up at once; an item goes into the queue in that very moment.
struct LastMoment<Q>(Arc<Q>);

impl<Q: QueueUnderTest> Timer for LastMoment<Q> {
    type Instant = Duration;
    type Sleep = BoxFuture<'static, ()>;

    fn now(&self) -> Duration {
        Duration::ZERO
    }

    fn deadline(&self, timeout: Duration) -> Duration {
        timeout
    }

    fn elapsed(&self, earlier: Duration, later: Duration) -> Duration {
        later.saturating_sub(earlier)
    }

    fn sleep_until(&self, _: Duration) -> BoxFuture<'static, ()> {
        let queue = self.0.clone();
        async move { queue.try_push(7).expect("there is room") }.boxed()
    }
}

//
pub async fn a_timeout_around_a_pop_loses_no_item<Q: QueueUnderTest>(rt: &impl Runtime) {
    let queue = Arc::new(Q::bounded(1));
    let late = LastMoment(queue.clone());
    let ended = timeout(&late, Duration::MAX, queue.pop()).await;
    assert!(ended.is_err(), "the time was up");
    assert_eq!(queue.try_pop(), Some(7), "an item is lost");
    // And by the clock.
    let items = u32::try_from(stress(30)).unwrap();
    let pushes = queue.clone();
    let (own, tick) = (rt.clone(), Duration::from_micros(100));
    let producer = rt.spawn(async move {
        for item in 0..items {
            pushes.push(item).await.expect("it is open");
            // About as long as the others are ready to wait.
            own.sleep(tick).await;
        }
        pushes.close();
    });
    let consume = async {
        let mut got = Vec::new();
        loop {
            match timeout(rt, tick, queue.pop()).await {
                Ok(Some(item)) => got.push(item),
                Ok(None) => return got,
                Err(_elapsed) => {}
            }
        }
    };
    let got = within_patience(rt, consume, || "the end never comes".to_owned()).await;
    producer.await.unwrap();
    assert_eq!(got, (0..items).collect::<Vec<_>>(), "an item is lost");
}
