//! What a barrier promises, polled by hand.

use alloc::format;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::num::NonZeroUsize;

use crate::barrier::{Barrier, BrokenBarrier};
use crate::flavour::Flavour;
use crate::tests::{Die, Task, each_flavour, now, panicking_waker, panics};

each_flavour!(
    one_party_never_waits,
    the_last_to_come_lets_all_go_each_with_its_index,
    a_generation_gathers_while_the_last_one_goes,
    one_that_is_cancelled_did_not_come,
    one_that_is_dropped_after_it_was_let_go_did_come,
    a_reset_sends_away_who_waits_and_nobody_later,
    a_reset_sends_away_who_was_let_go_and_did_not_run,
    an_aborted_barrier_sends_all_away_until_it_is_reset,
    an_owned_wait_keeps_the_barrier,
    indexes_are_given_by_arrival_after_cancellations,
    a_leaked_wait_has_come,
    a_waker_that_panics_hides_no_other,
);

fn barrier<F: Flavour>(parties: usize) -> Barrier<F> {
    Barrier::new(NonZeroUsize::new(parties).unwrap())
}

const BROKEN: Result<usize, BrokenBarrier> = Err(BrokenBarrier);

// BA-1
fn one_party_never_waits<F: Flavour>() {
    let barrier = barrier::<F>(1);
    for _ in 0..3 {
        assert_eq!(now(barrier.wait()), Ok(0));
    }
}

// BA-2, BA-4
fn the_last_to_come_lets_all_go_each_with_its_index<F: Flavour>() {
    // More than one section can wake.
    let barrier = barrier::<F>(101);
    let mut tasks: Vec<_> = (0..100).map(|_| Task::waiting(barrier.wait())).collect();
    assert_eq!(barrier.waiting(), 100);
    assert!(!tasks.iter().any(Task::woken));
    assert_eq!(now(barrier.wait()), Ok(100));
    assert_eq!(barrier.waiting(), 0);
    for (index, task) in tasks.iter_mut().enumerate() {
        assert_eq!(task.wakes(), 1);
        assert_eq!(task.ready(), Ok(index));
    }
}

// BA-3
fn a_generation_gathers_while_the_last_one_goes<F: Flavour>() {
    let barrier = barrier::<F>(2);
    let mut first = Task::waiting(barrier.wait());
    assert_eq!(now(barrier.wait()), Ok(1));
    // The first has not run yet.
    let mut second = Task::waiting(barrier.wait());
    assert_eq!(barrier.waiting(), 1);
    assert_eq!(now(barrier.wait()), Ok(1));
    assert_eq!((second.ready(), first.ready()), (Ok(0), Ok(0)));
}

// BA-5, BA-2, A-10
fn one_that_is_cancelled_did_not_come<F: Flavour>() {
    let barrier = barrier::<F>(3);
    drop(Task::new(barrier.wait()));
    let (a, mut b) = (Task::waiting(barrier.wait()), Task::waiting(barrier.wait()));
    drop(a);
    assert_eq!(barrier.waiting(), 1);
    let mut c = Task::waiting(barrier.wait());
    assert_eq!(now(barrier.wait()), Ok(2));
    assert_eq!((b.ready(), c.ready()), (Ok(0), Ok(1)));
}

// BA-5, A-10
fn one_that_is_dropped_after_it_was_let_go_did_come<F: Flavour>() {
    let barrier = barrier::<F>(3);
    let (a, mut b) = (Task::waiting(barrier.wait()), Task::waiting(barrier.wait()));
    assert_eq!(now(barrier.wait()), Ok(2));
    assert!(a.woken());
    drop(a);
    assert_eq!(barrier.waiting(), 0);
    assert_eq!(b.ready(), Ok(1));
    // The next generation wants its three as well.
    let (mut a, mut b) = (Task::waiting(barrier.wait()), Task::waiting(barrier.wait()));
    assert_eq!(now(barrier.wait()), Ok(2));
    assert_eq!((a.ready(), b.ready()), (Ok(0), Ok(1)));
}

// BA-6, BA-11
fn a_reset_sends_away_who_waits_and_nobody_later<F: Flavour>() {
    let barrier = barrier::<F>(41);
    let mut tasks: Vec<_> = (0..40).map(|_| Task::waiting(barrier.wait())).collect();
    barrier.reset();
    assert_eq!(barrier.waiting(), 0);
    assert!(!barrier.is_aborted());
    let mut later: Vec<_> = (0..40).map(|_| Task::waiting(barrier.wait())).collect();
    for task in &mut tasks {
        assert_eq!(task.wakes(), 1);
        assert_eq!(task.ready(), BROKEN);
    }
    assert_eq!(now(barrier.wait()), Ok(40));
    for (index, task) in later.iter_mut().enumerate() {
        assert_eq!(task.ready(), Ok(index));
    }
}

// BA-8
fn a_reset_sends_away_who_was_let_go_and_did_not_run<F: Flavour>() {
    let barrier = barrier::<F>(3);
    let (mut a, mut b) = (Task::waiting(barrier.wait()), Task::waiting(barrier.wait()));
    assert_eq!(now(barrier.wait()), Ok(2));
    assert_eq!(a.ready(), Ok(0));
    barrier.reset();
    assert_eq!(b.ready(), BROKEN);
}

// BA-7, BA-11
fn an_aborted_barrier_sends_all_away_until_it_is_reset<F: Flavour>() {
    let barrier = barrier::<F>(2);
    let mut let_go = Task::waiting(barrier.wait());
    assert_eq!(now(barrier.wait()), Ok(1));
    let mut waits = Task::waiting(barrier.wait());
    barrier.abort();
    assert!(barrier.is_aborted());
    assert_eq!((let_go.ready(), waits.ready()), (BROKEN, BROKEN));
    assert_eq!(now(barrier.wait()), BROKEN);
    barrier.reset();
    let mut waits = Task::waiting(barrier.wait());
    assert_eq!(now(barrier.wait()), Ok(1));
    assert_eq!(waits.ready(), Ok(0));
}

// BA-4
fn an_owned_wait_keeps_the_barrier<F: Flavour>() {
    let two = NonZeroUsize::new(2).unwrap();
    let barrier = Arc::new(Barrier::<F>::new(two));
    let mut task = Task::waiting(barrier.wait_owned());
    assert_eq!(
        format!("{barrier:?}"),
        "Barrier { parties: 2, waiting: 1, aborted: false }"
    );
    assert_eq!(now(barrier.wait()), Ok(1));
    drop(barrier);
    assert_eq!(task.ready(), Ok(0));
}

// BA-2, BA-3, BA-5
fn indexes_are_given_by_arrival_after_cancellations<F: Flavour>() {
    for seed in 1..50 {
        let mut die = Die(seed);
        let barrier = barrier::<F>(4);
        let mut gathered = Vec::new();
        for _ in 0..200 {
            if die.throw(3) == 0 && !gathered.is_empty() {
                let leaves = die.throw(gathered.len().try_into().unwrap());
                drop(gathered.remove(leaves as usize));
            } else if gathered.len() < 3 {
                gathered.push(Task::waiting(barrier.wait()));
            } else {
                assert_eq!(now(barrier.wait()), Ok(3));
                let indexes: Vec<_> = gathered.drain(..).map(|mut task| task.ready()).collect();
                assert_eq!(indexes, [Ok(0), Ok(1), Ok(2)]);
            }
            assert_eq!(barrier.waiting(), gathered.len());
        }
    }
}

// BA-5: safe code may leak.
fn a_leaked_wait_has_come<F: Flavour>() {
    let barrier = barrier::<F>(3);
    Task::waiting(barrier.wait()).leak();
    let mut second = Task::waiting(barrier.wait());
    assert_eq!(now(barrier.wait()), Ok(2));
    assert_eq!(second.ready(), Ok(1));
}

//
fn a_waker_that_panics_hides_no_other<F: Flavour>() {
    // More than one section can wake.
    let barrier = barrier::<F>(102);
    for reset in [false, true] {
        let mut bad = Task::new(barrier.wait());
        assert!(bad.poll_with(&panicking_waker()).is_pending());
        let good: Vec<_> = (0..100).map(|_| Task::waiting(barrier.wait())).collect();
        assert!(panics(|| if reset {
            barrier.reset();
        } else {
            now(barrier.wait()).unwrap();
        }));
        assert!(good.iter().all(Task::woken));
        assert_eq!(bad.ready(), if reset { BROKEN } else { Ok(0) });
    }
}
