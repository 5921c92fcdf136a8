//! Models of a tree that is cancelled while it changes.

use loom::thread;

use super::CancelKind;
use super::node::Node;
use crate::event::Wait;
use crate::flavour::Modelled;
use crate::tests::{Task, model};
use alloc::sync::Arc;

fn root() -> Arc<Node<Modelled>> {
    Node::root()
}

// CS-2, A-9: against one who makes a child
#[test]
fn a_child_made_meanwhile_is_not_missed() {
    model(|| {
        let root = root();
        let parent = root.child(false);
        let maker = {
            let parent = parent.clone();
            thread::spawn(move || {
                let child = parent.child(false);
                let mut wait = Task::new(Wait::new(child.clone()));
                let ready = wait.poll().is_ready();
                (child, wait, ready)
            })
        };
        root.cancel(CancelKind::Requested.into());
        let (child, mut wait, ready) = maker.join().unwrap();
        assert!(child.is_cancelled());
        assert!(ready || wait.woken() && wait.poll().is_ready());
    });
}

// CS-2, A-9: against one who drops the middle of a chain, and begins to wait at its end
#[test]
fn a_child_whose_parent_goes_meanwhile_is_not_missed() {
    model(|| {
        let root = root();
        let middle = root.child(false);
        let last = middle.child(false);
        let other = thread::spawn(move || {
            drop(middle);
            let mut wait = Task::new(Wait::new(last.clone()));
            let ready = wait.poll().is_ready();
            (last, wait, ready)
        });
        root.cancel(CancelKind::Requested.into());
        let (last, mut wait, ready) = other.join().unwrap();
        assert!(last.is_cancelled());
        assert!(ready || wait.woken() && wait.poll().is_ready());
        assert_eq!(root.len_below(), 0);
    });
}

// CS-2, A-9: two who cancel, one below the other, each with a reason
#[test]
fn whoever_returns_has_reached_all_below() {
    model(|| {
        let root = root();
        let middle = root.child(false);
        let last = middle.child(false);
        let other = {
            let (middle, last) = (middle.clone(), last.clone());
            thread::spawn(move || {
                let first = middle.cancel(CancelKind::Requested.into());
                assert!(last.is_cancelled());
                first
            })
        };
        assert!(root.cancel(CancelKind::Shutdown.into()));
        assert!(middle.is_cancelled() && last.is_cancelled());
        let reasons = [&middle, &last].map(|node| node.reason().unwrap().kind());
        let expected = match other.join().unwrap() {
            true => CancelKind::Requested,
            false => CancelKind::Shutdown,
        };
        assert_eq!(reasons, [expected; 2]);
        assert_eq!(root.len_below(), 0);
    });
}

// CS-4, A-9: against one who lifts a shield
#[test]
fn what_a_shield_holds_back_is_not_lost() {
    model(|| {
        let root = root();
        let shielded = root.child(true);
        let below = shielded.child(false);
        let other = {
            let shielded = shielded.clone();
            thread::spawn(move || shielded.set_shielded(false))
        };
        root.cancel(CancelKind::Requested.into());
        assert!(other.join().unwrap());
        assert!(shielded.is_cancelled() && below.is_cancelled());
    });
}

// CS-2, A-9: against one who gives up waiting, and drops the last handle
#[test]
fn one_that_goes_while_it_is_reached_takes_no_other_along() {
    model(|| {
        let root = root();
        let (goes, stays) = (root.child(false), root.child(false));
        let other = thread::spawn(move || {
            let mut wait = Task::new(Wait::new(goes.clone()));
            drop(goes);
            _ = wait.poll();
        });
        let mut wait = Task::new(Wait::new(stays));
        assert!(wait.poll().is_pending());
        root.cancel(CancelKind::Requested.into());
        assert!(wait.woken() && wait.poll().is_ready());
        other.join().unwrap();
        assert_eq!(root.len_below(), 0);
    });
}
