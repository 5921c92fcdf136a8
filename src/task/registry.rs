//! The detached tasks of this process, by runtime: what [`run`](crate::run) cancels at its end.

use std::collections::BTreeMap;
use std::future::{Future, poll_fn};
use std::mem;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};

use super::node::{Run, lock};
use crate::runtime::RuntimeId;

static DETACHED: Mutex<Detached> = Mutex::new(Detached {
    last: 0,
    tasks: BTreeMap::new(),
    waiting: Vec::new(),
});

struct Detached {
    last: u64,
    tasks: BTreeMap<u64, (RuntimeId, Pin<Arc<dyn Run>>)>,
    /// Who wants to know of arrivals and ends.
    waiting: Vec<Waker>,
}

/// Adds a task, and gives its number.
pub(super) fn insert(runtime: RuntimeId, task: Pin<Arc<dyn Run>>) -> u64 {
    let mut detached = lock(&DETACHED);
    detached.last += 1;
    let number = detached.last;
    detached.tasks.insert(number, (runtime, task));
    wake(detached);
    number
}

/// The task has ended, or somebody else looks after it.
pub(super) fn remove(number: u64) {
    let mut detached = lock(&DETACHED);
    let removed = detached.tasks.remove(&number);
    let Some((runtime, task)) = removed else {
        return;
    };
    if detached.tasks.values().any(|(other, _)| *other == runtime) {
        drop(detached);
    } else {
        wake(detached);
    }
    // Outside of the lock: it may be the last share of the task.
    drop(task);
}

/// Calls wakers, and drops them, outside of the lock.
fn wake(mut detached: std::sync::MutexGuard<'_, Detached>) {
    let waiting = mem::take(&mut detached.waiting);
    drop(detached);
    waiting.into_iter().for_each(Waker::wake);
}

/// Cancels the detached tasks of `runtime`, those that come meanwhile included, and waits for their
/// cleanup. Gives how many there were.
///
/// Dropped, it leaves them cancelled.
#[cfg_attr(not(test), expect(dead_code, reason = "`run` calls it"))]
pub(crate) fn cancel_all(runtime: RuntimeId) -> impl Future<Output = usize> {
    let (mut seen, mut count) = (0, 0);
    poll_fn(move |cx| {
        let mut detached = lock(&DETACHED);
        let of_ours = |task: &&(RuntimeId, Pin<Arc<dyn Run>>)| task.0 == runtime;
        let new = detached.tasks.range(seen + 1..).map(|(_, task)| task);
        let new: Vec<_> = new.filter(of_ours).map(|(_, task)| task.clone()).collect();
        seen = detached.last;
        let left = detached.tasks.values().any(|task| of_ours(&task));
        if left {
            detached.waiting.push(cx.waker().clone());
        }
        drop(detached);
        count += new.len();
        new.iter().for_each(|task| task.cancel());
        if left {
            Poll::Pending
        } else {
            Poll::Ready(count)
        }
    })
}
