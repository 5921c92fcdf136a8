use core::mem;
use core::panic::Location;

use crate::cleanup::live::LiveBody;

/// How far the body is.
pub(super) enum Stage<F, B, E> {
    /// The body was not begun.
    Created(F, &'static Location<'static>),
    Begun(B),
    /// The body has ended so, which the consumer was not told yet: an item may come before.
    Ending(E),
    Closed,
}

// Neither moves a body that was begun.
impl<F, B, E> Stage<F, B, E> {
    /// What makes the body, if that was not done. It counts as closed until it is there, so that it
    /// does so when the making panics.
    pub(super) fn take_maker(&mut self) -> Option<(F, &'static Location<'static>)> {
        let Self::Created(..) = self else {
            return None;
        };
        match mem::replace(self, Self::Closed) {
            Self::Created(make, location) => Some((make, location)),
            _ => unreachable!("it was seen not to have begun"),
        }
    }

    /// How the body has ended, which closes it.
    pub(super) fn take_end(&mut self) -> Option<E> {
        let Self::Ending(_) = self else {
            return None;
        };
        match mem::replace(self, Self::Closed) {
            Self::Ending(end) => Some(end),
            _ => unreachable!("it was seen to end"),
        }
    }
}

/// Closes a coroutine whose body panics: it cannot be polled again.
pub(super) struct EndsWithPanic<'a, F, B, E> {
    pub(super) stage: &'a mut Stage<F, B, E>,
    pub(super) live: &'a mut LiveBody,
}

impl<F, B, E> Drop for EndsWithPanic<'_, F, B, E> {
    fn drop(&mut self) {
        *self.stage = Stage::Closed;
        self.live.end();
    }
}
