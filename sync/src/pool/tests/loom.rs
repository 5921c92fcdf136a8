//! Models of a pool with one object or two.

use loom::cell::UnsafeCell;
use loom::future::block_on;
use loom::sync::Arc;
use loom::thread;

use super::{Pool, Statistics};
use crate::flavour::Modelled;
use crate::tests::{Task, model, model_within};

/// Pools of each policy, with so many objects.
const BOTH: [fn(u32) -> Pool<u32, Modelled>; 2] = [
    |objects| Pool::new(0..objects),
    |objects| Pool::fair(0..objects),
];

fn use_one(pool: &Pool<u32, Modelled>) {
    block_on(async { drop(pool.take().await.unwrap()) });
}

/// All objects are idle, and nobody waits.
fn is_at_rest<T>(pool: &Pool<T, Modelled>, objects: usize) {
    let Statistics {
        size,
        idle,
        leased,
        waiting,
        ..
    } = pool.statistics();
    assert_eq!([size, idle, leased, waiting], [objects, objects, 0, 0]);
}

// PL-4, A-10: one that is cancelled, against the object that comes back
#[test]
fn an_object_survives_the_waiter_that_is_cancelled() {
    for make in BOTH {
        model(move || {
            let pool = Arc::new(make(1));
            let lease = pool.try_take().unwrap();
            let other = {
                let pool = pool.clone();
                thread::spawn(move || use_one(&pool))
            };
            let mut given_up = Task::new(pool.take());
            assert!(given_up.poll().is_pending());
            drop(lease);
            drop(given_up);
            other.join().unwrap();
            is_at_rest(&pool, 1);
        });
    }
}

// PL-4, A-10: both at the same time
#[test]
fn a_waiter_is_dropped_while_the_object_comes_back() {
    for make in BOTH {
        model(move || {
            let pool = alloc::sync::Arc::new(make(1));
            let lease = pool.try_take_owned().unwrap();
            let mut given_up = Task::new(pool.take_owned());
            let mut next = Task::new(pool.take());
            assert!(given_up.poll().is_pending() && next.poll().is_pending());
            let other = thread::spawn(move || drop(lease));
            drop(given_up);
            other.join().unwrap();
            assert!(next.woken());
            drop(next.ready());
            drop(next);
            is_at_rest(&pool, 1);
        });
    }
}

// PL-1, PL-5, A-9: whoever has an object sees what all did that had it before
#[test]
fn an_object_is_one_lease_at_a_time() {
    model_within(2, || {
        struct Object(UnsafeCell<usize>);
        // SAFETY: the model checker looks for races itself.
        unsafe impl Send for Object {}

        let pool = Arc::new(Pool::<_, Modelled>::new([Object(UnsafeCell::new(0))]));
        let add = |pool: &Pool<Object, Modelled>| {
            let lease = block_on(pool.take()).unwrap();
            // SAFETY: the checker fails if somebody else looks.
            lease.0.with_mut(|count| unsafe { *count += 1 });
        };
        let others = [(); 2].map(|()| {
            let pool = pool.clone();
            thread::spawn(move || add(&pool))
        });
        add(&pool);
        for other in others {
            other.join().unwrap();
        }
        let lease = pool.try_take().unwrap();
        // SAFETY: as above.
        assert_eq!(lease.0.with(|count| unsafe { *count }), 3);
    });
}

// PL-7, A-9: an object that is added, against who begins to wait
#[test]
fn an_added_object_is_seen_by_who_begins_to_wait() {
    for make in BOTH {
        model(move || {
            let pool = Arc::new(make(0));
            let others = [1, 2].map(|object| {
                let pool = pool.clone();
                thread::spawn(move || pool.add(object).unwrap())
            });
            use_one(&pool);
            use_one(&pool);
            for other in others {
                other.join().unwrap();
            }
            is_at_rest(&pool, 2);
        });
    }
}

// PL-10, PL-11, A-9: the close, against who takes
#[test]
fn whoever_takes_while_the_pool_is_closed_is_served_or_refused() {
    for make in BOTH {
        model_within(2, move || {
            let pool = Arc::new(make(1));
            let others = [(); 2].map(|()| {
                let pool = pool.clone();
                thread::spawn(move || block_on(async { drop(pool.take().await) }))
            });
            assert!(pool.close());
            block_on(pool.closed());
            assert_eq!(pool.statistics().leased, 0);
            for other in others {
                other.join().unwrap();
            }
            is_at_rest(&pool, 1);
        });
    }
}

// PL-9, A-9: the look at the idle objects, against who takes
#[test]
fn whoever_waits_for_one_that_is_looked_at_gets_it() {
    for make in BOTH {
        model(move || {
            let pool = Arc::new(make(1));
            let other = {
                let pool = pool.clone();
                thread::spawn(move || use_one(&pool))
            };
            pool.retain(|_| true);
            other.join().unwrap();
            is_at_rest(&pool, 1);
        });
    }
}

// PL-10, A-9: the close, and a look at what is there, against one that comes back
#[test]
fn what_does_not_come_back_to_a_closed_pool_is_not_left_in_it() {
    model(|| {
        let pool = alloc::sync::Arc::new(Pool::<_, Modelled>::new([1]));
        let lease = pool.try_take_owned().unwrap();
        let other = thread::spawn(move || match lease.release_unless_closed() {
            Ok(()) => None,
            Err(lease) => Some(lease.detach()),
        });
        pool.close();
        let cleared = pool.remove();
        let handed_back = other.join().unwrap();
        assert_eq!([cleared, handed_back].iter().flatten().count(), 1);
        is_at_rest(&pool, 0);
    });
}
