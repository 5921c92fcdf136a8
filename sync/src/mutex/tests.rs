//! What a mutex promises, polled by hand.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::future::poll_fn;
use core::mem;
use core::task::Poll;

use crate::flavour::Flavour;
use crate::mutex::Mutex;
use crate::tests::{Die, Task, each_flavour, panicking_waker, panics};

each_flavour!(
    its_holder_waits_for_itself_for_ever,
    a_free_one_is_locked_at_once,
    a_fair_one_is_handed_over_in_order,
    a_newcomer_overtakes_one_that_was_woken_once,
    one_that_was_overtaken_often_enough_is_handed_the_mutex,
    a_release_serves_the_first_one_only,
    before_its_first_poll_a_lock_does_nothing,
    while_it_waits_a_lock_leaves_at_once,
    a_lock_that_was_woken_and_dropped_wakes_the_next,
    dropped_while_it_is_released_one_other_gets_it,
    waiters_come_in_order_after_cancellations,
    a_leaked_lock_that_was_handed_over_stays_locked,
    a_panic_of_the_holder_releases_it,
    a_waker_that_panics_leaves_it_free_to_be_locked,
    tasks_that_wait_inside_take_turns,
    a_task_that_waits_for_nothing_takes_all_its_turns,
);

fn both<F: Flavour>() -> [Mutex<u32, F>; 2] {
    [Mutex::new(0), Mutex::fair(0)]
}

// LK-1, LK-12
fn its_holder_waits_for_itself_for_ever<F: Flavour>() {
    for mutex in both::<F>() {
        let _guard = Task::new(mutex.lock()).ready();
        let mut again = Task::waiting(mutex.lock());
        for _ in 0..100 {
            assert!(again.poll().is_pending() && !again.woken());
        }
    }
}

// LK-2, LK-7, LK-8, LK-9, LK-11, CS-13
fn a_free_one_is_locked_at_once<F: Flavour>() {
    for mutex in both::<F>() {
        let mut guard = Task::new(mutex.lock()).ready();
        *guard += 1;
        assert!(mutex.is_locked());
        assert!(mutex.try_lock().is_err());
        drop(guard);
        assert!(!mutex.is_locked());
        assert_eq!(*mutex.try_lock().unwrap(), 1);
        let mutex = Arc::new(mutex);
        let owned = Task::new(mutex.lock_owned()).ready();
        assert!(mutex.try_lock_owned().is_err());
        drop(owned);
        assert!(mutex.try_lock_owned().is_ok());
    }
}

// LK-2, LK-3
fn a_fair_one_is_handed_over_in_order<F: Flavour>() {
    let mutex = Mutex::<_, F>::fair(());
    let mut guard = Some(mutex.try_lock().unwrap());
    let mut waiters: Vec<_> = (0..5).map(|_| Task::waiting(mutex.lock())).collect();
    while !waiters.is_empty() {
        drop(guard.take());
        assert!(waiters[0].woken());
        assert!(!waiters.iter().skip(1).any(Task::woken));
        // It is the first one's before that one runs.
        assert!(mutex.is_locked());
        assert!(mutex.try_lock().is_err());
        assert!(Task::new(mutex.lock()).poll().is_pending());
        guard = Some(waiters.remove(0).ready());
    }
    assert_eq!(mutex.waiting(), 0);
}

// LK-2, LK-3: and is handed the mutex after that.
fn a_newcomer_overtakes_one_that_was_woken_once<F: Flavour>() {
    let mutex = Mutex::<_, F>::new(());
    let guard = mutex.try_lock().unwrap();
    let (mut a, mut b) = (Task::waiting(mutex.lock()), Task::waiting(mutex.lock()));
    drop(guard);
    assert_eq!((a.wakes(), b.wakes()), (1, 0));
    let newcomer = mutex.try_lock().unwrap();
    assert!(a.poll().is_pending(), "it missed it");
    drop(newcomer);
    assert_eq!((a.wakes(), b.wakes()), (2, 0));
    assert!(mutex.try_lock().is_err(), "it was handed over");
    drop(a.ready());
    assert_eq!(b.wakes(), 1);
    drop(b.ready());
    assert!(!mutex.is_locked());
}

// LK-2, LK-3: also if it does not run.
fn one_that_was_overtaken_often_enough_is_handed_the_mutex<F: Flavour>() {
    let mutex = Mutex::<_, F>::new(());
    let guard = mutex.try_lock().unwrap();
    let mut waits = Task::waiting(mutex.lock());
    drop(guard);
    let overtakes = core::iter::from_fn(|| mutex.try_lock().ok());
    assert_eq!(overtakes.map(drop).count(), 256);
    assert_eq!(waits.wakes(), 1);
    drop(waits.ready());
    assert!(mutex.try_lock().is_ok());
}

// LK-3, LK-6
fn a_release_serves_the_first_one_only<F: Flavour>() {
    for mutex in both::<F>() {
        let guard = mutex.try_lock().unwrap();
        let gone = Task::waiting(mutex.lock());
        let mut waiters: Vec<_> = (0..3).map(|_| Task::waiting(mutex.lock())).collect();
        drop(gone);
        drop(guard);
        let woken: Vec<_> = waiters.iter().map(Task::wakes).collect();
        assert_eq!(woken, [1, 0, 0]);
        drop(waiters.remove(0).ready());
        assert!(waiters[0].woken() && !waiters[1].woken());
    }
}

// LK-4
fn before_its_first_poll_a_lock_does_nothing<F: Flavour>() {
    for mutex in both::<F>() {
        let lock = mutex.lock();
        assert!(!mutex.is_locked());
        drop(lock);
        let guard = mutex.try_lock().unwrap();
        drop(mutex.lock());
        assert_eq!(mutex.waiting(), 0);
        drop(guard);
        assert!(mutex.try_lock().is_ok());
    }
}

// LK-4, LK-6
fn while_it_waits_a_lock_leaves_at_once<F: Flavour>() {
    for mutex in both::<F>() {
        let guard = mutex.try_lock().unwrap();
        assert!(!Task::waiting(mutex.lock()).drop_and_look());
        assert_eq!(mutex.waiting(), 0);
        drop(guard);
        assert!(mutex.try_lock().is_ok());
    }
}

// LK-4, A-10
fn a_lock_that_was_woken_and_dropped_wakes_the_next<F: Flavour>() {
    for mutex in both::<F>() {
        let guard = mutex.try_lock().unwrap();
        let (a, b) = (Task::waiting(mutex.lock()), Task::waiting(mutex.lock()));
        let mut c = Task::waiting(mutex.lock());
        drop(guard);
        assert!(a.woken() && !b.woken());
        drop(a);
        assert!(b.woken() && !c.woken());
        drop(b);
        assert!(c.woken());
        drop(c.ready());
        assert!(!mutex.is_locked());
    }
    // Also one that missed it once, and was handed it.
    let mutex = Mutex::<_, F>::new(());
    let guard = mutex.try_lock().unwrap();
    let (mut a, mut b) = (Task::waiting(mutex.lock()), Task::waiting(mutex.lock()));
    drop(guard);
    let newcomer = mutex.try_lock().unwrap();
    assert!(a.poll().is_pending());
    drop(newcomer);
    drop(a);
    assert!(b.woken());
    drop(b.ready());
    assert!(!mutex.is_locked());
}

// LK-5: in either order, and with a newcomer in between.
fn dropped_while_it_is_released_one_other_gets_it<F: Flavour>() {
    for mutex in both::<F>() {
        for released_first in [false, true] {
            let guard = mutex.try_lock().unwrap();
            let gone = Task::waiting(mutex.lock());
            let mut others: Vec<_> = (0..3).map(|_| Task::waiting(mutex.lock())).collect();
            if released_first {
                drop(guard);
                drop(gone);
            } else {
                drop(gone);
                drop(guard);
            }
            let mut got: Vec<_> = others.iter_mut().map(Task::poll).collect();
            let held = got.iter().filter(|poll| poll.is_ready()).count();
            assert_eq!(held, 1);
            assert!(got[0].is_ready());
            got.clear();
            drop(others);
            assert!(!mutex.is_locked());
        }
    }
    let mutex = Mutex::<_, F>::new(());
    let guard = mutex.try_lock().unwrap();
    let (gone, mut next) = (Task::waiting(mutex.lock()), Task::waiting(mutex.lock()));
    drop(guard);
    let newcomer = mutex.try_lock().unwrap();
    // It was woken, and the newcomer will wake the next.
    drop(gone);
    drop(newcomer);
    assert!(next.woken());
    drop(next.ready());
}

// LK-2, LK-4, LK-5
fn waiters_come_in_order_after_cancellations<F: Flavour>() {
    for mutex in both::<F>() {
        for seed in 1..50 {
            let mut die = Die(seed);
            let mut guard = Some(mutex.try_lock().unwrap());
            let mut waiting: Vec<_> = (0..60).map(|_| Task::waiting(mutex.lock())).collect();
            while !waiting.is_empty() {
                if die.throw(2) == 0 {
                    let gone = die.throw(u32::try_from(waiting.len()).unwrap()) as usize;
                    drop(waiting.remove(gone));
                } else if guard.take().is_some() {
                    continue;
                } else {
                    assert!(waiting[0].woken(), "seed {seed}");
                    guard = Some(waiting.remove(0).ready());
                }
                assert!(!waiting.iter().skip(1).any(Task::woken), "seed {seed}");
            }
            drop(guard);
            assert!(!mutex.is_locked(), "seed {seed}");
        }
    }
}

// LK-4: safe code may leak. One that only waits is handed the mutex when its turn comes.
fn a_leaked_lock_that_was_handed_over_stays_locked<F: Flavour>() {
    let mutex = Mutex::<_, F>::fair(());
    let guard = mutex.try_lock().unwrap();
    Task::waiting(mutex.lock()).leak();
    let next = Task::waiting(mutex.lock());
    drop(guard);
    assert!(mutex.is_locked() && !next.woken());
    // By default it is woken in vain, and newcomers take it.
    let mutex = Mutex::<_, F>::new(());
    let guard = mutex.try_lock().unwrap();
    Task::waiting(mutex.lock()).leak();
    drop(guard);
    assert!(mutex.try_lock().is_ok());
}

// LK-8
fn a_panic_of_the_holder_releases_it<F: Flavour>() {
    for mutex in both::<F>() {
        assert!(panics(|| {
            let mut guard = mutex.try_lock().unwrap();
            *guard = 7;
            std::panic::panic_any("the holder");
        }));
        // Nothing is poisoned: what it did is there.
        assert_eq!(*mutex.try_lock().unwrap(), 7);
    }
}

// LK-7: only the guard releases, on whichever thread it is.
#[test]
fn a_guard_releases_on_another_thread() {
    let mutex = Mutex::<_, crate::flavour::Spin>::new(());
    let guard = mutex.try_lock().unwrap();
    std::thread::scope(|threads| drop(threads.spawn(move || drop(guard))));
    assert!(!mutex.is_locked());
}

//
fn a_waker_that_panics_leaves_it_free_to_be_locked<F: Flavour>() {
    for mutex in both::<F>() {
        let guard = mutex.try_lock().unwrap();
        let mut panicking = Task::new(mutex.lock());
        assert!(panicking.poll_with(&panicking_waker()).is_pending());
        let mut next = Task::waiting(mutex.lock());
        assert!(panics(move || drop(guard)));
        drop(panicking.ready());
        drop(next.ready());
        assert!(!mutex.is_locked());
    }
}

/// Locks `turns` times, and says so each time; waits for a poll inside, if it is told to.
async fn turns<F: Flavour>(mutex: &Mutex<Vec<char>, F>, name: char, turns: usize, waits: bool) {
    for _ in 0..turns {
        let mut told = mutex.lock().await;
        told.push(name);
        let mut waits = waits;
        poll_fn(|_| match mem::take(&mut waits) {
            true => Poll::Pending,
            false => Poll::Ready(()),
        })
        .await;
    }
}

// LK-10
fn tasks_that_wait_inside_take_turns<F: Flavour>() {
    for (fair, mutex) in [
        (false, Mutex::<_, F>::new(Vec::new())),
        (true, Mutex::fair(Vec::new())),
    ] {
        let mut a = Task::new(turns(&mutex, 'a', 8, true));
        let mut b = Task::new(turns(&mutex, 'b', 8, true));
        let mut left = Vec::from([&mut a, &mut b]);
        while !left.is_empty() {
            left.retain_mut(|task| task.poll().is_pending());
        }
        drop((a, b));
        let told = mutex.into_inner();
        assert_eq!(told.len(), 16);
        // By default one may come twice in a row; then the other is handed the mutex.
        let in_a_row = if fair { 2 } else { 3 };
        let alone = |turns: &[char]| turns.iter().all(|name| *name == turns[0]);
        // The last ones may be alone.
        assert!(!told[..12].windows(in_a_row).any(alone), "{told:?}");
    }
}

// LK-10
fn a_task_that_waits_for_nothing_takes_all_its_turns<F: Flavour>() {
    for mutex in [Mutex::<_, F>::new(Vec::new()), Mutex::fair(Vec::new())] {
        let mut a = Task::new(turns(&mutex, 'a', 3, false));
        let mut b = Task::new(turns(&mutex, 'b', 3, false));
        a.ready();
        b.ready();
        drop((a, b));
        assert_eq!(mutex.into_inner(), ['a', 'a', 'a', 'b', 'b', 'b']);
    }
}
