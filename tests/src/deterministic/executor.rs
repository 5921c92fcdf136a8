//! The tasks, and one poll after the other.

use std::collections::{BTreeMap, VecDeque};
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::thread::{self, ThreadId};

use withal::runtime::RuntimeId;

use super::builder::Builder;
use super::clock::Clock;
use super::local;
use super::lock;
use super::order::{ReadyQueue, TaskId};
use super::task::{AboutTask, Held, Task, TaskKind, WakeTask, Work};

/// What the values of one runtime share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) id: RuntimeId,
    pub(super) settings: Builder,
    /// Where local tasks are.
    pub(super) home: ThreadId,
    pub(super) clock: Arc<Clock>,
    pub(super) ready: Arc<ReadyQueue>,
    pub(super) counts: Counts,
    pub(super) state: Mutex<State>,
}

/// What was done with the values of a runtime.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) clones: AtomicUsize,
    pub(super) contexts: AtomicUsize,
    pub(super) spawned: AtomicUsize,
}

#[derive(Debug, Default)]
pub(super) struct State {
    next: TaskId,
    pub(super) tasks: BTreeMap<TaskId, Task>,
    /// Blocking work that waits to be run.
    pub(super) held: VecDeque<Held>,
    polls: usize,
    accepted: usize,
    pub(super) is_down: bool,
    /// The thread that polls tasks at the moment, and how many calls deep.
    driver: Option<(ThreadId, usize)>,
}

impl Shared {
    /// Takes a spawned task, unless it is refused; gives its work back then.
    pub(super) fn spawn(&self, about: AboutTask, work: Work) -> Result<TaskId, Work> {
        self.counts.spawned.fetch_add(1, Ordering::Relaxed);
        let is_refused = {
            let mut state = lock(&self.state);
            let limit = self.settings.refuse_spawns_after;
            let is_refused = limit.is_some_and(|limit| state.accepted >= limit);
            state.accepted += usize::from(!is_refused);
            is_refused
        };
        if is_refused {
            return Err(work);
        }
        self.insert(about, work)
    }

    /// Makes a task that is ready, unless the runtime has shut down.
    pub(super) fn insert(&self, about: AboutTask, work: Work) -> Result<TaskId, Work> {
        let since = self.clock.now();
        let mut state = lock(&self.state);
        if state.is_down && !matches!(work, Work::Main) {
            return Err(work);
        }
        let id = state.next;
        state.next += 1;
        let task = Task {
            about,
            since,
            polls: 0,
            work,
            wake: Arc::new(WakeTask {
                task: id,
                queued: AtomicBool::new(true),
                ready: self.ready.clone(),
            }),
            missed: false,
        };
        state.tasks.insert(id, task);
        drop(state);
        self.ready.push(id);
        Ok(id)
    }

    /// Takes off what `id` is, without a poll.
    pub(super) fn remove(&self, id: TaskId) -> Option<Work> {
        let task = lock(&self.state).tasks.remove(&id)?;
        Some(task.work)
    }

    /// Polls one task, if one is ready; `main` polls that of `block_on`.
    pub(super) fn step(&self, main: Option<&mut Main<'_>>) -> bool {
        let Some(id) = self.ready.pop() else {
            return false;
        };
        if self.is_due_to_shut_down() {
            self.shut_down();
        }
        let Some((work, waker)) = self.begin(id, main.as_ref().map(|main| main.id)) else {
            // It has ended, or is further up on the stack and comes again: another is next.
            return true;
        };
        let mut cx = Context::from_waker(&waker);
        let rest = match work {
            Work::Main => {
                let poll = main.map_or(Poll::Pending, |main| (main.poll)(&mut cx));
                poll.is_pending().then_some(Work::Main)
            }
            Work::Task(mut task) => {
                let poll = task.as_mut().poll(&mut cx);
                poll.is_pending().then_some(Work::Task(task))
            }
            Work::Cleanup(mut task) => {
                let poll = Pin::new(&mut task).poll(&mut cx);
                poll.is_pending().then_some(Work::Cleanup(task))
            }
            Work::Local => {
                let poll = local::poll((self.id.instance, id), &mut cx);
                poll.is_pending().then_some(Work::Local)
            }
            Work::Running => None,
        };
        self.finish(id, rest);
        true
    }

    /// Takes the work of a task whose turn it is, unless it is none of this call's.
    fn begin(&self, id: TaskId, main: Option<TaskId>) -> Option<(Work, Waker)> {
        let mut state = lock(&self.state);
        let task = state.tasks.get_mut(&id)?;
        assert!(
            !matches!(task.work, Work::Local) || thread::current().id() == self.home,
            "local tasks of {} are polled on the thread that made it: drive it there",
            self.id
        );
        let is_elsewhere = match task.work {
            Work::Running => true,
            Work::Main => main != Some(id),
            _ => false,
        };
        if is_elsewhere {
            task.missed = true;
            return None;
        }
        let work = std::mem::replace(&mut task.work, Work::Running);
        task.polls += 1;
        task.wake.queued.store(false, Ordering::Release);
        let waker = Waker::from(task.wake.clone());
        state.polls += 1;
        Some((work, waker))
    }

    /// Puts back what is left of a task after its poll.
    fn finish(&self, id: TaskId, rest: Option<Work>) {
        let mut state = lock(&self.state);
        match (rest, state.tasks.get_mut(&id)) {
            (Some(rest), Some(task)) => {
                task.work = rest;
                if std::mem::take(&mut task.missed) {
                    self.ready.push(id);
                }
            }
            (None, _) => _ = state.tasks.remove(&id),
            (Some(rest), None) => {
                // The runtime has shut down meanwhile. Dropped outside the lock.
                drop(state);
                if matches!(rest, Work::Local) {
                    local::remove((self.id.instance, id));
                }
            }
        }
    }

    fn is_due_to_shut_down(&self) -> bool {
        let state = lock(&self.state);
        let limit = self.settings.shut_down_after;
        !state.is_down && limit.is_some_and(|limit| state.polls >= limit)
    }

    /// Drops every task and all held work; what comes later is refused.
    pub(super) fn shut_down(&self) {
        let (tasks, held) = {
            let mut state = lock(&self.state);
            state.is_down = true;
            let is_main = |task: &Task| task.about.kind == TaskKind::Main;
            let (mains, tasks) = std::mem::take(&mut state.tasks)
                .into_iter()
                .partition::<BTreeMap<_, _>, _>(|(_, task)| is_main(task));
            state.tasks = mains;
            (tasks, std::mem::take(&mut state.held))
        };
        drop(tasks);
        drop(held);
        if thread::current().id() == self.home {
            local::remove_all(self.id.instance);
        }
    }

    /// Claims the polling for this thread.
    pub(super) fn drive(&self) -> Driving<'_> {
        let here = thread::current().id();
        let mut state = lock(&self.state);
        let (driver, depth) = *state.driver.get_or_insert((here, 0));
        let is_ours = driver == here;
        if is_ours {
            state.driver = Some((here, depth + 1));
        }
        drop(state);
        assert!(is_ours, "{} is driven on another thread already", self.id);
        Driving(self)
    }

    /// How many tasks have not ended; the futures of `block_on` do not count.
    pub(super) fn left(&self) -> usize {
        let state = lock(&self.state);
        let tasks = state.tasks.values();
        tasks
            .filter(|task| task.about.kind != TaskKind::Main)
            .count()
    }
}

/// The future of a `block_on`.
pub(super) struct Main<'a> {
    pub(super) id: TaskId,
    pub(super) poll: &'a mut dyn FnMut(&mut Context<'_>) -> Poll<()>,
}

/// This thread polls.
pub(super) struct Driving<'a>(&'a Shared);

impl Drop for Driving<'_> {
    fn drop(&mut self) {
        let mut state = lock(&self.0.state);
        state.driver = match state.driver {
            Some((here, depth)) if depth > 1 => Some((here, depth - 1)),
            _ => None,
        };
        // What this call found ready and left to those around it.
        for (id, task) in &mut state.tasks {
            if matches!(task.work, Work::Main) && std::mem::take(&mut task.missed) {
                self.0.ready.push(*id);
            }
        }
    }
}
