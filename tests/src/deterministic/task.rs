//! What is known of a task.

use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Wake;

use withal::cleanup::CleanupTask;

use super::clock::Instant;
use super::order::{ReadyQueue, TaskId};

pub(super) type BoxFuture = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A task, and what a report says of it.
#[derive(Debug)]
pub(super) struct Task {
    pub(super) about: AboutTask,
    pub(super) since: Instant,
    pub(super) polls: usize,
    pub(super) work: Work,
    pub(super) wake: Arc<WakeTask>,
    /// Its turn came while it was being polled, or in a call that does not poll it.
    pub(super) missed: bool,
}

/// What a task is, and where it began.
#[derive(Clone, Copy, Debug)]
pub(super) struct AboutTask {
    pub(super) kind: TaskKind,
    pub(super) name: &'static str,
    pub(super) location: &'static Location<'static>,
}

pub(super) enum Work {
    /// What `block_on` polls itself.
    Main,
    Task(BoxFuture),
    Cleanup(CleanupTask),
    /// In the table of the home thread.
    Local,
    /// It is being polled further up on the stack.
    Running,
}

/// Blocking work that is held.
pub(super) struct Held {
    pub(super) work: BoxFuture,
}

/// What a task is woken by.
pub(super) struct WakeTask {
    pub(super) task: TaskId,
    pub(super) queued: AtomicBool,
    pub(super) ready: Arc<ReadyQueue>,
}

impl Wake for WakeTask {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.queued.swap(true, Ordering::AcqRel) {
            self.ready.push(self.task);
        }
    }
}

/// What a task is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TaskKind {
    /// The future of a `block_on`.
    Main,
    /// A spawned task.
    Task,
    /// A spawned task that stays on its thread.
    LocalTask,
    /// The cleanup of scopes that were dropped.
    Cleanup,
    /// Blocking work.
    Blocking,
}

impl fmt::Display for TaskKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Main => "main",
            Self::Task => "task",
            Self::LocalTask => "local task",
            Self::Cleanup => "cleanup",
            Self::Blocking => "blocking work",
        })
    }
}

impl fmt::Debug for Work {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Main => "Main",
            Self::Task(_) => "Task",
            Self::Cleanup(_) => "Cleanup",
            Self::Local => "Local",
            Self::Running => "Running",
        })
    }
}

impl fmt::Debug for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Held").finish_non_exhaustive()
    }
}

impl fmt::Debug for WakeTask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WakeTask")
            .field("task", &self.task)
            .finish_non_exhaustive()
    }
}
