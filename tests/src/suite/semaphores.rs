//! What every semaphore owes to those that wait, whoever wrote it.
//!
//! [`semaphore_conformance!`](crate::semaphore_conformance) runs these cases on a
//! [`SemaphoreUnderTest`] of your own. Most poll by hand: who is served when is then known to the
//! poll.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use withal::runtime::Runtime;

use crate::SemaphoreUnderTest;
use crate::foreign::gives_up_at_times;
use crate::log::within_patience;
use crate::poll::{ByHand, yields};
use crate::stress;

/// The table of these cases, given to the macro `$make`. They take the semaphore, too.
#[doc(hidden)]
#[macro_export]
macro_rules! semaphores_cases {
    ($make:ident $with:tt $of:tt) => {
        $crate::$make! { $with $of semaphores:
            as_many_as_there_are_permits_get_one,
            each_permit_wakes_one_that_waits,
            waiters_are_served_in_the_order_in_which_they_came,
            nobody_overtakes_one_that_was_woken,
            an_acquire_that_is_dropped_leaks_no_permit,
            a_waiter_that_is_dropped_leaves_the_line,
            tasks_that_give_up_leak_nothing,
        }
    };
}

// SE-1, SE-2, SE-6
pub async fn as_many_as_there_are_permits_get_one<S: SemaphoreUnderTest>(_: &impl Runtime) {
    let semaphore = S::new(3);
    let permits = [(); 3].map(|()| ByHand::new(semaphore.acquire()).ready());
    assert!(semaphore.try_acquire().is_none(), "one too many");
    drop(ByHand::waiting(semaphore.acquire()));
    drop(permits);
    assert_eq!(free(&semaphore), 3);
}

fn free<S: SemaphoreUnderTest>(semaphore: &S) -> usize {
    let permits: Vec<_> = std::iter::from_fn(|| semaphore.try_acquire()).collect();
    permits.len()
}

// SE-3, SE-4: also where one follows another, before anybody has run.
pub async fn each_permit_wakes_one_that_waits<S: SemaphoreUnderTest>(_: &impl Runtime) {
    let semaphore = S::new(3);
    let permits = [(); 3].map(|()| semaphore.try_acquire().unwrap());
    let mut waiters: Vec<_> = (0..4)
        .map(|_| ByHand::waiting(semaphore.acquire()))
        .collect();
    for (given, permit) in permits.into_iter().enumerate() {
        let woken = waiters.iter().filter(|waiter| waiter.woken()).count();
        assert_eq!(woken, given, "a lost wake");
        drop(permit);
    }
    let last = waiters.pop().unwrap();
    assert!(waiters.iter().all(ByHand::woken), "a lost wake");
    assert!(!last.woken());
    drop(last);
    let got: Vec<_> = waiters.iter_mut().map(ByHand::ready).collect();
    drop(got);
    assert_eq!(free(&semaphore), 3);
}

// SE-4, SE-8
pub async fn waiters_are_served_in_the_order_in_which_they_came<S: SemaphoreUnderTest>(
    _: &impl Runtime,
) {
    let semaphore = S::new(1);
    let mut permit = semaphore.try_acquire();
    let mut waiters: Vec<_> = (0..3)
        .map(|_| ByHand::waiting(semaphore.acquire()))
        .collect();
    for turn in 0..9 {
        drop(permit.take());
        let woken: Vec<_> = waiters.iter().map(ByHand::woken).collect();
        assert_eq!(
            woken,
            [0, 1, 2].map(|waiter| waiter == turn % 3),
            "the order"
        );
        permit = Some(waiters[turn % 3].ready());
        // It asks again, behind the others.
        waiters[turn % 3] = ByHand::waiting(semaphore.acquire());
    }
}

// SE-2, SE-3
pub async fn nobody_overtakes_one_that_was_woken<S: SemaphoreUnderTest>(_: &impl Runtime) {
    let semaphore = S::new(1);
    let permit = semaphore.try_acquire();
    let mut waiter = ByHand::waiting(semaphore.acquire());
    drop(permit);
    assert!(semaphore.try_acquire().is_none(), "a newcomer overtakes");
    let mut late = ByHand::waiting(semaphore.acquire());
    drop(waiter.ready());
    drop(late.ready());
}

// SE-5, A-10
pub async fn an_acquire_that_is_dropped_leaks_no_permit<S: SemaphoreUnderTest>(_: &impl Runtime) {
    let semaphore = S::new(1);
    drop(semaphore.acquire());
    assert_eq!(free(&semaphore), 1, "a permit is lost");
    let permit = semaphore.try_acquire();
    let (a, b) = (
        ByHand::waiting(semaphore.acquire()),
        ByHand::waiting(semaphore.acquire()),
    );
    drop(permit);
    assert!(a.woken());
    drop(a);
    assert!(b.woken(), "the next one sleeps on: a permit is lost");
    drop(b);
    assert_eq!(free(&semaphore), 1, "a permit is lost");
}

// SE-5
pub async fn a_waiter_that_is_dropped_leaves_the_line<S: SemaphoreUnderTest>(_: &impl Runtime) {
    let semaphore = S::new(1);
    let permit = semaphore.try_acquire();
    let (a, mut b) = (
        ByHand::waiting(semaphore.acquire()),
        ByHand::waiting(semaphore.acquire()),
    );
    assert!(!a.drop_and_look(), "its waker is still there");
    drop(permit);
    drop(b.ready());
}

// SE-2, SE-5: never more than there are at once, and all of them back in the end.
pub async fn tasks_that_give_up_leak_nothing<S: SemaphoreUnderTest>(rt: &impl Runtime) {
    const PERMITS: usize = 2;
    let rounds = stress(100);
    let semaphore = Arc::new(S::new(PERMITS));
    let inside = Arc::new(AtomicUsize::new(0));
    let tasks = (0..5).map(|task| {
        let (semaphore, inside) = (semaphore.clone(), inside.clone());
        rt.spawn(async move {
            for turn in task..task + rounds {
                if let Some(permit) = gives_up_at_times(turn, semaphore.acquire()).await {
                    let others = inside.fetch_add(1, Ordering::SeqCst);
                    assert!(others < PERMITS, "one too many");
                    yields(turn % 2).await;
                    inside.fetch_sub(1, Ordering::SeqCst);
                    drop(permit);
                }
            }
        })
    });
    let tasks: Vec<_> = tasks.collect();
    let all = async {
        for task in tasks {
            task.await.unwrap();
        }
    };
    within_patience(rt, all, || "a permit is lost: a task sleeps on".to_owned()).await;
    assert_eq!(free(&*semaphore), PERMITS, "a permit is lost");
}
