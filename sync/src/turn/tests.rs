use alloc::boxed::Box;
use alloc::format;
use core::cell::Cell;
use core::marker::PhantomPinned;
use core::pin::{Pin, pin};

use super::Turn;

const A: usize = 1;
const B: usize = 2;

// CS-13
#[test]
fn a_turn_is_one_at_a_time() {
    let turn = pin!(Turn::new(1));
    let turn = turn.as_ref();
    let mut mine = turn.take().unwrap();
    assert!(turn.take().is_none());
    *mine.get() = 2;
    drop(mine);
    assert_eq!(*turn.take().unwrap().get(), 2);
}

//
#[test]
fn a_mark_reaches_whoever_has_the_turn() {
    let turn = pin!(Turn::new(()));
    let turn = turn.as_ref();
    assert!(!turn.mark(A).was_taken());
    let mine = turn.take().unwrap();
    assert_eq!(mine.marks(), A);
    let marked = turn.mark(B);
    assert!(marked.was_taken());
    assert_eq!((marked.before(), mine.marks()), (A, A));
    assert_eq!(mine.end(), A | B);
    assert_eq!(turn.mark(A).before(), A | B);
    assert_eq!(turn.marks(), A | B);
}

#[test]
fn a_turn_that_unwinds_ends() {
    let turn = Box::pin(Turn::new(()));
    let panicked = std::panic::catch_unwind(core::panic::AssertUnwindSafe(|| {
        let _mine = turn.as_ref().take().unwrap();
        panic!("on purpose");
    }));
    assert!(panicked.is_err());
    assert!(turn.as_ref().take().is_some());
}

#[test]
fn its_value_stays_where_it_is_and_is_dropped_there() {
    struct Place<'a>(&'a Cell<*const Self>, PhantomPinned);

    impl Drop for Place<'_> {
        fn drop(&mut self) {
            assert!(core::ptr::eq(self, self.0.get()));
        }
    }

    let place = Cell::new(core::ptr::null());
    let turn = Box::pin(Turn::new(Place(&place, PhantomPinned)));
    let mut mine = turn.as_ref().take().unwrap();
    let value: Pin<&mut Place<'_>> = mine.get();
    place.set(&*value);
    drop(mine);
    drop(turn);
}

#[test]
fn its_debug_says_what_can_be_said() {
    let turn = pin!(Turn::new(Cell::new(0)));
    let turn = turn.as_ref();
    let mine = turn.take().unwrap();
    turn.mark(A);
    assert_eq!(format!("{turn:?}"), "Turn { taken: true, marks: 1, .. }");
    assert_eq!(format!("{mine:?}"), "Taken { marks: 0, .. }");
}

const _: () = {
    const fn shared<T: Send + Sync>() {}
    shared::<Turn<Cell<u8>>>();
};
