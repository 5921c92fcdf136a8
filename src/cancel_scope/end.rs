use std::error::Error;
use std::fmt;

use crate::Elapsed;
use crate::sync::cancel_token::{CancelKind, CancelReason, Cancelled};

/// How a [`cancel_scope`](crate::cancel_scope()) has ended: with its body's output, or by its own
/// cancellation, which it has absorbed; and whether it was asked to stop, in either case.
///
/// | | the body came to its end | the body was dropped |
/// |---|---|---|
/// | nobody asked | its output | |
/// | its own deadline asked | its output; [`elapsed`](Self::elapsed) | [`or_elapsed`](Self::or_elapsed) fails |
/// | somebody else asked | its output; [`cancel_called`](Self::cancel_called) | no output, which is no error |
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "it tells whether the body came to its end"]
pub struct ScopeEnd<T> {
    output: Option<T>,
    asked: Option<CancelReason>,
    elapsed: Option<Elapsed>,
}

impl<T> ScopeEnd<T> {
    pub(super) fn new(
        output: Option<T>,
        asked: Option<CancelReason>,
        elapsed: Option<Elapsed>,
    ) -> Self {
        Self {
            output,
            asked,
            elapsed,
        }
    }

    /// The body's output, if it came to one.
    pub fn ok(self) -> Option<T> {
        self.output
    }

    /// The body's output; without one, the reason why it was dropped.
    ///
    /// # Errors
    ///
    /// [`Cancelled`], if the body was dropped.
    pub fn into_result(self) -> Result<T, Cancelled> {
        self.output.ok_or_else(|| cancelled(self.asked))
    }

    /// The body's output; `None` if somebody cancelled the scope.
    ///
    /// # Errors
    ///
    /// [`Elapsed`], if the body was dropped since the scope's own deadline has passed. That of a parent
    /// is a cancellation like any other.
    ///
    /// Source: Trio's `fail_after`.
    pub fn or_elapsed(self) -> Result<Option<T>, Elapsed> {
        match (self.output, self.elapsed) {
            (None, Some(elapsed)) => Err(elapsed),
            (output, _) => Ok(output),
        }
    }

    /// Why it was asked to stop, if it was.
    pub fn reason(&self) -> Option<&CancelReason> {
        self.asked.as_ref()
    }

    /// Whether it was asked to stop before its end.
    pub fn cancel_called(&self) -> bool {
        self.asked.is_some()
    }

    /// Whether it has absorbed a cancellation: the body was dropped.
    pub fn cancelled_caught(&self) -> bool {
        self.output.is_none()
    }

    /// Whether its own deadline asked it to stop, also if the body came to its end after that.
    pub fn elapsed(&self) -> bool {
        self.elapsed.is_some()
    }
}

impl<T, E> ScopeEnd<Result<T, E>> {
    /// The value of a body that may fail.
    ///
    /// # Errors
    ///
    /// [`CancelScopeError`]: the body's error, and whether it was asked to stop before; or that it
    /// was dropped.
    pub fn flatten(self) -> Result<T, CancelScopeError<E>> {
        match self.output {
            Some(Ok(value)) => Ok(value),
            Some(Err(error)) => Err(CancelScopeError::Failed {
                error,
                asked: self.asked,
            }),
            None => Err(CancelScopeError::Cancelled(cancelled(self.asked))),
        }
    }
}

fn cancelled(asked: Option<CancelReason>) -> Cancelled {
    asked.unwrap_or_else(|| CancelKind::Requested.into()).into()
}

/// Why a body that may fail gave no value.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CancelScopeError<E> {
    /// It has failed.
    #[non_exhaustive]
    Failed {
        /// With this.
        error: E,
        /// Why it was asked to stop, if it was: the error may be due to that.
        asked: Option<CancelReason>,
    },
    /// It was dropped.
    Cancelled(Cancelled),
}

impl<E> CancelScopeError<E> {
    /// The body's error, if it came to one.
    pub fn into_error(self) -> Option<E> {
        match self {
            Self::Failed { error, .. } => Some(error),
            Self::Cancelled(_) => None,
        }
    }
}

impl<E> fmt::Display for CancelScopeError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed { asked: None, .. } => f.write_str("the body of a cancel scope failed"),
            Self::Failed {
                asked: Some(reason),
                ..
            } => write!(
                f,
                "the body of a cancel scope failed when it was asked to stop ({reason})"
            ),
            Self::Cancelled(cancelled) => cancelled.fmt(f),
        }
    }
}

impl<E: Error + 'static> Error for CancelScopeError<E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Failed { error, .. } => Some(error),
            Self::Cancelled(_) => None,
        }
    }
}
