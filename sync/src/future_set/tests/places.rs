//! Keys, places, and the memory that they take.

use alloc::vec::Vec;
use core::future::{Ready, ready};
use core::task::{Context, Poll, Waker};

use super::{Dropped, Family, FutureSet, Polled};

// a key that is used too late finds nothing
#[test]
fn a_key_finds_its_own_future_and_no_later_one() {
    let mut family = Family::waiting(3);
    let old = family.keys[1];
    assert_eq!(family.set.get_pin_mut(old).unwrap().name, 1);
    assert!(family.set.remove(old));
    family.grow();
    let new = family.keys[3];
    assert_eq!(new.index(), old.index(), "the place is used again");
    assert_ne!(new, old);
    assert!(!family.set.contains(old) && !family.set.remove(old) && !family.set.wake(old));
    assert!(family.set.get_pin_mut(old).is_none());
    assert_eq!(family.set.get_pin_mut(new).unwrap().name, 3);
    assert!(FutureSet::<Ready<()>>::new().get_pin_mut(new).is_none());
}

//
#[test]
fn a_key_finds_nothing_once_its_future_has_ended() {
    let mut family = Family::waiting(40);
    for name in [17, 0, 39] {
        family.children[name].finish();
    }
    while family.poll().is_ready() {}
    for (name, key) in family.keys.iter().enumerate() {
        let is_there = ![17, 0, 39].contains(&name);
        assert_eq!(key.index(), name);
        assert_eq!(family.set.contains(*key), is_there);
        let found = family
            .set
            .get_pin_mut(*key)
            .map(|child| child.name as usize);
        assert_eq!(found, is_there.then_some(name));
    }
    assert_eq!(family.set.len(), 37);
}

// a place whose generations have all been used is given up
#[test]
fn no_key_comes_twice() {
    let mut set = FutureSet::new();
    let key = set.push(ready(1));
    assert_eq!(now(&mut set), Poll::Ready(Some((key, 1))));
    set.blocks.find::<Ready<i32>>(key.index).unwrap().wear_out();
    let last = set.push(ready(2));
    assert_eq!(last.index, key.index);
    assert_eq!(now(&mut set), Poll::Ready(Some((last, 2))));
    for number in 3..9 {
        let key = set.push(ready(number));
        assert_ne!(key.index, last.index, "it has no number left");
        assert_eq!(now(&mut set), Poll::Ready(Some((key, number))));
    }
    assert!(!set.contains(last));
}

fn now<T>(set: &mut FutureSet<Ready<T>>) -> Poll<Option<(super::Key, T)>> {
    set.poll_next(&mut Context::from_waker(Waker::noop()))
}

//
#[test]
fn all_are_visited_in_the_order_of_the_pushes() {
    let mut family = Family::waiting(6);
    for removed in [0, 3, 5] {
        let key = family.keys[removed];
        family.set.remove(key);
    }
    family.grow();
    family.grow();
    let mut all = family.set.iter_pin_mut();
    assert_eq!(all.len(), 5);
    assert_eq!(all.next().map(|(_, child)| child.name), Some(1));
    let rest: Vec<_> = all.map(|(key, child)| (key, child.name)).collect();
    let expected: Vec<_> = [2, 4, 6, 7].map(|it| (family.keys[it as usize], it)).into();
    assert_eq!(rest, expected);
}

//
#[test]
fn a_future_that_is_removed_is_dropped_there_and_then() {
    let mut family = Family::new(2);
    let [first, second] = [family.keys[0], family.keys[1]];
    assert!(family.set.remove(first));
    assert_eq!(family.log.take(), [(Dropped, 0)]);
    assert!(family.poll().is_pending());
    assert_eq!(family.log.take(), [(Polled, 1)]);
    family.children[1].wake();
    assert!(family.set.remove(second));
    assert_eq!(family.log.take(), [(Dropped, 1)]);
    assert_eq!(family.poll(), Poll::Ready(None));
    assert_eq!(family.log.take(), []);
}

// places that were left while they were to be polled are used again
#[test]
fn a_set_that_is_not_polled_does_not_grow_for_ever() {
    let mut set = FutureSet::new();
    let lasting = set.push(ready(0));
    for number in 1..10_000 {
        let key = set.push(ready(number));
        assert!(set.remove(key));
    }
    assert!(set.blocks.capacity() <= 16, "{}", set.blocks.capacity());
    let key = set.push(ready(1));
    assert_eq!(now(&mut set), Poll::Ready(Some((lasting, 0))));
    assert_eq!(now(&mut set), Poll::Ready(Some((key, 1))));
    assert_eq!(now(&mut set), Poll::Ready(None));
}

//
#[test]
fn a_set_grows_with_what_it_holds_at_a_time() {
    let mut set = FutureSet::new();
    for round in 0..1_000 {
        let keys: Vec<_> = (0..50).map(|number| set.push(ready(number))).collect();
        if round % 3 == 0 {
            set.clear();
        } else {
            for (number, key) in keys.into_iter().enumerate() {
                assert_eq!(now(&mut set), Poll::Ready(Some((key, number))));
            }
        }
    }
    assert!(set.blocks.capacity() <= 256, "{}", set.blocks.capacity());
    assert_eq!(
        FutureSet::<Ready<()>>::with_capacity(300).blocks.capacity(),
        300
    );
}

//
#[test]
fn futures_may_be_of_any_size_and_alignment() {
    #[repr(align(128))]
    struct Aligned(u8);

    let mut set = FutureSet::new();
    for number in 0..40 {
        set.push(async move {
            let aligned = Aligned(number);
            core::future::ready(()).await;
            assert_eq!((&raw const aligned).addr() % 128, 0);
            aligned.0
        });
    }
    let mut cx = Context::from_waker(Waker::noop());
    for number in 0..40 {
        let ended = set.poll_next(&mut cx);
        assert!(matches!(ended, Poll::Ready(Some((_, it))) if it == number));
    }
    let mut nothing: FutureSet<_> = (0..40).map(|_| ready(())).collect();
    nothing.extend((0..9).map(|_| ready(())));
    assert_eq!(nothing.len(), 49);
    assert!(
        std::panic::catch_unwind(|| FutureSet::<Ready<()>>::with_capacity(usize::MAX)).is_err()
    );
}
