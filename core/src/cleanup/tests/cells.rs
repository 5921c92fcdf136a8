//! One cell, and those who drive it: executor and enclosing scope.

use alloc::sync::Arc;
use core::pin::pin;
use core::sync::atomic::Ordering;
use core::time::Duration;

use loom::sync::atomic::AtomicBool;
use loom::thread;

use super::{
    Both, Ended, Event, Executor, Exit, Rt, Until, abandon, block_on, model, poll_once, within,
};
use super::{reports_of, wait};
use crate::cleanup::kind::Sendable;
use crate::cleanup::leftovers::Leftovers;
use crate::cleanup::{drain, pending};

// K3: the cleanup starts at once on the executor, the scope polls the same one before its own
// exit, and it ends once, whoever polls it last. Neither is left asleep.
#[test]
fn an_executor_and_a_scope_end_one_cleanup_between_them() {
    model(|| {
        let (rt, ended) = (Rt::new(Executor::Runs), Ended::default());
        let mut scope = Leftovers::new();
        within(&mut scope, || abandon(&rt, Exit::new(Until::Again, &ended)));
        block_on(wait(&mut scope));
        assert_eq!(ended.count(), 1);
        rt.join();
        assert!(pending::snapshot().is_empty());
    });
}

// K3: what the cleanup waits for comes from a third thread, and finds whoever drives it then.
#[test]
fn a_wake_from_elsewhere_reaches_whoever_drives() {
    model(|| {
        let (rt, ended) = (Rt::new(Executor::Runs), Ended::default());
        let event = Arc::<Event>::default();
        let mut scope = Leftovers::new();
        let until = Until::Happened(event.clone());
        within(&mut scope, || abandon(&rt, Exit::new(until, &ended)));
        let waker = thread::spawn(move || event.happen());
        block_on(wait(&mut scope));
        assert_eq!(ended.count(), 1);
        rt.join();
        waker.join().unwrap();
    });
}

// K3: two threads wake one cleanup at once. A wake shows the next poll what was done before it, also
// where another wake comes on top of it.
#[test]
fn a_poll_after_two_wakes_sees_what_both_have_done() {
    model(|| {
        let (rt, ended) = (Rt::new(Executor::Refuses), Ended::default());
        let both = Arc::<Both>::default();
        let mut scope = Leftovers::new();
        let until = Until::Both(both.clone());
        within(&mut scope, || abandon(&rt, Exit::new(until, &ended)));
        assert!(poll_once(&mut pin!(wait(&mut scope))).is_pending());
        let waker = both.waker();
        let threads = [0, 1].map(|place| {
            let (both, waker) = (both.clone(), waker.clone());
            thread::spawn(move || {
                both.done[place].store(true, Ordering::Relaxed);
                waker.wake();
            })
        });
        block_on(wait(&mut scope));
        assert_eq!(ended.count(), 1);
        for thread in threads {
            thread.join().unwrap();
        }
    });
}

// K3, K6: a runtime that shuts down discards its task while the scope takes the cleanup over.
#[test]
fn a_scope_takes_over_what_an_executor_discards() {
    model(|| {
        let (rt, ended) = (Rt::new(Executor::Keeps), Ended::default());
        let event = Arc::<Event>::default();
        let mut scope = Leftovers::new();
        let until = Until::Happened(event.clone());
        within(&mut scope, || abandon(&rt, Exit::new(until, &ended)));
        let mut task = rt.task();
        let executor = thread::spawn(move || {
            let _ = poll_once(&mut task);
            event.happen();
            drop(task);
        });
        block_on(wait(&mut scope));
        assert_eq!(ended.count(), 1);
        executor.join().unwrap();
        assert_eq!(reports_of("orphaned"), 0);
        assert!(pending::snapshot().is_empty());
    });
}

// K3, CM-22: the task is aborted at the moment at which the exit in it can end.
#[test]
fn an_exit_that_ends_while_its_task_is_aborted_ends_once() {
    model(|| {
        let (rt, ended) = (Rt::new(Executor::Keeps), Ended::default());
        let event = Arc::<Event>::default();
        let mut scope = Leftovers::new();
        let until = Until::Happened(event.clone());
        within(&mut scope, || abandon(&rt, Exit::new(until, &ended)));
        let mut task = rt.task();
        let executor = thread::spawn(move || {
            let _ = poll_once(&mut task);
            drop(task);
        });
        let waker = thread::spawn(move || event.happen());
        block_on(wait(&mut scope));
        assert_eq!(ended.count(), 1);
        executor.join().unwrap();
        waker.join().unwrap();
    });
}

// K3, K6: what the cleanup waits for ends together with its executor, and wakes nobody: the scope
// looks again by itself.
#[test]
fn a_scope_looks_again_at_what_an_executor_discards() {
    model(|| {
        let (rt, ended) = (Rt::new(Executor::Keeps), Ended::default());
        let gone = Arc::<AtomicBool>::default();
        let mut scope = Leftovers::new();
        let until = Until::Gone(gone.clone());
        within(&mut scope, || abandon(&rt, Exit::new(until, &ended)));
        let task = rt.task();
        let executor = thread::spawn(move || {
            gone.store(true, Ordering::Relaxed);
            drop(task);
        });
        block_on(wait(&mut scope));
        assert_eq!(ended.count(), 1);
        executor.join().unwrap();
    });
}

// K3, K6: a drain that is dropped has had the cleanup in hand when its wake came: the scope, which
// found the cell empty then, is told. The executor's task is never polled.
#[test]
fn a_drain_that_goes_leaves_the_wake_it_had_to_the_scope() {
    model(|| {
        let (rt, ended) = (Rt::new(Executor::Keeps), Ended::default());
        let event = Arc::<Event>::default();
        let mut scope = Leftovers::new();
        let until = Until::Happened(event.clone());
        within(&mut scope, || abandon(&rt, Exit::new(until, &ended)));
        let drained = thread::spawn({
            let rt = rt.clone();
            move || drop(poll_once(&mut drain(&rt, Duration::MAX)))
        });
        let waker = thread::spawn(move || event.happen());
        block_on(wait(&mut scope));
        assert_eq!(ended.count(), 1);
        drained.join().unwrap();
        waker.join().unwrap();
        drop(rt.task());
    });
}

// K4: the second guard of one drop finds the chain of the first at its end, and is taken by it or
// begins one of its own.
#[test]
fn a_cleanup_that_meets_the_end_of_its_chain_is_not_lost() {
    model(|| {
        let (rt, ended) = (Rt::new(Executor::Runs), Ended::default());
        let mut scope = Leftovers::new();
        within(&mut scope, || {
            abandon(&rt, Exit::new(Until::Now, &ended));
            abandon(&rt, Exit::new(Until::Now, &ended));
        });
        block_on(wait(&mut scope));
        assert_eq!(ended.count(), 2);
        rt.join();
        assert!(pending::snapshot().is_empty());
    });
}

// K6, K9: a scope that gives up and an executor that goes, at once: the cleanup is an orphan, which
// is told once, and it is still there.
#[test]
fn the_last_driver_that_goes_makes_an_orphan() {
    model(|| {
        let (rt, ended) = (Rt::new(Executor::Keeps), Ended::default());
        let mut scope = Leftovers::<Sendable>::new();
        within(&mut scope, || abandon(&rt, Exit::new(Until::Now, &ended)));
        let task = rt.task();
        let executor = thread::spawn(move || drop(task));
        drop(scope);
        executor.join().unwrap();
        assert_eq!(reports_of("orphaned"), 1);
        assert_eq!(pending::snapshot().len(), 1);
        assert_eq!(ended.count(), 0);
    });
}
