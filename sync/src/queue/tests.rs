//! What a queue promises, polled by hand.

mod cancelled;
mod matrix;
mod order;
mod user_code;

use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;
use core::cmp::Ordering;
use core::pin::pin;
use core::task::{Context, Poll, Waker};

use futures_core::Stream as _;
use futures_core::stream::FusedStream as _;

use super::{TryPopError, TryPushError, TryReserveError};
use crate::tests::Task;
use crate::{LifoQueue, PriorityQueue, Queue};

//
#[test]
fn an_unbounded_one_is_never_full() {
    let queue = Queue::unbounded();
    for n in 0..10_000 {
        Task::new(queue.push(n)).ready().unwrap();
    }
    assert!(!queue.is_full());
    assert_eq!((queue.len(), queue.capacity()), (10_000, None));
    // What can be done at once is done in the first poll.
    for n in 0..10_000 {
        assert_eq!(Task::new(queue.pop()).ready(), Some(n));
    }
}

//
#[test]
#[should_panic = "a queue holds one item at least"]
fn a_bounded_one_has_room_for_one_at_least() {
    Queue::<u8>::bounded(0);
}

//
#[test]
fn those_that_wait_to_push_are_not_counted_as_stored() {
    let queue = Queue::bounded(1);
    assert!(queue.is_empty() && !queue.is_full());
    queue.try_push(0).unwrap();
    let waiting = Task::waiting(queue.push(1));
    assert_eq!((queue.len(), queue.is_full()), (1, true));
    assert_eq!(queue.statistics().waiting_pushers, 1);
    drop(waiting);
    // An item in the hands of one that was woken is not stored any more.
    queue.try_pop().unwrap();
    let popper = Task::waiting(queue.pop());
    queue.try_push(2).unwrap();
    assert!(queue.is_empty() && popper.woken());
}

//
#[test]
fn each_order_is_kept() {
    let fifo = Queue::unbounded();
    let lifo = LifoQueue::unbounded();
    let priority = PriorityQueue::unbounded();
    for item in [(2, 'a'), (1, 'b'), (2, 'c'), (1, 'd')] {
        fifo.try_push(item).unwrap();
        lifo.try_push(item).unwrap();
        priority.try_push(item).unwrap();
    }
    assert_eq!(fifo.close_now(), [(2, 'a'), (1, 'b'), (2, 'c'), (1, 'd')]);
    assert_eq!(lifo.close_now(), [(1, 'd'), (2, 'c'), (1, 'b'), (2, 'a')]);
    assert_eq!(
        priority.close_now(),
        [(1, 'b'), (1, 'd'), (2, 'a'), (2, 'c')]
    );
}

/// Compares by its rank alone.
#[derive(Debug)]
struct Ranked(u32, u32);

impl Ord for Ranked {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.cmp(&other.0)
    }
}

impl PartialOrd for Ranked {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Ranked {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Ranked {}

// also those that had been handed over in vain.
#[test]
fn equal_ones_come_out_in_the_order_in_which_they_came() {
    let queue = PriorityQueue::unbounded();
    let poppers: Vec<_> = (0..10).map(|_| Task::waiting(queue.pop())).collect();
    for n in 0..50 {
        queue.try_push(Ranked(n % 2, n)).unwrap();
    }
    drop(poppers);
    let came_out: Vec<_> = queue.close_now().into_iter().map(|item| item.1).collect();
    let even = (0..50).step_by(2);
    assert_eq!(came_out, even.chain((1..50).step_by(2)).collect::<Vec<_>>());
}

//
#[test]
fn pushers_are_let_in_in_order_and_not_overtaken() {
    let queue = Queue::bounded(1);
    queue.try_push(0).unwrap();
    let mut pushers: Vec<_> = (1..4).map(|n| Task::waiting(queue.push(n))).collect();
    for expected in 0..4 {
        assert_eq!(queue.try_push(9), Err(TryPushError::Full(9)));
        assert_eq!(queue.try_pop(), Ok(expected));
    }
    for pusher in &mut pushers {
        assert!(pusher.woken());
        assert_eq!(pusher.poll(), Poll::Ready(Ok(())));
    }
    assert_eq!(queue.statistics().peak, 1);
}

//
#[test]
fn poppers_are_served_in_order() {
    let queue = Queue::bounded(8);
    let mut poppers: Vec<_> = (0..3).map(|_| Task::waiting(queue.pop())).collect();
    queue.try_push('a').unwrap();
    queue.try_push('b').unwrap();
    // What was handed to a waiter cannot be had by who comes later.
    assert_eq!(queue.try_pop(), Err(TryPopError::Empty));
    assert_eq!(poppers[1].poll(), Poll::Ready(Some('b')));
    assert_eq!(poppers[0].poll(), Poll::Ready(Some('a')));
    assert!(!poppers[2].woken());
}

//
#[test]
fn an_item_that_was_handed_over_in_vain_is_the_next() {
    let queue = Queue::bounded(8);
    let (a, mut b) = (Task::waiting(queue.pop()), Task::waiting(queue.pop()));
    queue.try_push(1).unwrap();
    queue.try_push(2).unwrap();
    queue.try_push(3).unwrap();
    drop(a);
    assert_eq!(b.poll(), Poll::Ready(Some(2)));
    assert_eq!(queue.try_pop(), Ok(1));
    assert_eq!(queue.try_pop(), Ok(3));
    // With somebody waiting, it goes to that one.
    let (a, mut b) = (Task::waiting(queue.pop()), Task::waiting(queue.pop()));
    queue.try_push(4).unwrap();
    drop(a);
    assert!(b.woken());
    assert_eq!(b.poll(), Poll::Ready(Some(4)));
}

//
#[test]
fn a_cancelled_push_puts_nothing_in() {
    let queue = Queue::bounded(1);
    queue.try_push(0).unwrap();
    let (a, mut b) = (Task::waiting(queue.push(1)), Task::waiting(queue.push(2)));
    drop(a);
    assert_eq!(queue.statistics().waiting_pushers, 1);
    assert_eq!(queue.try_pop(), Ok(0));
    assert_eq!(b.poll(), Poll::Ready(Ok(())));
    assert_eq!(queue.close_now(), [2]);
}

//
#[test]
fn closing_refuses_pushers_and_lets_poppers_drain() {
    let queue = Queue::bounded(1);
    queue.try_push(1).unwrap();
    let mut pusher = Task::waiting(queue.push(2));
    assert!(queue.close());
    assert!(!queue.close());
    assert!(pusher.woken());
    let Poll::Ready(Err(refused)) = pusher.poll() else {
        panic!("it was let in");
    };
    assert_eq!(refused.item, 2);
    assert_eq!(queue.try_push(3), Err(TryPushError::Closed(3)));
    assert_eq!(queue.try_pop(), Ok(1));
    assert_eq!(queue.try_pop(), Err(TryPopError::Closed));
    assert_eq!(Task::new(queue.pop()).poll(), Poll::Ready(None));
    let empty = Queue::<u8>::bounded(1);
    let mut popper = Task::waiting(empty.pop());
    empty.close();
    assert!(popper.woken());
    assert_eq!(popper.poll(), Poll::Ready(None));
}

//
#[test]
fn joiners_wait_until_everything_is_done() {
    let queue = Queue::bounded(8);
    assert!(Task::new(queue.join()).poll().is_ready());
    for n in 0..3 {
        queue.try_push(n).unwrap();
    }
    let mut joiners: Vec<_> = (0..70).map(|_| Task::waiting(queue.join())).collect();
    queue.try_pop().unwrap();
    queue.task_done().unwrap();
    // What is stored counts as done; what was popped does not.
    queue.try_pop().unwrap();
    assert_eq!(queue.close_now(), [2]);
    assert!(!joiners.iter().any(Task::woken));
    queue.task_done().unwrap();
    assert!(queue.task_done().is_err());
    assert!(joiners.iter_mut().all(|task| task.poll().is_ready()));
}

//
#[test]
fn a_job_reports_itself_once() {
    let queue = Queue::bounded(8);
    queue.try_push(1).unwrap();
    let Poll::Ready(Some(job)) = Task::new(queue.pop_job()).poll() else {
        panic!("there is a job");
    };
    let mut joiner = Task::waiting(queue.join());
    assert_eq!(*job, 1);
    drop(job);
    assert!(joiner.poll().is_ready());
    assert!(queue.task_done().is_err());
}

#[test]
fn a_reserved_place_is_kept_filled_or_given_up() {
    let queue = Queue::bounded(2);
    let Poll::Ready(Ok(slot)) = Task::new(queue.reserve()).poll() else {
        panic!("there is room");
    };
    queue.try_push(1).unwrap();
    assert!(queue.is_full());
    let mut pushers: Vec<_> = (2..5).map(|n| Task::waiting(queue.push(n))).collect();
    drop(slot);
    assert!(pushers[0].poll().is_ready());
    assert!(!pushers[1].woken());
    // A place that is asked for waits like everybody else, and passes on what it was given.
    let reserve = Task::waiting(queue.reserve());
    drop(pushers);
    assert_eq!(queue.try_pop(), Ok(1));
    assert_eq!(queue.statistics().reserved, 1);
    drop(reserve);
    assert_eq!(queue.statistics().reserved, 0);
    assert_eq!(queue.close_now(), [2]);
}

// An item that goes from hand to hand takes up no place.
#[test]
fn pushers_meet_poppers_past_reserved_places() {
    let queue = Queue::bounded(1);
    let Poll::Ready(Ok(slot)) = Task::new(queue.reserve()).poll() else {
        panic!("there is room");
    };
    let mut popper = Task::waiting(queue.pop());
    queue.try_push(1).unwrap();
    assert_eq!(popper.poll(), Poll::Ready(Some(1)));
    let mut pusher = Task::waiting(queue.push(2));
    assert_eq!(queue.try_pop(), Ok(2));
    assert_eq!(pusher.poll(), Poll::Ready(Ok(())));
    // Behind one that wants a place, though, they wait: nobody is overtaken.
    let mut reserve = Task::waiting(queue.reserve());
    let mut poppers: Vec<_> = (0..100).map(|_| Task::waiting(queue.pop())).collect();
    let mut pushers: Vec<_> = (0..101).map(|n| Task::waiting(queue.push(n))).collect();
    drop(slot);
    let Poll::Ready(Ok(slot)) = reserve.poll() else {
        panic!("the place was given up");
    };
    drop(slot);
    for (n, popper) in poppers.iter_mut().enumerate() {
        assert_eq!(popper.poll(), Poll::Ready(Some(n)));
    }
    assert!(pushers.iter_mut().all(|pusher| pusher.poll().is_ready()));
    assert_eq!(queue.close_now(), vec![100]);
}

// what was handed over stays so, also if the queue is closed for good.
#[test]
fn a_popper_that_was_served_gets_its_item_though_the_queue_closes() {
    for for_good in [false, true] {
        let queue = Queue::bounded(1);
        let mut popper = Task::waiting(queue.pop());
        queue.try_push(7).unwrap();
        if for_good {
            assert_eq!(queue.close_now(), []);
        } else {
            queue.close();
        }
        assert_eq!(popper.ready(), Some(7));
        assert_eq!(queue.statistics().unfinished, 1);
        // Given back after that, it comes out still.
        let queue = Queue::bounded(1);
        let popper = Task::waiting(queue.pop());
        queue.try_push(8).unwrap();
        queue.close();
        drop(popper);
        assert_eq!(queue.try_pop(), Ok(8));
    }
}

// M3.10
#[test]
fn closed_for_good_after_it_was_closed_it_gives_the_rest() {
    let queue = Queue::bounded(4);
    for n in 0..4 {
        queue.try_push(n).unwrap();
    }
    queue.close();
    let mut join = Task::waiting(queue.join());
    assert_eq!(queue.try_pop(), Ok(0));
    assert_eq!(queue.close_now(), [1, 2, 3]);
    assert!(!join.woken(), "one was received, and is not done");
    queue.task_done().unwrap();
    join.ready();
}

//
#[test]
fn a_joiner_that_was_let_go_returns_though_more_has_come() {
    let queue = Queue::bounded(1);
    queue.try_push(1).unwrap();
    let mut join = Task::waiting(queue.join());
    queue.try_pop().unwrap();
    queue.task_done().unwrap();
    queue.try_push(2).unwrap();
    join.ready();
    assert!(Task::new(queue.join()).poll().is_pending());
}

//
#[test]
fn its_debug_text_says_what_goes_on() {
    let queue = Queue::bounded(2);
    queue.try_push(1).unwrap();
    queue.try_push(2).unwrap();
    let _push = Task::waiting(queue.push(3));
    let _join = Task::waiting(queue.join());
    assert_eq!(
        alloc::format!("{queue:?}"),
        "Queue(Statistics { stored: 2, capacity: Some(2), reserved: 0, waiting_pushers: 1, \
         waiting_poppers: 0, joining: 1, unfinished: 2, peak: 2, closed: false })"
    );
}

//
#[test]
fn plain_threads_use_it_with_the_forms_that_do_not_wait() {
    let queue = Queue::bounded(4);
    std::thread::scope(|threads| {
        threads.spawn(|| {
            for n in 0..1000 {
                while queue.try_push(n).is_err() {
                    std::thread::yield_now();
                }
            }
            queue.close();
        });
        let mut expected = 0..1000;
        loop {
            match queue.try_pop() {
                Ok(item) => assert_eq!(Some(item), expected.next()),
                Err(TryPopError::Empty) => std::thread::yield_now(),
                Err(TryPopError::Closed) => break,
            }
        }
        assert_eq!(expected.next(), None);
    });
}

// it goes wherever its items may.
const _: () = {
    const fn send_and_sync<T: Send + Sync>() {}
    send_and_sync::<Queue<core::cell::Cell<u8>>>();
    send_and_sync::<PriorityQueue<u8>>();
};

//
#[test]
fn its_stream_ends_when_it_is_closed_and_drained() {
    let queue = Queue::bounded(4);
    let mut stream = pin!(queue.stream());
    let mut next = || {
        stream
            .as_mut()
            .poll_next(&mut Context::from_waker(Waker::noop()))
    };
    assert_eq!(next(), Poll::Pending);
    queue.try_push('a').unwrap();
    queue.try_push('b').unwrap();
    queue.close();
    assert_eq!(next(), Poll::Ready(Some('a')));
    assert_eq!(next(), Poll::Ready(Some('b')));
    assert_eq!(next(), Poll::Ready(None));
    assert_eq!(next(), Poll::Ready(None));
    assert!(stream.is_terminated());
}

//
#[test]
fn its_stream_has_not_ended_while_an_item_may_come_back() {
    let queue = Queue::bounded(4);
    let mut stream = pin!(queue.stream());
    let waits = Task::waiting(queue.pop());
    queue.try_push('a').unwrap();
    queue.close();
    let cx = &mut Context::from_waker(Waker::noop());
    assert_eq!(stream.as_mut().poll_next(cx), Poll::Pending);
    assert!(!stream.is_terminated());
    drop(waits);
    assert_eq!(stream.as_mut().poll_next(cx), Poll::Ready(Some('a')));
    assert!(!stream.is_terminated());
    assert_eq!(stream.as_mut().poll_next(cx), Poll::Ready(None));
    assert!(stream.is_terminated());
}

//
#[test]
fn the_forms_that_never_wait_overtake_nobody() {
    let queue = Arc::new(Queue::bounded(1));
    assert_eq!(queue.try_pop_job().unwrap_err(), TryPopError::Empty);
    let slot = queue.try_reserve().unwrap();
    assert_eq!(
        queue.try_reserve_owned().unwrap_err(),
        TryReserveError::Full
    );
    let waits = Task::waiting(queue.push(2));
    slot.push(1).unwrap();
    let job = queue.try_pop_job_owned().unwrap();
    // The one that waited is in.
    assert_eq!(queue.try_reserve().unwrap_err(), TryReserveError::Full);
    drop(waits);
    assert_eq!(job.into_item(), 1);
    assert_eq!(queue.statistics().unfinished, 1);
    queue.close();
    assert_eq!(queue.try_reserve().unwrap_err(), TryReserveError::Closed);
    assert_eq!(*queue.try_pop_job().unwrap(), 2);
    assert_eq!(queue.try_pop_job_owned().unwrap_err(), TryPopError::Closed);
    assert_eq!(queue.statistics().unfinished, 0);
}
