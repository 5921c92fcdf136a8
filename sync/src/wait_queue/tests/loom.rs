//! Models: two or three threads, all interleavings up to a bound on preemptions.

use core::task::Poll;
use std::sync::Arc as StdArc;
use std::sync::atomic::{AtomicBool, Ordering};

use loom::future::block_on;
use loom::sync::Arc;
use loom::thread;

use crate::flavour::{Modelled, Spin};
use crate::mutex::Mutex;
use crate::semaphore::Semaphore;
use crate::short_lock::Locked;
use crate::tests::{Task, model};

fn semaphore() -> Semaphore<Modelled> {
    Semaphore::new(0)
}

//
#[test]
fn the_spin_lock_excludes() {
    model(|| {
        let counter = Arc::new(Locked::<usize, Spin>::new(0));
        let add = |counter: Arc<Locked<usize, Spin>>| counter.with(|count| *count += 1);
        let other = {
            let counter = counter.clone();
            thread::spawn(move || add(counter))
        };
        add(counter.clone());
        other.join().unwrap();
        counter.with(|count| assert_eq!(*count, 2));
    });
}

// SE-3, A-9: enqueue against release
#[test]
fn a_release_is_seen_by_who_begins_to_wait() {
    model(|| {
        let semaphore = Arc::new(semaphore());
        let releaser = {
            let semaphore = semaphore.clone();
            thread::spawn(move || semaphore.add_permits(1))
        };
        block_on(async { semaphore.acquire().await.unwrap().forget() });
        releaser.join().unwrap();
        assert_eq!(semaphore.available_permits(), 0);
    });
}

// SE-4, A-9: release against release, where neither is enough
#[test]
fn what_two_release_is_enough_for_one_who_wants_both() {
    model(|| {
        let semaphore = Arc::new(semaphore());
        let release = |semaphore: Arc<Semaphore<Modelled>>| semaphore.add_permits(1);
        let other = {
            let semaphore = semaphore.clone();
            thread::spawn(move || release(semaphore))
        };
        let waiter = {
            let semaphore = semaphore.clone();
            thread::spawn(move || {
                block_on(async { semaphore.acquire_many(2).await.unwrap().forget() });
            })
        };
        release(semaphore.clone());
        other.join().unwrap();
        waiter.join().unwrap();
        assert_eq!(semaphore.available_permits(), 0);
        assert_eq!(semaphore.waiting(), 0);
    });
}

// SE-5, A-10: cancel against release
#[test]
fn a_permit_survives_the_waiter_that_is_cancelled() {
    model(|| {
        let semaphore = Arc::new(semaphore());
        let releaser = {
            let semaphore = semaphore.clone();
            thread::spawn(move || semaphore.add_permits(1))
        };
        let taken = {
            let mut waiter = Task::new(semaphore.acquire());
            match waiter.poll() {
                Poll::Ready(permit) => {
                    permit.unwrap().forget();
                    1
                }
                Poll::Pending => 0,
            }
        };
        releaser.join().unwrap();
        assert_eq!(semaphore.available_permits() + taken, 1);
        assert_eq!(semaphore.waiting(), 0);
    });
}

// SE-5, A-10: the baton, with a second waiter behind the one that is cancelled
#[test]
fn a_cancelled_waiter_passes_its_permit_to_the_next() {
    model(|| {
        let semaphore = Arc::new(semaphore());
        let releaser = {
            let semaphore = semaphore.clone();
            thread::spawn(move || semaphore.add_permits(1))
        };
        let second = {
            let semaphore = semaphore.clone();
            thread::spawn(move || block_on(async { semaphore.acquire().await.unwrap().forget() }))
        };
        {
            let mut first = Task::new(semaphore.acquire());
            if let Poll::Ready(permit) = first.poll() {
                // It goes back, and on.
                drop(permit);
            }
        }
        releaser.join().unwrap();
        second.join().unwrap();
        assert_eq!(semaphore.available_permits(), 0);
    });
}

// SE-10: close against enqueue
#[test]
fn a_close_is_seen_by_who_begins_to_wait() {
    model(|| {
        let semaphore = Arc::new(semaphore());
        let closer = {
            let semaphore = semaphore.clone();
            thread::spawn(move || semaphore.close())
        };
        block_on(async { assert!(semaphore.acquire().await.is_err()) });
        closer.join().unwrap();
        assert_eq!(semaphore.waiting(), 0);
    });
}

fn excludes(make: fn(usize) -> Mutex<usize, Modelled>) {
    model(move || {
        let mutex = Arc::new(make(0));
        // A std flag: the model checker does not see it, so it hides no race.
        let inside = StdArc::new(AtomicBool::new(false));
        let work = move |mutex: Arc<Mutex<usize, Modelled>>, inside: StdArc<AtomicBool>| {
            block_on(async {
                let mut value = mutex.lock().await;
                assert!(!inside.swap(true, Ordering::SeqCst));
                *value += 1;
                inside.store(false, Ordering::SeqCst);
            });
        };
        let other = {
            let (mutex, inside) = (mutex.clone(), inside.clone());
            thread::spawn(move || work(mutex, inside))
        };
        work(mutex.clone(), inside);
        other.join().unwrap();
        assert_eq!(*mutex.try_lock().unwrap(), 2);
        assert_eq!(mutex.waiting(), 0);
    });
}

// LK-2, LK-3
#[test]
fn a_mutex_lets_in_one_at_a_time() {
    excludes(Mutex::new);
}

// LK-2, LK-3
#[test]
fn a_fair_mutex_lets_in_one_at_a_time() {
    excludes(Mutex::fair);
}

fn cancelled(make: fn(()) -> Mutex<(), Modelled>) {
    model(move || {
        let mutex = Arc::new(make(()));
        let held = mutex.try_lock().unwrap();
        let waiter = {
            let mutex = mutex.clone();
            thread::spawn(move || block_on(async { drop(mutex.lock().await) }))
        };
        {
            let mut given_up = Task::new(mutex.lock());
            let _ = given_up.poll();
            // Released while both wait, or only this one does; then this one is dropped.
            drop(held);
        }
        waiter.join().unwrap();
        assert!(mutex.try_lock().is_ok());
        assert_eq!(mutex.waiting(), 0);
    });
}

// LK-4, LK-5: a waiter that is dropped after its wake
#[test]
fn a_mutex_goes_on_past_a_waiter_that_is_cancelled() {
    cancelled(Mutex::new);
}

// LK-4, LK-5: a waiter that is dropped after it was handed the lock
#[test]
fn a_fair_mutex_goes_on_past_a_waiter_that_is_cancelled() {
    cancelled(Mutex::fair);
}
