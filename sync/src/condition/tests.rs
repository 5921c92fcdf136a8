//! What a condition promises, polled by hand.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::cell::Cell;
use core::future::Future;
use core::pin::Pin;
use core::sync::atomic::{AtomicBool, Ordering};
use core::task::{Context, Poll};
use core::time::Duration;

use withal_core::runtime::Timer;

use crate::condition::{Condition, TimedOut};
use crate::flavour::Flavour;
use crate::mutex::Mutex;
use crate::tests::{Die, Task, each_flavour, panicking_waker, panics};

each_flavour!(
    a_wait_releases_the_mutex_and_locks_it_again,
    notifications_go_to_those_that_have_waited_longest,
    those_notified_lock_one_after_the_other,
    dropped_at_any_stage_a_wait_leaves_the_mutex_free,
    a_notification_in_vain_hands_goes_to_the_next,
    waiters_are_notified_in_order_after_cancellations,
    a_wait_until_what_holds_already_does_not_wait,
    a_wait_until_goes_on_waiting_when_woken_in_vain,
    a_wait_with_a_timeout_gives_the_guard_back,
    a_wait_whose_time_is_up_swallows_no_notification,
    one_mutex_goes_with_several_conditions,
    a_leaked_wait_swallows_one_notification,
    a_waker_that_panics_hides_no_other,
);

fn parts<F: Flavour>() -> (Mutex<u32, F>, Condition<F>) {
    (Mutex::new(0), Condition::new())
}

// CV-1, CV-2
fn a_wait_releases_the_mutex_and_locks_it_again<F: Flavour>() {
    let (mutex, condition) = parts::<F>();
    let mut wait = Task::new(condition.wait(mutex.try_lock().unwrap()));
    // It has its place when the mutex is free, so no notification can be missed.
    assert!(mutex.is_locked());
    assert!(wait.poll().is_pending());
    assert_eq!((mutex.is_locked(), condition.waiting()), (false, 1));
    *mutex.try_lock().unwrap() = 7;
    assert!(condition.notify_one());
    let guard = wait.ready();
    assert_eq!(*guard, 7);
    assert!(mutex.is_locked());
    // Owned guards come back as owned ones.
    drop(guard);
    let mutex = Arc::new(Mutex::<_, F>::new(0));
    let owned = mutex.try_lock_owned().unwrap();
    let mut wait = Task::waiting(condition.wait(owned));
    condition.notify_all();
    let guard = wait.ready();
    assert!(mutex.try_lock_owned().is_err());
    drop(guard);
}

// CV-3
fn notifications_go_to_those_that_have_waited_longest<F: Flavour>() {
    let (mutex, condition) = parts::<F>();
    assert!(!condition.notify_one());
    assert_eq!(condition.notify(3), 0);
    let waits: Vec<_> = (0..80)
        .map(|_| Task::waiting(condition.wait(mutex.try_lock().unwrap())))
        .collect();
    let held = mutex.try_lock().unwrap();
    let mut notified = 0;
    for (count, there_were) in [(0, 0), (1, 1), (40, 40), (100, 39)] {
        assert_eq!(condition.notify(count), there_were);
        notified += there_were;
        for (place, wait) in waits.iter().enumerate() {
            assert_eq!(wait.wakes(), usize::from(place < notified));
        }
    }
    // It does not release the mutex of who notifies.
    assert!(mutex.is_locked());
    drop(held);
}

// CV-4, CV-12
fn those_notified_lock_one_after_the_other<F: Flavour>() {
    for mutex in [Mutex::<_, F>::new(0), Mutex::fair(0)] {
        let condition = Condition::<F>::new();
        let mut waits: Vec<_> = (0..3)
            .map(|_| Task::waiting(condition.wait(mutex.try_lock().unwrap())))
            .collect();
        let held = mutex.try_lock().unwrap();
        condition.notify_all();
        for wait in &mut waits {
            assert!(wait.poll().is_pending(), "the mutex is locked");
        }
        // They wait in the mutex's own queue, and are not woken before it is their turn.
        let woken: Vec<_> = waits.iter().map(Task::wakes).collect();
        assert_eq!((woken, mutex.waiting()), (Vec::from([1, 1, 1]), 3));
        let mut held = Some(held);
        for place in 0..3 {
            drop(held.take());
            let woken: Vec<_> = waits.iter().map(Task::wakes).collect();
            let expected: Vec<_> = (0..3).map(|wait| 1 + usize::from(wait <= place)).collect();
            assert_eq!(woken, expected);
            held = Some(waits[place].ready());
        }
    }
}

// CV-5, CV-11
fn dropped_at_any_stage_a_wait_leaves_the_mutex_free<F: Flavour>() {
    let (mutex, condition) = parts::<F>();
    // Before its first poll: it had the guard.
    drop(condition.wait(mutex.try_lock().unwrap()));
    assert!(!mutex.is_locked());
    // While it waits.
    let wait = Task::waiting(condition.wait(mutex.try_lock().unwrap()));
    assert!(!wait.drop_and_look());
    assert_eq!((mutex.is_locked(), condition.waiting()), (false, 0));
    // Notified.
    let wait = Task::waiting(condition.wait(mutex.try_lock().unwrap()));
    condition.notify_one();
    assert!(!wait.drop_and_look());
    assert!(!mutex.is_locked());
    // Notified, and waiting for the mutex.
    let mut wait = Task::waiting(condition.wait(mutex.try_lock().unwrap()));
    let held = mutex.try_lock().unwrap();
    condition.notify_one();
    assert!(wait.poll().is_pending());
    assert!(!wait.drop_and_look());
    assert_eq!(mutex.waiting(), 0);
    drop(held);
    // With the mutex free for it.
    let mut wait = Task::waiting(condition.wait(mutex.try_lock().unwrap()));
    let held = mutex.try_lock().unwrap();
    condition.notify_one();
    assert!(wait.poll().is_pending());
    drop(held);
    assert!(!wait.drop_and_look());
    assert!(mutex.try_lock().is_ok());
}

// CV-6, A-10
fn a_notification_in_vain_hands_goes_to_the_next<F: Flavour>() {
    let (mutex, condition) = parts::<F>();
    let wait = || Task::waiting(condition.wait(mutex.try_lock().unwrap()));
    // Dropped with its notification; and dropped later, while it waits for the mutex.
    for later in [false, true] {
        let (mut a, mut b) = (wait(), wait());
        let c = wait();
        let held = mutex.try_lock().unwrap();
        condition.notify_one();
        if later {
            assert!(a.poll().is_pending());
        }
        drop(a);
        assert!(b.woken() && !c.woken());
        drop(held);
        drop(b.ready());
        // One that returned with the mutex keeps its notification.
        drop(b);
        assert!(!c.woken());
    }
    // Where all were notified, nobody is missed.
    let (a, b) = (wait(), wait());
    condition.notify_all();
    let late = wait();
    drop((a, b));
    assert!(!late.woken());
}

// CV-3, CV-6
fn waiters_are_notified_in_order_after_cancellations<F: Flavour>() {
    for seed in 1..50 {
        let mut die = Die(seed);
        let (mutex, condition) = parts::<F>();
        // What should be: each waiter, and whether it was notified.
        let mut waiting: Vec<_> = (0..60)
            .map(|_| {
                let wait = Task::waiting(condition.wait(mutex.try_lock().unwrap()));
                (wait, false)
            })
            .collect();
        for _ in 0..100 {
            let left = waiting.iter().filter(|(_, notified)| !notified).count();
            if die.throw(2) == 0 || waiting.is_empty() {
                assert_eq!(condition.notify_one(), left > 0, "seed {seed}");
            } else {
                let gone = die.throw(u32::try_from(waiting.len()).unwrap()) as usize;
                let (task, notified) = waiting.remove(gone);
                assert_eq!(task.woken(), notified, "seed {seed}");
                drop(task);
                if !notified {
                    continue;
                }
            }
            if let Some((_, next)) = waiting.iter_mut().find(|(_, notified)| !notified) {
                *next = true;
            }
        }
        for (mut task, notified) in waiting {
            assert_eq!(task.poll().is_ready(), notified, "seed {seed}");
        }
    }
}

// CV-8
fn a_wait_until_what_holds_already_does_not_wait<F: Flavour>() {
    let (mutex, condition) = parts::<F>();
    let guard = mutex.try_lock().unwrap();
    let mut wait = Task::new(condition.wait_until(guard, |n| *n == 0));
    let guard = wait.ready();
    assert_eq!((*guard, condition.waiting()), (0, 0));
}

// CV-7, CV-8
fn a_wait_until_goes_on_waiting_when_woken_in_vain<F: Flavour>() {
    let (mutex, condition) = parts::<F>();
    let looks = Cell::new(0);
    let guard = mutex.try_lock().unwrap();
    let mut wait = Task::waiting(condition.wait_until(guard, |n| {
        looks.set(looks.get() + 1);
        *n == 2
    }));
    for n in 1..3 {
        *mutex.try_lock().unwrap() = n;
        condition.notify_one();
        assert_eq!(wait.poll().is_ready(), n == 2);
        assert_eq!(looks.get(), n + 1, "it looks once a wake, with the mutex");
    }
    assert!(condition.waiting() == 0);
    // Dropped, it leaves both.
    let guard = mutex.try_lock().unwrap();
    let wait = Task::waiting(condition.wait_until(guard, |_| false));
    assert!(!wait.drop_and_look());
    assert!(!mutex.is_locked() && condition.waiting() == 0);
}

/// A timer whose time is up when it is told so, and all its sleeps.
#[derive(Clone, Default)]
struct Hand(Arc<AtomicBool>);

impl Hand {
    fn is_up(&self, up: bool) {
        self.0.store(up, Ordering::SeqCst);
    }
}

impl Future for Hand {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        if self.0.load(Ordering::SeqCst) {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }
}

impl Timer for Hand {
    type Instant = Duration;
    type Sleep = Self;

    fn now(&self) -> Duration {
        Duration::ZERO
    }

    fn deadline(&self, timeout: Duration) -> Duration {
        timeout
    }

    fn elapsed(&self, earlier: Duration, later: Duration) -> Duration {
        later.saturating_sub(earlier)
    }

    fn sleep_until(&self, _: Duration) -> Self {
        self.clone()
    }
}

const SECOND: Duration = Duration::from_secs(1);

// CV-9
fn a_wait_with_a_timeout_gives_the_guard_back<F: Flavour>() {
    let (mutex, condition) = parts::<F>();
    let time = Hand::default();
    let wait = || {
        let guard = mutex.try_lock().unwrap();
        Task::waiting(condition.wait_timeout(&time, guard, SECOND))
    };
    let mut in_time = wait();
    condition.notify_one();
    let (guard, timed_out) = in_time.ready();
    assert_eq!(timed_out, TimedOut(false));
    drop(guard);
    let mut too_long = wait();
    time.is_up(true);
    let (guard, timed_out) = too_long.ready();
    assert_eq!((timed_out, condition.waiting()), (TimedOut(true), 0));
    assert!(mutex.is_locked());
    drop(guard);
    // Locking again takes as long as it takes.
    time.is_up(false);
    let mut locked_out = wait();
    let held = mutex.try_lock().unwrap();
    time.is_up(true);
    assert!(locked_out.poll().is_pending());
    drop(held);
    assert_eq!(locked_out.ready().1, TimedOut(true));
    drop(locked_out);
    assert!(!mutex.is_locked());
}

// CV-6, CV-9: notified and out of time at once, it counts as notified; out of time first, the
// notification is somebody else's. Dropped, it leaves both.
fn a_wait_whose_time_is_up_swallows_no_notification<F: Flavour>() {
    let (mutex, condition) = parts::<F>();
    let time = Hand::default();
    let wait = || {
        let guard = mutex.try_lock().unwrap();
        Task::waiting(condition.wait_timeout(&time, guard, SECOND))
    };
    let (mut a, mut b) = (wait(), wait());
    time.is_up(true);
    condition.notify_one();
    assert_eq!(a.ready().1, TimedOut(false));
    time.is_up(false);
    let mut c = wait();
    let held = mutex.try_lock().unwrap();
    time.is_up(true);
    assert!(b.poll().is_pending(), "it waits for the mutex");
    time.is_up(false);
    condition.notify_one();
    assert!(c.woken() && !b.woken());
    drop(held);
    assert_eq!(b.ready().1, TimedOut(true));
    drop(b);
    assert_eq!(c.ready().1, TimedOut(false));
    drop(c);
    let (d, e) = (wait(), wait());
    condition.notify_one();
    assert!(!d.drop_and_look());
    assert!(e.woken());
    drop(e);
    assert!(!mutex.is_locked() && condition.waiting() == 0);
}

// CV-10
fn one_mutex_goes_with_several_conditions<F: Flavour>() {
    let (mutex, condition) = parts::<F>();
    let other = Condition::<F>::new();
    let mut here = Task::waiting(condition.wait(mutex.try_lock().unwrap()));
    let there = Task::waiting(other.wait(mutex.try_lock().unwrap()));
    condition.notify_all();
    assert!(here.woken() && !there.woken());
    let guard = here.ready();
    assert!(mutex.is_locked());
    drop(guard);
}

// CV-6: safe code may leak.
fn a_leaked_wait_swallows_one_notification<F: Flavour>() {
    let (mutex, condition) = parts::<F>();
    Task::waiting(condition.wait(mutex.try_lock().unwrap())).leak();
    let mut wait = Task::waiting(condition.wait(mutex.try_lock().unwrap()));
    assert!(condition.notify_one());
    assert!(!wait.woken());
    condition.notify_one();
    drop(wait.ready());
    assert!(!mutex.is_locked());
}

//
fn a_waker_that_panics_hides_no_other<F: Flavour>() {
    let (mutex, condition) = parts::<F>();
    let mut panicking = Task::new(condition.wait(mutex.try_lock().unwrap()));
    assert!(panicking.poll_with(&panicking_waker()).is_pending());
    // More than one section can wake.
    let mut others: Vec<_> = (0..100)
        .map(|_| Task::waiting(condition.wait(mutex.try_lock().unwrap())))
        .collect();
    assert!(panics(|| condition.notify_all()));
    drop(panicking.ready());
    others.iter_mut().for_each(|other| drop(other.ready()));
}
