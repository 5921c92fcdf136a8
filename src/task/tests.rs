//! The registry of detached tasks. What tasks promise is tested with the kit, on every runtime.

#![cfg(feature = "smol")]

use std::convert::Infallible;
use std::future::{pending, poll_fn};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;

use ::smol::{Executor, block_on};
use futures_util::poll;

use super::registry::cancel_all;
use super::spawn;
use crate::runtime::Cleanup;
use crate::scope::ExitKind;
use crate::smol::SmolRuntime;
use crate::{ExitReason, HandOver, Scope, with};

/// A scope that waits in its exit, and counts.
struct Counted(Arc<AtomicUsize>);

impl Scope for Counted {
    type Resource = ();
    type Error = Infallible;
    type OnDrop = HandOver;

    async fn enter(&mut self) -> Result<(), Infallible> {
        Ok(())
    }

    async fn exit(self, (): (), reason: ExitReason<'_>) -> Result<(), Infallible> {
        yields().await;
        assert_eq!(reason.kind(), ExitKind::Cancelled);
        self.0.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }
}

async fn yields() {
    let mut left = 2;
    poll_fn(|cx| {
        left -= 1;
        cx.waker().wake_by_ref();
        if left == 0 {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    })
    .await;
}

/// Detaches a task that is stuck in a scope.
fn stuck(rt: &SmolRuntime, exits: &Arc<AtomicUsize>) {
    let (own_rt, scope) = (rt.clone(), Counted(exits.clone()));
    spawn(rt, async move {
        with(&own_rt, scope, async |()| {
            pending::<Result<(), Infallible>>().await
        })
        .await
    })
    .detach();
}

/// Executors get their numbers anew when others are gone: one test at a time.
fn alone() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

// TC-15
#[test]
fn detached_tasks_are_cancelled_and_awaited_each_on_its_own_runtime() {
    let _alone = alone();
    let (executor, other) = (Arc::new(Executor::new()), Arc::new(Executor::new()));
    let (rt, other_rt) = (SmolRuntime::new(&executor), SmolRuntime::new(&other));
    let (exits, others) = (Arc::default(), Arc::default());
    (0..3).for_each(|_| stuck(&rt, &exits));
    stuck(&other_rt, &others);
    while executor.try_tick() || other.try_tick() {}
    let count = block_on(executor.run(cancel_all(rt.id())));
    assert_eq!((count, exits.load(Ordering::SeqCst)), (3, 3));
    assert_eq!(others.load(Ordering::SeqCst), 0);
    assert_eq!(block_on(other.run(cancel_all(other_rt.id()))), 1);
    // Nothing is kept of what has ended.
    assert_eq!(block_on(cancel_all(rt.id())), 0);
    assert_eq!(Arc::strong_count(&exits), 1);
}

// TC-15: one that arrives while the others are waited for is one of them.
#[test]
fn tasks_that_are_detached_by_the_exit_of_another_are_cancelled_too() {
    let _alone = alone();
    let executor = Arc::new(Executor::new());
    let rt = SmolRuntime::new(&executor);
    let exits = Arc::default();
    stuck(&rt, &exits);
    while executor.try_tick() {}
    let count = block_on(async {
        let mut all = Box::pin(cancel_all(rt.id()));
        assert!(poll!(all.as_mut()).is_pending());
        stuck(&rt, &exits);
        executor.run(all).await
    });
    // The second was cancelled before its first poll.
    assert_eq!((count, exits.load(Ordering::SeqCst)), (2, 1));
}

// TC-15
#[test]
fn a_task_that_ends_leaves_the_registry() {
    let _alone = alone();
    let executor = Arc::new(Executor::new());
    let rt = SmolRuntime::new(&executor);
    let task = spawn(&rt, async {});
    while executor.try_tick() {}
    assert!(task.is_finished());
    task.detach();
    spawn(&rt, async {}).detach();
    while executor.try_tick() {}
    assert_eq!(block_on(cancel_all(rt.id())), 0);
}

// TC-15: the executor goes before anybody has asked.
#[test]
fn a_task_that_its_executor_drops_leaves_the_registry() {
    let _alone = alone();
    let executor = Arc::new(Executor::new());
    let rt = SmolRuntime::new(&executor);
    let exits = Arc::default();
    spawn(&rt, pending::<()>()).detach();
    stuck(&rt, &exits);
    while executor.try_tick() {}
    let id = rt.id();
    drop(executor);
    assert_eq!(block_on(cancel_all(id)), 0);
    // Its cleanup is an orphan, like any other of this runtime.
    let _ = block_on(crate::cleanup::drain(
        &SmolRuntime::global(),
        std::time::Duration::from_secs(20),
    ));
    assert_eq!(exits.load(Ordering::SeqCst), 1);
}
