//! The wakers of the futures, and the one of the task.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::task::Wake;
use alloc::vec::Vec;
use core::future::poll_fn;
use core::pin::Pin;
use core::sync::atomic::{AtomicUsize, Ordering};
use core::task::{Context, Poll, RawWaker, RawWakerVTable, Waker};

use super::{Family, FutureSet};
use crate::tests::{Task, panicking_waker, panics};

/// How often a waker was woken.
#[derive(Default)]
pub(super) struct Wakes(AtomicUsize);

impl Wakes {
    pub(super) fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

pub(super) fn counting() -> (Waker, Arc<Wakes>) {
    let wakes = Arc::<Wakes>::default();
    (wakes.clone().into(), wakes)
}

//
#[test]
fn many_wakes_before_a_poll_wake_the_task_once() {
    let mut family = Family::new(5);
    let (waker, wakes) = counting();
    assert!(family.poll_with(&waker).is_pending());
    for round in 1..4 {
        for child in &family.children {
            child.wake();
            child.wake();
        }
        assert_eq!(wakes.count(), round);
        assert!(family.poll_with(&waker).is_pending());
    }
}

//
#[test]
fn the_task_that_polled_last_is_woken() {
    let mut family = Family::new(1);
    let ((first, firsts), (second, seconds)) = (counting(), counting());
    assert!(family.poll_with(&first).is_pending());
    assert!(family.poll_with(&second).is_pending());
    assert_eq!(Arc::strong_count(&firsts), 2, "it is forgotten");
    family.children[0].wake();
    assert_eq!((firsts.count(), seconds.count()), (0, 1));
}

// a waker that is cloned for each poll costs more than the poll
#[test]
fn the_waker_of_the_task_is_cloned_once() {
    static CLONES: AtomicUsize = AtomicUsize::new(0);
    static VTABLE: RawWakerVTable = RawWakerVTable::new(
        |data| {
            CLONES.fetch_add(1, Ordering::SeqCst);
            RawWaker::new(data, &VTABLE)
        },
        |_| (),
        |_| (),
        |_| (),
    );

    // SAFETY: nothing is behind the pointer.
    let waker = unsafe { Waker::new(core::ptr::null(), &VTABLE) };
    let mut family = Family::new(3);
    for _ in 0..10 {
        assert!(family.poll_with(&waker).is_pending());
        family.children[2].wake();
    }
    assert_eq!(CLONES.load(Ordering::SeqCst), 1);
}

// a future that kept its waker need not clone it again
#[test]
fn a_future_is_polled_with_the_waker_it_had() {
    let mut polls = 0;
    let mut kept: Option<Waker> = None;
    let mut set = FutureSet::new();
    set.push(poll_fn(|cx| {
        let waker = kept.get_or_insert_with(|| cx.waker().clone());
        assert!(waker.will_wake(cx.waker()));
        waker.wake_by_ref();
        polls += 1;
        if polls == 5 {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }));
    let mut task = Task::new(poll_fn(|cx| set.poll_next(cx)));
    while task.poll().is_pending() {
        assert!(task.woken());
    }
    drop(task);
    assert!(set.is_empty());
    drop(set);
    assert_eq!(polls, 5);
}

// in vain at worst, and never by touching what is gone
#[test]
fn the_waker_of_a_future_that_has_ended_wakes_at_worst_its_successor() {
    let mut family = Family::waiting(2);
    let stale = family.children[0].waker();
    family.children[0].finish();
    assert_eq!(family.ended(), 0);
    stale.wake_by_ref();
    assert!(family.poll().is_pending());
    assert_eq!(family.log.polls(), [0], "when it finished");
    family.grow();
    assert_eq!(family.keys[2].index(), 0);
    assert!(family.poll().is_pending());
    stale.wake_by_ref();
    assert!(family.poll().is_pending());
    assert_eq!(family.log.polls(), [2, 2]);
    drop(family.set);
    stale.wake_by_ref();
    let again = stale.clone();
    stale.wake();
    again.wake();
}

// it ended, and its waker comes late
#[test]
fn a_future_that_ends_while_it_is_woken_leaves_a_place_to_use() {
    let mut family = Family::waiting(2);
    family.children[0].wakes_itself.set(true);
    family.children[0].finish();
    assert_eq!(family.ended(), 0);
    let log = family.log.clone();
    log.take();
    let mut task = family.task();
    assert!(
        task.poll().is_pending() && !task.woken(),
        "nobody was woken"
    );
    drop(task);
    family.grow();
    family.grow();
    assert!(family.poll().is_pending());
    assert_eq!(log.polls(), [2, 3]);
}

//
#[test]
fn a_set_that_is_gone_wakes_nobody() {
    let mut family = Family::new(3);
    let (waker, wakes) = counting();
    assert!(family.poll_with(&waker).is_pending());
    let Family { set, children, .. } = family;
    drop(set);
    assert_eq!(Arc::strong_count(&wakes), 2, "it is forgotten");
    children.iter().for_each(|child| child.wake());
    assert_eq!(wakes.count(), 0);
}

//
#[test]
fn a_task_whose_waker_panics_is_woken_the_next_time() {
    let mut family = Family::new(3);
    assert!(family.poll_with(&panicking_waker()).is_pending());
    assert!(panics(|| family.children[0].wake()));
    let (waker, wakes) = counting();
    assert!(family.poll_with(&waker).is_pending());
    assert_eq!(family.log.polls(), [0, 1, 2, 0], "the wake counted");
    family.children[1].wake();
    assert_eq!(wakes.count(), 1);
    let all: Vec<_> = family.children.iter().map(|child| child.waker()).collect();
    drop(family.set);
    drop(all);
}

// an executor may poll the task from within its waker
#[test]
fn a_task_can_be_polled_by_its_own_waker() {
    use std::sync::{Mutex, OnceLock};

    type Set = FutureSet<Pin<Box<dyn Future<Output = ()> + Send>>>;

    #[derive(Default)]
    struct Inline {
        set: Mutex<Set>,
        child: OnceLock<Waker>,
        polls: AtomicUsize,
    }

    impl Wake for Inline {
        fn wake(self: Arc<Self>) {
            if let Ok(mut set) = self.set.try_lock() {
                let waker = self.clone().into();
                let _ = set.poll_next(&mut Context::from_waker(&waker));
            }
        }
    }

    let task = Arc::<Inline>::default();
    let child = task.clone();
    task.set.lock().unwrap().push(Box::pin(poll_fn(move |cx| {
        child.polls.fetch_add(1, Ordering::SeqCst);
        child.child.get_or_init(|| cx.waker().clone());
        Poll::Pending
    })));
    task.clone().wake();
    for polls in 1..5 {
        assert_eq!(task.polls.load(Ordering::SeqCst), polls);
        task.child.get().unwrap().wake_by_ref();
    }
    // The child holds the task that holds it.
    task.set.lock().unwrap().clear();
}
