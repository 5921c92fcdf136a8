//! A scope that tells what happens to it.

mod local;
mod strategies;

use std::panic::panic_any;

use withal::scope::{ExitKind, Failure};
use withal::{ExitReason, HandOver, Scope};

use crate::Log;
use crate::poll::yields;

pub use self::local::{Counter, LocalProbe};
pub use self::strategies::{Abandoning, Borrowing, Swallowing, SyncProbe};

/// A scope that logs `+name` when it is entered and `-name` when it is exited, and that waits,
/// fails or panics where it is told to. With [`reasons`](Self::reasons), the exit is logged as
/// `-name:reason`.
#[derive(Clone, Debug)]
pub struct Probe {
    log: Log,
    name: String,
    enter_yields: usize,
    exit_yields: usize,
    enter_fails: bool,
    exit_fails: bool,
    exit_panics: bool,
    reasons: bool,
    silent: bool,
    shows_errors: bool,
    exit_waits_for: Option<String>,
}

/// The error of a [`Probe`], named after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProbeError(pub String);

impl std::fmt::Display for ProbeError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "probe {} failed", self.0)
    }
}

impl std::error::Error for ProbeError {}

/// The error of a body, with what it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failed(pub &'static str);

impl std::fmt::Display for Failed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for Failed {}

impl Probe {
    /// A scope `name`: one wait in its exit, none in its enter, no failure.
    pub fn new(log: &Log, name: impl Into<String>) -> Self {
        Self {
            log: log.clone(),
            name: name.into(),
            enter_yields: 0,
            exit_yields: 1,
            enter_fails: false,
            exit_fails: false,
            exit_panics: false,
            reasons: false,
            silent: false,
            shows_errors: false,
            exit_waits_for: None,
        }
    }

    /// Waits `times` polls in `enter`.
    pub fn enter_yields(mut self, times: usize) -> Self {
        self.enter_yields = times;
        self
    }

    /// Waits `times` polls in `exit`.
    pub fn exit_yields(mut self, times: usize) -> Self {
        self.exit_yields = times;
        self
    }

    /// Fails to enter.
    pub fn enter_fails(mut self) -> Self {
        self.enter_fails = true;
        self
    }

    /// Fails to exit.
    pub fn exit_fails(mut self) -> Self {
        self.exit_fails = true;
        self
    }

    /// Panics in its exit.
    pub fn exit_panics(mut self) -> Self {
        self.exit_panics = true;
        self
    }

    /// Logs nothing: for cases that enter very many.
    pub fn silent(mut self) -> Self {
        self.silent = true;
        self
    }

    /// Waits in its exit until the log has `event`; logs `…name` when it begins to.
    pub fn exit_waits_for(mut self, event: &str) -> Self {
        self.exit_waits_for = Some(event.to_owned());
        self
    }

    /// Logs the reason with the exit, and the body's error, if it is one of this module's:
    /// `-name:failed(error)`.
    pub fn shows_errors(mut self) -> Self {
        self.shows_errors = true;
        self.reasons()
    }

    /// Logs the reason with the exit.
    pub fn reasons(mut self) -> Self {
        self.reasons = true;
        self
    }
}

impl Scope for Probe {
    type Resource = String;
    type Error = ProbeError;
    type OnDrop = HandOver;

    async fn enter(&mut self) -> Result<String, ProbeError> {
        yields(self.enter_yields).await;
        if self.enter_fails {
            return Err(ProbeError(self.name.clone()));
        }
        if !self.silent {
            self.log.push(format_args!("+{}", self.name));
        }
        Ok(self.name.clone())
    }

    async fn exit(self, _resource: String, reason: ExitReason<'_>) -> Result<(), ProbeError> {
        if let Some(event) = &self.exit_waits_for {
            self.log.push(format_args!("…{}", self.name));
            self.log.when(|events| events.contains(event)).await;
        }
        yields(self.exit_yields).await;
        if self.silent {
            return Ok(());
        }
        let error = reason.failure().and_then(|failure| shown(&failure));
        if let Some(error) = error.filter(|_| self.shows_errors) {
            self.log
                .push(format_args!("-{}:failed({error})", self.name));
        } else if self.reasons {
            let kind: ExitKind = reason.kind();
            self.log.push(format_args!("-{}:{kind}", self.name));
        } else {
            self.log.push(format_args!("-{}", self.name));
        }
        if self.exit_panics {
            panic_any(format!("exit of {}", self.name));
        }
        if self.exit_fails {
            return Err(ProbeError(self.name));
        }
        Ok(())
    }
}

/// The text of an error of this module.
fn shown(failure: &Failure<'_>) -> Option<String> {
    let failed = failure.downcast_ref::<Failed>().map(Failed::to_string);
    failed.or_else(|| {
        failure
            .downcast_ref::<ProbeError>()
            .map(ToString::to_string)
    })
}
