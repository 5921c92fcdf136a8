//! What a script says: a small tree of steps, kept in one list so that it is cheap to copy.

use std::fmt;

/// Where a step stands in its script; also the name of what it makes (a scope, an error, a panic).
pub(super) type Id = u8;

/// No step.
pub(super) const NONE: Id = Id::MAX;

/// At most this many steps: they fit the bits of a `u64`.
pub(super) const MOST: usize = 64;

/// One step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Node {
    /// What it does.
    pub(super) op: Op,
    /// The first step of its body, or of its first branch.
    pub(super) a: Id,
    /// The first step of its exit, or of its second branch.
    pub(super) b: Id,
    /// The step behind it.
    pub(super) next: Id,
}

/// What a step does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Op {
    /// Is pending once.
    Yield,
    /// Returns an error from the block.
    Fail,
    /// Panics.
    Panic,
    /// Goes no further before the stop `at` acts: a body is dropped by it, an exit goes on. How many
    /// stops further out than the nearest that is possible, until it is settled which.
    Stall {
        /// How far out.
        up: u8,
        /// The stop it waits for.
        at: Id,
    },
    /// In the exit of this scope: uses its budget up.
    Overrun(Id),
    /// Runs its body in a scope whose exit runs `b`.
    Scope(Form, Enter),
    /// Runs its branches side by side, and drops them when all that are unfinished have stalled.
    Stop(Way),
    /// Runs its body in `await_cleanup`.
    Await,
    /// Runs its body in a task, and waits for it.
    Task,
    /// Shields its body.
    Shield,
    /// Stops panics and errors of its body, as foreign code does.
    Catch,
}

/// How a scope is run, and what a drop does to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// `with`.
    With,
    /// `with_detailed`.
    Detailed,
    /// `with_suppressing`; swallows errors with even names.
    Suppressing,
    /// `with_unseen_error`.
    Unseen,
    /// `scope_fn`.
    Closure,
    /// `with`, and a cleanup budget.
    Budget,
    /// `enter_in`, and `exit` after the body.
    Guard,
    /// `with`, and an exit that never waits.
    Synchronous,
    /// `with`, and a hook instead of the exit.
    Abandon,
}

/// How an enter goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Enter {
    /// At once.
    Plain,
    /// After a wait.
    Yields,
    /// It fails.
    Fails,
    /// It panics.
    Panics,
    /// It waits for the nearest stop, which drops it.
    Stalls(Id),
}

/// Who drops, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// A plain drop.
    Drop,
    /// `futures_util::future::select`.
    Select,
    /// `FuturesUnordered`.
    Unordered,
    /// A panic beside it.
    Unwind,
    /// A task, which is aborted.
    Abort,
    /// Our race.
    Race,
    /// Our timeout.
    Timeout,
    /// Our `cancel`, of what was polled by hand.
    Cancel,
    /// Our `close`, of a stream that was polled by hand.
    Close,
}

impl Way {
    /// Whether it is a combinator of ours, which waits.
    pub(super) fn is_ours(self) -> bool {
        matches!(
            self,
            Self::Race | Self::Timeout | Self::Cancel | Self::Close
        )
    }

    /// Whether it lets an exit in progress end.
    pub(super) fn is_graceful(self) -> bool {
        matches!(self, Self::Race | Self::Timeout)
    }
}

/// A script. The first step is the first of the outermost block.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Script {
    /// The steps, each reachable from the first by one path.
    pub(super) nodes: Vec<Node>,
}

impl Script {
    /// The step `id`.
    pub(super) fn node(&self, id: Id) -> Node {
        self.nodes[usize::from(id)]
    }

    /// The steps of the block that begins with `first`.
    pub(super) fn block(&self, first: Id) -> impl Iterator<Item = (Id, Node)> + '_ {
        let mut next = first;
        std::iter::from_fn(move || {
            let id = (next != NONE).then_some(next)?;
            let node = self.node(id);
            next = node.next;
            Some((id, node))
        })
    }

    fn write(&self, f: &mut fmt::Formatter<'_>, first: Id, depth: usize) -> fmt::Result {
        for (id, node) in self.block(first) {
            writeln!(
                f,
                "{:>3} {:indent$}{:?}",
                id,
                "",
                node.op,
                indent = depth * 2
            )?;
            if node.a != NONE {
                self.write(f, node.a, depth + 1)?;
            }
            if node.b != NONE {
                let what = match node.op {
                    Op::Scope(..) => "exit",
                    _ => "beside",
                };
                writeln!(f, "    {:indent$}{what}:", "", indent = depth * 2)?;
                self.write(f, node.b, depth + 1)?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.nodes.is_empty() {
            true => f.write_str("(nothing)\n"),
            false => self.write(f, 0, 0),
        }
    }
}
