use crate::runtime::TaskError;

/// How a future has ended.
#[derive(Debug)]
#[expect(clippy::exhaustive_enums, reason = "there are four ways to end")]
#[must_use = "it may hold an error or a panic"]
pub enum Outcome<T, E> {
    /// It succeeded.
    Ok(T),
    /// It failed.
    Err(E),
    /// It was cancelled before its end.
    Cancelled,
    /// It panicked: [`TaskError::resume`] lets that go on.
    Panicked(TaskError),
}

impl<T, E> Outcome<T, E> {
    /// Whether it succeeded.
    pub fn is_ok(&self) -> bool {
        matches!(self, Self::Ok(_))
    }

    /// The value, if it succeeded.
    pub fn ok(self) -> Option<T> {
        match self {
            Self::Ok(value) => Some(value),
            _ => None,
        }
    }

    /// The error, if it failed.
    pub fn err(self) -> Option<E> {
        match self {
            Self::Err(error) => Some(error),
            _ => None,
        }
    }

    /// The future's own result.
    ///
    /// # Errors
    ///
    /// [`TaskError`], if it came to none: it was cancelled, or has panicked.
    ///
    /// # Examples
    ///
    /// ```
    /// use withal::Outcome;
    ///
    /// let outcome = Outcome::<u8, ()>::Cancelled;
    /// let error = outcome.into_result().unwrap_err();
    /// assert!(!error.is_panic());
    /// ```
    pub fn into_result(self) -> Result<Result<T, E>, TaskError> {
        match self {
            Self::Ok(value) => Ok(Ok(value)),
            Self::Err(error) => Ok(Err(error)),
            Self::Cancelled => Err(TaskError::cancelled()),
            Self::Panicked(error) => Err(error),
        }
    }
}

impl<T, E> Outcome<Result<T, E>, TaskError> {
    /// The outcome of what a task has run, from the outcome of having waited for the task.
    ///
    /// # Examples
    ///
    /// ```
    /// use withal::{Outcome, runtime::TaskError};
    ///
    /// let waited = Outcome::<Result<u8, ()>, _>::Err(TaskError::cancelled());
    /// assert!(matches!(waited.flatten(), Outcome::Cancelled));
    /// ```
    pub fn flatten(self) -> Outcome<T, E> {
        match self.into_result() {
            Ok(result) => result.into(),
            Err(error) => Err(error).into(),
        }
    }
}

impl<T, E> From<Result<Result<T, E>, TaskError>> for Outcome<T, E> {
    fn from(result: Result<Result<T, E>, TaskError>) -> Self {
        match result {
            Ok(Ok(value)) => Self::Ok(value),
            Ok(Err(error)) => Self::Err(error),
            Err(error) if error.is_panic() => Self::Panicked(error),
            Err(_) => Self::Cancelled,
        }
    }
}
