//! What a semaphore promises, polled by hand.

use alloc::sync::Arc;
use alloc::vec::Vec;

use crate::flavour::{Flavour, Spin};
use crate::semaphore::{Semaphore, TryAcquireError};
use crate::tests::{Die, Task, each_flavour, panicking_waker, panics};

each_flavour!(
    none_is_legal_and_makes_everybody_wait,
    a_free_permit_is_had_at_once_where_nobody_waits,
    permits_that_are_added_go_to_the_first_waiters_and_the_rest_is_free,
    rounds_are_fair,
    before_its_first_poll_it_takes_nothing,
    while_it_waits_it_leaves_at_once,
    a_permit_in_vain_hands_goes_to_the_next,
    waiters_are_served_in_order_after_cancellations,
    a_leaked_waiter_takes_its_permit_along,
    a_waker_that_panics_hides_no_other,
    permits_are_split_and_forgotten,
    whoever_wants_many_is_not_starved,
    closing_tells_those_that_wait_and_those_that_come,
    more_than_it_can_count_is_refused_and_changes_nothing,
);

// SE-1, SE-6
fn none_is_legal_and_makes_everybody_wait<F: Flavour>() {
    let semaphore = Semaphore::<F>::new(0);
    let no_permits = TryAcquireError::NoPermits;
    assert_eq!(semaphore.try_acquire().unwrap_err(), no_permits);
    let mut waits = Task::waiting(semaphore.acquire());
    semaphore.add_permits(1);
    assert_eq!(waits.ready().unwrap().permits(), 1);
}

// SE-1
#[test]
#[should_panic = "MAX_PERMITS"]
fn more_than_there_can_be_is_refused() {
    Semaphore::<Spin>::new(Semaphore::<Spin>::MAX_PERMITS + 1);
}

// SE-2, SE-6
fn a_free_permit_is_had_at_once_where_nobody_waits<F: Flavour>() {
    let semaphore = Semaphore::<F>::new(3);
    let one = Task::new(semaphore.acquire()).ready().unwrap();
    let waits = Task::waiting(semaphore.acquire_many(3));
    // Two are free, and spoken for.
    assert_eq!(semaphore.available_permits(), 2);
    let no_permits = TryAcquireError::NoPermits;
    assert_eq!(semaphore.try_acquire().unwrap_err(), no_permits);
    assert!(Task::new(semaphore.acquire()).poll().is_pending());
    assert_eq!(semaphore.forget_permits(1), 0);
    drop(waits);
    assert!(semaphore.try_acquire().is_ok());
    drop(one);
    assert_eq!(semaphore.available_permits(), 3);
}

// SE-3, SE-4
fn permits_that_are_added_go_to_the_first_waiters_and_the_rest_is_free<F: Flavour>() {
    let semaphore = Semaphore::<F>::new(0);
    let mut waiters: Vec<_> = (0..70)
        .map(|_| Task::waiting(semaphore.acquire()))
        .collect();
    semaphore.add_permits(1);
    assert!(waiters[0].woken() && !waiters[1].woken());
    // It belongs to who was woken, and to nobody else.
    assert_eq!(semaphore.available_permits(), 0);
    assert!(semaphore.try_acquire().is_err());
    semaphore.add_permits(71);
    assert!(waiters.iter().all(|waiter| waiter.wakes() == 1));
    assert_eq!(semaphore.available_permits(), 2);
    let permits: Vec<_> = waiters.iter_mut().map(Task::ready).collect();
    drop(permits);
    assert_eq!(semaphore.available_permits(), 72);
}

// SE-8
fn rounds_are_fair<F: Flavour>() {
    let semaphore = Semaphore::<F>::new(1);
    let mut permit = Some(Task::new(semaphore.acquire()).ready());
    let mut tasks: Vec<_> = (0..3).map(|_| Task::waiting(semaphore.acquire())).collect();
    for turn in 0..9 {
        drop(permit.take());
        let woken: Vec<_> = tasks.iter().map(Task::woken).collect();
        assert_eq!(woken, [0, 1, 2].map(|task| task == turn % 3));
        permit = Some(tasks[turn % 3].ready());
        // It asks again, behind the others.
        tasks[turn % 3] = Task::waiting(semaphore.acquire());
    }
}

// SE-5
fn before_its_first_poll_it_takes_nothing<F: Flavour>() {
    let semaphore = Semaphore::<F>::new(1);
    let acquire = semaphore.acquire();
    assert_eq!(semaphore.available_permits(), 1);
    drop(acquire);
    assert_eq!(semaphore.available_permits(), 1);
    let _held = semaphore.try_acquire().unwrap();
    drop(semaphore.acquire());
    assert_eq!(semaphore.waiting(), 0);
}

// SE-5
fn while_it_waits_it_leaves_at_once<F: Flavour>() {
    let semaphore = Semaphore::<F>::new(0);
    assert!(!Task::waiting(semaphore.acquire()).drop_and_look());
    assert_eq!(semaphore.waiting(), 0);
    semaphore.add_permits(1);
    assert!(semaphore.try_acquire().is_ok());
}

// SE-5, A-10
fn a_permit_in_vain_hands_goes_to_the_next<F: Flavour>() {
    let semaphore = Semaphore::<F>::new(0);
    let mut waiters: Vec<_> = (0..70)
        .map(|_| Task::waiting(semaphore.acquire()))
        .collect();
    let many = Task::waiting(semaphore.acquire_many(70));
    let after: Vec<_> = (0..70)
        .map(|_| Task::waiting(semaphore.acquire()))
        .collect();
    semaphore.add_permits(1);
    for served in 0..70 {
        assert!(waiters[0].woken());
        drop(waiters.remove(0));
        assert_eq!(waiters.first().is_some_and(Task::woken), served < 69);
    }
    assert!(!many.woken());
    semaphore.add_permits(69);
    assert!(many.woken());
    assert!(!after.iter().any(Task::woken));
    // What one gives back serves seventy.
    drop(many);
    assert!(after.iter().all(Task::woken));
    drop(after);
    assert_eq!(semaphore.available_permits(), 70);
}

// SE-3, SE-4, SE-5, SE-8
fn waiters_are_served_in_order_after_cancellations<F: Flavour>() {
    for seed in 1..50 {
        let mut die = Die(seed);
        let semaphore = Semaphore::<F>::new(0);
        // What should be: each waiter, and whether it was served.
        let mut waiting: Vec<_> = (0..60)
            .map(|_| (Task::waiting(semaphore.acquire()), false))
            .collect();
        let mut free = 0;
        for _ in 0..100 {
            if die.throw(2) == 0 || waiting.is_empty() {
                semaphore.add_permits(1);
            } else {
                let gone = die.throw(u32::try_from(waiting.len()).unwrap()) as usize;
                let (task, served) = waiting.remove(gone);
                assert_eq!(task.woken(), served, "seed {seed}");
                drop(task);
                if !served {
                    continue;
                }
            }
            match waiting.iter_mut().find(|(_, served)| !served) {
                Some((_, served)) => *served = true,
                None => free += 1,
            }
            assert_eq!(semaphore.available_permits(), free, "seed {seed}");
        }
        for (mut task, served) in waiting {
            assert_eq!(task.poll().is_ready(), served, "seed {seed}");
        }
    }
}

// SE-5: safe code may leak; nobody else waits for it.
fn a_leaked_waiter_takes_its_permit_along<F: Flavour>() {
    let semaphore = Semaphore::<F>::new(0);
    Task::waiting(semaphore.acquire()).leak();
    let mut next = Task::waiting(semaphore.acquire());
    semaphore.add_permits(1);
    assert!(next.poll().is_pending());
    semaphore.add_permits(1);
    assert!(next.ready().is_ok());
}

//
fn a_waker_that_panics_hides_no_other<F: Flavour>() {
    let semaphore = Semaphore::<F>::new(0);
    let mut panicking = Task::new(semaphore.acquire());
    assert!(panicking.poll_with(&panicking_waker()).is_pending());
    // More than one section can wake.
    let mut others: Vec<_> = (0..100)
        .map(|_| Task::waiting(semaphore.acquire()))
        .collect();
    assert!(panics(|| semaphore.add_permits(101)));
    assert!(others.iter().all(Task::woken));
    assert!(panicking.ready().is_ok());
    assert!(others.iter_mut().all(|other| other.ready().is_ok()));
    assert_eq!(semaphore.available_permits(), 101);
}

// SE-9
fn permits_are_split_and_forgotten<F: Flavour>() {
    let semaphore = Arc::new(Semaphore::<F>::new(5));
    let five = Task::new(semaphore.acquire_many_owned(5)).ready().unwrap();
    let (two, three) = five.split(3).unwrap();
    assert_eq!((two.permits(), three.permits()), (2, 3));
    let two = two.split(3).unwrap_err();
    drop(three);
    assert_eq!(semaphore.available_permits(), 3);
    two.forget();
    assert_eq!(semaphore.available_permits(), 3);
    // A panic gives them back as well.
    assert!(panics(|| {
        let _permit = semaphore.try_acquire();
        std::panic::panic_any("the work");
    }));
    assert_eq!(semaphore.available_permits(), 3);
}

// SE-10
fn whoever_wants_many_is_not_starved<F: Flavour>() {
    let semaphore = Semaphore::<F>::new(0);
    let mut many = Task::waiting(semaphore.acquire_many(3));
    let mut one = Task::waiting(semaphore.acquire());
    for _ in 0..3 {
        assert!(!many.woken() && !one.woken());
        semaphore.add_permits(1);
    }
    assert_eq!(many.ready().unwrap().permits(), 3);
    assert!(one.woken(), "those that came back are its own");
    assert!(one.ready().is_ok());
}

// SE-10
fn closing_tells_those_that_wait_and_those_that_come<F: Flavour>() {
    let semaphore = Semaphore::<F>::new(1);
    let held = semaphore.try_acquire().unwrap();
    let mut waiters: Vec<_> = (0..70)
        .map(|_| Task::waiting(semaphore.acquire()))
        .collect();
    let unpolled = Task::waiting(semaphore.acquire());
    semaphore.close();
    for waiter in &mut waiters {
        assert_eq!(waiter.wakes(), 1);
        assert!(waiter.ready().is_err());
    }
    drop(unpolled);
    assert!(Task::new(semaphore.acquire()).ready().is_err());
    let closed = TryAcquireError::Closed;
    assert_eq!(semaphore.try_acquire().unwrap_err(), closed);
    // What is out is good, and comes back.
    drop(held);
    assert_eq!(semaphore.available_permits(), 1);
    assert!(semaphore.is_closed());
}

// SE-7
fn more_than_it_can_count_is_refused_and_changes_nothing<F: Flavour>() {
    let semaphore = Semaphore::<F>::new(7);
    assert!(panics(|| semaphore.add_permits(Semaphore::<F>::MAX_PERMITS)));
    assert!(panics(|| semaphore.add_permits(usize::MAX)));
    assert_eq!(semaphore.available_permits(), 7);
    let mut waits = Task::waiting(semaphore.acquire_many(8));
    assert!(panics(|| semaphore.add_permits(Semaphore::<F>::MAX_PERMITS)));
    // Nor is it left locked.
    semaphore.add_permits(1);
    assert!(waits.ready().is_ok());
}

// SE-2, SE-9
#[test]
fn owned_permits_are_had_at_once_or_not_at_all() {
    let semaphore = Arc::new(Semaphore::<Spin>::new(2));
    let both = semaphore.try_acquire_many_owned(2).unwrap();
    assert!(semaphore.try_acquire_owned().is_err());
    drop(both);
    drop(semaphore.try_acquire_owned().unwrap());
    assert_eq!(semaphore.available_permits(), 2);
}
