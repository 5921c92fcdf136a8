use std::error::Error;
use std::fmt;
use std::time::Duration;

/// Why a take failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PoolError<E> {
    /// No object could be made, and none was idle. The pool lives on: the next take tries again.
    Create(E),
    /// The pool is closed, or was closed meanwhile.
    Closed,
    /// The time for the take was up.
    Elapsed {
        /// How much time there was.
        timeout: Duration,
        /// What it was spent with at the end.
        stage: TakeStage,
    },
}

/// How far a take has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TakeStage {
    /// All objects were leased.
    Waiting,
    /// An idle object was checked.
    Checking,
    /// The remains of an object were destroyed, whose place was needed.
    Destroying,
    /// An object was made.
    Creating,
}

impl<E> PoolError<E> {
    /// The error of the manager, if it is one.
    pub fn into_create(self) -> Option<E> {
        match self {
            Self::Create(error) => Some(error),
            Self::Closed | Self::Elapsed { .. } => None,
        }
    }
}

impl<E> fmt::Display for PoolError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Create(_) => f.write_str("no object could be made for the pool"),
            Self::Closed => f.write_str("the pool is closed"),
            Self::Elapsed { timeout, stage } => {
                write!(f, "no object within {timeout:?}: {}", stage.told())
            }
        }
    }
}

impl<E: Error + 'static> Error for PoolError<E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Create(error) => Some(error),
            Self::Closed | Self::Elapsed { .. } => None,
        }
    }
}

impl TakeStage {
    fn told(self) -> &'static str {
        match self {
            Self::Waiting => {
                "all were leased; hold leases for less long, or allow for more objects"
            }
            Self::Checking => "the check of an idle one did not end; bound it by `hook_timeout`",
            Self::Destroying => {
                "an old one was still being destroyed; bound that by `hook_timeout`"
            }
            Self::Creating => "a new one was still being made; look at what it connects to",
        }
    }
}
