//! Other ways out of one scope: the body fails, or the exit waits.

use std::future::Future;
use std::hint::black_box;
use std::pin::Pin;
use std::task::{Context, Poll};

use async_trait::async_trait;
use withal::{ExitReason, HandOver, Scope, with, with_unseen_error};

use super::work::{BoxedScope, Failed, Permit, RT, Session, acquire, number, release, work};
use crate::now::{now, soon};
use crate::{Bar, Case, Contender};

pub(super) fn cases() -> Vec<Case> {
    let failing = Case::new("failing body")
        .with(
            Contender::new("withal (with_unseen_error)", || {
                number(now(failed_unseen()))
            })
            .bar(Bar::Allocations(0.0)),
        )
        .with(Contender::new("withal (the exit sees the error)", || {
            now(failed())
        }))
        .with(Contender::new("hand-written", || {
            number(now(failed_by_hand()))
        }))
        .with(Contender::new("boxed (async-trait)", || {
            number(now(failed_boxed()))
        }));
    let waiting = Case::new("exit that waits once")
        .with(Contender::new("withal", || number(soon(waits_once()))).bar(Bar::Allocations(1.0)))
        .with(Contender::new("hand-written", || {
            number(soon(waits_by_hand()))
        }))
        .with(Contender::new("boxed (async-trait)", || {
            number(soon(waits_boxed()))
        }));
    vec![failing, waiting]
}

/// The work of a body that fails.
#[inline]
fn failing(resource: &mut u64) -> Result<u64, Failed> {
    match work(resource) {
        0 => Ok(0),
        _ => Err(Failed),
    }
}

/// A body that fails, with a synchronous exit that can look at the error.
pub(crate) async fn failed() -> Result<u64, Failed> {
    let ended = with(&RT, Permit(1), async |resource| failing(resource)).await;
    ended.map_err(|_| Failed)
}

/// The same, with an exit that learns that the body failed.
pub(crate) async fn failed_unseen() -> Result<u64, Failed> {
    let ended = with_unseen_error(&RT, Permit(1), async |resource| failing(resource)).await;
    ended.map_err(|_| Failed)
}

async fn failed_by_hand() -> Result<u64, Failed> {
    let mut resource = acquire(1).await?;
    let result = failing(&mut resource);
    release(resource, result.is_ok()).await?;
    result
}

async fn failed_boxed() -> Result<u64, Failed> {
    let mut scope = Permit(1);
    let mut resource = BoxedScope::enter(&mut scope).await?;
    let result = failing(&mut resource);
    BoxedScope::exit(&mut scope, resource, result.is_ok()).await?;
    result
}

/// Pending once.
#[derive(Default)]
struct Yield(bool);

impl Future for Yield {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if std::mem::replace(&mut self.0, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

/// A [`Session`] whose exit waits once.
struct Waiting(Session);

impl Scope for Waiting {
    type Resource = u64;
    type Error = Failed;
    type OnDrop = HandOver;

    async fn enter(&mut self) -> Result<u64, Failed> {
        Scope::enter(&mut self.0).await
    }

    async fn exit(self, resource: u64, reason: ExitReason<'_>) -> Result<(), Failed> {
        Yield::default().await;
        Scope::exit(self.0, resource, reason).await
    }
}

#[async_trait]
impl BoxedScope for Waiting {
    async fn enter(&mut self) -> Result<u64, Failed> {
        Ok(black_box(self.0.0))
    }

    async fn exit(&mut self, resource: u64, completed: bool) -> Result<(), Failed> {
        Yield::default().await;
        black_box(resource);
        black_box(completed);
        Ok(())
    }
}

/// A body that completes, and an exit that waits once.
pub(crate) async fn waits_once() -> Result<u64, Failed> {
    let body = async |resource: &mut u64| Ok::<_, Failed>(work(resource));
    let ended = with(&RT, Waiting(Session(1)), body).await;
    ended.map_err(|_| Failed)
}

async fn waits_by_hand() -> Result<u64, Failed> {
    let mut resource = acquire(1).await?;
    let result = Ok(work(&mut resource));
    Yield::default().await;
    release(resource, result.is_ok()).await?;
    result
}

async fn waits_boxed() -> Result<u64, Failed> {
    let mut scope = Waiting(Session(1));
    let mut resource = BoxedScope::enter(&mut scope).await?;
    let result = Ok(work(&mut resource));
    BoxedScope::exit(&mut scope, resource, result.is_ok()).await?;
    result
}
