//! A case as a value: for programs that choose cases by name, and look at how they fail.

use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use crate::{Harness, log, stress};

/// A case of the suite on one harness.
#[derive(Clone, Copy)]
pub struct Case {
    /// The module of [`suite`](crate::suite) that has it: a group of rules.
    pub module: &'static str,
    /// Its name, a sentence.
    pub name: &'static str,
    patience: Duration,
    run: fn(),
}

/// How many waits in vain a case may have before it counts as one that hangs: no case has so many
/// that it fails for each by itself.
const WAITS: u32 = 15;

impl Case {
    /// A case that `run` runs on `H`, failing by a panic. See [`case!`](macro@crate::case).
    pub fn new<H: Harness>(module: &'static str, name: &'static str, run: fn()) -> Self {
        Self {
            module,
            name,
            patience: H::PATIENCE,
            run,
        }
    }

    /// Runs it, on a thread of its own.
    ///
    /// # Errors
    ///
    /// How it failed.
    pub fn run(self) -> Result<(), Failure> {
        let limit = self.patience * WAITS * u32::try_from(stress(1)).unwrap_or(u32::MAX);
        let (ended, end) = mpsc::channel();
        let case = thread::Builder::new()
            .name(self.to_string())
            .spawn(move || {
                log::set_patience(self.patience);
                // Whoever waits has given up on a case that hung.
                let _ = ended.send(catch_unwind(AssertUnwindSafe(self.run)));
            });
        let case = case.map_err(|error| Failure::Panicked(Box::new(error.to_string())))?;
        let failure = match end.recv_timeout(limit) {
            Ok(Ok(())) => None,
            Ok(Err(payload)) => Some(Failure::Panicked(payload)),
            // It is left where it hangs.
            Err(RecvTimeoutError::Timeout) => return Err(Failure::Hung(limit)),
            Err(RecvTimeoutError::Disconnected) => None,
        };
        // What its thread leaves behind belongs to the case.
        let ended = case.join().map_err(Failure::Panicked);
        failure.map_or(ended, Err)
    }

    /// Runs it, and fails as it does: what a `#[test]` does with it.
    pub fn check(self) {
        match self.run() {
            Ok(()) => {}
            // Its thread has printed the message.
            Err(Failure::Panicked(payload)) => resume_unwind(payload),
            Err(failure) => panic!("{self} {failure}"),
        }
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}::{}", self.module, self.name)
    }
}

impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Case").field(&self.to_string()).finish()
    }
}

/// How a case failed.
#[non_exhaustive]
pub enum Failure {
    /// It panicked with this payload.
    Panicked(Box<dyn Any + Send>),
    /// It had not ended after that time.
    Hung(Duration),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hung(limit) => write!(f, "has not ended after {limit:?}"),
            Self::Panicked(payload) => {
                let text = payload.downcast_ref::<&str>().copied();
                let text = text.or_else(|| payload.downcast_ref().map(String::as_str));
                write!(f, "panicked: {}", text.unwrap_or("no text"))
            }
        }
    }
}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
