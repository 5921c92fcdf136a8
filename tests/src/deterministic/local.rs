//! Tasks that stay on their thread: a table of the thread that made the runtime.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::order::TaskId;

pub(super) type LocalFuture = Pin<Box<dyn Future<Output = ()>>>;

/// The number of a runtime, and that of a task in it.
type Key = (u64, TaskId);

thread_local! {
    static TASKS: RefCell<BTreeMap<Key, LocalFuture>> = const { RefCell::new(BTreeMap::new()) };
}

pub(super) fn insert(key: Key, future: LocalFuture) {
    TASKS.with_borrow_mut(|tasks| tasks.insert(key, future));
}

/// Drops a task.
pub(super) fn remove(key: Key) {
    // Dropped after the borrow.
    let _future = TASKS.with_borrow_mut(|tasks| tasks.remove(&key));
}

/// Drops the tasks of a runtime. While the thread's locals are being destroyed there are none.
pub(super) fn remove_all(instance: u64) {
    let of_runtime = |tasks: &RefCell<BTreeMap<Key, LocalFuture>>| {
        let mut tasks = tasks.borrow_mut();
        let mut removed = tasks.split_off(&(instance, 0));
        tasks.append(&mut removed.split_off(&(instance + 1, 0)));
        removed
    };
    // Dropped after the borrow.
    let _futures = TASKS.try_with(of_runtime);
}

/// Polls a task, which is away from the table meanwhile.
pub(super) fn poll(key: Key, cx: &mut Context<'_>) -> Poll<()> {
    let Some(mut future) = TASKS.with_borrow_mut(|tasks| tasks.remove(&key)) else {
        return Poll::Ready(());
    };
    let poll = future.as_mut().poll(cx);
    if poll.is_pending() {
        insert(key, future);
    }
    poll
}
