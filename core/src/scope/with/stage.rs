//! How far a scope is, and how it gets on without a look at what it might hold and does not.

use core::mem::{ManuallyDrop, forget, replace};

use crate::scope::exit::Told;

/// How far the scope is, and what it has there: one after the other, in the same place.
pub(super) enum Stage<N, M, B, X> {
    /// Not entered: nothing to exit. What makes the body waits.
    Entering { enter: N, make: Option<M> },
    /// Entered; the body is about to be made.
    Entered,
    /// The body runs.
    Body(B),
    /// The body has ended; what it left is cleaned up.
    Waiting,
    /// The body has failed, and the exit, which is about to be made, is to be told this.
    Failed(Option<Told>),
    /// The exit runs.
    Exiting(X),
    /// The exit has ended; what was born in it is cleaned up.
    Settling,
    /// The result was given.
    Done,
}

impl<N, M, B, X> Stage<N, M, B, X> {
    #[inline]
    pub(super) fn as_enter(&mut self) -> Option<&mut N> {
        match self {
            Self::Entering { enter, .. } => Some(enter),
            _ => None,
        }
    }

    #[inline]
    pub(super) fn as_body(&mut self) -> Option<&mut B> {
        match self {
            Self::Body(body) => Some(body),
            _ => None,
        }
    }

    #[inline]
    pub(super) fn as_exit(&mut self) -> Option<&mut X> {
        match self {
            Self::Exiting(exit) => Some(exit),
            _ => None,
        }
    }

    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Entering { .. } => "entering",
            Self::Entered | Self::Body(_) => "body",
            Self::Waiting | Self::Failed(_) => "waiting",
            Self::Exiting(_) => "exiting",
            Self::Settling => "settling",
            Self::Done => "done",
        }
    }
}

/// `place = value`, where `place` has nothing to drop, as its states that have are never left so.
#[inline]
pub(super) fn put<T>(place: &mut T, value: T) {
    forget(replace(place, value));
}

/// `*stage = next`, in place, for a stage of which is known what it holds: a look at each thing that
/// it might hold is half of the cost of a short scope.
///
/// # Safety
///
/// What `part` gives is a part of the stage, and all of it that is to be dropped.
#[inline]
pub(super) unsafe fn end<S, T>(stage: &mut S, part: fn(&mut S) -> Option<&mut T>, next: S) {
    // The stage changes also if the drop unwinds.
    struct Change<'a, S>(&'a mut S, ManuallyDrop<S>);

    impl<S> Drop for Change<'_, S> {
        #[inline]
        fn drop(&mut self) {
            // SAFETY: it is taken once, here.
            put(self.0, unsafe { ManuallyDrop::take(&mut self.1) });
        }
    }

    let change = Change(stage, ManuallyDrop::new(next));
    if let Some(part) = part(change.0) {
        let part: *mut T = part;
        // SAFETY: it is dropped once: the stage around it is overwritten without a drop.
        unsafe { part.drop_in_place() };
    }
}
