#![expect(
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    reason = "tests have std"
)]

use std::format;
use std::num::NonZeroUsize;
use std::vec::Vec;

use super::BrokenBarrier;
use crate::tests::{Task, now};
use crate::{Barrier, single_thread};

fn barrier(parties: usize) -> Barrier {
    Barrier::new(NonZeroUsize::new(parties).unwrap())
}

const BROKEN: Result<usize, BrokenBarrier> = Err(BrokenBarrier);

// BA-1
#[test]
fn one_party_never_waits() {
    let barrier = barrier(1);
    for _ in 0..3 {
        assert_eq!(now(barrier.wait()), Ok(0));
    }
}

// BA-2, BA-4
#[test]
fn the_last_to_come_lets_all_go_each_with_its_index() {
    // More than one section can wake.
    let barrier = barrier(101);
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
#[test]
fn a_generation_gathers_while_the_last_one_goes() {
    let barrier = barrier(2);
    let mut first = Task::waiting(barrier.wait());
    assert_eq!(now(barrier.wait()), Ok(1));
    // The first has not run yet.
    let mut second = Task::waiting(barrier.wait());
    assert_eq!(barrier.waiting(), 1);
    assert_eq!(now(barrier.wait()), Ok(1));
    assert_eq!((second.ready(), first.ready()), (Ok(0), Ok(0)));
}

// BA-5, BA-2, A-10
#[test]
fn one_that_is_cancelled_did_not_come() {
    let barrier = barrier(3);
    drop(Task::new(barrier.wait()));
    let (a, mut b) = (Task::waiting(barrier.wait()), Task::waiting(barrier.wait()));
    drop(a);
    assert_eq!(barrier.waiting(), 1);
    let mut c = Task::waiting(barrier.wait());
    assert_eq!(now(barrier.wait()), Ok(2));
    assert_eq!((b.ready(), c.ready()), (Ok(0), Ok(1)));
}

// BA-5, A-10
#[test]
fn one_that_is_dropped_after_it_was_let_go_did_come() {
    let barrier = barrier(3);
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
#[test]
fn a_reset_sends_away_who_waits_and_nobody_later() {
    let barrier = barrier(41);
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
#[test]
fn a_reset_sends_away_who_was_let_go_and_did_not_run() {
    let barrier = barrier(3);
    let (mut a, mut b) = (Task::waiting(barrier.wait()), Task::waiting(barrier.wait()));
    assert_eq!(now(barrier.wait()), Ok(2));
    assert_eq!(a.ready(), Ok(0));
    barrier.reset();
    assert_eq!(b.ready(), BROKEN);
}

// BA-7, BA-11
#[test]
fn an_aborted_barrier_sends_all_away_until_it_is_reset() {
    let barrier = barrier(2);
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
#[test]
fn an_owned_wait_keeps_the_barrier() {
    let two = NonZeroUsize::new(2).unwrap();
    let barrier = std::sync::Arc::new(single_thread::Barrier::new(two));
    let mut task = Task::waiting(barrier.wait_owned());
    assert_eq!(
        format!("{barrier:?}"),
        "Barrier { parties: 2, waiting: 1, aborted: false }"
    );
    assert_eq!(now(barrier.wait()), Ok(1));
    drop(barrier);
    assert_eq!(task.ready(), Ok(0));
}
