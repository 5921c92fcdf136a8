use std::error::Error;
use std::fmt;

/// How far a cancel scope is. It goes through them in this order, and may leave out any of the middle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ScopeState {
    /// It was not polled yet.
    Created,
    /// Its body runs.
    Active,
    /// It was asked to stop, and its body still runs: until it ends, or the grace is over.
    Asked,
    /// Its body has ended, or is being dropped; what it leaves is awaited.
    CleaningUp,
    /// It has ended, or was dropped.
    Finished,
}

impl fmt::Display for ScopeState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Created => "created",
            Self::Active => "active",
            Self::Asked => "asked to stop",
            Self::CleaningUp => "cleaning up",
            Self::Finished => "finished",
        })
    }
}

/// The nearest deadline of a cancel scope and of those that it follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EffectiveDeadline<I> {
    /// There is none.
    Never,
    /// It is this one.
    At(I),
    /// The scope was asked to stop: it is now, or has passed.
    Past,
}

/// The deadline of a cancel scope cannot be changed: it is not active.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RescheduleError {
    /// What it is instead.
    pub state: ScopeState,
}

impl fmt::Display for RescheduleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.state {
            ScopeState::Created => f.write_str(
                "the cancel scope is not entered yet: set its deadline where it is made",
            ),
            state => write!(
                f,
                "the cancel scope is {state}: its deadline can be changed only while it is active"
            ),
        }
    }
}

impl Error for RescheduleError {}
