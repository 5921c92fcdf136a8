use crate::mutants::mutant;
use core::any::{Any, type_name};
use core::fmt;

/// Why the body of a scope ended: what an exit gets to see.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum ExitReason<'e> {
    /// The body returned `Ok`.
    Completed,
    /// The body returned `Err`.
    Failed(Failure<'e>),
    /// The body was dropped before it ended: cancelled by whoever polled it.
    Cancelled,
    /// The body panicked. The panic goes on after the exit.
    Panicked,
}

impl<'e> ExitReason<'e> {
    /// Whether the body returned `Ok`.
    pub fn is_completed(&self) -> bool {
        matches!(self, Self::Completed)
    }

    /// The error, if the body returned one that exits may look at.
    pub fn failure(&self) -> Option<Failure<'e>> {
        match self {
            Self::Failed(failure) => Some(*failure),
            _ => None,
        }
    }

    /// The reason without the error: one that can be kept.
    pub fn kind(&self) -> ExitKind {
        match self {
            Self::Completed => ExitKind::Completed,
            Self::Failed(_) => ExitKind::Failed,
            Self::Cancelled => ExitKind::Cancelled,
            Self::Panicked => ExitKind::Panicked,
        }
    }
}

/// An [`ExitReason`] without the error: for counters, logs and keeping.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum ExitKind {
    /// The body returned `Ok`.
    Completed,
    /// The body returned `Err`.
    Failed,
    /// The body was dropped before it ended.
    Cancelled,
    /// The body panicked.
    Panicked,
}

impl fmt::Display for ExitKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Panicked => "panicked",
        })
    }
}

/// The error of a failed body, as an exit sees it: of any type, to be printed or downcast.
///
/// Bodies whose error borrows something are run by
/// [`with_unseen_error`](crate::with_unseen_error): there the exit learns the type's name only.
#[derive(Clone, Copy)]
pub struct Failure<'e> {
    error: Option<&'e dyn Error>,
    type_name: &'static str,
}

pub(super) trait Error: Any + fmt::Debug + Send + Sync {}

impl<E: Any + fmt::Debug + Send + Sync> Error for E {}

impl<'e> Failure<'e> {
    #[inline]
    pub(super) fn of(error: Option<&'e dyn Error>, type_name: &'static str) -> Self {
        Self { error, type_name }
    }

    /// Shows `error`.
    pub fn new<E: fmt::Debug + Send + Sync + 'static>(error: &'e E) -> Self {
        Self {
            error: Some(error),
            type_name: type_name::<E>(),
        }
    }

    /// Says only that there is an error of type `E`.
    pub fn unseen<E>() -> Self {
        Self {
            error: None,
            type_name: type_name::<E>(),
        }
    }

    /// The error, if it is an `E` and may be looked at.
    pub fn downcast_ref<E: 'static>(&self) -> Option<&'e E> {
        let any: &dyn Any = self.error.filter(|_| !mutant("error_unseen"))?;
        any.downcast_ref()
    }

    /// Whether the error is an `E` and may be looked at.
    pub fn is<E: 'static>(&self) -> bool {
        self.downcast_ref::<E>().is_some()
    }

    /// The name of the error's type: for people, not for decisions.
    pub fn type_name(&self) -> &'static str {
        self.type_name
    }
}

impl fmt::Debug for Failure<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.error {
            Some(error) => error.fmt(f),
            None => write!(f, "{{{}}}", self.type_name),
        }
    }
}
