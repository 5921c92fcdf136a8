//! Models of a barrier for two.

use core::num::NonZeroUsize;
use core::task::Poll;

use loom::future::block_on;
use loom::sync::Arc;
use loom::thread;

use super::{Barrier, BrokenBarrier};
use crate::flavour::Modelled;
use crate::tests::{Task, model};

fn barrier() -> Arc<Barrier<Modelled>> {
    Arc::new(Barrier::new(NonZeroUsize::new(2).unwrap()))
}

// BA-2, BA-3: two that come at the same time, twice
#[test]
fn two_meet_and_meet_again() {
    model(|| {
        let barrier = barrier();
        let other = {
            let barrier = barrier.clone();
            thread::spawn(move || {
                let first = block_on(barrier.wait()).unwrap();
                (first, block_on(barrier.wait()).unwrap())
            })
        };
        let first = block_on(barrier.wait()).unwrap();
        let second = block_on(barrier.wait()).unwrap();
        let others = other.join().unwrap();
        assert_eq!((first + others.0, second + others.1), (1, 1));
        assert_eq!(barrier.waiting(), 0);
    });
}

// BA-5, A-10: one that is cancelled, against the last one that comes
#[test]
fn one_that_is_cancelled_came_or_did_not() {
    model(|| {
        let barrier = barrier();
        let other = {
            let barrier = barrier.clone();
            thread::spawn(move || {
                let mut task = Task::new(barrier.wait());
                let come = task.poll();
                drop(task);
                come
            })
        };
        let mut task = Task::new(barrier.wait());
        let come = task.poll();
        let others = other.join().unwrap();
        if come.is_pending() {
            // The other one either let this one go, or left.
            match others {
                Poll::Ready(index) => {
                    assert_eq!((index, task.ready()), (Ok(1), Ok(0)));
                    assert!(task.woken());
                }
                Poll::Pending => assert_eq!(barrier.waiting(), 1),
            }
        } else {
            assert_eq!((come, others), (Poll::Ready(Ok(1)), Poll::Pending));
        }
    });
}

// BA-6, BA-8: a reset against the last one that comes
#[test]
fn a_reset_sends_away_a_waiter_that_has_not_run() {
    model(|| {
        let barrier = barrier();
        let mut task = Task::waiting(barrier.wait());
        let other = {
            let barrier = barrier.clone();
            thread::spawn(move || Task::new(barrier.wait()).poll())
        };
        barrier.reset();
        assert_eq!(task.ready(), Err(BrokenBarrier));
        if let Poll::Ready(index) = other.join().unwrap() {
            assert_eq!(index, Ok(1));
        }
        assert_eq!(barrier.waiting(), 0);
    });
}
