use core::error::Error;
use core::fmt;
use core::time::Duration;

/// What goes wrong with a [limited](super::limited()) scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LimitedError<X> {
    /// The scope's own error, of its enter or of its exit.
    Failed(X),
    /// The enter was not finished within this time, and was cancelled; the scope was not entered.
    EnterElapsed(Duration),
    /// The exit was not finished within this time. It goes on by itself, and is reported.
    ExitElapsed(Duration),
}

impl<X> LimitedError<X> {
    /// Whether it was the time.
    pub fn is_elapsed(&self) -> bool {
        !matches!(self, Self::Failed(_))
    }
}

impl<X: fmt::Display> fmt::Display for LimitedError<X> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(error) => error.fmt(f),
            Self::EnterElapsed(limit) => write!(f, "scope not entered within {limit:?}"),
            Self::ExitElapsed(limit) => write!(f, "scope not exited within {limit:?}"),
        }
    }
}

/// The scope's own error stands for itself: its source is the source.
impl<X: Error> Error for LimitedError<X> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Failed(error) => error.source(),
            Self::EnterElapsed(_) | Self::ExitElapsed(_) => None,
        }
    }
}
