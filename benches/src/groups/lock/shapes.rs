//! The work: who passes what, and how often.

use std::future::Future;
use std::hint::black_box;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Instant;

use super::contenders::{AsyncLock, Event, Lock};
use crate::executor::{Sides, Task};
use crate::now::now;
use crate::{Fairness, Served};

/// What is done with a lock held.
pub(super) trait Section<L>: 'static {
    /// Gives the sum after it.
    fn run(lock: &L) -> impl Future<Output = u64> + Send;
}

/// Next to nothing.
pub(super) struct Tiny;

impl<L: Lock> Section<L> for Tiny {
    fn run(lock: &L) -> impl Future<Output = u64> + Send {
        lock.add()
    }
}

/// Yields once.
pub(super) struct Awaiting;

impl<L: AsyncLock> Section<L> for Awaiting {
    fn run(lock: &L) -> impl Future<Output = u64> + Send {
        lock.add_and_yield()
    }
}

/// One task, which never waits.
pub(super) fn alone<L: Lock>(times: u64) {
    let lock = L::new();
    for _ in 0..times {
        black_box(now(lock.add()));
    }
}

/// One task, which finds each event given.
pub(super) fn give_and_take<E: Event>(times: u64) {
    let event = E::new();
    for _ in 0..times {
        event.give();
        now(event.take());
    }
}

/// Tasks that pass one lock until they have done so `times` times together. None ends before, so
/// that all of them contend to the end.
pub(super) fn tasks<L: Lock, S: Section<L>>(tasks: usize, times: u64) -> Sides {
    let lock = Arc::new(L::new());
    sides(tasks, || {
        let lock = lock.clone();
        let enough = enough(tasks, times);
        Box::pin(async move { while S::run(&lock).await < enough {} })
    })
}

/// The same, and writes down how each of them fared.
pub(super) fn watched<L: Lock, S: Section<L>>(tasks: usize, times: u64, watch: &Watch) -> Sides {
    let lock = Arc::new(L::new());
    sides(tasks, || {
        let (lock, watch) = (lock.clone(), watch.clone());
        let enough = enough(tasks, times);
        Box::pin(async move {
            let (mut served, mut last) = (Served::default(), None);
            loop {
                let asked = Instant::now();
                let sum = S::run(&lock).await;
                served.operations += 1;
                served.longest = served.longest.max(asked.elapsed());
                // Before its first section, others may have been at it before this task ran at all.
                served.turns = last.map_or(0, |last| served.turns.max(sum - last - 1));
                last = Some(sum);
                if sum >= enough {
                    break;
                }
            }
            watch.tasks().push(served);
        })
    })
}

/// The sum at which a task ends. The others see it once more each.
fn enough(tasks: usize, times: u64) -> u64 {
    times.saturating_sub(tasks as u64 - 1)
}

/// As many tasks, in turn on either side.
fn sides(tasks: usize, task: impl Fn() -> Task) -> Sides {
    let mut sides = Sides::default();
    for number in 0..tasks {
        sides[number % 2].push(task());
    }
    sides
}

/// How each task was served; a wait ends with the section, so it includes that.
#[derive(Clone, Default)]
pub(in crate::groups) struct Watch(Arc<Mutex<Vec<Served>>>);

impl Watch {
    fn tasks(&self) -> MutexGuard<'_, Vec<Served>> {
        self.0.lock().expect("no task panics")
    }

    pub(super) fn fairness(&self) -> Fairness {
        Fairness::of(&self.tasks())
    }
}

/// Two tasks, two events: each gives the other one's and takes its own.
pub(super) fn ping_pong<E: Event>(times: u64) -> Sides {
    let events = Arc::new((E::new(), E::new()));
    let (here, there) = (events.clone(), events);
    let here: Task = Box::pin(async move {
        for _ in 0..times {
            here.0.give();
            here.1.take().await;
        }
    });
    let there: Task = Box::pin(async move {
        for _ in 0..times {
            there.0.take().await;
            there.1.give();
        }
    });
    [vec![here], vec![there]]
}
