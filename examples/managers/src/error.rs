//! What can go wrong here.

use std::convert::Infallible;
use std::fmt;
use std::io;

use withal::runtime::TaskError;
use withal::scope::ExitError;
use withal::{Elapsed, ScopeError};

/// Whatever went wrong.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// A socket or a file.
    Io(io::Error),
    /// A host.
    Http(hyper::Error),
    /// What a host sent is no JSON.
    Json(serde_json::Error),
    /// The database refused.
    Database(String),
    /// There is no such thing.
    NotFound(String),
    /// Something took too long.
    TimedOut(Elapsed),
    /// A task panicked.
    Task(TaskError),
    /// A cleanup went wrong. Nothing that failed is lost: the error that the body had ended by
    /// before that is here as well.
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
            Self::Http(_) => f.write_str("the host could not be asked"),
            Self::Json(_) => f.write_str("the host sent no JSON"),
            Self::Database(what) => write!(f, "the database refused: {what}"),
            Self::NotFound(what) => write!(f, "not found: {what}"),
            Self::TimedOut(elapsed) => elapsed.fmt(f),
            Self::Task(_) => f.write_str("a task failed"),
            Self::Cleanup { body: None, exit } => write!(f, "{}", Exit(exit)),
            Self::Cleanup {
                body: Some(body),
                exit,
            } => write!(f, "{body}; and then {}", Exit(exit)),
        }
    }
}

struct Exit<'a>(&'a ExitError<Box<Error>>);

impl fmt::Display for Exit<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            ExitError::Failed(error) => write!(f, "the cleanup failed: {error}"),
            other => other.fmt(f),
        }
    }
}

// What is printed above is not a source as well.
impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io(error) => Some(error),
            Self::Http(error) => Some(error),
            Self::Json(error) => Some(error),
            Self::Task(error) => Some(error),
            _ => None,
        }
    }
}

/// Bodies here fail by this type, and scopes by one that can become it: so `?` takes an error out
/// of all the scopes around it.
impl<X: Into<Self>, T> From<ScopeError<Self, X, T>> for Error {
    fn from(error: ScopeError<Self, X, T>) -> Self {
        let boxed = |exit| match exit {
            ExitError::Failed(error) => ExitError::Failed(Box::new(X::into(error))),
            ExitError::OverBudget(budget) => ExitError::OverBudget(budget),
            _ => unreachable!("an exit fails, or is over its budget"),
        };
        match error {
            ScopeError::Enter(error) => error.into(),
            ScopeError::Body(error) => error,
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

impl From<Infallible> for Error {
    fn from(error: Infallible) -> Self {
        match error {}
    }
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<hyper::Error> for Error {
    fn from(error: hyper::Error) -> Self {
        Self::Http(error)
    }
}

impl From<serde_json::Error> for Error {
    fn from(error: serde_json::Error) -> Self {
        Self::Json(error)
    }
}

impl From<Elapsed> for Error {
    fn from(error: Elapsed) -> Self {
        Self::TimedOut(error)
    }
}

impl From<TaskError> for Error {
    fn from(error: TaskError) -> Self {
        Self::Task(error)
    }
}
