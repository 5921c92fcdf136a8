//! The end of a pool.

use alloc::format;
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::{both, counts};
use crate::flavour::Flavour;
use crate::pool::{Closed, Pool, TryTakeError};
use crate::tests::{Task, each_flavour, now};

each_flavour!(
    a_closed_pool_gives_nothing,
    whoever_waits_is_refused,
    a_crowd_is_refused,
    an_object_that_was_handed_over_is_not_taken_away,
    one_that_was_woken_and_did_not_run_is_refused,
    closed_waits_for_every_lease,
    closed_waits_for_the_close_as_well,
    what_is_detached_is_not_waited_for,
    a_crowd_is_let_go_in_the_end,
    the_take_that_comes_back_last_ends_the_pool,
    a_dropped_wait_for_the_end_leaves,
    a_leaked_lease_is_waited_for_for_ever,
    a_closed_pool_can_be_emptied,
    a_closed_pool_may_be_spared_what_comes_back,
);

// PL-10
fn a_closed_pool_gives_nothing<F: Flavour>() {
    for pool in both::<F>(2) {
        let lease = pool.try_take().unwrap();
        assert!(!pool.is_closed());
        assert!(pool.close());
        assert!(!pool.close(), "it was closed before");
        assert!(pool.is_closed());
        assert_eq!(now(pool.take()).unwrap_err(), Closed);
        assert_eq!(pool.try_take().unwrap_err(), TryTakeError::Closed);
        assert_eq!(pool.add(7).unwrap_err().object, 7);
        assert_eq!(pool.add_last(8).unwrap_err().object, 8);
        assert_eq!(*lease, 1);
        drop(lease);
        assert_eq!(counts(&pool), [2, 2, 0, 0]);
        assert_eq!(pool.into_inner(), [0, 1]);
    }
}

// PL-10
fn whoever_waits_is_refused<F: Flavour>() {
    for pool in both::<F>(1) {
        let lease = pool.try_take().unwrap();
        let mut waits = Task::waiting(pool.take());
        let dropped = Task::waiting(pool.take());
        pool.close();
        assert!(waits.woken() && dropped.woken());
        drop(dropped);
        assert_eq!(waits.ready().unwrap_err(), Closed);
        assert_eq!(waits.ready().unwrap_err(), Closed, "and if it asks again");
        drop(lease);
        assert_eq!(counts(&pool), [1, 1, 0, 0]);
    }
}

// PL-10: more than one section has room for.
fn a_crowd_is_refused<F: Flavour>() {
    for pool in both::<F>(0) {
        let mut crowd: Vec<_> = (0..100).map(|_| Task::waiting(pool.take())).collect();
        pool.close();
        assert!(crowd.iter().all(|task| task.wakes() == 1));
        assert!(crowd.iter_mut().all(|task| task.ready().is_err()));
    }
}

// PL-4, PL-10
fn an_object_that_was_handed_over_is_not_taken_away<F: Flavour>() {
    let pool = Pool::<_, F>::fair([7]);
    let lease = pool.try_take().unwrap();
    let mut waits = Task::waiting(pool.take());
    drop(lease);
    pool.close();
    assert_eq!(counts(&pool), [1, 0, 1, 0]);
    assert_eq!(*waits.ready().unwrap(), 7);
}

// PL-10
fn one_that_was_woken_and_did_not_run_is_refused<F: Flavour>() {
    let pool = Pool::<_, F>::new([7]);
    let lease = pool.try_take().unwrap();
    let (mut a, mut b) = (Task::waiting(pool.take()), Task::waiting(pool.take()));
    drop(lease);
    pool.close();
    assert!(a.ready().is_err() && b.ready().is_err());
    assert_eq!(counts(&pool), [1, 1, 0, 0]);
}

// PL-11
fn closed_waits_for_every_lease<F: Flavour>() {
    for pool in both::<F>(3) {
        let pool = Arc::new(pool);
        let leases = [(); 2].map(|()| pool.try_take().unwrap());
        pool.close();
        let mut closed = Task::waiting(pool.closed());
        let mut owned = Task::waiting(pool.closed_owned());
        let [first, last] = leases;
        drop(first);
        assert!(!closed.woken() && closed.poll().is_pending());
        drop(last);
        assert!(closed.woken() && owned.woken());
        closed.ready();
        owned.ready();
        now(pool.closed());
    }
}

// PL-11
fn closed_waits_for_the_close_as_well<F: Flavour>() {
    for pool in both::<F>(2) {
        let mut closed = Task::waiting(pool.closed());
        drop(pool.try_take().unwrap());
        assert!(!closed.woken(), "it is open");
        pool.close();
        assert!(closed.woken());
        closed.ready();
    }
}

// PL-7, PL-11
fn what_is_detached_is_not_waited_for<F: Flavour>() {
    for pool in both::<F>(1) {
        let lease = pool.try_take().unwrap();
        pool.close();
        let mut closed = Task::waiting(pool.closed());
        assert_eq!(lease.detach(), 0);
        assert!(closed.woken());
        closed.ready();
        assert_eq!(counts(&pool), [0; 4]);
    }
}

// PL-11: more than one section has room for.
fn a_crowd_is_let_go_in_the_end<F: Flavour>() {
    for pool in both::<F>(1) {
        let lease = pool.try_take().unwrap();
        let mut crowd: Vec<_> = (0..100).map(|_| Task::waiting(pool.closed())).collect();
        pool.close();
        assert!(!crowd.iter().any(Task::woken));
        drop(lease);
        assert!(crowd.iter().all(|task| task.wakes() == 1));
        crowd.iter_mut().for_each(Task::ready);
    }
}

// PL-4, PL-11: one that was handed an object, and is dropped; more wait for that than one section has
// room for.
fn the_take_that_comes_back_last_ends_the_pool<F: Flavour>() {
    let pool = Pool::<_, F>::fair(0..1);
    let lease = pool.try_take().unwrap();
    let handed = Task::waiting(pool.take());
    drop(lease);
    let mut crowd: Vec<_> = (0..100).map(|_| Task::waiting(pool.closed())).collect();
    pool.close();
    assert!(!crowd.iter().any(Task::woken));
    drop(handed);
    assert!(crowd.iter().all(|task| task.wakes() == 1));
    crowd.iter_mut().for_each(Task::ready);
    assert_eq!(counts(&pool), [1, 1, 0, 0]);
}

// PL-11
fn a_dropped_wait_for_the_end_leaves<F: Flavour>() {
    for pool in both::<F>(1) {
        let closed = pool.closed();
        assert_eq!(format!("{closed:?}"), "UntilClosed { waits: false, .. }");
        drop(closed);
        assert!(!Task::waiting(pool.closed()).drop_and_look());
        let (gone, mut stays) = (Task::waiting(pool.closed()), Task::waiting(pool.closed()));
        pool.close();
        // It has been let go, and nobody else needs to know.
        drop(gone);
        stays.ready();
        assert_eq!(counts(&pool), [1, 1, 0, 0]);
    }
}

// PL-6, PL-11
fn a_leaked_lease_is_waited_for_for_ever<F: Flavour>() {
    for pool in both::<F>(2) {
        core::mem::forget(pool.try_take().unwrap());
        pool.close();
        let mut closed = Task::waiting(pool.closed());
        assert!(closed.poll().is_pending() && !closed.woken());
    }
}

// PL-9, PL-10
fn a_closed_pool_can_be_emptied<F: Flavour>() {
    for pool in both::<F>(3) {
        let lease = pool.try_take().unwrap();
        pool.close();
        assert_eq!(pool.remove(), Some(0));
        let mut closed = Task::waiting(pool.closed());
        pool.retain(|object| *object != 1);
        assert_eq!(counts(&pool), [1, 0, 1, 0]);
        assert!(!closed.woken());
        drop(lease);
        closed.ready();
        // What is in the hands of `retain` is waited for.
        let mut again = None;
        pool.retain(|_| {
            again = Some(Task::waiting(pool.closed()));
            true
        });
        again.unwrap().ready();
        assert_eq!(pool.remove(), Some(2));
        assert_eq!(pool.remove(), None);
    }
}

// PL-17
fn a_closed_pool_may_be_spared_what_comes_back<F: Flavour>() {
    for pool in both::<F>(2) {
        let (a, b) = (pool.try_take().unwrap(), pool.try_take().unwrap());
        let mut waits = Task::waiting(pool.take());
        assert!(a.release_unless_closed().is_ok());
        assert_eq!(*waits.ready().unwrap(), 1, "as a drop does");
        pool.close();
        let b = b.release_unless_closed().unwrap_err();
        assert_eq!(*b, 0);
        assert_eq!(counts(&pool), [2, 1, 1, 0]);
    }
}
