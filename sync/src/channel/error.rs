use core::error::Error;
use core::fmt;

use crate::queue::{PushError, TryPopError, TryPushError};

/// The channel is closed: here is the value that was not sent.
#[derive(Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct SendError<T> {
    /// What was to be sent.
    pub value: T,
}

impl<T> From<PushError<T>> for SendError<T> {
    fn from(error: PushError<T>) -> Self {
        Self { value: error.item }
    }
}

impl<T> fmt::Debug for SendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SendError").finish_non_exhaustive()
    }
}

impl<T> fmt::Display for SendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the channel is closed: the value is in this error")
    }
}

impl<T> Error for SendError<T> {}

/// Why a value was not sent at once. Either way, here it is.
#[derive(Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum TrySendError<T> {
    /// There is no room and no receiver waits, or other senders wait already.
    Full(T),
    /// The channel is closed.
    Closed(T),
}

impl<T> TrySendError<T> {
    /// The value.
    pub fn into_value(self) -> T {
        match self {
            Self::Full(value) | Self::Closed(value) => value,
        }
    }
}

impl<T> From<TryPushError<T>> for TrySendError<T> {
    fn from(error: TryPushError<T>) -> Self {
        match error {
            TryPushError::Full(value) => Self::Full(value),
            TryPushError::Closed(value) => Self::Closed(value),
        }
    }
}

impl<T> fmt::Debug for TrySendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full(_) => "Full(..)",
            Self::Closed(_) => "Closed(..)",
        })
    }
}

impl<T> fmt::Display for TrySendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full(_) => "the channel is full: wait for room with `send`",
            Self::Closed(_) => "the channel is closed: the value is in this error",
        })
    }
}

impl<T> Error for TrySendError<T> {}

/// Why no value was received at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TryRecvError {
    /// There is none at the moment.
    Empty,
    /// There is none, and none will come.
    Closed,
}

impl From<TryPopError> for TryRecvError {
    fn from(error: TryPopError) -> Self {
        match error {
            TryPopError::Empty => Self::Empty,
            TryPopError::Closed => Self::Closed,
        }
    }
}

impl fmt::Display for TryRecvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "the channel is empty: wait for a value with `recv`",
            Self::Closed => "the channel is closed, and empty",
        })
    }
}

impl Error for TryRecvError {}
