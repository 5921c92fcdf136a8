//! What a latch promises, polled by hand.

use alloc::format;
use alloc::sync::Arc;
use alloc::vec::Vec;

use crate::flavour::Flavour;
use crate::latch::Latch;
use crate::tests::{Task, each_flavour, now, panicking_waker, panics};

each_flavour!(
    an_open_latch_holds_nobody_up_ever_again,
    opening_lets_a_crowd_go,
    a_wait_can_be_dropped_at_any_point,
    an_owned_wait_keeps_the_latch,
    a_leaked_wait_hinders_nobody,
    a_waker_that_panics_hides_no_other,
);

// EV-6
fn an_open_latch_holds_nobody_up_ever_again<F: Flavour>() {
    let latch = Latch::<F>::new();
    assert!(!latch.is_open());
    let mut early = Task::waiting(latch.wait());
    assert!(latch.open());
    assert!(!latch.open(), "it was open");
    assert!(latch.is_open() && early.woken());
    early.ready();
    now(latch.wait());
}

// EV-6, EV-2
fn opening_lets_a_crowd_go<F: Flavour>() {
    let latch = Latch::<F>::new();
    let mut tasks: Vec<_> = (0..100).map(|_| Task::waiting(latch.wait())).collect();
    assert_eq!(latch.waiting(), 100);
    latch.open();
    assert_eq!(latch.waiting(), 0);
    for task in &mut tasks {
        assert_eq!(task.wakes(), 1);
        task.ready();
    }
}

// EV-6, EV-5, A-10
fn a_wait_can_be_dropped_at_any_point<F: Flavour>() {
    let latch = Latch::<F>::new();
    drop(Task::new(latch.wait()));
    let (a, b) = (Task::waiting(latch.wait()), Task::waiting(latch.wait()));
    drop(a);
    assert_eq!(latch.waiting(), 1);
    latch.open();
    assert!(b.woken());
    drop(b);
    assert_eq!(latch.waiting(), 0);
}

// EV-6
fn an_owned_wait_keeps_the_latch<F: Flavour>() {
    let latch = Arc::new(Latch::<F>::new());
    let mut task = Task::waiting(latch.wait_owned());
    assert_eq!(format!("{latch:?}"), "Latch { open: false, waiting: 1 }");
    latch.open();
    drop(latch);
    task.ready();
}

// EV-6: safe code may leak.
fn a_leaked_wait_hinders_nobody<F: Flavour>() {
    let latch = Latch::<F>::new();
    Task::waiting(latch.wait()).leak();
    let mut next = Task::waiting(latch.wait());
    latch.open();
    next.ready();
}

// A-9, EV-6
fn a_waker_that_panics_hides_no_other<F: Flavour>() {
    let latch = Latch::<F>::new();
    let mut bad = Task::new(latch.wait());
    assert!(bad.poll_with(&panicking_waker()).is_pending());
    // More than one section can wake.
    let good: Vec<_> = (0..100).map(|_| Task::waiting(latch.wait())).collect();
    assert!(panics(|| latch.open()));
    assert!(good.iter().all(Task::woken) && latch.is_open());
}
