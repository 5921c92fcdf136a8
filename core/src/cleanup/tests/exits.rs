//! Exits in progress that go from thread to thread.

use alloc::sync::Arc;
use core::sync::atomic::Ordering;
use core::task::Poll;

use loom::sync::atomic::AtomicUsize;
use loom::thread;

use super::{
    Ended, Event, Executor, Exit, Rt, Until, abandon, block_on, model, poll_once, wait, within,
};
use crate::cleanup::kind::Sendable;
use crate::cleanup::leftovers::Leftovers;
use crate::cleanup::watch::Watch;
use crate::cleanup::{ExitToken, pending};
use crate::runtime::TaskFuture;
use crate::shielded;

/// Calls `f` as a poll of the combinator that has `watch`.
fn watched<T>(watch: &mut Watch, f: impl FnOnce() -> T) -> T {
    let ended = Leftovers::<Sendable>::new().watched(watch, f);
    ended.unwrap_or_else(|payload| payload.resume())
}

// K10: a combinator that finds no exit in progress sees all that the exit did, on whatever thread.
#[test]
fn an_exit_that_is_over_has_shown_all_it_did() {
    model(|| {
        let done = Arc::new(AtomicUsize::new(0));
        let mut watch = Watch::default();
        let token = watched(&mut watch, ExitToken::register).expect("a watch is there");
        let exit = thread::spawn({
            let done = done.clone();
            move || {
                done.store(1, Ordering::Relaxed);
                drop(token);
            }
        });
        if !watch.is_busy() {
            assert_eq!(done.load(Ordering::Relaxed), 1);
        }
        exit.join().unwrap();
        assert!(!watch.is_busy());
    });
}

// K10: of two exits in two threads the last one frees the combinator.
#[test]
fn a_combinator_waits_for_the_last_of_its_exits() {
    model(|| {
        let done = Arc::new(AtomicUsize::new(0));
        let mut watch = Watch::default();
        let tokens = watched(&mut watch, || {
            [ExitToken::register(), ExitToken::register()]
        });
        let exits = tokens.map(|token| {
            let done = done.clone();
            thread::spawn(move || {
                done.fetch_add(1, Ordering::Relaxed);
                drop(token);
            })
        });
        if !watch.is_busy() {
            assert_eq!(done.load(Ordering::Relaxed), 2);
        }
        for exit in exits {
            exit.join().unwrap();
        }
        assert!(!watch.is_busy());
    });
}

// K1, K3: foreign code drops a shield while what it waits for happens elsewhere: the rest runs, once.
#[test]
fn a_shield_that_is_dropped_at_its_wake_runs_to_its_end() {
    model(|| {
        let (rt, ended) = (Rt::new(Executor::Runs), Ended::default());
        let event = Arc::<Event>::default();
        let mut scope = Leftovers::new();
        let mut shield = shielded(&rt, Exit::new(Until::Happened(event.clone()), &ended));
        assert!(poll_once(&mut shield).is_pending());
        let waker = thread::spawn(move || event.happen());
        within(&mut scope, || drop(shield));
        block_on(wait(&mut scope));
        assert_eq!(ended.count(), 1);
        waker.join().unwrap();
        rt.join();
        assert!(pending::snapshot().is_empty());
    });
}

// K13: a task that is polled inside of one scope and dropped inside of another one's, on another
// thread, leaves its cleanup to neither.
#[test]
fn a_task_that_changes_threads_is_in_nobodys_scope() {
    struct Leaves(Rt, Ended);

    impl Drop for Leaves {
        fn drop(&mut self) {
            abandon(&self.0, Exit::new(Until::Now, &self.1));
        }
    }

    model(|| {
        let (rt, ended) = (Rt::new(Executor::Runs), Ended::default());
        let leaves = Leaves(rt.clone(), ended.clone());
        let mut polled = false;
        let mut task = TaskFuture::new(core::future::poll_fn(move |_| {
            let _ = &leaves;
            if core::mem::replace(&mut polled, true) {
                return Poll::Ready(());
            }
            Poll::Pending
        }));
        let mut here = Leftovers::<Sendable>::new();
        let there = thread::spawn({
            assert!(within(&mut here, || poll_once(&mut task)).is_pending());
            move || {
                let mut there = Leftovers::<Sendable>::new();
                within(&mut there, || drop(task));
                there.is_empty()
            }
        });
        let foreign = Exit::new(Until::Now, &ended);
        within(&mut here, || abandon(&rt, foreign));
        block_on(wait(&mut here));
        assert!(there.join().unwrap());
        rt.join();
        assert_eq!(ended.count(), 2);
    });
}
