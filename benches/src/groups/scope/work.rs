//! What every contender does: acquires a number, adds to it, and releases it.

use std::fmt;
use std::hint::black_box;

use async_dropper_simple::AsyncDrop;
use async_trait::async_trait;
use withal::runtime::NoExecutor;
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

/// What comes out, as one word: handing a `Result` of two words to `black_box` would cost more than
/// all of the work, since it is written by halves and read as a whole.
#[inline]
pub(crate) fn number(result: Result<u64, Failed>) -> u64 {
    result.unwrap_or(0)
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
        black_box(resource);
        black_box(reason.is_completed());
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
        black_box(resource);
        black_box(reason.is_completed());
        Ok(())
    }
}

/// The enter of the hand-written code.
#[inline]
pub(crate) async fn acquire(number: u64) -> Result<u64, Failed> {
    Ok(black_box(number))
}

/// The exit of the hand-written code.
#[inline]
pub(crate) async fn release(resource: u64, completed: bool) -> Result<(), Failed> {
    black_box(resource);
    black_box(completed);
    Ok(())
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
        black_box(resource);
        black_box(completed);
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
