//! What a shield holds back, and when it is let in.

use crate::cancel_token::{CancelKind, CancelToken};
use crate::tests::Task;

// CS-4
#[test]
fn a_shield_holds_back_what_comes_from_above_and_nothing_else() {
    let parent = CancelToken::new();
    let shielded = parent.shielded_child();
    let below = shielded.child();
    assert!(shielded.is_shielded() && !below.is_shielded());
    parent.cancel_with("from above");
    assert!(!shielded.is_cancelled() && !below.is_cancelled());
    assert!(shielded.reason().is_none());
    // Also for those that come later.
    let late = shielded.child();
    assert!(!late.is_cancelled());
    assert!(shielded.cancel_with("its own"));
    for token in [&shielded, &below, &late] {
        assert_eq!(token.reason().unwrap().text(), Some("its own"));
    }
}

// CS-4
#[test]
fn lifting_a_shield_lets_in_what_it_has_held_back() {
    let parent = CancelToken::new();
    let shielded = parent.child();
    assert!(!shielded.set_shielded(true));
    let (below, inner) = (shielded.child(), shielded.shielded_child());
    let mut waits = Task::waiting(below.cancelled());
    parent.cancel_with(CancelKind::Deadline);
    assert!(!waits.woken());
    assert!(shielded.set_shielded(false));
    assert!(waits.woken());
    waits.ready();
    assert_eq!(below.reason().unwrap().kind(), CancelKind::Deadline);
    assert!(!inner.is_cancelled(), "it has a shield of its own");
    inner.set_shielded(false);
    assert!(inner.is_cancelled());
    // Too late.
    assert!(!shielded.set_shielded(true));
    assert!(shielded.is_cancelled() && shielded.child().is_cancelled());
}

// CS-4
#[test]
fn a_shield_put_up_and_lifted_in_time_changes_nothing() {
    let parent = CancelToken::new();
    let (first, shielded, last) = (parent.child(), parent.child(), parent.child());
    for up in [true, true, false, false] {
        shielded.set_shielded(up);
        assert_eq!(shielded.is_shielded(), up);
    }
    assert!(!shielded.is_cancelled());
    parent.cancel();
    assert!(
        [first, shielded, last]
            .iter()
            .all(CancelToken::is_cancelled)
    );
}

// CS-4
#[test]
fn what_a_shield_protected_is_protected_when_it_is_dropped() {
    let parent = CancelToken::new();
    for drops_first in [false, true] {
        let parent = parent.child();
        let shielded = parent.shielded_child();
        let below = [shielded.child(), shielded.child(), shielded.child()];
        let deep = below[1].child();
        if drops_first {
            drop(shielded);
            parent.cancel();
        } else {
            parent.cancel();
            drop(shielded);
        }
        assert!(!below.iter().any(CancelToken::is_cancelled));
        below[1].cancel();
        assert!(deep.is_cancelled());
        let [first, ..] = below;
        assert!(!first.is_cancelled());
    }
}

// CS-4
#[test]
fn a_shield_stays_when_the_tokens_around_it_go() {
    let root = CancelToken::new();
    let middle = root.child();
    let shielded = middle.shielded_child();
    drop(middle);
    root.cancel();
    assert!(!shielded.is_cancelled());
    shielded.set_shielded(false);
    assert!(shielded.is_cancelled());
}
