//! Objects that join a pool, and that leave it.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::cell::Cell;

use super::{both, counts, drained};
use crate::flavour::Flavour;
use crate::pool::Pool;
use crate::tests::{Task, each_flavour, panics};

each_flavour!(
    a_detached_object_never_comes_back,
    an_added_object_is_taken_next,
    an_object_added_last_is_taken_last,
    an_added_object_goes_to_the_first_waiter,
    added_objects_serve_so_many_waiters,
    an_object_released_last_is_taken_last,
    what_is_removed_would_have_been_taken_last,
    what_is_kept_stays_in_its_order,
    what_is_leased_is_not_looked_at,
    a_waiter_is_served_by_what_is_kept,
    while_one_is_looked_at_others_can_be_taken,
    the_pool_can_be_changed_while_it_is_looked_through,
    what_is_wanted_is_leased_and_the_rest_stays_in_its_order,
    what_was_wanted_before_a_panic_stays,
);

// PL-7
fn a_detached_object_never_comes_back<F: Flavour>() {
    for pool in both::<F>(2) {
        let lease = pool.try_take().unwrap();
        let other = pool.try_take().unwrap();
        let waits = Task::waiting(pool.take());
        assert_eq!(lease.detach(), 1);
        assert!(!waits.woken());
        assert_eq!(counts(&pool), [1, 0, 1, 1]);
        drop(other);
        drop(waits);
        assert_eq!(pool.into_inner(), [0]);
    }
}

// PL-7
fn an_added_object_is_taken_next<F: Flavour>() {
    for pool in both::<F>(2) {
        pool.add(7).unwrap();
        assert_eq!(counts(&pool), [3, 3, 0, 0]);
        assert_eq!(drained(&pool), [7, 1, 0]);
    }
}

// PL-8
fn an_object_added_last_is_taken_last<F: Flavour>() {
    for pool in both::<F>(2) {
        pool.add_last(7).unwrap();
        assert_eq!(drained(&pool), [1, 0, 7]);
    }
}

// PL-7, PL-8
fn an_added_object_goes_to_the_first_waiter<F: Flavour>() {
    for add in [Pool::add, Pool::add_last] {
        for pool in both::<F>(0) {
            let (mut a, b) = (Task::waiting(pool.take()), Task::waiting(pool.take()));
            add(&pool, 7).unwrap();
            assert!(a.woken() && !b.woken());
            let lease = a.ready().unwrap();
            assert_eq!(*lease, 7);
            assert_eq!(counts(&pool), [1, 0, 1, 1]);
            drop(b);
        }
    }
}

// PL-3, PL-7
fn added_objects_serve_so_many_waiters<F: Flavour>() {
    for pool in both::<F>(0) {
        let mut waiters: Vec<_> = (0..10).map(|_| Task::waiting(pool.take())).collect();
        for object in 0..9 {
            pool.add(object).unwrap();
        }
        let mut last = waiters.pop().unwrap();
        assert!(!last.woken() && waiters.iter().all(Task::woken));
        let leases: Vec<_> = waiters
            .iter_mut()
            .map(|task| task.ready().unwrap())
            .collect();
        assert_eq!(counts(&pool), [9, 0, 9, 1]);
        drop(leases);
        drop(last.ready());
        drop((waiters, last));
        assert_eq!(counts(&pool), [9, 9, 0, 0]);
    }
}

// PL-8
fn an_object_released_last_is_taken_last<F: Flavour>() {
    for pool in both::<F>(3) {
        pool.try_take().unwrap().release_last();
        assert_eq!(drained(&pool), [1, 0, 2]);
        // It goes to a waiter all the same.
        let leases = [(); 3].map(|()| pool.try_take().unwrap());
        let mut waits = Task::waiting(pool.take());
        let [first, ..] = leases;
        first.release_last();
        assert!(waits.woken());
        assert!(waits.ready().is_ok());
    }
}

// PL-9
fn what_is_removed_would_have_been_taken_last<F: Flavour>() {
    for pool in both::<F>(3) {
        let lease = pool.try_take().unwrap();
        assert_eq!([(); 3].map(|()| pool.remove()), [Some(0), Some(1), None]);
        assert_eq!(counts(&pool), [1, 0, 1, 0]);
        drop(lease);
        assert_eq!(drained(&pool), [2]);
    }
}

// PL-9
fn what_is_kept_stays_in_its_order<F: Flavour>() {
    for pool in both::<F>(8) {
        let mut seen = Vec::new();
        pool.retain(|object| {
            seen.push(*object);
            *object += 10;
            *object % 3 != 0
        });
        assert_eq!(seen, [0, 1, 2, 3, 4, 5, 6, 7]);
        assert_eq!(counts(&pool), [6, 6, 0, 0]);
        assert_eq!(drained(&pool), [17, 16, 14, 13, 11, 10]);
        pool.retain(|_| false);
        assert_eq!(counts(&pool), [0; 4]);
        pool.retain(|_| panic!("there is none"));
    }
}

// PL-9
fn what_is_leased_is_not_looked_at<F: Flavour>() {
    for pool in both::<F>(3) {
        let lease = pool.try_take().unwrap();
        pool.retain(|_| false);
        assert_eq!(counts(&pool), [1, 0, 1, 0]);
        drop(lease);
        assert_eq!(drained(&pool), [2]);
    }
}

// PL-4, PL-9: one that came while the last object was looked at.
fn a_waiter_is_served_by_what_is_kept<F: Flavour>() {
    for pool in both::<F>(1) {
        let mut waits = None;
        pool.retain(|_| {
            waits = Some(Task::waiting(pool.take()));
            true
        });
        let mut waits = waits.unwrap();
        assert!(waits.woken());
        assert_eq!(*waits.ready().unwrap(), 0);
        // Where it is not kept, there is nothing to be had.
        let mut waits = None;
        pool.retain(|_| {
            waits = Some(Task::waiting(pool.take()));
            false
        });
        assert!(!waits.unwrap().woken());
        assert_eq!(counts(&pool), [0; 4]);
    }
}

// PL-9
fn while_one_is_looked_at_others_can_be_taken<F: Flavour>() {
    for pool in both::<F>(4) {
        let mut seen = Vec::new();
        let taken = Cell::new(None);
        pool.retain(|object| {
            seen.push(*object);
            if *object == 1 {
                // The upper two, and the one below: what is not taken is looked at.
                taken.set(Some([(); 3].map(|()| pool.try_take().unwrap())));
                assert!(pool.try_take().is_err(), "that one is in our hands");
            }
            *object != 1
        });
        assert_eq!(seen, [0, 1]);
        assert_eq!(counts(&pool), [3, 0, 3, 0]);
        drop(taken);
        assert_eq!(counts(&pool), [3, 3, 0, 0]);
    }
}

// PL-9: it ends, and nothing is lost.
fn the_pool_can_be_changed_while_it_is_looked_through<F: Flavour>() {
    for pool in both::<F>(4) {
        let mut looks = 0;
        pool.retain(|object| {
            looks += 1;
            pool.add(*object + 10).unwrap();
            drop(pool.try_take().unwrap());
            if *object == 2 {
                assert_eq!(pool.remove(), Some(0));
            }
            true
        });
        assert_eq!(looks, 4);
        assert_eq!(counts(&pool), [7, 7, 0, 0]);
    }
}

// PL-16
fn what_is_wanted_is_leased_and_the_rest_stays_in_its_order<F: Flavour>() {
    for pool in both::<F>(5) {
        let pool = Arc::new(pool);
        let mut seen = Vec::new();
        let odd = pool.take_where(|object| {
            seen.push(*object);
            *object % 2 == 1
        });
        assert_eq!(seen, [0, 1, 2, 3, 4]);
        assert_eq!(odd.iter().map(|lease| **lease).collect::<Vec<_>>(), [1, 3]);
        assert_eq!(counts(&pool), [5, 3, 2, 0]);
        assert_eq!(drained(&pool), [4, 2, 0]);
        drop(odd);
        assert!(pool.close());
        assert_eq!(
            pool.take_where(|_| true).len(),
            5,
            "out of a closed one too"
        );
    }
}

// PL-16
fn what_was_wanted_before_a_panic_stays<F: Flavour>() {
    for pool in both::<F>(3) {
        let pool = Arc::new(pool);
        assert!(panics(|| {
            pool.take_where(|object| {
                assert!(*object < 1, "the second one");
                true
            })
        }));
        assert_eq!(counts(&pool), [3, 3, 0, 0]);
    }
}
