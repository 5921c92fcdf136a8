use core::error::Error;
use core::fmt;

use super::State;
use super::interrupt::Closed;

/// Why a step gives neither an item nor the end. `V` is what was given in.
#[non_exhaustive]
pub enum StepError<V, E> {
    /// The body has failed with this, or has let through what was thrown. The coroutine is closed.
    Failed(E),
    /// The coroutine is not in a state for this call: nothing has happened, and the value is back.
    Refused(Refused<V>),
    /// The body had dropped the yield that this was thrown at. It goes on:
    /// [`proceed`](super::Coroutine::proceed).
    Missed(E),
    /// The body has ended by the sign to close of another coroutine, around it: return that from
    /// there. This one is closed.
    Closed(Closed),
}

/// A call that the coroutine is not in the state for.
#[derive(Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Refused<V> {
    /// What was to be given to the body.
    pub value: V,
    /// How far the coroutine is.
    pub state: State,
}

/// Why a close was not clean. The coroutine is closed all the same.
#[derive(PartialEq, Eq)]
#[non_exhaustive]
pub enum CloseError<Y, E> {
    /// The body has failed with this, on its way out.
    Failed(E),
    /// Told to end, the body has yielded this. It was dropped at that yield.
    YieldedDuringClose(Y),
}

impl<V, E> StepError<V, E> {
    pub(super) fn refused(value: V, state: State) -> Self {
        Self::Refused(Refused { value, state })
    }

    /// What the body has failed with.
    ///
    /// # Errors
    ///
    /// `self`, if it did not fail.
    pub fn into_failure(self) -> Result<E, Self> {
        match self {
            Self::Failed(error) => Ok(error),
            other => Err(other),
        }
    }
}

// By hand, here and below: what was given, and what was yielded, need not be printable.
impl<V, E: fmt::Debug> fmt::Debug for StepError<V, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(error) => f.debug_tuple("Failed").field(error).finish(),
            Self::Refused(refused) => f.debug_tuple("Refused").field(refused).finish(),
            Self::Missed(error) => f.debug_tuple("Missed").field(error).finish(),
            Self::Closed(closed) => f.debug_tuple("Closed").field(closed).finish(),
        }
    }
}

impl<V, E: fmt::Display> fmt::Display for StepError<V, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(error) => error.fmt(f),
            Self::Refused(refused) => refused.fmt(f),
            Self::Missed(error) => write!(
                f,
                "{error} (thrown at a yield that the body had dropped: go on by `proceed`)"
            ),
            Self::Closed(_) => f.write_str("the coroutine around this one is being closed"),
        }
    }
}

impl<V, E: fmt::Debug + fmt::Display> Error for StepError<V, E> {}

impl<V> fmt::Debug for Refused<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Refused")
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

impl<V> fmt::Display for Refused<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.state {
            State::Created => "the coroutine has not begun: call `start`",
            State::Suspended => "the coroutine waits for an answer: call `resume` or `throw`",
            State::Running => "a step was begun and dropped: call `proceed`",
            State::Closing => "a close was begun and dropped: call `close`",
            State::Closed => "the coroutine has ended",
        })
    }
}

impl<V> Error for Refused<V> {}

impl<Y, E: fmt::Debug> fmt::Debug for CloseError<Y, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(error) => f.debug_tuple("Failed").field(error).finish(),
            Self::YieldedDuringClose(_) => {
                f.debug_tuple("YieldedDuringClose").finish_non_exhaustive()
            }
        }
    }
}

impl<Y, E: fmt::Display> fmt::Display for CloseError<Y, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(error) => error.fmt(f),
            Self::YieldedDuringClose(_) => {
                f.write_str("the coroutine has yielded while it was being closed")
            }
        }
    }
}

impl<Y, E: fmt::Debug + fmt::Display> Error for CloseError<Y, E> {}
