//! The blocking forms, on threads.

#![expect(clippy::std_instead_of_core, reason = "tests have std")]

use alloc::vec::Vec;
use std::future::{Future, poll_fn};
use std::iter;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::thread::{self, Thread};

use super::block_on_thread;
use crate::{
    Barrier, Channel, Condition, Event, Latch, Limiter, Mutex, Pool, Queue, Receiver, RwLock,
    Semaphore,
};

/// Runs `blocks` on a thread, sees it wait, wakes it in vain, and ends its wait.
fn ends<T: Send>(
    blocks: impl FnOnce() -> T + Send,
    waits: impl Fn() -> bool,
    end: impl FnOnce(),
) -> T {
    thread::scope(|scope| {
        let blocked = scope.spawn(blocks);
        until(&waits);
        in_vain(blocked.thread());
        assert!(waits() && !blocked.is_finished());
        end();
        blocked.join().unwrap()
    })
}

fn until(holds: impl Fn() -> bool) {
    while !holds() {
        thread::yield_now();
    }
}

/// What anybody may do to a thread at any time.
fn in_vain(thread: &Thread) {
    for _ in 0..100 {
        thread.unpark();
        thread::yield_now();
    }
}

//
#[test]
fn a_thread_pops() {
    let queue = Queue::bounded(1);
    let waits = || queue.statistics().waiting_poppers == 1;
    let popped = ends(
        || queue.pop_blocking(),
        waits,
        || queue.try_push(1).unwrap(),
    );
    assert_eq!(popped, Some(1));
    let popped = ends(|| queue.pop_blocking(), waits, || assert!(queue.close()));
    assert_eq!(popped, None);
}

//
#[test]
fn a_thread_pushes() {
    let queue = Queue::bounded(1);
    queue.push_blocking(1).unwrap();
    let waits = || queue.statistics().waiting_pushers == 1;
    let pop = || assert_eq!(queue.try_pop(), Ok(1));
    assert!(ends(|| queue.push_blocking(2), waits, pop).is_ok());
    let refused = ends(|| queue.push_blocking(3), waits, || assert!(queue.close()));
    assert_eq!(refused.unwrap_err().item, 3);
}

//
#[test]
fn a_thread_reserves() {
    let queue = Queue::bounded(1);
    let held = queue.reserve_blocking().unwrap();
    let waits = || queue.statistics().waiting_pushers == 1;
    let fill = || queue.reserve_blocking().unwrap().push(1).unwrap();
    ends(fill, waits, || drop(held));
    assert_eq!(queue.try_pop(), Ok(1));
}

//
#[test]
fn a_thread_pops_jobs() {
    let queue = Queue::bounded(1);
    let waits = || queue.statistics().waiting_poppers == 1;
    let job = ends(
        || queue.pop_job_blocking(),
        waits,
        || queue.try_push(1).unwrap(),
    );
    assert_eq!(job.as_deref(), Some(&1));
    assert_eq!(queue.statistics().unfinished, 1);
    drop(job);
    queue.join_blocking();
}

// Q-29, PL-2, PL-10, PL-11
#[test]
fn a_thread_takes_and_waits_for_the_end() {
    let pool = Pool::new([7]);
    let waits = || pool.statistics().waiting == 1;
    let lease = pool.take_blocking().unwrap();
    let taken = ends(|| *pool.take_blocking().unwrap(), waits, || drop(lease));
    assert_eq!(taken, 7);
    let lease = pool.try_take().unwrap();
    let refused = ends(|| pool.take_blocking(), waits, || assert!(pool.close()));
    assert!(refused.is_err());
    thread::scope(|scope| {
        scope.spawn(|| pool.closed_blocking());
        drop(lease);
    });
    assert_eq!(pool.statistics().idle, 1);
}

//
#[test]
fn a_thread_joins() {
    let queue = Queue::bounded(1);
    queue.join_blocking();
    queue.try_push(1).unwrap();
    let waits = || queue.statistics().joining == 1;
    ends(
        || queue.join_blocking(),
        waits,
        || queue.task_done().unwrap(),
    );
}

// Q-29, CH-2, CH-6, CH-7
#[test]
fn threads_send_and_receive() {
    let (sender, receiver) = Channel::bounded(0);
    let waits = || receiver.statistics().waiting_senders == 1;
    let recv = || assert_eq!(receiver.try_recv(), Ok(1));
    assert!(ends(|| sender.send_blocking(1), waits, recv).is_ok());
    let waits = || sender.statistics().waiting_receivers == 1;
    let send = || sender.try_send(2).unwrap();
    assert_eq!(ends(|| receiver.recv_blocking(), waits, send), Some(2));
    let clone = receiver.clone();
    let waits = || clone.statistics().waiting_receivers == 1;
    assert_eq!(
        ends(|| receiver.recv_blocking(), waits, || drop(sender)),
        None
    );
}

const SENDERS: usize = 3;

// Q-29, CH-2, CH-5, CH-11
#[test]
fn threads_receive_every_value_once_and_in_the_order_of_its_sender() {
    const EACH: usize = 300;
    for capacity in [0, 1, 16] {
        let (sender, receiver) = Channel::bounded(capacity);
        let received = thread::scope(|scope| {
            for (id, sender) in sender.into_clones(SENDERS).enumerate() {
                scope.spawn(move || {
                    for n in 0..EACH {
                        sender.send_blocking((id, n)).unwrap();
                    }
                });
            }
            let receivers: Vec<_> = receiver
                .into_clones(2)
                .map(|receiver| scope.spawn(move || received_by(&receiver)))
                .collect();
            receivers
                .into_iter()
                .flat_map(|receiver| receiver.join().unwrap())
                .collect::<Vec<_>>()
        });
        let mut counts = [[0; EACH]; SENDERS];
        for (id, n) in received {
            counts[id][n] += 1;
        }
        assert_eq!(counts, [[1; EACH]; SENDERS]);
    }
}

/// All that one receiver gets: what one sender sent, in its order.
fn received_by(receiver: &Receiver<(usize, usize)>) -> Vec<(usize, usize)> {
    let received: Vec<_> = iter::from_fn(|| receiver.recv_blocking()).collect();
    for id in 0..SENDERS {
        let of_one = received.iter().filter(|(sender, _)| *sender == id);
        assert!(of_one.is_sorted());
    }
    received
}

// Q-29, LK-2
#[test]
fn a_thread_locks() {
    let mutex = Mutex::new(0);
    let held = mutex.lock_blocking();
    let add = || *mutex.lock_blocking() += 1;
    ends(add, || mutex.waiting() == 1, || drop(held));
    assert_eq!(mutex.into_inner(), 1);
}

// Q-29, CV-2, CV-8
#[test]
fn a_thread_waits_for_a_condition() {
    let (mutex, changed) = (Mutex::new(0), Condition::new());
    let waits = || changed.waiting() == 1;
    let take = || {
        let mut stock = mutex.lock_blocking();
        while *stock == 0 {
            stock = changed.wait_blocking(stock);
        }
        *stock -= 1;
    };
    let fill = || {
        *mutex.lock_blocking() += 1;
        assert!(changed.notify_one());
    };
    ends(take, waits, fill);
    let take = || {
        let stock = mutex.lock_blocking();
        *changed.wait_until_blocking(stock, |stock| *stock > 0) -= 1;
    };
    ends(take, waits, fill);
    assert_eq!(mutex.into_inner(), 0);
}

// Q-29, SE-3, SE-10
#[test]
fn a_thread_acquires() {
    let semaphore = Semaphore::new(0);
    let waits = || semaphore.waiting() == 1;
    let one = ends(
        || semaphore.acquire_blocking().unwrap(),
        waits,
        || semaphore.add_permits(1),
    );
    let many = ends(
        || semaphore.acquire_many_blocking(3).unwrap(),
        waits,
        || semaphore.add_permits(3),
    );
    assert_eq!((one.permits(), many.permits()), (1, 3));
    let refused = ends(|| semaphore.acquire_blocking(), waits, || semaphore.close());
    assert!(refused.is_err());
}

// Q-29, EV-2
#[test]
fn a_thread_waits_for_an_event() {
    let event = Event::new();
    let waits = || event.waiting() == 1;
    ends(|| event.wait_blocking(), waits, || assert!(event.set()));
    event.wait_blocking();
}

/// The waker that a wait on this thread has.
fn waker() -> Waker {
    block_on_thread(poll_fn(|cx| Poll::Ready(cx.waker().clone())))
}

//
#[test]
fn a_wait_inside_of_another_does_not_take_its_wakes() {
    // From here on the thread has a waker to lend.
    let kept = waker();
    let mut polls = 0;
    block_on_thread(poll_fn(|cx| {
        polls += 1;
        if polls == 2 {
            return Poll::Ready(());
        }
        assert!(kept.will_wake(cx.waker()));
        cx.waker().wake_by_ref();
        let mut polled = false;
        block_on_thread(poll_fn(|inner| {
            assert!(!inner.waker().will_wake(cx.waker()));
            inner.waker().wake_by_ref();
            if core::mem::replace(&mut polled, true) {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        }));
        Poll::Pending
    }));
    assert_eq!(polls, 2);
}

//
#[test]
fn a_thread_has_one_waker_for_all_its_waits() {
    let first = waker();
    assert!(first.will_wake(&waker()));
    let other = thread::spawn(waker).join().unwrap();
    assert!(!first.will_wake(&other));
    // Its thread is gone: it wakes nobody.
    other.wake();
}

//
#[test]
fn a_panic_in_a_wait_leaves_it() {
    let queue = Queue::bounded(1);
    let before = waker();
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        let mut pop = pin!(queue.pop());
        let mut handed = false;
        block_on_thread(poll_fn(|cx: &mut Context<'_>| -> Poll<()> {
            assert!(!handed, "in a wait");
            assert!(pop.as_mut().poll(cx).is_pending());
            // Which wakes it.
            queue.try_push(1).unwrap();
            handed = true;
            Poll::Pending
        }));
    }));
    assert!(panicked.is_err());
    assert_eq!(queue.try_pop(), Ok(1));
    assert!(before.will_wake(&waker()));
}

// EV-6, BA-2, BA-7
#[test]
fn threads_wait_at_latches_and_barriers() {
    let latch = Latch::new();
    let waits = || latch.waiting() == 1;
    ends(|| latch.wait_blocking(), waits, || assert!(latch.open()));
    latch.wait_blocking();
    let barrier = Barrier::new(2.try_into().unwrap());
    let waits = || barrier.waiting() == 1;
    let come = || assert_eq!(barrier.wait_blocking(), Ok(1));
    assert_eq!(ends(|| barrier.wait_blocking(), waits, come), Ok(0));
    let broken = ends(|| barrier.wait_blocking(), waits, || barrier.abort());
    assert!(broken.is_err());
}

// RW-1
#[test]
fn threads_read_and_write() {
    let lock = RwLock::new(0);
    let waits = || lock.waiting() == 1;
    let reading = lock.read_blocking();
    ends(|| *lock.write_blocking() += 1, waits, || drop(reading));
    let writing = lock.write_blocking();
    let seen = ends(|| *lock.read_blocking(), waits, || drop(writing));
    assert_eq!(seen, 1);
}

// CS-12
#[test]
fn a_thread_borrows() {
    let limiter = Limiter::new(1);
    let waits = || limiter.waiting() == 1;
    let token = limiter.acquire_blocking('a').unwrap();
    assert!(limiter.acquire_blocking('a').is_err());
    let key = || limiter.acquire_blocking('b').unwrap().key();
    assert_eq!(ends(key, waits, || drop(token)), 'b');
}
