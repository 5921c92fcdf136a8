//! What an event promises, polled by hand.

use alloc::sync::Arc;
use alloc::task::Wake;
use alloc::vec::Vec;
use core::task::Waker;
use std::sync::Mutex;

use crate::event::Event;
use crate::flavour::Flavour;
use crate::tests::{Die, Task, each_flavour, panicking_waker, panics};

each_flavour!(
    it_begins_unset_and_lets_pass_once_set,
    setting_lets_go_all_that_wait_in_order,
    a_pulse_lets_go_those_that_wait_then,
    set_and_cleared_and_set_it_wakes_once,
    before_its_first_poll_a_wait_does_nothing,
    while_it_waits_a_wait_leaves_at_once,
    a_wait_that_was_let_go_and_dropped_concerns_nobody,
    exactly_those_that_wait_are_let_go_after_cancellations,
    a_leaked_wait_hinders_nobody,
    a_waker_that_panics_hides_no_other,
);

// EV-1, EV-2
fn it_begins_unset_and_lets_pass_once_set<F: Flavour>() {
    let event = Arc::new(Event::<F>::new());
    assert!(!event.is_set());
    let mut waits = Task::waiting(event.wait_owned());
    assert!(event.set());
    assert!(!event.set(), "it is set already");
    waits.ready();
    // Late ones pass, as long as it is set.
    Task::new(event.wait()).ready();
    Task::new(event.wait()).ready();
    assert!(event.clear());
    assert!(!event.clear());
    Task::waiting(event.wait());
}

// EV-2
fn setting_lets_go_all_that_wait_in_order<F: Flavour>() {
    struct Notes(usize, Arc<Mutex<Vec<usize>>>);

    impl Wake for Notes {
        fn wake(self: Arc<Self>) {
            self.1.lock().unwrap().push(self.0);
        }
    }

    let (event, woken) = (Event::<F>::new(), Arc::default());
    let mut waits: Vec<_> = (0..100).map(|_| Task::new(event.wait())).collect();
    for (n, wait) in (0..).zip(&mut waits) {
        let waker = Waker::from(Arc::new(Notes(n, Arc::clone(&woken))));
        assert!(wait.poll_with(&waker).is_pending());
    }
    event.set();
    assert_eq!(*woken.lock().unwrap(), (0..100).collect::<Vec<_>>());
    waits.iter_mut().for_each(Task::ready);
}

// EV-3
fn a_pulse_lets_go_those_that_wait_then<F: Flavour>() {
    let event = Event::<F>::new();
    for by_hand in [false, true] {
        let mut waits = Task::waiting(event.wait());
        if by_hand {
            event.set();
            event.clear();
        } else {
            event.pulse();
        }
        // Who comes before that one runs waits for the next.
        let late = Task::waiting(event.wait());
        assert!(waits.woken());
        waits.ready();
        assert!(!late.woken() && !event.is_set());
        drop(late);
    }
}

// EV-4
fn set_and_cleared_and_set_it_wakes_once<F: Flavour>() {
    let event = Event::<F>::new();
    let mut waits = Task::waiting(event.wait());
    event.set();
    event.clear();
    event.set();
    assert_eq!(waits.wakes(), 1);
    waits.ready();
}

// EV-5
fn before_its_first_poll_a_wait_does_nothing<F: Flavour>() {
    let event = Event::<F>::new();
    let wait = event.wait();
    assert_eq!(event.waiting(), 0);
    drop(wait);
    // It is looked at when it is polled, and not before.
    let mut wait = Task::new(event.wait());
    event.set();
    wait.ready();
}

// EV-5
fn while_it_waits_a_wait_leaves_at_once<F: Flavour>() {
    let event = Event::<F>::new();
    assert!(!Task::waiting(event.wait()).drop_and_look());
    assert_eq!(event.waiting(), 0);
    event.set();
    Task::new(event.wait()).ready();
}

// EV-5, A-10: all were let go, so there is nothing to pass on.
fn a_wait_that_was_let_go_and_dropped_concerns_nobody<F: Flavour>() {
    let event = Event::<F>::new();
    let (a, mut b) = (Task::waiting(event.wait()), Task::waiting(event.wait()));
    event.set();
    event.clear();
    let late = Task::waiting(event.wait());
    assert!(!a.drop_and_look());
    b.ready();
    assert!(!late.woken());
}

// EV-2, EV-3, EV-5
fn exactly_those_that_wait_are_let_go_after_cancellations<F: Flavour>() {
    for seed in 1..50 {
        let mut die = Die(seed);
        let event = Event::<F>::new();
        let mut waiting: Vec<Task<_>> = Vec::new();
        for _ in 0..200 {
            match die.throw(8) {
                0 => {
                    event.pulse();
                    for mut wait in waiting.drain(..) {
                        assert_eq!(wait.wakes(), 1, "seed {seed}");
                        wait.ready();
                    }
                }
                1..4 if !waiting.is_empty() => {
                    let gone = die.throw(u32::try_from(waiting.len()).unwrap()) as usize;
                    let gone = waiting.remove(gone);
                    assert!(!gone.woken() && !gone.drop_and_look());
                }
                _ => waiting.push(Task::waiting(event.wait())),
            }
            assert_eq!(event.waiting(), waiting.len(), "seed {seed}");
        }
    }
}

// EV-2
fn a_leaked_wait_hinders_nobody<F: Flavour>() {
    let event = Event::<F>::new();
    Task::waiting(event.wait()).leak();
    let mut wait = Task::waiting(event.wait());
    event.set();
    wait.ready();
    assert_eq!(event.waiting(), 0);
}

// A-9, EV-2
fn a_waker_that_panics_hides_no_other<F: Flavour>() {
    let event = Event::<F>::new();
    let mut panicking = Task::new(event.wait());
    assert!(panicking.poll_with(&panicking_waker()).is_pending());
    // More than one section can wake.
    let mut others: Vec<_> = (0..100).map(|_| Task::waiting(event.wait())).collect();
    assert!(panics(|| event.set()));
    panicking.ready();
    assert!(others.iter().all(|other| other.wakes() == 1));
    others.iter_mut().for_each(Task::ready);
}

// wakers are called outside of the sections.
#[test]
fn a_waker_may_use_the_event() {
    struct Looks(crate::Event);

    impl Wake for Looks {
        fn wake(self: Arc<Self>) {
            assert_eq!(self.0.waiting(), 0);
            self.0.clear();
        }
    }

    let looks = Arc::new(Looks(Event::new()));
    let mut wait = Task::new(looks.0.wait());
    let waker = Waker::from(Arc::clone(&looks));
    assert!(wait.poll_with(&waker).is_pending());
    looks.0.set();
    assert!(!looks.0.is_set());
    wait.ready();
}
