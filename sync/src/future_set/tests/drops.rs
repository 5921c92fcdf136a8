//! Drops, panics and leaks.

use core::task::Poll;

use super::{Dropped, Family, Polled};
use crate::tests::panics;

//
#[test]
fn a_set_drops_its_futures_in_the_order_of_the_pushes() {
    let mut family = Family::waiting(5);
    for removed in [1, 3] {
        let key = family.keys[removed];
        family.set.remove(key);
    }
    family.grow();
    family.grow();
    family.children[4].wake();
    family.log.take();
    drop(family.set);
    let dropped = [0, 2, 4, 5, 6].map(|name| (Dropped, name));
    assert_eq!(family.log.take(), dropped);
}

//
#[test]
fn a_set_that_was_never_polled_drops_its_futures() {
    let family = Family::new(9);
    drop(family.set);
    assert_eq!(family.log.take().len(), 9);
    for child in &family.children {
        assert!(child.waker.borrow().is_none());
    }
}

//
#[test]
fn a_future_is_dropped_before_its_output_is_given() {
    let mut family = Family::waiting(2);
    family.children[1].finish();
    assert_eq!(family.ended(), 1);
    assert_eq!(family.log.take(), [(Polled, 1), (Dropped, 1)]);
}

//
#[test]
fn a_future_that_panics_is_gone_and_the_others_go_on() {
    let mut family = Family::waiting(4);
    family.children[1].panics.set(true);
    for woken in [0, 1, 3] {
        family.children[woken].wake();
    }
    assert!(panics(|| family.poll()));
    assert_eq!(family.log.take(), [(Polled, 0), (Polled, 1), (Dropped, 1)]);
    assert_eq!(family.set.len(), 3);
    assert!(!family.set.contains(family.keys[1]));
    family.children[1].wake();
    assert!(family.poll().is_pending());
    assert_eq!(family.log.take(), [(Polled, 3)], "woken before the panic");
    for name in [3, 0, 2] {
        family.children[name].finish();
        assert_eq!(family.ended(), u32::try_from(name).unwrap());
    }
    assert_eq!(family.poll(), Poll::Ready(None));
}

//
#[test]
fn a_panic_in_a_drop_keeps_no_other_future_from_being_dropped() {
    let mut family = Family::waiting(5);
    family.children[1].panics_when_dropped.set(true);
    assert!(panics(|| family.set.clear()));
    assert!(family.set.is_empty());
    let dropped = [0, 1, 2, 3, 4].map(|name| (Dropped, name));
    assert_eq!(family.log.take(), dropped);
    family.grow();
    family.grow();
    family.children[5].panics_when_dropped.set(true);
    let set = core::mem::take(&mut family.set);
    assert!(panics(|| drop(set)));
    assert_eq!(family.log.take(), [(Dropped, 5), (Dropped, 6)]);
}

//
#[test]
fn a_panic_in_the_drop_of_a_finished_future_leaves_the_set_as_it_should_be() {
    let mut family = Family::waiting(3);
    family.children[1].panics_when_dropped.set(true);
    family.children[1].finish();
    assert!(panics(|| family.poll()));
    assert_eq!(family.log.take(), [(Polled, 1), (Dropped, 1)]);
    family.children[2].panics_when_dropped.set(true);
    let key = family.keys[2];
    assert!(panics(|| family.set.remove(key)));
    assert_eq!(family.log.take(), [(Dropped, 2)]);
    assert_eq!(family.set.len(), 1);
    family.grow();
    assert!(family.poll().is_pending());
    assert_eq!(family.log.take(), [(Polled, 3)]);
}

// nothing rests on a drop
#[test]
fn a_leaked_set_leaks_its_futures_and_its_wakers_stay_harmless() {
    let mut family = Family::waiting(3);
    let (waker, wakes) = super::wakers::counting();
    assert!(family.poll_with(&waker).is_pending());
    core::mem::forget(family.set);
    for child in &family.children {
        child.wake();
        drop(child.waker.take());
    }
    assert_eq!(wakes.count(), 1, "its task is woken, and finds nothing");
    assert_eq!(family.log.take(), []);
}
