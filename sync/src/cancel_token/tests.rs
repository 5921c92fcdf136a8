//! What tokens promise, polled by hand.

mod running;
mod shields;
mod tree;

use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::task::Wake;
use alloc::vec;
use alloc::vec::Vec;
use core::panic::Location;
use core::task::Waker;
use std::sync::Mutex;

use super::{CancelKind, CancelReason, CancelToken};
use crate::tests::{Task, now, panicking_waker, panics};

// CS-2, TC-1, TC-3
#[test]
fn once_cancelled_it_stays_so_whoever_has_seen_it() {
    let token = CancelToken::new();
    assert!(!token.is_cancelled() && token.reason().is_none() && token.check().is_ok());
    let mut waits = Task::waiting(token.cancelled());
    let mut owned = Task::waiting(token.cancelled_owned());
    assert!(token.cancel(), "the first");
    assert!(!token.cancel(), "the second");
    assert!(waits.woken() && owned.woken());
    for _ in 0..3 {
        // No look uses it up.
        assert!(token.is_cancelled() && token.clone().is_cancelled());
        token.check().unwrap_err();
        now(token.cancelled());
        now(token.cancelled_owned());
    }
    waits.ready();
    owned.ready();
}

// CS-9
#[test]
fn the_first_reason_stays_and_knows_its_place() {
    let token = CancelToken::new();
    let (child, late) = (token.child(), String::from("late"));
    let here = Location::caller();
    assert!(token.cancel_with(CancelReason::from(CancelKind::Shutdown).with_text("now")));
    assert!(!token.cancel_with(late.clone()));
    assert!(!child.cancel_with(late));
    for token in [&token, &child, &token.child(), &child.shielded_child()] {
        let Some(reason) = token.reason() else {
            assert!(token.is_shielded());
            continue;
        };
        assert_eq!(
            (reason.kind(), reason.text()),
            (CancelKind::Shutdown, Some("now"))
        );
        let place = reason.location();
        assert_eq!((place.file(), place.line()), (here.file(), here.line() + 1));
        assert_eq!(token.check().unwrap_err().reason, reason);
        let said = "cancelled: the program comes to its end: now";
        assert_eq!(token.check().unwrap_err().to_string(), said);
    }
    assert_ne!(CancelReason::new("a"), CancelReason::new("b"));
    assert_eq!(CancelReason::new("a"), String::from("a").into());
}

// CS-2
#[test]
fn a_wait_that_is_dropped_at_any_point_concerns_nobody() {
    let token = CancelToken::new();
    let never = Task::new(token.cancelled());
    let (waits, mut stays) = (
        Task::waiting(token.cancelled()),
        Task::waiting(token.cancelled()),
    );
    assert!(!never.drop_and_look() && !waits.drop_and_look());
    let served = Task::waiting(token.cancelled_owned());
    token.cancel();
    assert!(served.woken() && !served.drop_and_look());
    assert_eq!(stays.wakes(), 1);
    stays.ready();
}

// CS-2
#[test]
fn a_leaked_wait_hinders_nobody() {
    let token = CancelToken::new();
    Task::waiting(token.cancelled()).leak();
    Task::waiting(token.cancelled_owned()).leak();
    let mut waits = Task::waiting(token.child().cancelled_owned());
    token.cancel();
    waits.ready();
}

struct Notes(&'static str, Arc<Mutex<Vec<&'static str>>>);

impl Wake for Notes {
    fn wake(self: Arc<Self>) {
        self.1.lock().unwrap().push(self.0);
    }
}

// CS-2
#[test]
fn those_above_are_woken_before_those_below_and_each_in_turn() {
    let (root, woken) = (CancelToken::new(), Arc::default());
    let (left, right) = (root.child(), root.child());
    let below = left.child();
    let mut tasks = vec![];
    for (name, token) in [
        ("below", &below),
        ("right-1", &right),
        ("left", &left),
        ("root-1", &root),
        ("right-2", &right),
        ("root-2", &root),
    ] {
        let mut task = Task::new(token.cancelled());
        let waker = Waker::from(Arc::new(Notes(name, Arc::clone(&woken))));
        assert!(task.poll_with(&waker).is_pending());
        tasks.push(task);
    }
    root.cancel();
    let order = ["root-1", "root-2", "left", "below", "right-1", "right-2"];
    assert_eq!(*woken.lock().unwrap(), order);
    tasks.iter_mut().for_each(Task::ready);
}

//
#[test]
fn a_waker_may_use_the_tree_that_wakes_it() {
    struct Uses(Mutex<Vec<CancelToken>>);

    impl Wake for Uses {
        fn wake(self: Arc<Self>) {
            let mut tokens = self.0.lock().unwrap();
            for token in &*tokens {
                assert!(!token.cancel(), "it is being cancelled");
                assert!(token.is_cancelled() && token.child().is_cancelled());
            }
            // Drops the last clones of tokens that are being cancelled.
            tokens.clear();
        }
    }

    let root = CancelToken::new();
    let mut tasks = vec![];
    for n in 0..100 {
        let (child, gone) = (root.child(), root.child());
        let below = gone.child();
        let mut task = Task::new(child.cancelled_owned());
        let uses = Uses(Mutex::new(vec![root.clone(), gone, below, child]));
        assert!(task.poll_with(&Waker::from(Arc::new(uses))).is_pending());
        tasks.push((n, task));
    }
    root.cancel();
    tasks.iter_mut().for_each(|(_, task)| task.ready());
}

//
#[test]
fn a_waker_that_panics_hides_no_other() {
    let root = CancelToken::new();
    let mut first = Task::new(root.cancelled());
    assert!(first.poll_with(&panicking_waker()).is_pending());
    let tokens: Vec<_> = (0..200).map(|_| root.child()).collect();
    let mut waits: Vec<_> = tokens
        .iter()
        .map(|token| Task::waiting(token.cancelled()))
        .collect();
    assert!(panics(|| root.cancel()));
    assert!(tokens.iter().all(|token| token.child().is_cancelled()));
    waits.iter_mut().for_each(Task::ready);
    first.ready();
}

// CS-9
#[test]
fn a_guard_cancels_unless_it_is_disarmed() {
    let token = CancelToken::new();
    let guard = token.child().cancel_on_drop();
    let child = guard.token().clone();
    let same = guard.disarm();
    assert!(!child.is_cancelled());
    let here = Location::caller();
    let guard = same.cancel_on_drop();
    let panicked = panics(move || {
        let _guard = guard;
        panic!("before its end");
    });
    assert!(panicked && child.is_cancelled() && !token.is_cancelled());
    let reason = child.reason().unwrap();
    assert_eq!(reason.kind(), CancelKind::Dropped);
    assert_eq!(reason.location().line(), here.line() + 1);
    let leaked = CancelToken::new();
    core::mem::forget(leaked.clone().cancel_on_drop());
    assert!(!leaked.is_cancelled());
}
