//! The stream's side, driven by the task; or by the body's side, where the task is gone or the body
//! has ended.

use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::task::{Context, Poll};

use futures_core::Stream;

use super::link::{Link, Received};
use super::steps::steps;
use crate::runtime::{Cleanup, TaskError, TaskFuture};

pub(super) struct Driven<R, T, E> {
    rt: R,
    // Shared with the steps, which are in here as well: hence apart.
    link: Arc<Link<T>>,
    /// Held while the stream is polled.
    side: Mutex<Side<E>>,
}

/// How the stream has ended. An error: it has panicked.
type Ended<E> = Result<Result<(), E>, TaskError>;

type Steps<E> = dyn Future<Output = Ended<E>> + Send;

enum Side<E> {
    Running(Pin<Box<Steps<E>>>),
    Ended(Ended<E>),
    /// And the body's side knows how.
    Told,
}

/// What the body's side asks of any of these.
pub(super) trait Source<T>: Send + Sync {
    fn poll_item(&self, cx: &mut Context<'_>) -> Poll<Option<T>>;
    fn has_ended(&self) -> bool;
}

impl<R, T, E> Driven<R, T, E> {
    #[track_caller]
    pub(super) fn new<S>(rt: R, stream: S) -> Arc<Self>
    where
        S: Stream<Item = Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: Send + 'static,
    {
        let link = Arc::new(Link::new());
        // It is nobody's body, whoever polls it, and its panics are kept for the body.
        let steps = TaskFuture::new(steps(stream, link.clone()));
        Arc::new(Self {
            rt,
            link,
            side: Mutex::new(Side::Running(Box::pin(steps))),
        })
    }

    pub(super) fn runtime(&self) -> &R {
        &self.rt
    }

    /// Lets `poll` poll the stream's side, unless somebody is at it or it has ended.
    fn drive(&self, poll: impl FnOnce(Pin<&mut Steps<E>>) -> Poll<Ended<E>>) {
        let Some(mut side) = self.try_lock() else {
            return;
        };
        let Side::Running(steps) = &mut *side else {
            return;
        };
        if let Poll::Ready(ended) = poll(steps.as_mut()) {
            let steps = mem::replace(&mut *side, Side::Ended(ended));
            drop(side);
            drop(steps);
            self.link.end();
        }
    }

    fn try_lock(&self) -> Option<MutexGuard<'_, Side<E>>> {
        match self.side.try_lock() {
            Ok(side) => Some(side),
            Err(TryLockError::Poisoned(side)) => Some(side.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }

    /// Lets a panic of the stream go on.
    fn resume_panic(&self) {
        let mut side = self.side.lock().unwrap_or_else(PoisonError::into_inner);
        match mem::replace(&mut *side, Side::Told) {
            Side::Ended(Err(panicked)) => {
                drop(side);
                panicked.resume()
            }
            other => *side = other,
        }
    }
}

impl<R: Cleanup, T, E> Driven<R, T, E> {
    /// Closes the stream. Ready when all that ran in it has ended.
    pub(super) fn poll_end(&self, cx: &mut Context<'_>) -> Poll<Ended<E>> {
        self.link.leave(cx.waker());
        self.drive_here(cx);
        let Some(mut side) = self.try_lock() else {
            // The task is in its last poll, and wakes afterwards.
            return Poll::Pending;
        };
        match mem::replace(&mut *side, Side::Told) {
            Side::Ended(ended) => Poll::Ready(ended),
            Side::Told => Poll::Ready(Ok(Ok(()))),
            running => {
                *side = running;
                Poll::Pending
            }
        }
    }

    /// Drives the stream outside of its task, and so inside of its runtime's context.
    fn drive_here(&self, cx: &mut Context<'_>) {
        self.drive(|steps| self.rt.in_context(|| steps.poll(cx)));
    }
}

impl<R, T, E> Source<T> for Driven<R, T, E>
where
    R: Cleanup,
    T: Send,
    E: Send,
{
    fn poll_item(&self, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let mut received = self.link.receive(cx.waker());
        if let Received::Drive = received {
            self.drive_here(cx);
            received = self.link.receive(cx.waker());
        }
        match received {
            Received::Item(item) => Poll::Ready(Some(item)),
            Received::Ended => {
                self.resume_panic();
                Poll::Ready(None)
            }
            Received::Wait | Received::Drive => Poll::Pending,
        }
    }

    fn has_ended(&self) -> bool {
        self.link.has_ended()
    }
}

/// What the executor gets. It owns nothing: dropped, it only says that it is gone.
pub(super) struct Task<R, T, E>(Arc<Driven<R, T, E>>);

impl<R, T, E> Task<R, T, E> {
    pub(super) fn new(driven: &Arc<Driven<R, T, E>>) -> Self {
        Self(driven.clone())
    }
}

impl<R, T, E> Future for Task<R, T, E> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let link = &self.0.link;
        if !link.task_drives(cx.waker()) {
            return Poll::Ready(());
        }
        self.0.drive(|steps| steps.poll(cx));
        link.task_lets_go(false);
        if link.has_ended() {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }
}

impl<R, T, E> Drop for Task<R, T, E> {
    fn drop(&mut self) {
        self.0.link.task_lets_go(true);
    }
}
