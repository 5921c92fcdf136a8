#![expect(
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    reason = "tests have std"
)]

use std::format;
use std::vec::Vec;

use crate::tests::{Task, now};
use crate::{Latch, single_thread};

// EV-6
#[test]
fn an_open_latch_holds_nobody_up_ever_again() {
    let latch = Latch::new();
    assert!(!latch.is_open());
    let mut early = Task::waiting(latch.wait());
    assert!(latch.open());
    assert!(!latch.open(), "it was open");
    assert!(latch.is_open() && early.woken());
    early.ready();
    now(latch.wait());
}

// EV-6, EV-2
#[test]
fn opening_lets_a_crowd_go() {
    let latch = Latch::new();
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
#[test]
fn a_wait_can_be_dropped_at_any_point() {
    let latch = Latch::new();
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
#[test]
fn an_owned_wait_keeps_the_latch() {
    let latch = std::sync::Arc::new(single_thread::Latch::new());
    let mut task = Task::waiting(latch.wait_owned());
    assert_eq!(format!("{latch:?}"), "Latch { open: false, waiting: 1 }");
    latch.open();
    drop(latch);
    task.ready();
}
