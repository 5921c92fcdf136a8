//! What can go wrong here.

use std::convert::Infallible;
use std::fmt;
use std::io;

use withal::exit_stack::ExitErrors;
use withal::pool::{PoolError, PoolScopeError};
use withal::runtime::TaskError;
use withal::scope::{AnyError, ExitError, LimitedError};
use withal::{Elapsed, ErrorGroup, ScopeError, TransactionError};

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
    /// Several things went wrong at once.
    Several(Vec<Self>),
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
            Self::Several(errors) => {
                let errors: Vec<_> = errors.iter().map(Self::to_string).collect();
                f.write_str(&errors.join("; "))
            }
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

/// Scopes that are entered together may fail together.
impl<E: Into<Self>> From<ErrorGroup<E>> for Error {
    fn from(group: ErrorGroup<E>) -> Self {
        let mut errors: Vec<_> = group.into_leaves().map(Into::into).collect();
        match errors.pop() {
            Some(only) if errors.is_empty() => only,
            last => {
                errors.extend(last);
                Self::Several(errors)
            }
        }
    }
}

impl From<AnyError> for Error {
    fn from(error: AnyError) -> Self {
        match error.downcast() {
            Ok(error) => error,
            Err(error) => Self::Io(io::Error::other(error)),
        }
    }
}

impl From<ExitErrors<Self>> for Error {
    fn from(errors: ExitErrors<Self>) -> Self {
        errors.into_group().into()
    }
}

impl From<LimitedError<Self>> for Error {
    fn from(error: LimitedError<Self>) -> Self {
        match error {
            LimitedError::Failed(error) => error,
            other => Self::Database(other.to_string()),
        }
    }
}

impl From<PoolError<Self>> for Error {
    fn from(error: PoolError<Self>) -> Self {
        match error {
            PoolError::Create(error) => error,
            other => Self::Database(other.to_string()),
        }
    }
}

impl From<PoolScopeError<Self>> for Error {
    fn from(error: PoolScopeError<Self>) -> Self {
        match error {
            PoolScopeError::Fill(error) => error.into(),
            other => Self::Database(other.to_string()),
        }
    }
}

impl From<TransactionError<Self>> for Error {
    fn from(error: TransactionError<Self>) -> Self {
        match error {
            TransactionError::Begin(error)
            | TransactionError::Commit(error)
            | TransactionError::RollBack(error) => error,
            other => Self::Database(other.to_string()),
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
