//! The semaphore is the smallest user of the queue: what holds here holds for every primitive.

use alloc::vec::Vec;

use crate::Semaphore;
use crate::tests::Task;

// SE-2, SE-3
#[test]
fn waiters_are_served_in_order() {
    let semaphore = Semaphore::new(0);
    let mut tasks: Vec<_> = (0..100).map(|_| Task::new(semaphore.acquire())).collect();
    for task in &mut tasks {
        assert!(task.poll().is_pending());
    }
    assert_eq!(semaphore.waiting(), 100);
    // More than one section can wake.
    semaphore.add_permits(40);
    let mut permits = Vec::new();
    for (position, task) in tasks.iter_mut().enumerate() {
        assert_eq!(task.wakes(), usize::from(position < 40));
        let poll = task.poll();
        assert_eq!(poll.is_ready(), position < 40);
        permits.push(poll);
    }
    drop(permits);
    for (position, task) in tasks.iter_mut().enumerate().skip(40) {
        assert_eq!(task.wakes(), usize::from(position < 80));
    }
    drop(tasks);
    assert_eq!(semaphore.available_permits(), 40);
    assert_eq!(semaphore.waiting(), 0);
}

// SE-5, A-10
#[test]
fn a_waiter_that_is_dropped_after_it_was_served_passes_on() {
    let semaphore = Semaphore::new(0);
    let (mut a, mut b) = (
        Task::new(semaphore.acquire()),
        Task::new(semaphore.acquire()),
    );
    assert!(a.poll().is_pending() && b.poll().is_pending());
    semaphore.add_permits(1);
    assert_eq!((a.wakes(), b.wakes()), (1, 0));
    drop(a);
    assert_eq!(b.wakes(), 1);
    assert!(b.poll().is_ready());
    assert_eq!(semaphore.available_permits(), 1);
}

// SE-10
#[test]
fn a_waiter_for_many_lets_the_next_ones_go_when_it_leaves() {
    let semaphore = Semaphore::new(1);
    let mut many = Task::new(semaphore.acquire_many(3));
    let mut one = Task::new(semaphore.acquire());
    assert!(many.poll().is_pending() && one.poll().is_pending());
    assert!(semaphore.try_acquire().is_err());
    drop(many);
    assert_eq!(one.wakes(), 1);
    assert!(one.poll().is_ready());
}
