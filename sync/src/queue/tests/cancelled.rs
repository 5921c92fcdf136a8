//! Every operation, dropped before its first poll, while it waits, and after it was served; and
//! leaked.

use alloc::vec::Vec;
use core::future::poll_fn;
use core::pin::Pin;
use core::task::Poll;

use futures_core::Stream as _;

use crate::flavour::Flavour;
use crate::queue::{Fifo, Queue, Stream, TryPopError};
use crate::tests::{Task, each_flavour};

each_flavour!(
    before_its_first_poll_none_does_anything,
    while_it_waits_each_leaves_at_once,
    an_item_in_vain_hands_goes_to_the_next,
    an_item_that_nobody_waits_for_is_the_next,
    a_place_in_vain_hands_goes_to_the_next,
    a_push_that_was_let_in_stays_in,
    a_join_that_is_dropped_changes_nothing,
    a_dropped_place_lets_those_behind_it_meet,
    a_served_place_lets_those_behind_it_meet,
    a_leaked_pop_keeps_its_turn,
    a_leaked_push_puts_its_item_in,
    a_leaked_place_is_lost,
    leaked_joiners_hold_up_nobody,
    the_end_waits_for_what_may_come_back,
);

type Of<F> = Queue<u32, Fifo<u32>, F>;

fn full<F: Flavour>() -> Of<F> {
    let queue = Of::bounded(1);
    queue.try_push(0).unwrap();
    queue
}

async fn next<F: Flavour>(mut stream: Pin<&mut Stream<&Of<F>, u32, Fifo<u32>, F>>) -> Option<u32> {
    poll_fn(|cx| stream.as_mut().poll_next(cx)).await
}

//
fn before_its_first_poll_none_does_anything<F: Flavour>() {
    for queue in [Of::<F>::bounded(1), full()] {
        let before = queue.statistics();
        drop((queue.push(1), queue.reserve(), queue.pop()));
        drop((queue.pop_job(), queue.stream(), queue.join()));
        assert_eq!(queue.statistics(), before);
    }
}

//
fn while_it_waits_each_leaves_at_once<F: Flavour>() {
    let (empty, full) = (Of::<F>::bounded(1), full::<F>());
    let before = (empty.statistics(), full.statistics());
    assert!(!Task::waiting(empty.pop()).drop_and_look());
    assert!(!Task::waiting(empty.pop_job()).drop_and_look());
    let stream = async {
        let mut stream = core::pin::pin!(empty.stream());
        next(stream.as_mut()).await
    };
    assert!(!Task::waiting(stream).drop_and_look());
    assert!(!Task::waiting(full.push(1)).drop_and_look());
    assert!(!Task::waiting(full.reserve()).drop_and_look());
    assert!(!Task::waiting(full.join()).drop_and_look());
    assert_eq!((empty.statistics(), full.statistics()), before);
    // From the middle, too.
    let mut poppers: Vec<_> = (0..5).map(|_| Task::waiting(empty.pop())).collect();
    drop(poppers.remove(2));
    drop(poppers.remove(0));
    drop(poppers.pop());
    assert_eq!(empty.statistics().waiting_poppers, 2);
}

//
fn an_item_in_vain_hands_goes_to_the_next<F: Flavour>() {
    let queue = Of::<F>::bounded(4);
    let pop = Task::waiting(queue.pop());
    let job = Task::waiting(queue.pop_job());
    let stream = Task::waiting(async {
        let mut stream = core::pin::pin!(queue.stream());
        next(stream.as_mut()).await
    });
    let mut last = Task::waiting(queue.pop());
    queue.try_push(7).unwrap();
    assert!(pop.woken() && !job.woken());
    drop(pop);
    assert!(job.woken() && !stream.woken());
    drop(job);
    assert!(stream.woken() && !last.woken());
    drop(stream);
    assert!(last.woken());
    assert_eq!(last.ready(), Some(7));
    // It went in once, whoever had it in his hands.
    assert_eq!(queue.statistics().unfinished, 1);
}

//
fn an_item_that_nobody_waits_for_is_the_next<F: Flavour>() {
    let queue = Of::<F>::bounded(4);
    let (a, b) = (Task::waiting(queue.pop_job()), Task::waiting(queue.pop()));
    for item in 0..4 {
        queue.try_push(item).unwrap();
    }
    drop(b);
    drop(a);
    // Given back last, it comes out first.
    assert_eq!(queue.close_now(), [0, 1, 2, 3]);
    assert!(queue.task_done().is_err(), "none of them was received");
}

//
fn a_place_in_vain_hands_goes_to_the_next<F: Flavour>() {
    let queue = full::<F>();
    let (reserve, mut push) = (Task::waiting(queue.reserve()), Task::waiting(queue.push(1)));
    assert_eq!(queue.try_pop(), Ok(0));
    assert!(reserve.woken() && !push.woken());
    drop(reserve);
    assert!(push.woken());
    push.ready().unwrap();
    assert_eq!(queue.close_now(), [1]);
}

//
fn a_push_that_was_let_in_stays_in<F: Flavour>() {
    let queue = full::<F>();
    let push = Task::waiting(queue.push(1));
    assert_eq!(queue.try_pop(), Ok(0));
    assert!(push.woken());
    drop(push);
    assert_eq!(queue.try_pop(), Ok(1));
}

//
fn a_join_that_is_dropped_changes_nothing<F: Flavour>() {
    let queue = full::<F>();
    let (a, mut b, c) = (
        Task::waiting(queue.join()),
        Task::waiting(queue.join()),
        Task::waiting(queue.join()),
    );
    drop(a);
    assert_eq!(queue.statistics().joining, 2);
    queue.task_done().unwrap();
    drop(c);
    assert_eq!(b.wakes(), 1);
    b.ready();
    assert_eq!(queue.statistics().unfinished, 0);
}

// whoever wants a place holds up those behind it; without it, they and the poppers meet.
fn a_dropped_place_lets_those_behind_it_meet<F: Flavour>() {
    let queue = Of::<F>::bounded(1);
    let held = Task::new(queue.reserve()).ready().unwrap();
    let reserve = Task::waiting(queue.reserve());
    let mut poppers: Vec<_> = (0..40).map(|_| Task::waiting(queue.pop())).collect();
    let mut pushers: Vec<_> = (0..41).map(|n| Task::waiting(queue.push(n))).collect();
    drop(reserve);
    for (n, popper) in (0..).zip(&mut poppers) {
        assert_eq!(popper.ready(), Some(n));
    }
    let last = pushers.pop().unwrap();
    assert!(pushers.iter_mut().all(|pusher| pusher.ready().is_ok()));
    assert!(!last.woken(), "the place is reserved still");
    drop(held);
    assert!(last.woken());
}

// the same where it gets its place, and the next one none.
fn a_served_place_lets_those_behind_it_meet<F: Flavour>() {
    let queue = Of::<F>::bounded(1);
    let held = Task::new(queue.reserve()).ready().unwrap();
    let mut reserve = Task::waiting(queue.reserve());
    let mut popper = Task::waiting(queue.pop());
    let mut pusher = Task::waiting(queue.push(7));
    drop(held);
    let slot = reserve.ready().unwrap();
    assert!(popper.woken() && pusher.woken());
    assert_eq!(popper.ready(), Some(7));
    assert_eq!(pusher.ready(), Ok(()));
    slot.push(8).unwrap();
    assert_eq!(queue.close_now(), [8]);
}

// what a leaked waiter is handed is lost, and nothing else.
fn a_leaked_pop_keeps_its_turn<F: Flavour>() {
    let queue = Of::<F>::bounded(4);
    Task::waiting(queue.pop()).leak();
    let mut next = Task::waiting(queue.pop());
    queue.try_push(0).unwrap();
    queue.try_push(1).unwrap();
    assert_eq!(next.ready(), Some(1));
    assert_eq!(queue.try_pop(), Err(TryPopError::Empty));
}

//
fn a_leaked_push_puts_its_item_in<F: Flavour>() {
    let queue = full::<F>();
    Task::waiting(queue.push(1)).leak();
    assert_eq!(queue.try_pop(), Ok(0));
    assert_eq!(queue.try_pop(), Ok(1));
    // Nor does one hinder closing.
    let queue = full::<F>();
    Task::waiting(queue.push(1)).leak();
    assert_eq!(queue.close_now(), [0]);
}

//
fn a_leaked_place_is_lost<F: Flavour>() {
    let queue = Of::<F>::bounded(2);
    queue.try_push(0).unwrap();
    queue.try_push(1).unwrap();
    Task::waiting(queue.reserve()).leak();
    assert_eq!(queue.try_pop(), Ok(0));
    assert_eq!(queue.statistics().reserved, 1);
    assert_eq!(queue.try_pop(), Ok(1));
    queue.try_push(2).unwrap();
    assert!(queue.is_full());
}

//
fn leaked_joiners_hold_up_nobody<F: Flavour>() {
    let queue = full::<F>();
    Task::waiting(queue.join()).leak();
    let mut join = Task::waiting(queue.join());
    queue.task_done().unwrap();
    join.ready();
}

//
fn the_end_waits_for_what_may_come_back<F: Flavour>() {
    // More than one section can wake.
    let queue = Queue::<_, Fifo<_>, F>::bounded(1);
    let mut first = Task::waiting(queue.pop());
    let mut others: Vec<_> = (0..100).map(|_| Task::waiting(queue.pop())).collect();
    queue.try_push(1).unwrap();
    queue.close();
    assert_eq!(queue.try_pop(), Err(TryPopError::Empty));
    for other in &mut others {
        assert_eq!((other.wakes(), other.poll()), (0, Poll::Pending));
    }
    assert_eq!(first.poll(), Poll::Ready(Some(1)));
    for other in &mut others {
        assert_eq!((other.wakes(), other.poll()), (1, Poll::Ready(None)));
    }
    assert_eq!(queue.try_pop(), Err(TryPopError::Closed));
}
