//! The group as a scope: its body runs the user's, and waits for the children; its exit cancels what
//! is left, and waits for that.

use std::convert::Infallible;
use std::fmt::Debug;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use super::state::{Phase, Shared, about};
use crate::cancel::Branch;
use crate::cleanup::Subject;
use crate::error_group::{Origin, Phase as Place};
use crate::runtime::{Alarm, Cleanup, TaskError};
use crate::sync::cancel_token::{CancelKind, WaitOwned};
use crate::{ExitReason, HandOver, Scope};

/// What [`task_group`](super::task_group) enters.
pub(super) struct GroupScope<R, E>(pub(super) Arc<Shared<R, E>>);

impl<R, E> Scope for GroupScope<R, E>
where
    R: Cleanup,
    E: Debug + Send + 'static,
{
    type Resource = ();
    type Error = Infallible;
    type OnDrop = HandOver;

    async fn enter(&mut self) -> Result<(), Infallible> {
        Ok(())
    }

    async fn exit(self, (): (), reason: ExitReason<'_>) -> Result<(), Infallible> {
        if !reason.is_completed() {
            self.0.abort(CancelKind::Dropped);
        }
        poll_fn(|cx| self.0.poll_end(cx)).await;
        Ok(())
    }
}

pin_project! {
    /// The body of that scope: ends when all has ended, or when the rest is to be cancelled.
    pub(super) struct GroupBody<R, E, B, O, T> {
        group: Arc<Shared<R, E>>,
        // `None` once it has ended.
        #[pin]
        body: Option<Branch<B, O>>,
        value: Option<T>,
        // Set at the first poll.
        #[pin]
        cancelled: Option<WaitOwned>,
        overdue: Option<Alarm>,
        // Below the body, to be dropped after it.
        _gone: Gone<R, E>,
    }
}

/// Tells the group that its body is gone.
struct Gone<R, E>(Arc<Shared<R, E>>);

impl<R, E> Drop for Gone<R, E> {
    fn drop(&mut self) {
        self.0.body_knows();
    }
}

impl<R, E, B: Future<Output = O>, O, T> GroupBody<R, E, B, O, T> {
    #[track_caller]
    pub(super) fn new(group: Arc<Shared<R, E>>, body: B) -> Self {
        Self {
            _gone: Gone(group.clone()),
            group,
            body: Some(Branch::new("task_group", body)),
            value: None,
            cancelled: None,
            overdue: None,
        }
    }
}

impl<R, E, B, T> Future for GroupBody<R, E, B, Result<T, E>, T>
where
    R: Cleanup,
    E: Debug + Send + 'static,
    B: Future<Output = Result<T, E>>,
{
    type Output = Result<Option<T>, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        if this.cancelled.is_none() {
            let cancelled = this.group.token().cancelled_owned();
            this.cancelled.set(Some(cancelled));
        }
        loop {
            let phase = this.group.poll_children(cx);
            let cancels = phase > Phase::Asked;
            if let Some(body) = this.body.as_mut().as_pin_mut() {
                if let Poll::Ready(ended) = body.poll_branch(cx, cancels) {
                    this.body.set(None);
                    *this.value = this.group.ended(ended, cancels);
                    this.group.body_knows();
                    continue;
                }
                if cancels {
                    this.group.body_knows();
                }
            } else if phase > Phase::Open || this.group.close() {
                // What is left is cancelled by the exit, which those who cancel wait for.
                return Poll::Ready(Ok(this.value.take()));
            }
            if phase == Phase::Open {
                // After the body, which so begins in any case.
                let asked = this.cancelled.as_mut().as_pin_mut();
                if asked.is_some_and(|asked| asked.poll(cx).is_ready()) {
                    let reason = this.group.token().reason();
                    let reason = reason.unwrap_or_else(|| CancelKind::Requested.into());
                    this.group.abort(reason);
                }
            }
            if phase != this.group.phase() {
                continue;
            }
            if cancels {
                if this.overdue.is_none() {
                    *this.overdue = this.group.rt.alarm(this.group.budget());
                }
                let overdue = this.overdue.as_mut();
                if overdue.is_some_and(|alarm| Pin::new(alarm).poll(cx).is_ready()) {
                    // Its cleanup becomes the scope's, which has a budget for it as well.
                    this.body.set(None);
                    continue;
                }
            }
            return Poll::Pending;
        }
    }
}

impl<R, E> Shared<R, E>
where
    R: Cleanup,
    E: Debug + Send + 'static,
{
    /// The body has ended: its value, if it came to one. Errors of one that was cancelled are those of
    /// its cleanup.
    fn ended<T>(&self, ended: Result<Result<T, E>, TaskError>, cancelled: bool) -> Option<T> {
        match ended {
            Ok(Ok(value)) => return Some(value),
            Ok(Err(error)) => {
                let place = match cancelled {
                    true => Place::Cleanup,
                    false => Place::Body,
                };
                self.body_failed(Origin::new(place).at(self.location), error);
            }
            Err(panic) if panic.is_panic() => {
                let about = about(Subject::Combinator, self.location, self.rt.id());
                self.panicked(about, panic);
            }
            Err(_cancelled) => {}
        }
        None
    }
}
