#[cfg(all(test, feature = "std"))]
mod tests;

use core::error::Error;
use core::fmt;

/// Why a child of a group gave no value to who awaits its handle.
///
/// The error of a child belongs to its group, which gives it out when all has ended; who awaits the
/// child's handle learns that there is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum JoinError {
    /// The child was cancelled: by its handle, or with its group.
    Cancelled,
    /// The child has failed. Its error is in the error of the group.
    Failed,
    /// The child has panicked. The panic goes on where the group is awaited.
    Panicked,
    /// The group took no children any more: it had ended, or was ending. The child has never run.
    Closed,
}

impl fmt::Display for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Cancelled => "the child was cancelled",
            Self::Failed => "the child has failed; its error is in that of the group",
            Self::Panicked => "the child has panicked",
            Self::Closed => "the group was closed to new children",
        })
    }
}

impl Error for JoinError {}

/// Why a child that was to start gave its starter nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StartError<E> {
    /// The child has failed before it had started, with this error, which is not in that of the group.
    Failed(E),
    /// The child has ended, and never said that it had started.
    NotStarted,
    /// The child was cancelled before it had started.
    Cancelled,
    /// The child has panicked before it had started. The panic goes on where the group is awaited.
    Panicked,
    /// The group took no children any more: it had ended, or was ending. The child has never run.
    Closed,
}

impl<E> fmt::Display for StartError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Failed(_) => "the child has failed before it had started",
            Self::NotStarted => "the child has ended, and never said that it had started",
            Self::Cancelled => "the child was cancelled before it had started",
            Self::Panicked => "the child has panicked before it had started",
            Self::Closed => "the group was closed to new children",
        })
    }
}

impl<E: Error + 'static> Error for StartError<E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Failed(error) => Some(error),
            _ => None,
        }
    }
}

/// The group takes no children any more: it has ended, or is ending. The future comes back.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SpawnError<F>(pub F);

// By hand: a future need not be printable.
impl<F> fmt::Debug for SpawnError<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SpawnError").finish_non_exhaustive()
    }
}

impl<F> fmt::Display for SpawnError<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the group was closed to new children")
    }
}

impl<F> Error for SpawnError<F> {}
