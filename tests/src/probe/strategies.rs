//! Probes of the other drop strategies, and one that swallows.

use withal::scope::{Abandoned, Failure, Suppress};
use withal::{Abandon, ExitReason, HandOver, Scope, Synchronous};

use super::{Failed, Probe, ProbeError};
use crate::Log;

/// A [`Probe`] that exits at once when it is dropped. Give it a probe whose exit does not wait, or
/// one that does, to see it refused.
#[derive(Clone, Debug)]
pub struct SyncProbe(pub Probe);

impl Scope for SyncProbe {
    type Resource = String;
    type Error = ProbeError;
    type OnDrop = Synchronous;

    async fn enter(&mut self) -> Result<String, ProbeError> {
        self.0.enter().await
    }

    async fn exit(self, resource: String, reason: ExitReason<'_>) -> Result<(), ProbeError> {
        self.0.exit(resource, reason).await
    }
}

/// A scope that borrows, and so can only be abandoned: logs `+name`, `-name:reason`, and `~name`
/// when it is abandoned.
#[derive(Clone, Copy, Debug)]
pub struct Borrowing<'a> {
    /// Where it logs.
    pub log: &'a Log,
    /// Its name.
    pub name: &'a str,
    /// Whether its hook manages to release everything.
    pub releases: bool,
}

impl<'a> Scope for Borrowing<'a> {
    type Resource = &'a str;
    type Error = ProbeError;
    type OnDrop = Abandon;

    async fn enter(&mut self) -> Result<&'a str, ProbeError> {
        self.log.push(format_args!("+{}", self.name));
        Ok(self.name)
    }

    async fn exit(self, _: &'a str, reason: ExitReason<'_>) -> Result<(), ProbeError> {
        crate::poll::yields(1).await;
        let kind = reason.kind();
        self.log.push(format_args!("-{}:{kind}", self.name));
        Ok(())
    }

    fn abandon(self, _: &'a str) -> Abandoned {
        self.log.push(format_args!("~{}", self.name));
        if self.releases {
            Abandoned::Released
        } else {
            Abandoned::Lost
        }
    }
}

/// A [`Probe`] that is abandoned when it is dropped: logs `~name` then, and says that something is
/// lost.
#[derive(Clone, Debug)]
pub struct Abandoning(pub Probe);

impl Scope for Abandoning {
    type Resource = String;
    type Error = ProbeError;
    type OnDrop = Abandon;

    async fn enter(&mut self) -> Result<String, ProbeError> {
        self.0.enter().await
    }

    async fn exit(self, resource: String, reason: ExitReason<'_>) -> Result<(), ProbeError> {
        self.0.exit(resource, reason).await
    }

    fn abandon(self, name: String) -> Abandoned {
        self.0.log.push(format_args!("~{name}"));
        Abandoned::Lost
    }
}

/// A [`Probe`] that swallows errors whose text begins with its `prefix`; logs `?name` when asked.
#[derive(Clone, Debug)]
pub struct Swallowing {
    /// What it does otherwise.
    pub probe: Probe,
    /// Which errors it swallows; with an empty one, all that are a [`Failed`].
    pub prefix: &'static str,
}

impl Scope for Swallowing {
    type Resource = String;
    type Error = ProbeError;
    type OnDrop = HandOver;

    async fn enter(&mut self) -> Result<String, ProbeError> {
        self.probe.enter().await
    }

    async fn exit(self, resource: String, reason: ExitReason<'_>) -> Result<(), ProbeError> {
        self.probe.exit(resource, reason).await
    }
}

impl Suppress for Swallowing {
    fn suppresses(&self, failure: Failure<'_>) -> bool {
        self.probe.log.push(format_args!("?{}", self.probe.name));
        failure
            .downcast_ref::<Failed>()
            .is_some_and(|failed| failed.0.starts_with(self.prefix))
    }
}
