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
