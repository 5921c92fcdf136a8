//! The detached tasks of this process, by runtime: what [`run`](crate::run) cancels at its end.

use std::collections::BTreeMap;
use std::future::{Future, poll_fn};
use std::mem;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};

use super::node::{Run, lock};
use crate::cleanup::About;
use crate::runtime::RuntimeId;

static DETACHED: Mutex<Detached> = Mutex::new(Detached {
    last: 0,
    tasks: BTreeMap::new(),
    waiting: Vec::new(),
});

struct Detached {
    last: u64,
    tasks: BTreeMap<u64, (About, Pin<Arc<dyn Run>>)>,
    /// Who wants to know of arrivals and ends.
    waiting: Vec<Waker>,
}

/// Adds a task, and gives its number.
pub(super) fn insert(about: About, task: Pin<Arc<dyn Run>>) -> u64 {
    let mut detached = lock(&DETACHED);
    detached.last += 1;
    let number = detached.last;
    detached.tasks.insert(number, (about, task));
    wake(detached);
    number
}

/// The task has ended, or somebody else looks after it.
pub(super) fn remove(number: u64) {
    let mut detached = lock(&DETACHED);
    let removed = detached.tasks.remove(&number);
    let Some((about, task)) = removed else {
        return;
    };
    let mut others = detached.tasks.values();
    if others.any(|(other, _)| other.runtime == about.runtime) {
        drop(detached);
    } else {
        wake(detached);
    }
    // Outside of the lock: it may be the last share of the task.
    drop(task);
}

/// The detached tasks of `runtime`, by number, oldest first.
pub(crate) fn live(runtime: RuntimeId) -> Vec<(u64, About)> {
    let detached = lock(&DETACHED);
    let tasks = detached.tasks.iter();
    tasks
        .filter(|(_, (about, _))| about.runtime == runtime)
        .map(|(number, (about, _))| (*number, *about))
        .collect()
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
pub(crate) fn cancel_all(runtime: RuntimeId) -> impl Future<Output = usize> {
    let (mut seen, mut count) = (0, 0);
    poll_fn(move |cx| {
        let mut detached = lock(&DETACHED);
        let of_ours = |task: &&(About, Pin<Arc<dyn Run>>)| task.0.runtime == runtime;
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
