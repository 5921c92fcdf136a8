//! What a sweep finds.

use std::error::Error;
use std::fmt;

use withal::cleanup::About;

use super::trace::Trace;

/// Something does not hold, after one of the runs of a sweep. `Display` is the whole report: the
/// way it came about, the poll, what is wrong, and the trace that led there.
#[non_exhaustive]
pub struct SweepError {
    /// What was done to the scenario, such as `dropped by select`.
    pub mode: String,
    /// When: after so many polls; or the schedule, such as `aaba×b`.
    pub at: At,
    /// What is wrong.
    pub violation: Violation,
    /// What happened until then.
    pub trace: Trace,
}

/// A point of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum At {
    /// After so many polls of the scenario.
    Polls(usize),
    /// After these polls of several tasks, each named by a letter; `a×` is where `a` was cancelled.
    Schedule(String),
}

/// What can be wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Violation {
    /// Whoever cancelled was to wait for this scope's exit, and did not.
    NotAwaited(Box<About>),
    /// The scope was entered and neither exited nor reported: it was forgotten, or its exit never
    /// ends, though everything that could run it was run.
    StillAlive(Box<About>),
    /// The scope was exited more than once.
    ExitedTwice(Box<About>),
    /// The outer scope was exited before the inner one had ended.
    WrongOrder {
        /// The scope that was entered in the other's body.
        inner: Box<About>,
        /// The scope that should have waited.
        outer: Box<About>,
    },
    /// The scope was told of a panic, and there was none.
    WrongReason(Box<About>),
    /// So many wakers that the scenario was polled with are still held.
    WakerLeaked(usize),
    /// The invariant failed with this message.
    Invariant(String),
    /// The scenario, or a destructor in it, panicked by itself with this message.
    Panicked(String),
    /// Nothing moves any more: the scenario waits for what never comes.
    Stalled,
    /// The scenario had not completed after that many polls.
    NeverCompletes(usize),
}

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Polls(1) => f.write_str("after 1 poll"),
            Self::Polls(polls) => write!(f, "after {polls} polls"),
            Self::Schedule(schedule) => write!(f, "in the schedule {schedule}"),
        }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAwaited(about) => write!(f, "the exit of {about} was not waited for"),
            Self::StillAlive(about) => {
                write!(f, "{about} was entered and has never ended")
            }
            Self::ExitedTwice(about) => write!(f, "{about} was exited twice"),
            Self::WrongOrder { inner, outer } => {
                write!(f, "{outer} was exited before {inner} had ended")
            }
            Self::WrongReason(about) => write!(f, "{about} was told of a panic that was none"),
            Self::WakerLeaked(1) => f.write_str("a waker is still held"),
            Self::WakerLeaked(count) => write!(f, "{count} wakers are still held"),
            Self::Invariant(message) => write!(f, "the invariant does not hold: {message}"),
            Self::Panicked(message) => write!(f, "the scenario panicked: {message}"),
            Self::Stalled => f.write_str("the scenario waits for what never comes"),
            Self::NeverCompletes(polls) => {
                write!(f, "the scenario has not completed within {polls} polls")
            }
        }
    }
}

impl fmt::Display for SweepError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            mode,
            at,
            violation,
            trace,
        } = self;
        write!(f, "{mode} {at}: {violation}\n{trace}")
    }
}

/// As `Display`, so that `unwrap` prints the report.
impl fmt::Debug for SweepError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Error for SweepError {}
