use core::mem;

use crate::cleanup::live::LiveBody;

/// How far the body is.
pub(super) enum Stage<S, E> {
    /// The body, begun or not.
    Open(S),
    /// The body has ended so, which the consumer was not told yet: an item may come before.
    Ending(E),
    Closed,
}

impl<S, E> Stage<S, E> {
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

/// What the consumer has begun and did not see the end of.
#[derive(Clone, Copy)]
pub(super) enum Doing {
    /// Nothing yet, not even once.
    NotBegun,
    Nothing,
    Step,
    Close,
}

/// How far a coroutine is.
///
/// While the future of a step or of a close is there, it borrows the coroutine, so that nobody can
/// look: a coroutine that is seen running was left in the middle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum State {
    /// It was not started: nothing of its body has run.
    Created,
    /// It has yielded, and waits for an answer.
    Suspended,
    /// A step was begun, and dropped before its end: [`proceed`](super::Coroutine::proceed) goes on with it.
    Running,
    /// A close was begun, and dropped before its end: [`close`](super::Coroutine::close) goes on with it.
    Closing,
    /// It has ended.
    Closed,
}

/// Closes a coroutine whose body panics: it cannot be polled again.
pub(super) struct EndsWithPanic<'a, S, E> {
    pub(super) stage: &'a mut Stage<S, E>,
    pub(super) live: &'a mut LiveBody,
}

impl<S, E> Drop for EndsWithPanic<'_, S, E> {
    fn drop(&mut self) {
        *self.stage = Stage::Closed;
        self.live.end();
    }
}
