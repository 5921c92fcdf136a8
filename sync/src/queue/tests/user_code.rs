//! Code of the user's that panics: wakers, drops of items, and their order.

use alloc::collections::BTreeSet;
use core::cell::Cell;
use core::cmp::Ordering;

use crate::flavour::Flavour;
use crate::queue::{Fifo, Priority, Queue};
use crate::tests::{Task, each_flavour, panicking_waker, panics};

each_flavour!(
    a_waker_that_panics_loses_no_item,
    a_pushers_waker_that_panics_loses_no_popped_item,
    a_waker_that_panics_at_the_end_loses_no_item,
    a_waker_that_panics_keeps_no_place,
    a_waker_that_panics_hides_no_other,
    an_item_whose_drop_panics_leaves_the_queue_whole,
    an_order_that_panics_leaves_the_queue_open,
    a_job_whose_work_panics_is_done,
);

type Of<T, F> = Queue<T, Fifo<T>, F>;

// the item was handed over before.
fn a_waker_that_panics_loses_no_item<F: Flavour>() {
    let queue = Of::<u32, F>::bounded(1);
    let mut popper = Task::new(queue.pop());
    assert!(popper.poll_with(&panicking_waker()).is_pending());
    assert!(panics(|| queue.try_push(7)));
    assert_eq!(popper.ready(), Some(7));
    // Dropped instead, it gives the item back.
    let mut popper = Task::new(queue.pop());
    assert!(popper.poll_with(&panicking_waker()).is_pending());
    assert!(panics(|| queue.try_push(8)));
    drop(popper);
    assert_eq!(queue.try_pop(), Ok(8));
}

type Pops<F> = fn(&Of<u32, F>) -> Option<u32>;

// what was popped, by each way to pop, is the next to come out.
fn a_pushers_waker_that_panics_loses_no_popped_item<F: Flavour>() {
    let pops: [Pops<F>; 2] = [
        |queue| queue.try_pop().ok(),
        |queue| Task::new(queue.pop()).ready(),
    ];
    for pop in pops {
        let queue = Of::<u32, F>::bounded(1);
        queue.try_push(1).unwrap();
        let mut pusher = Task::new(queue.push(2));
        assert!(pusher.poll_with(&panicking_waker()).is_pending());
        assert!(panics(|| pop(&queue)));
        assert!(pusher.ready().is_ok());
        assert_eq!((queue.try_pop(), queue.try_pop()), (Ok(1), Ok(2)));
        assert_eq!(queue.statistics().unfinished, 2);
    }
}

// one that was handed an item tells others of the end, and one of them panics.
fn a_waker_that_panics_at_the_end_loses_no_item<F: Flavour>() {
    let queue = Of::<u32, F>::bounded(1);
    let mut first = Task::waiting(queue.pop());
    let mut other = Task::new(queue.pop());
    assert!(other.poll_with(&panicking_waker()).is_pending());
    queue.try_push(1).unwrap();
    queue.close();
    assert!(panics(|| first.poll()));
    assert_eq!(other.ready(), None);
    assert_eq!(queue.close_now(), [1]);
}

// the popper that got the item panics, and the place goes to who waits for it.
fn a_waker_that_panics_keeps_no_place<F: Flavour>() {
    let queue = Of::<u32, F>::bounded(1);
    let slot = queue.try_reserve().unwrap();
    let mut popper = Task::new(queue.pop());
    assert!(popper.poll_with(&panicking_waker()).is_pending());
    let mut waits = Task::waiting(queue.reserve());
    assert!(panics(|| slot.push(1)));
    assert_eq!(popper.ready(), Some(1));
    assert!(waits.woken());
    assert!(waits.ready().is_ok());
}

// all are woken, though one of them panics.
fn a_waker_that_panics_hides_no_other<F: Flavour>() {
    let queue = Of::<u32, F>::bounded(1);
    queue.try_push(0).unwrap();
    let mut a = Task::new(queue.push(1));
    assert!(a.poll_with(&panicking_waker()).is_pending());
    let mut b = Task::waiting(queue.push(2));
    let mut c = Task::waiting(queue.push(3));
    assert!(panics(|| queue.close()));
    assert!(b.woken() && c.woken());
    assert_eq!(a.ready().unwrap_err().item, 1);
    assert_eq!(b.ready().unwrap_err().item, 2);
    assert_eq!(c.ready().unwrap_err().item, 3);
}

struct Bomb(u32);

impl Drop for Bomb {
    fn drop(&mut self) {
        if self.0 == 1 && !std::thread::panicking() {
            std::panic::panic_any("the item");
        }
    }
}

//
fn an_item_whose_drop_panics_leaves_the_queue_whole<F: Flavour>() {
    let queue = Of::<Bomb, F>::bounded(1);
    assert!(queue.try_push(Bomb(0)).is_ok());
    let push = Task::waiting(queue.push(Bomb(1)));
    let mut next = Task::waiting(queue.push(Bomb(2)));
    assert!(panics(|| push.drop_and_look()));
    assert_eq!(queue.statistics().waiting_pushers, 1);
    assert_eq!(queue.try_pop().map(|item| item.0), Ok(0));
    assert!(next.ready().is_ok());
    assert_eq!(queue.try_pop().map(|item| item.0), Ok(2));
}

/// Compares, unless it is told to panic.
#[derive(Debug, PartialEq, Eq)]
struct Touchy(u32);

std::thread_local! {
    static TOUCHED: Cell<bool> = const { Cell::new(false) };
}

impl Ord for Touchy {
    fn cmp(&self, other: &Self) -> Ordering {
        if TOUCHED.get() {
            std::panic::panic_any("the order");
        }
        self.0.cmp(&other.0)
    }
}

impl PartialOrd for Touchy {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

// it is called in the section, which ends all the same.
fn an_order_that_panics_leaves_the_queue_open<F: Flavour>() {
    let queue = Queue::<Touchy, Priority<Touchy>, F>::unbounded();
    for n in 0..4 {
        queue.try_push(Touchy(n)).unwrap();
    }
    TOUCHED.set(true);
    let ended = (
        panics(|| queue.try_push(Touchy(4))),
        panics(|| queue.try_pop()),
    );
    TOUCHED.set(false);
    assert_eq!(ended, (true, true));
    queue.try_push(Touchy(5)).unwrap();
    let left = queue.close_now();
    let kept: BTreeSet<_> = left.iter().map(|item| item.0).collect();
    assert_eq!(kept.len(), left.len(), "none comes twice");
    assert!(left.len() >= 4, "at most the two that moved are gone");
    assert!(kept.contains(&5));
}

//
fn a_job_whose_work_panics_is_done<F: Flavour>() {
    let queue = Of::<u32, F>::bounded(2);
    queue.try_push(1).unwrap();
    let mut join = Task::waiting(queue.join());
    let job = Task::new(queue.pop_job()).ready().unwrap();
    assert!(panics(move || {
        let _job = job;
        std::panic::panic_any("the work");
    }));
    join.ready();
    assert!(queue.task_done().is_err(), "it was reported once");
}
