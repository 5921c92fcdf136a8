use alloc::vec::Vec;
use core::error::Error;
use core::fmt;
use core::ops::Deref;

use crate::ErrorGroup;
use crate::cleanup::About;
use crate::error_group::{Origin, Phase};

/// What the exits of a stack have failed with, in the order in which they ran: an [`ErrorGroup`]
/// whose origins name the entries and the places where they joined the stack.
///
/// It is an [`Error`] for every `X` that can be printed, the boxed errors among them, which are none
/// themselves. `Display` shows them all; [`into_group`](Self::into_group) gives them out.
pub struct ExitErrors<X> {
    group: ErrorGroup<X>,
    /// An entry has swallowed the body's error.
    suppressed: bool,
}

impl<X> ExitErrors<X> {
    pub(super) fn new(errors: Vec<(About, X)>, suppressed: bool) -> Self {
        let mut group = ErrorGroup::new(if errors.is_empty() {
            ""
        } else {
            "exits of a stack failed"
        });
        for (about, error) in errors {
            let origin = Origin::new(Phase::Cleanup)
                .named(about.name)
                .at(about.location);
            group.push(origin, error);
        }
        Self { group, suppressed }
    }

    /// Clean, or what there is to tell.
    pub(super) fn into_result(self) -> Result<(), Self> {
        if self.group.is_empty() && !self.suppressed {
            Ok(())
        } else {
            Err(self)
        }
    }

    /// The errors, if there are any; and whether the body's was swallowed.
    pub(super) fn split(mut self) -> (Option<Self>, bool) {
        let suppressed = core::mem::take(&mut self.suppressed);
        let errors = Some(self).filter(|errors| !errors.is_empty());
        (errors, suppressed)
    }

    /// The errors.
    pub fn into_group(self) -> ErrorGroup<X> {
        self.group
    }
}

impl<X> Deref for ExitErrors<X> {
    type Target = ErrorGroup<X>;

    fn deref(&self) -> &ErrorGroup<X> {
        &self.group
    }
}

impl<X: fmt::Debug> fmt::Debug for ExitErrors<X> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.group.fmt(f)
    }
}

impl<X: fmt::Display> fmt::Display for ExitErrors<X> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.group.fmt(f)
    }
}

impl<X: fmt::Debug + fmt::Display> Error for ExitErrors<X> {}
