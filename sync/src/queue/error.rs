use core::error::Error;
use core::fmt;

/// The queue is closed: here is the item that did not go in.
#[derive(Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct PushError<T> {
    /// What was to be pushed.
    pub item: T,
}

impl<T> PushError<T> {
    pub(super) fn new(item: T) -> Self {
        Self { item }
    }
}

impl<T> fmt::Debug for PushError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PushError").finish_non_exhaustive()
    }
}

impl<T> fmt::Display for PushError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the queue is closed: the item is in this error")
    }
}

impl<T> Error for PushError<T> {}

/// Why an item did not go in at once. Either way, here it is.
#[derive(Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum TryPushError<T> {
    /// There is no room, or others wait for it already.
    Full(T),
    /// The queue is closed.
    Closed(T),
}

impl<T> TryPushError<T> {
    /// The item.
    pub fn into_item(self) -> T {
        match self {
            Self::Full(item) | Self::Closed(item) => item,
        }
    }
}

impl<T> fmt::Debug for TryPushError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full(_) => "Full(..)",
            Self::Closed(_) => "Closed(..)",
        })
    }
}

impl<T> fmt::Display for TryPushError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full(_) => "the queue is full: wait for room with `push`",
            Self::Closed(_) => "the queue is closed: the item is in this error",
        })
    }
}

impl<T> Error for TryPushError<T> {}

/// Why there was no place at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TryReserveError {
    /// There is no room, or others wait for it already.
    Full,
    /// The queue is closed.
    Closed,
}

impl fmt::Display for TryReserveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full => "the queue is full: wait for a place with `reserve`",
            Self::Closed => "the queue is closed",
        })
    }
}

impl Error for TryReserveError {}

/// Why no item came out at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TryPopError {
    /// Nothing is stored.
    Empty,
    /// Nothing is stored, and nothing ever will be.
    Closed,
}

impl fmt::Display for TryPopError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "the queue is empty: wait for an item with `pop`",
            Self::Closed => "the queue is closed, and empty",
        })
    }
}

impl Error for TryPopError {}

/// The queue is closed: nothing goes in any more.
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
        f.write_str("the queue is closed")
    }
}

impl Error for Closed {}

/// More items were reported as done than went in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DoneError;

impl DoneError {
    pub(super) fn new() -> Self {
        Self
    }
}

impl fmt::Display for DoneError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no item is unfinished: call `task_done` once for each, or use `pop_job`")
    }
}

impl Error for DoneError {}
