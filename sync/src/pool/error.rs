use core::error::Error;
use core::fmt;

/// The pool is closed: no object is taken any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Closed;

impl Closed {
    pub(super) fn new() -> Self {
        Self
    }
}

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the pool is closed")
    }
}

impl Error for Closed {}

/// Why no object was taken at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TryTakeError {
    /// All are leased.
    NoneIdle,
    /// The pool is closed.
    Closed,
}

impl fmt::Display for TryTakeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoneIdle => "no object is idle: wait for one with `take`",
            Self::Closed => "the pool is closed",
        })
    }
}

impl Error for TryTakeError {}

/// The pool is closed: here is the object that was not added.
#[derive(Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct AddError<T> {
    /// What was to be added.
    pub object: T,
}

impl<T> fmt::Debug for AddError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AddError").finish_non_exhaustive()
    }
}

impl<T> fmt::Display for AddError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the pool is closed: the object is in this error")
    }
}

impl<T> Error for AddError<T> {}
