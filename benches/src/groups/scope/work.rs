//! What every contender does: acquires a number, adds to it, and releases it.

use std::fmt;
use std::hint::black_box;

use async_dropper_simple::AsyncDrop;
use async_trait::async_trait;
use withal::runtime::NoExecutor;
use withal::scope::Failure;
use withal::{ExitReason, HandOver, Scope, Synchronous};

/// Spawns nothing, so that no executor is measured.
pub(crate) static RT: NoExecutor = NoExecutor::new();

/// The error of bodies, scopes and peers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Failed;

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("failed")
    }
}

impl std::error::Error for Failed {}

/// The work of a body.
#[inline]
pub(crate) fn work(resource: &mut u64) -> u64 {
    *resource = black_box(*resource + 1);
    *resource
}

/// A scope whose exit is declared synchronous.
pub(crate) struct Permit(pub(crate) u64);

impl Scope for Permit {
    type Resource = u64;
    type Error = Failed;
    type OnDrop = Synchronous;

    async fn enter(&mut self) -> Result<u64, Failed> {
        Ok(black_box(self.0))
    }

    async fn exit(self, resource: u64, reason: ExitReason<'_>) -> Result<(), Failed> {
        black_box((resource, reason.is_completed()));
        Ok(())
    }
}

/// The same, whose exit may wait.
pub(crate) struct Session(pub(crate) u64);

impl Scope for Session {
    type Resource = u64;
    type Error = Failed;
    type OnDrop = HandOver;

    async fn enter(&mut self) -> Result<u64, Failed> {
        Ok(black_box(self.0))
    }

    async fn exit(self, resource: u64, reason: ExitReason<'_>) -> Result<(), Failed> {
        black_box((resource, reason.is_completed()));
        Ok(())
    }
}

/// What the hand-written code tells its exit.
#[inline]
pub(crate) fn reason(result: &Result<u64, Failed>) -> ExitReason<'_> {
    match result {
        Ok(_) => ExitReason::Completed,
        Err(error) => ExitReason::Failed(Failure::new(error)),
    }
}

/// The protocol with boxed futures.
#[async_trait]
pub(crate) trait BoxedScope {
    async fn enter(&mut self) -> Result<u64, Failed>;
    async fn exit(&mut self, resource: u64, completed: bool) -> Result<(), Failed>;
}

#[async_trait]
impl BoxedScope for Permit {
    async fn enter(&mut self) -> Result<u64, Failed> {
        Ok(black_box(self.0))
    }

    async fn exit(&mut self, resource: u64, completed: bool) -> Result<(), Failed> {
        black_box((resource, completed));
        Ok(())
    }
}

/// A resource that is released by a peer's async drop.
#[derive(Default)]
pub(crate) struct Dropped(pub(crate) u64);

#[async_trait]
impl AsyncDrop for Dropped {
    async fn async_drop(&mut self) {
        black_box(self.0);
    }
}
