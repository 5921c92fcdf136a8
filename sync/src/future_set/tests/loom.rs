//! Models of wakers on threads of their own, while the set is polled, changed or dropped.

use alloc::vec::Vec;
use core::future::{Future, poll_fn};
use core::pin::Pin;
use core::task::{Context, Poll, Waker};

use loom::future::block_on;
use loom::sync::Arc;
use loom::sync::atomic::AtomicUsize;
use loom::sync::atomic::Ordering::Relaxed;
use loom::thread;

use super::FutureSet;
use crate::tests::{model, model_within};

/// Ready once it was told often enough. It hands out its waker when it is polled for the first time.
struct Child {
    told: Arc<AtomicUsize>,
    needed: usize,
    waker: Option<Waker>,
}

impl Future for Child {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        // Relaxed: the wake and the poll alone make it seen.
        if self.told.load(Relaxed) >= self.needed {
            return Poll::Ready(());
        }
        self.waker.get_or_insert_with(|| cx.waker().clone());
        Poll::Pending
    }
}

/// Tells a child, and wakes it.
struct Teller {
    told: Arc<AtomicUsize>,
    waker: Waker,
}

impl Teller {
    fn tell(self) {
        self.told.fetch_add(1, Relaxed);
        self.waker.wake();
    }
}

/// A set of children that were polled once, and so many tellers for each of them.
fn set(children: usize, tellers: usize) -> (FutureSet<Child>, Vec<Teller>) {
    let mut set: FutureSet<_> = (0..children)
        .map(|_| Child {
            told: Arc::default(),
            needed: tellers,
            waker: None,
        })
        .collect();
    let mut cx = Context::from_waker(Waker::noop());
    assert!(set.poll_next(&mut cx).is_pending());
    let told = set
        .iter_pin_mut()
        .flat_map(|(_, child)| {
            let waker = child.waker.clone().unwrap();
            let told = child.told.clone();
            (0..tellers).map(move |_| Teller {
                told: told.clone(),
                waker: waker.clone(),
            })
        })
        .collect();
    (set, told)
}

/// Waits for all of them.
fn finish(mut set: FutureSet<Child>) {
    block_on(async { while poll_fn(|cx| set.poll_next(cx)).await.is_some() {} });
}

fn on_threads(tellers: Vec<Teller>) -> Vec<thread::JoinHandle<()>> {
    tellers
        .into_iter()
        .map(|teller| thread::spawn(move || teller.tell()))
        .collect()
}

fn join(threads: Vec<thread::JoinHandle<()>>) {
    for thread in threads {
        thread.join().unwrap();
    }
}

//
#[test]
fn a_wake_is_not_lost_while_the_set_is_polled() {
    model(|| {
        let (set, tellers) = set(1, 1);
        let threads = on_threads(tellers);
        finish(set);
        join(threads);
    });
}

// a wake that is absorbed by another one still makes its news seen
#[test]
fn two_wakes_of_one_future_are_seen_both() {
    model_within(2, || {
        let (set, tellers) = set(1, 2);
        let threads = on_threads(tellers);
        finish(set);
        join(threads);
    });
}

// while one waker has the task's, the other one finds none
#[test]
fn futures_that_are_woken_at_once_are_polled_both() {
    model_within(2, || {
        let (set, tellers) = set(2, 1);
        let threads = on_threads(tellers);
        finish(set);
        join(threads);
    });
}

// what comes next in the place of a future hears its late wakes, and is not lost by them
#[test]
fn a_place_is_used_again_while_it_is_woken() {
    model(|| {
        let (mut set, tellers) = set(1, 1);
        let threads = on_threads(tellers);
        let key = set.iter_pin_mut().next().unwrap().0;
        assert!(set.remove(key));
        let told = Arc::new(AtomicUsize::new(0));
        set.push(Child {
            told: told.clone(),
            needed: 1,
            waker: None,
        });
        let mut cx = Context::from_waker(Waker::noop());
        assert!(set.poll_next(&mut cx).is_pending());
        let waker = set.iter_pin_mut().next().unwrap().1.waker.clone().unwrap();
        Teller { told, waker }.tell();
        finish(set);
        join(threads);
    });
}

// the wakers outlive the set; the last of them frees its memory
#[test]
fn a_set_is_dropped_while_its_futures_are_woken() {
    model(|| {
        let (set, tellers) = set(2, 1);
        let threads = on_threads(tellers);
        drop(set);
        join(threads);
    });
}

// the set moves to another task while the first one is being woken
#[test]
fn a_set_that_changes_hands_wakes_its_new_task() {
    model_within(1, || {
        let (set, tellers) = set(2, 1);
        let threads = on_threads(tellers);
        let other = thread::spawn(move || {
            let mut set = set;
            // Polled by one task, and awaited by another.
            let first = block_on(poll_fn(|cx| Poll::Ready(set.poll_next(cx))));
            assert_ne!(first, Poll::Ready(None));
            finish(set);
        });
        join(threads);
        other.join().unwrap();
    });
}
