//! What a pool promises, polled by hand.

mod changes;
mod closing;
mod user_code;

use alloc::format;
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::{Pool, Statistics, TryTakeError};
use crate::flavour::{Flavour, Spin};
use crate::tests::{Die, Task, each_flavour, now};

each_flavour!(
    the_object_that_came_back_last_is_taken_first,
    an_empty_pool_makes_everybody_wait,
    a_lease_leads_to_its_object,
    a_lease_may_own_its_share_of_the_pool,
    a_fair_pool_hands_its_objects_over_in_order,
    a_newcomer_overtakes_one_that_was_woken_once,
    one_that_was_overtaken_often_enough_is_handed_an_object,
    so_many_waiters_are_served_as_objects_come_back,
    only_one_object_at_a_time_is_up_for_newcomers,
    before_its_first_poll_a_take_does_nothing,
    while_it_waits_a_take_leaves_at_once,
    a_take_that_was_served_and_dropped_serves_the_next,
    dropped_while_an_object_comes_back_one_other_gets_it,
    waiters_come_in_order_after_cancellations,
    a_take_that_is_polled_in_vain_keeps_its_place,
    a_take_may_be_used_again,
    a_leaked_lease_is_leased_for_ever,
    a_leaked_take_keeps_what_it_is_handed,
    what_goes_on_can_be_told,
);

fn both<F: Flavour>(objects: u32) -> [Pool<u32, F>; 2] {
    [Pool::new(0..objects), Pool::fair(0..objects)]
}

/// Size, idle, leased, waiting.
fn counts<T, F: Flavour>(pool: &Pool<T, F>) -> [usize; 4] {
    let Statistics {
        size,
        idle,
        leased,
        waiting,
        ..
    } = pool.statistics();
    [size, idle, leased, waiting]
}

/// All that is idle.
fn drained<T: Copy, F: Flavour>(pool: &Pool<T, F>) -> Vec<T> {
    let leases: Vec<_> = core::iter::from_fn(|| pool.try_take().ok()).collect();
    leases.iter().map(|lease| **lease).collect()
}

// PL-1
fn the_object_that_came_back_last_is_taken_first<F: Flavour>() {
    for pool in both::<F>(3) {
        let [a, b, c] = [(); 3].map(|()| now(pool.take()).unwrap());
        assert_eq!([*a, *b, *c], [2, 1, 0], "the last one is on top");
        drop(b);
        drop(c);
        drop(a);
        assert_eq!(drained(&pool), [2, 0, 1]);
    }
}

// PL-1
fn an_empty_pool_makes_everybody_wait<F: Flavour>() {
    let pool = Pool::<u32, F>::new([]);
    let mut waits = Task::waiting(pool.take());
    assert_eq!(pool.try_take().unwrap_err(), TryTakeError::NoneIdle);
    pool.add(7).unwrap();
    assert!(waits.woken());
    assert_eq!(*waits.ready().unwrap(), 7);
}

// PL-5, PL-12
fn a_lease_leads_to_its_object<F: Flavour>() {
    for pool in both::<F>(1) {
        let mut lease = pool.try_take().unwrap();
        *lease += 10;
        assert_eq!(
            (format!("{lease}"), format!("{lease:?}")),
            ("10".into(), "10".into())
        );
        assert_eq!(pool.try_take().unwrap_err(), TryTakeError::NoneIdle);
        drop(lease);
        assert_eq!(*pool.try_take().unwrap(), 10);
    }
}

// PL-13
fn a_lease_may_own_its_share_of_the_pool<F: Flavour>() {
    for pool in both::<F>(1) {
        let pool = Arc::new(pool);
        let lease = now(pool.take_owned()).unwrap();
        let mut waits = Task::waiting(pool.take_owned());
        assert_eq!(pool.try_take_owned().unwrap_err(), TryTakeError::NoneIdle);
        drop(lease);
        let lease = waits.ready().unwrap();
        drop((waits, pool));
        // The last owner.
        assert_eq!(*lease, 0);
        drop(lease);
    }
}

// PL-2, PL-3
fn a_fair_pool_hands_its_objects_over_in_order<F: Flavour>() {
    let pool = Pool::<_, F>::fair(0..2);
    let mut leases: Vec<_> = (0..2).map(|_| pool.try_take().unwrap()).collect();
    let mut waiters: Vec<_> = (0..6).map(|_| Task::waiting(pool.take())).collect();
    while !waiters.is_empty() {
        drop(leases.remove(0));
        assert!(waiters[0].woken());
        assert!(!waiters.iter().skip(1).any(Task::woken));
        // It is the first one's before that one runs.
        assert!(pool.try_take().is_err());
        assert!(Task::new(pool.take()).poll().is_pending());
        leases.push(waiters.remove(0).ready().unwrap());
    }
    drop(leases);
    assert_eq!(counts(&pool), [2, 2, 0, 0]);
}

// PL-2, PL-3: and is handed an object after that.
fn a_newcomer_overtakes_one_that_was_woken_once<F: Flavour>() {
    let pool = Pool::<_, F>::new(0..1);
    let lease = pool.try_take().unwrap();
    let (mut a, mut b) = (Task::waiting(pool.take()), Task::waiting(pool.take()));
    drop(lease);
    assert_eq!((a.wakes(), b.wakes()), (1, 0));
    let newcomer = pool.try_take().unwrap();
    assert!(a.poll().is_pending(), "it missed it");
    drop(newcomer);
    assert_eq!((a.wakes(), b.wakes()), (2, 0));
    assert!(pool.try_take().is_err(), "it was handed over");
    drop(a.ready());
    assert_eq!(b.wakes(), 1);
    drop(b.ready());
    assert_eq!(counts(&pool), [1, 1, 0, 0]);
}

// PL-2, PL-3: also if it does not run.
fn one_that_was_overtaken_often_enough_is_handed_an_object<F: Flavour>() {
    let pool = Pool::<_, F>::new(0..1);
    let lease = pool.try_take().unwrap();
    let mut waits = Task::waiting(pool.take());
    drop(lease);
    let overtakes = core::iter::from_fn(|| pool.try_take().ok());
    assert_eq!(overtakes.map(drop).count(), 256);
    assert_eq!(waits.wakes(), 1);
    drop(waits.ready());
    assert!(pool.try_take().is_ok());
}

// PL-3
fn so_many_waiters_are_served_as_objects_come_back<F: Flavour>() {
    for pool in both::<F>(3) {
        let leases = [(); 3].map(|()| pool.try_take().unwrap());
        let gone = Task::waiting(pool.take());
        let mut waiters: Vec<_> = (0..4).map(|_| Task::waiting(pool.take())).collect();
        drop(gone);
        for (back, lease) in leases.into_iter().enumerate() {
            let wakes: Vec<_> = waiters.iter().map(Task::wakes).collect();
            let expected: Vec<_> = (0..4).map(|n| usize::from(n < back)).collect();
            assert_eq!(wakes, expected, "nobody twice, and in order");
            drop(lease);
        }
        let mut last = waiters.pop().unwrap();
        let got: Vec<_> = waiters.iter_mut().map(Task::ready).collect();
        assert!(!last.woken());
        drop(got);
        assert!(last.ready().is_ok());
        drop(last);
        assert_eq!(counts(&pool), [3, 3, 0, 0]);
    }
}

// PL-2, PL-3: the others were handed to those that stand before.
fn only_one_object_at_a_time_is_up_for_newcomers<F: Flavour>() {
    let pool = Pool::<_, F>::new(0..3);
    let leases = [(); 3].map(|()| pool.try_take().unwrap());
    let mut waiters: Vec<_> = (0..3).map(|_| Task::waiting(pool.take())).collect();
    drop(leases);
    let newcomer = pool.try_take().unwrap();
    assert!(pool.try_take().is_err(), "the rest is theirs");
    let theirs = [0, 1].map(|n| waiters[n].ready().unwrap());
    assert!(waiters[2].poll().is_pending(), "it missed it");
    drop(newcomer);
    assert!(waiters[2].ready().is_ok());
    drop(theirs);
}

// PL-4
fn before_its_first_poll_a_take_does_nothing<F: Flavour>() {
    for pool in both::<F>(1) {
        let take = pool.take();
        assert_eq!(counts(&pool), [1, 1, 0, 0]);
        drop(take);
        let lease = pool.try_take().unwrap();
        drop(pool.take());
        assert_eq!(counts(&pool), [1, 0, 1, 0]);
        drop(lease);
        assert!(pool.try_take().is_ok());
    }
}

// PL-4
fn while_it_waits_a_take_leaves_at_once<F: Flavour>() {
    for pool in both::<F>(1) {
        let lease = pool.try_take().unwrap();
        assert!(!Task::waiting(pool.take()).drop_and_look());
        assert_eq!(counts(&pool), [1, 0, 1, 0]);
        drop(lease);
        assert!(pool.try_take().is_ok());
    }
}

// PL-4, A-10
fn a_take_that_was_served_and_dropped_serves_the_next<F: Flavour>() {
    for pool in both::<F>(1) {
        let lease = pool.try_take().unwrap();
        let (a, b) = (Task::waiting(pool.take()), Task::waiting(pool.take()));
        let mut c = Task::waiting(pool.take());
        drop(lease);
        assert!(a.woken() && !b.woken());
        drop(a);
        assert!(b.woken() && !c.woken());
        drop(b);
        assert!(c.woken());
        drop(c.ready());
        assert_eq!(counts(&pool), [1, 1, 0, 0]);
    }
    // Also one that missed it once, and was handed it.
    let pool = Pool::<_, F>::new(0..1);
    let lease = pool.try_take().unwrap();
    let (mut a, mut b) = (Task::waiting(pool.take()), Task::waiting(pool.take()));
    drop(lease);
    let newcomer = pool.try_take().unwrap();
    assert!(a.poll().is_pending());
    drop(newcomer);
    drop(a);
    assert!(b.woken());
    drop(b.ready());
    assert_eq!(counts(&pool), [1, 1, 0, 0]);
    // And with nobody behind it.
    let lease = pool.try_take().unwrap();
    let last = Task::waiting(pool.take());
    drop(lease);
    drop(last);
    assert_eq!(counts(&pool), [1, 1, 0, 0]);
}

// PL-4: in either order, and with a newcomer in between.
fn dropped_while_an_object_comes_back_one_other_gets_it<F: Flavour>() {
    for pool in both::<F>(1) {
        for back_first in [false, true] {
            let lease = pool.try_take().unwrap();
            let gone = Task::waiting(pool.take());
            let mut others: Vec<_> = (0..3).map(|_| Task::waiting(pool.take())).collect();
            if back_first {
                drop(lease);
                drop(gone);
            } else {
                drop(gone);
                drop(lease);
            }
            let mut got: Vec<_> = others.iter_mut().map(Task::poll).collect();
            assert_eq!(got.iter().filter(|poll| poll.is_ready()).count(), 1);
            assert!(got[0].is_ready());
            got.clear();
            drop(others);
            assert_eq!(counts(&pool), [1, 1, 0, 0]);
        }
    }
    let pool = Pool::<_, F>::new(0..1);
    let lease = pool.try_take().unwrap();
    let (gone, mut next) = (Task::waiting(pool.take()), Task::waiting(pool.take()));
    drop(lease);
    let newcomer = pool.try_take().unwrap();
    // It was woken, and the newcomer will wake the next.
    drop(gone);
    assert!(!next.woken());
    drop(newcomer);
    assert!(next.woken());
    drop(next.ready());
}

// PL-2, PL-3, PL-4: objects come back, and waiters leave, at random.
fn waiters_come_in_order_after_cancellations<F: Flavour>() {
    const OBJECTS: usize = 3;
    for pool in both::<F>(3) {
        for seed in 1..50 {
            let mut die = Die(seed);
            let mut one_of = |len: usize| die.throw(u32::try_from(len).unwrap()) as usize;
            let mut leases: Vec<_> = (0..OBJECTS).map(|_| pool.try_take().unwrap()).collect();
            let mut waiting: Vec<_> = (0..60).map(|_| Task::waiting(pool.take())).collect();
            while !waiting.is_empty() {
                match one_of(3) {
                    0 => drop(waiting.remove(one_of(waiting.len()))),
                    1 if !leases.is_empty() => drop(leases.swap_remove(one_of(leases.len()))),
                    _ => {
                        let free = OBJECTS - leases.len();
                        let woken = waiting.iter().take_while(|task| task.woken()).count();
                        assert_eq!(woken, free.min(waiting.len()), "seed {seed}");
                        assert!(!waiting.iter().skip(woken).any(Task::woken), "seed {seed}");
                        if woken > 0 {
                            leases.push(waiting.remove(0).ready().unwrap());
                        }
                    }
                }
            }
            drop(leases);
            assert_eq!(counts(&pool), [OBJECTS, OBJECTS, 0, 0], "seed {seed}");
        }
    }
}

// PL-2, PL-4: woken by nobody, it misses nothing by looking.
fn a_take_that_is_polled_in_vain_keeps_its_place<F: Flavour>() {
    for pool in both::<F>(1) {
        let lease = pool.try_take().unwrap();
        let (mut a, mut b) = (Task::waiting(pool.take()), Task::waiting(pool.take()));
        for _ in 0..3 {
            assert!(b.poll().is_pending() && a.poll().is_pending());
        }
        drop(lease);
        assert_eq!((a.wakes(), b.wakes()), (1, 0));
        drop(a.ready());
        drop(b.ready());
    }
}

// PL-2
fn a_take_may_be_used_again<F: Flavour>() {
    for pool in both::<F>(2) {
        let mut take = Task::new(pool.take());
        let (a, b) = (take.ready().unwrap(), take.ready().unwrap());
        assert!(take.poll().is_pending());
        drop(a);
        assert!(take.woken());
        assert_eq!(*take.ready().unwrap(), 1);
        drop(b);
    }
}

// PL-6
fn a_leaked_lease_is_leased_for_ever<F: Flavour>() {
    for pool in both::<F>(2) {
        core::mem::forget(pool.try_take().unwrap());
        assert_eq!(counts(&pool), [2, 1, 1, 0]);
        assert_eq!(drained(&pool), [0]);
        assert_eq!(pool.into_inner(), [0]);
    }
}

// PL-6: safe code may leak.
fn a_leaked_take_keeps_what_it_is_handed<F: Flavour>() {
    let pool = Pool::<_, F>::fair(0..1);
    let lease = pool.try_take().unwrap();
    Task::waiting(pool.take()).leak();
    let next = Task::waiting(pool.take());
    drop(lease);
    assert_eq!(counts(&pool), [1, 0, 1, 1]);
    assert!(!next.woken());
    // By default it is woken in vain, and newcomers take the object.
    let pool = Pool::<_, F>::new(0..1);
    let lease = pool.try_take().unwrap();
    Task::waiting(pool.take()).leak();
    drop(lease);
    assert!(pool.try_take().is_ok());
}

// PL-15
fn what_goes_on_can_be_told<F: Flavour>() {
    for pool in both::<F>(3) {
        let lease = pool.try_take().unwrap();
        let told = "Pool { size: 3, idle: 2, leased: 1, waiting: 0, closed: false }";
        assert_eq!(format!("{pool:?}"), told);
        let take = pool.take();
        assert_eq!(format!("{take:?}"), "Take { waits: false, .. }");
        let _others = [(); 2].map(|()| pool.try_take().unwrap());
        let waits = Task::waiting(pool.take());
        assert_eq!(counts(&pool), [3, 0, 3, 1]);
        drop(lease);
        // By default it is idle, until the one that was woken takes it.
        let now = pool.statistics();
        assert_eq!((now.size, now.idle + now.leased), (3, 3));
        drop(waits);
        assert_eq!(counts(&pool), [3, 1, 2, 0]);
    }
}

// PL-5: only the lease gives back, on whichever thread it is.
#[test]
fn a_lease_comes_back_from_another_thread() {
    let pool = Pool::<_, Spin>::new([1]);
    let lease = pool.try_take().unwrap();
    std::thread::scope(|threads| drop(threads.spawn(move || drop(lease))));
    assert_eq!(counts(&pool), [1, 1, 0, 0]);
}
