//! Who waits, when nothing moves.

use std::fmt;
use std::panic::Location;
use std::time::Duration;

use withal::cleanup::{About, live_list};
use withal::runtime::RuntimeId;

use super::executor::Shared;
use super::task::{TaskKind, Work};
use super::{Order, lock};

/// Who waits on a [`Deterministic`](super::Deterministic); `Display` is several lines for people.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Stall {
    /// The runtime.
    pub runtime: RuntimeId,
    /// How long it has run, on its own clock.
    pub age: Duration,
    /// The order in which it polls its tasks.
    pub order: Order,
    /// The tasks that have not ended, oldest first.
    pub tasks: Vec<StalledTask>,
    /// How much blocking work is held.
    pub held_blocking: usize,
    /// The scopes that were entered and not yet exited, and the generators that began in one of them
    /// and have not ended, oldest first.
    pub scopes: Vec<About>,
}

/// A task that has not ended.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct StalledTask {
    /// What it is.
    pub kind: TaskKind,
    /// The type of its future; for a cleanup, the scopes that it exits.
    pub name: String,
    /// Where it was spawned; for a cleanup, where the first of its scopes was entered.
    pub location: &'static Location<'static>,
    /// How long ago, on the runtime's clock.
    pub age: Duration,
    /// How often it was polled.
    pub polls: usize,
}

impl Stall {
    pub(super) fn of(shared: &Shared) -> Self {
        let now = shared.clock.now();
        let state = lock(&shared.state);
        let tasks = state.tasks.values().map(|task| {
            let scopes = match &task.work {
                Work::Cleanup(cleanup) => cleanup.scopes(),
                _ => Vec::new(),
            };
            let names: Vec<_> = scopes.iter().map(|scope| scope.name).collect();
            let entered = scopes.first().map(|scope| scope.location);
            StalledTask {
                kind: task.about.kind,
                name: if entered.is_some() {
                    names.join(", ")
                } else {
                    task.about.name.to_owned()
                },
                location: entered.unwrap_or(task.about.location),
                age: now.since(task.since),
                polls: task.polls,
            }
        });
        let (tasks, held_blocking) = (tasks.collect(), state.held.len());
        drop(state);
        let live = live_list().into_iter().map(|live| live.about);
        Self {
            runtime: shared.id,
            age: now.since_start(),
            order: shared.settings.order,
            tasks,
            held_blocking,
            scopes: live.filter(|about| about.runtime == shared.id).collect(),
        }
    }
}

impl fmt::Display for Stall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{}, {:?} after its start, {}:",
            self.runtime, self.age, self.order
        )?;
        for task in &self.tasks {
            writeln!(f, "  {task}")?;
        }
        if self.held_blocking > 0 {
            let held = self.held_blocking;
            writeln!(f, "  blocking work held until `run_blocking`: {held}")?;
        }
        for scope in &self.scopes {
            writeln!(f, "  {} {scope}", scope.subject)?;
        }
        Ok(())
    }
}

impl fmt::Display for StalledTask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            kind,
            name,
            location,
            age,
            polls,
        } = self;
        let times = if *polls == 1 { "time" } else { "times" };
        write!(
            f,
            "{kind} {name} at {location}: {age:?} old, polled {polls} {times}"
        )
    }
}
