//! What can go wrong here.

use std::fmt;
use std::io;

use withal::ScopeError;
use withal::scope::ExitError;

/// Whatever went wrong.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// A connection or a file.
    Io(io::Error),
    /// The other end does not keep to the protocol.
    Protocol(&'static str),
    /// A query that the database does not understand.
    Query(String),
    /// There is no such thing.
    NotFound(String),
    /// A cleanup went wrong, or did not end in its time. Nothing that failed is lost: an error of
    /// the body that was before it is here as well.
    Cleanup {
        /// What the body had failed by.
        body: Option<Box<Self>>,
        /// What became of the exit.
        exit: ExitError<Box<Self>>,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(_) => f.write_str("input or output failed"),
            Self::Protocol(what) => write!(f, "the other end sent {what}"),
            Self::Query(query) => write!(f, "no query: {query}"),
            Self::NotFound(what) => write!(f, "not found: {what}"),
            Self::Cleanup {
                body: Some(body), ..
            } => write!(f, "{body}, and then the cleanup failed"),
            Self::Cleanup { body: None, .. } => f.write_str("the cleanup failed"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io(error) => Some(error),
            Self::Cleanup {
                exit: ExitError::Failed(error),
                ..
            } => Some(&**error),
            _ => None,
        }
    }
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<io::ErrorKind> for Error {
    fn from(kind: io::ErrorKind) -> Self {
        Self::Io(kind.into())
    }
}

/// Scopes and bodies here fail by the same type, so that `?` takes an error out of the scopes
/// around it.
impl<T> From<ScopeError<Self, Self, T>> for Error {
    fn from(error: ScopeError<Self, Self, T>) -> Self {
        let boxed = |exit| match exit {
            ExitError::Failed(error) => ExitError::Failed(Box::new(error)),
            ExitError::OverBudget(budget) => ExitError::OverBudget(budget),
            _ => unreachable!("an exit fails, or is over its budget"),
        };
        match error {
            ScopeError::Enter(error) | ScopeError::Body(error) => error,
            ScopeError::Exit { error, .. } => Self::Cleanup {
                body: None,
                exit: boxed(error),
            },
            ScopeError::Both { body, exit } => Self::Cleanup {
                body: Some(Box::new(body)),
                exit: boxed(exit),
            },
            ScopeError::Overdue(budget) => Self::Cleanup {
                body: None,
                exit: ExitError::OverBudget(budget),
            },
            _ => unreachable!("all cases of a scope's error are above"),
        }
    }
}
