//! What is composed.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

/// A tree of combinators, scopes and work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Plan {
    /// Its number: parts have larger ones, without gaps.
    pub(super) id: usize,
    pub(super) what: What,
    pub(super) parts: Vec<Arc<Self>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    Work(Work),
    /// A scope, in whose body its part runs; its exit takes so many polls.
    Scope {
        exit_yields: u8,
    },
    Of(How),
}

/// The leaf: some polls, some time, and an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Work {
    pub(super) yields: u8,
    pub(super) millis: u8,
    pub(super) then: Then,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Then {
    Value,
    Error,
    Panic,
    Never,
}

/// A combinator. Times are in milliseconds of the virtual clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum How {
    Timeout(u8),
    Either,
    Join,
    TryJoin,
    JoinSettled,
    Race,
    RaceOk,
    AwaitCleanup,
    Shield(u8),
    /// Cancelled after so many polls, unless it has ended by then.
    Cancel(u8),
    /// A task, which is awaited.
    Task,
    /// A task, which is cancelled when the caller has been polled so often.
    CancelledTask(u8),
    /// A body, its first part, and children, the others; so many run at once.
    TaskGroup(u8),
    /// The same in one task.
    LocalGroup(u8),
    /// A scope with a time, and a grace after that.
    CancelScope {
        time: u8,
        grace: u8,
    },
    /// A race whose candidates begin one after the other, with so much time between.
    Staggered(u8),
    /// The outputs as they come, and after so many of them it is closed.
    AsCompleted(u8),
    /// Run until a token is cancelled, at that time.
    Token(u8),
    /// A generator that runs its part before each of two items, in a loop.
    Loop,
    /// Foreign code, which drops its part after so many polls, and waits for nothing.
    Foreign(u8),
    /// The same, under the name of one of ours: to see that the laws notice.
    Hasty(u8),
}

impl How {
    /// How many parts it takes, at least and at most.
    pub(super) fn parts(self) -> Range<usize> {
        match self {
            Self::Either => 2..3,
            Self::Join | Self::TryJoin | Self::JoinSettled | Self::RaceOk => 0..4,
            Self::Staggered(_) | Self::AsCompleted(_) => 0..4,
            Self::Race | Self::TaskGroup(_) | Self::LocalGroup(_) => 1..4,
            _ => 1..2,
        }
    }

    /// Whether it waits for the cleanup of what it drops.
    pub(super) fn waits(self) -> bool {
        !matches!(self, Self::Foreign(_))
    }
}

impl Plan {
    pub(super) fn new(what: What, parts: Vec<Self>) -> Self {
        Self {
            id: 0,
            what,
            parts: parts.into_iter().map(Arc::new).collect(),
        }
    }

    /// Gives the tree its numbers.
    pub(super) fn numbered(self) -> Self {
        fn number(plan: &Plan, next: &mut usize) -> Plan {
            let id = *next;
            *next += 1;
            let parts = plan.parts.iter();
            let parts = parts.map(|part| Arc::new(number(part, next))).collect();
            Plan {
                id,
                what: plan.what,
                parts,
            }
        }
        number(&self, &mut 0)
    }

    /// The same, with foreign code under the name of ours.
    pub(super) fn broken(&self) -> Self {
        Self {
            id: self.id,
            what: match self.what {
                What::Of(How::Cancel(polls)) => What::Of(How::Hasty(polls)),
                what => what,
            },
            parts: self.parts.iter().map(|part| part.broken().into()).collect(),
        }
    }

    /// How many nodes it has.
    pub(super) fn size(&self) -> usize {
        1 + self.parts.iter().map(|part| part.size()).sum::<usize>()
    }

    /// The numbers of the tree.
    pub(super) fn range(&self) -> Range<usize> {
        self.id..self.id + self.size()
    }

    fn print(&self, f: &mut fmt::Formatter<'_>, depth: usize) -> fmt::Result {
        writeln!(f, "{:1$}{2}: {3:?}", "", depth * 2, self.id, self.what)?;
        self.parts
            .iter()
            .try_for_each(|part| part.print(f, depth + 1))
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.print(f, 1)
    }
}

/// How the whole is ended from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// Cancelled after so many milliseconds, unless it has ended by then.
    After(u8),
    /// Cancelled after so many polls.
    Cancelled(u8),
    /// Dropped by foreign code after so many polls, in the body of a scope.
    Dropped(u8),
}
