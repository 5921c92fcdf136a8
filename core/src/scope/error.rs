use core::error::Error;
use core::fmt;
use core::time::Duration;

/// What went wrong with a scope: the body, what is around it, or both.
///
/// `E` is the body's error, `X` the scope's own, `T` the body's value. An error of the body alone
/// arrives as it was, in [`Body`](Self::Body); nothing that failed, and no value that came out of
/// the body, is ever dropped in favour of another.
///
/// The body's error counts as the primary one: it is what `Display` prints first, and
/// [`into_body`](Self::into_body) returns it.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ScopeError<E, X, T = ()> {
    /// Enter failed: the body did not run and the scope was not exited.
    Enter(X),
    /// The body failed; the exit was clean.
    Body(E),
    /// The body gave `value`; the exit failed.
    Exit {
        /// What became of the exit.
        error: ExitError<X>,
        /// What the body returned.
        value: T,
    },
    /// The body failed, and then the exit failed too.
    Both {
        /// The body's error.
        body: E,
        /// What became of the exit.
        exit: ExitError<X>,
    },
    /// The closure of the scope took back what it had lent, or panicked or ended, while the body ran:
    /// the body was cancelled. What became of the exit, which is the rest of the closure, if that was
    /// not clean. Only of [`with_borrowing`](crate::with_borrowing).
    Withdrawn(Option<ExitError<X>>),
    /// The body failed, and the exit that looks at its error exceeded this cleanup budget. The
    /// exit goes on where it can; the error is reported to the hook when it is done.
    Overdue(Duration),
}

/// What [`with_detailed`](crate::with_detailed) gives: body and exit side by side.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Detailed<T, E, X> {
    /// What the body returned; `None` if it failed and the exit, which looks at its error,
    /// exceeded its cleanup budget.
    pub body: Option<Result<T, E>>,
    /// What became of the exit.
    pub exit: Result<(), ExitError<X>>,
}

/// What became of an exit that was not clean.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ExitError<X> {
    /// The exit returned an error.
    Failed(X),
    /// The scope's cleanup budget ran out. The exit goes on where it can, and its end is reported.
    OverBudget(Duration),
}

impl<E, X, T> ScopeError<E, X, T> {
    /// The body's error, if the body failed.
    pub fn body(&self) -> Option<&E> {
        match self {
            Self::Body(body) | Self::Both { body, .. } => Some(body),
            Self::Enter(_) | Self::Exit { .. } | Self::Withdrawn(_) | Self::Overdue(_) => None,
        }
    }

    /// The exit's failure, if the exit was not clean.
    pub fn exit(&self) -> Option<&ExitError<X>> {
        match self {
            Self::Exit { error, .. } => Some(error),
            Self::Both { exit, .. } => Some(exit),
            Self::Withdrawn(exit) => exit.as_ref(),
            Self::Enter(_) | Self::Body(_) | Self::Overdue(_) => None,
        }
    }

    /// The body's error.
    ///
    /// # Errors
    ///
    /// `self`, if the body did not fail.
    pub fn into_body(self) -> Result<E, Self> {
        match self {
            Self::Body(body) | Self::Both { body, .. } => Ok(body),
            other => Err(other),
        }
    }

    /// The value that the body returned before the exit failed.
    ///
    /// # Errors
    ///
    /// `self`, if the body gave no value.
    pub fn into_value(self) -> Result<T, Self> {
        match self {
            Self::Exit { value, .. } => Ok(value),
            other => Err(other),
        }
    }

    /// Drops the body's value, so that the error no longer depends on its type.
    pub fn without_value(self) -> ScopeError<E, X> {
        match self {
            Self::Enter(error) => ScopeError::Enter(error),
            Self::Body(body) => ScopeError::Body(body),
            Self::Exit { error, .. } => ScopeError::Exit { error, value: () },
            Self::Both { body, exit } => ScopeError::Both { body, exit },
            Self::Withdrawn(exit) => ScopeError::Withdrawn(exit),
            Self::Overdue(budget) => ScopeError::Overdue(budget),
        }
    }
}

// By hand: the value need not be printable.
impl<E: fmt::Debug, X: fmt::Debug, T> fmt::Debug for ScopeError<E, X, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Enter(error) => f.debug_tuple("Enter").field(error).finish(),
            Self::Body(body) => f.debug_tuple("Body").field(body).finish(),
            Self::Exit { error, .. } => f
                .debug_struct("Exit")
                .field("error", error)
                .finish_non_exhaustive(),
            Self::Both { body, exit } => f
                .debug_struct("Both")
                .field("body", body)
                .field("exit", exit)
                .finish(),
            Self::Withdrawn(exit) => f.debug_tuple("Withdrawn").field(exit).finish(),
            Self::Overdue(budget) => f.debug_tuple("Overdue").field(budget).finish(),
        }
    }
}

impl<E: fmt::Display, X, T> fmt::Display for ScopeError<E, X, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Enter(_) => f.write_str("scope could not be entered"),
            Self::Body(body) => body.fmt(f),
            Self::Exit { .. } => f.write_str("scope was not exited cleanly"),
            Self::Both { body, .. } => write!(f, "{body} (and the scope was not exited cleanly)"),
            Self::Withdrawn(_) => f.write_str("scope took back what it had lent"),
            Self::Overdue(budget) => {
                write!(
                    f,
                    "body failed, and its exit exceeded the cleanup budget of {budget:?}"
                )
            }
        }
    }
}

impl<E, X, T> Error for ScopeError<E, X, T>
where
    E: fmt::Debug + fmt::Display,
    X: Error + 'static,
{
    /// The scope's own error. The body's is in `Display` and [`body`](ScopeError::body): it need
    /// not implement `Error` (those of `anyhow` do not).
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Enter(error) => Some(error),
            Self::Body(_) | Self::Overdue(_) => None,
            Self::Exit { error, .. } => Some(error),
            Self::Both { exit, .. } => Some(exit),
            Self::Withdrawn(exit) => exit.as_ref().map(|exit| exit as &dyn Error),
        }
    }
}

impl<X> fmt::Display for ExitError<X> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(_) => f.write_str("exit failed"),
            Self::OverBudget(budget) => write!(f, "exit exceeded its cleanup budget of {budget:?}"),
        }
    }
}

impl<X: Error + 'static> Error for ExitError<X> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Failed(error) => Some(error),
            Self::OverBudget(_) => None,
        }
    }
}
