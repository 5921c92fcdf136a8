//! Who plays a script.

use std::any::Any;
use std::fmt;
use std::future::Future;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::sync::Arc;

use super::clock::Clocked;
use super::script::{Id, NONE, Node};
use super::stage::Stage;

/// What plays a script: given to every step, and cloned into scopes and tasks.
#[derive(Clone)]
pub(super) struct Cast<R> {
    /// What scopes are given.
    pub(super) rt: Clocked<R>,
    /// Starts tasks, where there are any.
    pub(super) start: Option<Start>,
    /// What is broken on purpose.
    pub(super) broken: Option<Broken>,
}

/// Starts a task that can be aborted.
pub type Start = Arc<dyn Fn(Task) -> Abort + Send + Sync>;

/// A task for an executor.
pub type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Aborts a task; does not wait.
pub type Abort = Box<dyn FnOnce() + Send>;

/// What can be broken, so that the soak can be seen to notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Broken {
    /// Exits that are told of a cancellation happen twice.
    ExitsTwice,
    /// Exits of failed bodies are told that they completed.
    WrongReason,
    /// Races drop their loser and do not wait.
    HastyRaces,
    /// Exits that fail say that they did not.
    SwallowsErrors,
}

impl<R> Cast<R> {
    /// The stage.
    pub(super) fn stage(&self) -> &Arc<Stage> {
        &self.rt.stage
    }

    /// The step `id`.
    pub(super) fn node(&self, id: Id) -> Node {
        self.stage().script.node(id)
    }
}

/// An error: the step it comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fault(pub(super) Id);

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "step {} failed", self.0)
    }
}

impl std::error::Error for Fault {}

/// What panics: the step it comes from.
struct Bomb(Id);

/// Panics, without the message that a panic prints.
pub(super) fn panic_at(step: Id) -> ! {
    resume_unwind(Box::new(Bomb(step)))
}

/// The step that a panic comes from; [`NONE`] if it is a real one.
pub(super) fn panicked_at(payload: &(dyn Any + Send)) -> Id {
    payload.downcast_ref().map_or(NONE, |Bomb(step)| *step)
}
