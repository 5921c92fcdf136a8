use std::error::Error;
use std::fmt;

/// What went wrong with a transaction or a savepoint, beside its body.
///
/// `E` is the client's error. Whatever it is, nothing of what the transaction wrote is kept, unless
/// the variant says that it may be.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TransactionError<E> {
    /// It could not begin; the body did not run.
    Begin(E),
    /// The body completed, and the commit failed; it was rolled back.
    Commit(E),
    /// The body completed, the commit failed, and so did the rollback after it: the client is
    /// broken, and some of it may have been kept.
    CommitAndRollBack {
        /// Why it was not committed.
        commit: E,
        /// Why it was not rolled back then.
        roll_back: E,
    },
    /// It could not be rolled back: the client is broken.
    RollBack(E),
    /// The body completed, but a savepoint in it could be neither committed nor rolled back, so that
    /// all of it was rolled back.
    Unclean,
    /// Its client is with a savepoint in it that was leaked, or carried out of the body. If that
    /// ends one day, it rolls all of it back.
    Lent,
    /// The body of a savepoint completed, but the transaction around it had ended before, so that
    /// all of it was rolled back.
    Outlived,
}

impl<E> fmt::Display for TransactionError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Begin(_) => "transaction could not begin",
            Self::Commit(_) => "commit failed, and the transaction was rolled back",
            Self::CommitAndRollBack { .. } => "commit failed, and so did the rollback after it",
            Self::RollBack(_) => "rollback failed",
            Self::Unclean => {
                "rolled back, since a savepoint could be neither committed nor rolled back"
            }
            Self::Lent => "a savepoint that has not ended still has the client",
            Self::Outlived => "rolled back, since the transaction around the savepoint had ended",
        })
    }
}

impl<E: Error + 'static> Error for TransactionError<E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Begin(error) | Self::Commit(error) | Self::RollBack(error) => Some(error),
            // The other one is in the variant.
            Self::CommitAndRollBack { commit, .. } => Some(commit),
            Self::Unclean | Self::Lent | Self::Outlived => None,
        }
    }
}
