//! What happens in a script, in small integers.

use super::script::{Id, MOST};

/// One event. Each happens at most once in a script, as no step runs twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Event {
    /// What happened.
    pub(super) what: What,
    /// To which step.
    pub(super) to: Id,
    /// The details.
    pub(super) how: How,
}

/// What can happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// A scope is entered.
    Entered,
    /// Its exit begins, for this reason.
    Exits,
    /// Its exit has run to its end.
    Exited,
    /// Its hook ran in place of the exit.
    Abandoned,
    /// This is what its caller got, or what came out of a stop or another step around a block.
    Gave,
}

/// How many there are.
pub(super) const WHATS: usize = 5;

/// How it ended, and whose errors and panics were seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum How {
    /// Nothing to tell.
    Plain,
    /// Well.
    Completed,
    /// With the error of this step, or of none where it cannot be seen.
    Failed(Id),
    /// With the panic of this step, or of none where it cannot be seen.
    Panicked(Id),
    /// Not at all.
    Cancelled,
    /// The scope was not entered, with the error of this step.
    NotEntered(Id),
    /// The body's error was swallowed.
    Swallowed,
    /// The body ended well, the exit with the error of this step.
    ExitFailed(Id),
    /// Body and exit failed, with the errors of these steps.
    BothFailed(Id, Id),
    /// The exit went over its budget; the body ended well, or with an error that the exit has.
    Overdue,
}

impl Event {
    /// How many slots events can have.
    pub(super) const SLOTS: usize = (MOST + 1) * WHATS;

    /// An event without details.
    pub(super) fn new(what: What, to: Id, how: How) -> Self {
        Self { what, to, how }
    }

    /// A place of its own for each event of a script.
    pub(super) fn slot(self) -> usize {
        usize::from(self.to) * WHATS + self.what as usize
    }
}

/// What stands for the whole script, where an event is about a step.
pub(super) const ROOT: Id = MOST as Id;

/// What reaches nobody and is reported, by kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// An exit's error.
    ExitFailed,
    /// An exit's panic.
    ExitPanicked,
    /// A body's value.
    ValueLost,
    /// A body's error.
    ErrorLost,
    /// A body's panic.
    PanicLost,
    /// A scope whose hook did not release it.
    Abandoned,
    /// An exit that went over its budget.
    OverBudget,
    /// What only a drain runs.
    Orphaned,
    /// Anything else: never right in a script.
    Other,
}

/// How many kinds there are.
pub(super) const KINDS: usize = 9;

/// How many reports of each kind.
pub(super) type Reports = [u32; KINDS];
