use core::fmt;

use super::{ErrorGroup, Origin, Phase};

/// A chain of handlers, begun by [`ErrorGroup::handle`].
#[must_use = "what no handler took, and what handlers failed with, comes out of `finish`"]
pub struct Handling<E> {
    /// What no clause has matched so far.
    unhandled: Option<ErrorGroup<E>>,
    /// What handlers have failed with, in the order of their clauses.
    raised: ErrorGroup<E>,
}

impl<E> Handling<E> {
    pub(super) fn new(group: ErrorGroup<E>) -> Self {
        Self {
            raised: ErrorGroup::new(group.message.clone()),
            unhandled: Some(group),
        }
    }

    /// The next clause: of the errors that no clause before has matched, those for which `matches` says
    /// so are given to `handler`, as one group.
    ///
    /// # Errors
    ///
    /// What `handler` returns is kept, and comes out at the end of the chain.
    #[track_caller]
    pub fn handle(
        mut self,
        matches: impl FnMut(&E) -> bool,
        handler: impl FnOnce(ErrorGroup<E>) -> Result<(), ErrorGroup<E>>,
    ) -> Self {
        let Some(group) = self.unhandled.take() else {
            return self;
        };
        let (matching, other) = group.split(matches);
        self.unhandled = other;
        if let Some(Err(raised)) = matching.map(handler) {
            self.raised.push_group(Origin::new(Phase::Handler), raised);
        }
        self
    }

    /// Ends the chain.
    ///
    /// # Errors
    ///
    /// What no clause has matched, as it was. If handlers have failed: a group with the same message,
    /// of what they failed with, each as a group, and then of what no clause has matched.
    #[track_caller]
    pub fn finish(self) -> Result<(), ErrorGroup<E>> {
        let Self {
            unhandled,
            mut raised,
        } = self;
        match unhandled {
            Some(unhandled) if raised.is_empty() => Err(unhandled),
            Some(unhandled) => {
                raised.push_group(Origin::new(Phase::Body), unhandled);
                Err(raised)
            }
            None => raised.into_result(()),
        }
    }
}

impl<E: fmt::Debug> fmt::Debug for Handling<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handling")
            .field("unhandled", &self.unhandled)
            .field("raised", &self.raised)
            .finish()
    }
}
