//! A scope whose exit is whatever a case makes it.

use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;

use withal::{ExitReason, HandOver, Scope};

use crate::Log;

/// A scope that logs `+name` when it is entered; its exit runs the future it was given and then
/// logs `-name`, with the reason as `-name:cancelled` where it is not a plain completion.
///
/// `M` marks the scopes of one case: the name of the type is in every report about them.
#[must_use = "a scope does nothing unless it is entered"]
pub struct Act<M = ()> {
    log: Log,
    name: String,
    exit: Vec<Exit>,
    fails: bool,
    _case: PhantomData<fn() -> M>,
}

type Exit = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The error of an [`Act`], named after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActError(pub String);

impl Act {
    /// A scope `name` whose exit does not wait.
    pub fn new(log: &Log, name: impl Into<String>) -> Self {
        Self::of(log, name)
    }
}

impl<M> Act<M> {
    /// As [`new`](Act::new), marked with the case's own type.
    pub fn of(log: &Log, name: impl Into<String>) -> Self {
        Self {
            log: log.clone(),
            name: name.into(),
            exit: Vec::new(),
            fails: false,
            _case: PhantomData,
        }
    }

    /// Makes the exit wait for `future`, after what it waits for already.
    pub fn exit(mut self, future: impl Future<Output = ()> + Send + 'static) -> Self {
        self.exit.push(Box::pin(future));
        self
    }

    /// Makes the exit wait until the log has `event`.
    pub fn exit_waits_for(self, event: &'static str) -> Self {
        let log = self.log.clone();
        self.exit(async move { log.when(|events| events.iter().any(|seen| seen == event)).await })
    }

    /// Makes the exit fail at its end.
    pub fn fails(mut self) -> Self {
        self.fails = true;
        self
    }
}

impl<M: 'static> Scope for Act<M> {
    type Resource = ();
    type Error = ActError;
    type OnDrop = HandOver;

    async fn enter(&mut self) -> Result<(), ActError> {
        self.log.push(format_args!("+{}", self.name));
        Ok(())
    }

    async fn exit(self, (): (), reason: ExitReason<'_>) -> Result<(), ActError> {
        for exit in self.exit {
            exit.await;
        }
        if reason.is_completed() {
            self.log.push(format_args!("-{}", self.name));
        } else {
            self.log.push(format_args!("-{}:{}", self.name, reason.kind()));
        }
        if self.fails {
            return Err(ActError(self.name));
        }
        Ok(())
    }
}

impl<M> fmt::Debug for Act<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Act").field("name", &self.name).finish_non_exhaustive()
    }
}
