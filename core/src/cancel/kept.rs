use alloc::boxed::Box;
use core::fmt;
use core::mem;
use core::panic::Location;

use super::cancellable::about;
use crate::cleanup::{About, Report, report};
use crate::runtime::TaskError;

/// The error that a branch has ended with, kept for as long as others have not ended.
///
/// Dropped instead of [taken](Self::into_inner), a panic is reported: another one goes on, or nobody
/// is left for it.
pub struct KeptError {
    /// `None` where there was no panic, or it was taken.
    panic: Option<Box<(About, TaskError)>>,
}

impl KeptError {
    /// Keeps an error of something that is no branch yet, in a combinator that was called at `location`.
    pub fn of(name: &'static str, location: &'static Location<'static>, error: TaskError) -> Self {
        Self::new(about(name, location), error)
    }

    pub(super) fn new(about: About, error: TaskError) -> Self {
        Self {
            panic: error.is_panic().then(|| Box::new((about, error))),
        }
    }

    /// Whether the branch has panicked. Otherwise it was cancelled.
    pub fn is_panic(&self) -> bool {
        self.panic.is_some()
    }

    /// The error.
    pub fn into_inner(mut self) -> TaskError {
        match mem::take(&mut self.panic) {
            Some(panic) => panic.1,
            None => TaskError::cancelled(),
        }
    }
}

impl Drop for KeptError {
    fn drop(&mut self) {
        if let Some(panic) = &self.panic {
            let (about, error) = &**panic;
            if let Some(message) = error.message() {
                report(&Report::PanicLost(*about, message));
            }
        }
    }
}

impl fmt::Debug for KeptError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeptError")
            .field("panicked", &self.panic.is_some())
            .finish()
    }
}

/// Reports an error of a branch that has come after the first one, where that is all that its combinator,
/// called at `location`, returns.
pub fn report_later_error(
    name: &'static str,
    location: &'static Location<'static>,
    error: &dyn fmt::Debug,
) {
    report(&Report::LaterError(about(name, location), error));
}
