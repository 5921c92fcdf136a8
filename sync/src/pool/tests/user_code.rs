//! What is the user's and runs in a pool's hands: wakers, drops of objects, and what is looked for.

use alloc::rc::{Rc, Weak};
use alloc::vec::Vec;
use core::cell::Cell;

use super::{both, counts};
use crate::flavour::Flavour;
use crate::pool::Pool;
use crate::tests::{Task, each_flavour, panicking_waker, panics};

each_flavour!(
    a_panic_of_the_lessee_gives_the_object_back,
    a_waker_that_panics_loses_no_object,
    a_waker_that_panics_refuses_the_others_all_the_same,
    one_that_is_looked_at_in_a_panic_stays,
    an_object_that_uses_the_pool_when_it_is_dropped,
    an_object_whose_drop_panics_is_gone,
    what_comes_back_finds_its_place,
);

// PL-5
fn a_panic_of_the_lessee_gives_the_object_back<F: Flavour>() {
    for pool in both::<F>(1) {
        assert!(panics(|| {
            let mut lease = pool.try_take().unwrap();
            *lease = 7;
            std::panic::panic_any("the lessee");
        }));
        // Nothing is poisoned: what it did is there.
        assert_eq!(*pool.try_take().unwrap(), 7);
    }
}

// PL-4, A-9
fn a_waker_that_panics_loses_no_object<F: Flavour>() {
    for pool in both::<F>(1) {
        let lease = pool.try_take().unwrap();
        let mut panicking = Task::new(pool.take());
        assert!(panicking.poll_with(&panicking_waker()).is_pending());
        let mut next = Task::waiting(pool.take());
        assert!(panics(move || drop(lease)));
        drop(panicking.ready());
        drop(next.ready());
        assert_eq!(counts(&pool), [1, 1, 0, 0]);
    }
}

// PL-10, PL-11, A-9
fn a_waker_that_panics_refuses_the_others_all_the_same<F: Flavour>() {
    for pool in both::<F>(0) {
        let mut panicking = Task::new(pool.take());
        assert!(panicking.poll_with(&panicking_waker()).is_pending());
        let mut others: Vec<_> = (0..100).map(|_| Task::waiting(pool.take())).collect();
        let mut closed = Task::waiting(pool.closed());
        assert!(panics(|| pool.close()));
        assert!(others.iter_mut().all(|task| task.ready().is_err()));
        assert!(panicking.ready().is_err());
        closed.ready();
    }
}

// PL-9
fn one_that_is_looked_at_in_a_panic_stays<F: Flavour>() {
    for pool in both::<F>(3) {
        assert!(panics(|| {
            pool.retain(|object| match object {
                0 => false,
                1 => true,
                _ => std::panic::panic_any("the predicate"),
            });
        }));
        assert_eq!(counts(&pool), [2, 2, 0, 0]);
        assert_eq!(pool.into_inner(), [1, 2]);
    }
}

/// Looks at its pool when it is dropped.
struct Looks<F: Flavour> {
    pool: Weak<Pool<Self, F>>,
    saw: Rc<Cell<usize>>,
}

impl<F: Flavour> Drop for Looks<F> {
    fn drop(&mut self) {
        if let Some(pool) = self.pool.upgrade() {
            let _ = pool.try_take();
            self.saw.set(self.saw.get() + pool.statistics().size);
        }
    }
}

// PL-14: no section is entered while it is dropped.
fn an_object_that_uses_the_pool_when_it_is_dropped<F: Flavour>() {
    let saw = Rc::<Cell<usize>>::default();
    let pool = Rc::<Pool<_, F>>::new_cyclic(|pool| {
        Pool::new((0..3).map(|_| Looks {
            pool: pool.clone(),
            saw: saw.clone(),
        }))
    });
    drop(pool.remove());
    assert_eq!(saw.get(), 2);
    drop(pool.try_take().unwrap().detach());
    assert_eq!(saw.get(), 3);
    pool.retain(|_| false);
    assert_eq!(counts(&pool), [0; 4]);
    pool.close();
    let refused = pool.add(Looks {
        pool: Rc::downgrade(&pool),
        saw: saw.clone(),
    });
    drop(refused);
    assert_eq!(counts(&pool), [0; 4]);
}

/// Panics when it is dropped, if it is told to.
struct Panics(bool);

impl Drop for Panics {
    fn drop(&mut self) {
        if self.0 {
            std::panic::panic_any("an object");
        }
    }
}

// PL-7, PL-9
fn an_object_whose_drop_panics_is_gone<F: Flavour>() {
    let pool = Pool::<_, F>::new([Panics(false), Panics(true), Panics(false)]);
    assert!(panics(|| pool.retain(|object| !object.0)));
    assert_eq!(counts(&pool), [2, 2, 0, 0]);
    pool.close();
    assert!(Task::new(pool.closed()).poll().is_ready());
}

// PL-14: the room of the idle objects does not grow while they come and go.
fn what_comes_back_finds_its_place<F: Flavour>() {
    let pool = Pool::<_, F>::new(Vec::new());
    for object in 0..100 {
        pool.add(object).unwrap();
        let leases: Vec<_> = (0..=object).map(|_| pool.try_take().unwrap()).collect();
        let room = pool.state.with(|state| state.room());
        assert!(room > object);
        drop(leases);
        assert_eq!(pool.state.with(|state| state.room()), room);
    }
}
