//! A child that says when it has started.

use std::fmt;
use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker, ready};

use pin_project_lite::pin_project;

use super::child::{Settled, TaskHandle};
use super::state::Failure;
use crate::error_group::Origin;
use crate::task::node::{keep_waker, lock};
use crate::{JoinError, StartError};

/// What a child that was [started](super::TaskGroup::start) tells its starter with.
#[must_use = "the starter waits for it"]
pub struct Started<S> {
    tell: Arc<dyn Tell<S>>,
}

impl<S> Started<S> {
    /// Says that the child has started, and gives `value` to its starter. From now on an error of the
    /// child is the group's.
    ///
    /// # Errors
    ///
    /// `value`, if the starter does not wait any more.
    pub fn send(self, value: S) -> Result<(), S> {
        self.tell.tell(value)
    }
}

impl<S> fmt::Debug for Started<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Started").finish_non_exhaustive()
    }
}

trait Tell<S>: Send + Sync {
    fn tell(&self, value: S) -> Result<(), S>;
}

/// Between the child and its starter.
pub(super) struct Handshake<S, E>(Mutex<Shake<S, E>>);

enum Shake<S, E> {
    Waiting(Option<Waker>),
    Started(S),
    /// It failed before, and its starter is to be told.
    Failed(E),
    /// The starter knows, or is gone.
    Over,
}

impl<S, E> Handshake<S, E> {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self(Mutex::new(Shake::Waiting(None))))
    }

    pub(super) fn started(self: &Arc<Self>) -> Started<S>
    where
        S: Send + 'static,
        E: Send + 'static,
    {
        Started { tell: self.clone() }
    }

    /// The child has failed. Gives the error back where it is none of the starter's business.
    fn fail(&self, error: E) -> Option<E> {
        let mut shake = lock(&self.0);
        if let Shake::Waiting(_) = *shake {
            // The starter is woken by the child's handle, after the cleanup.
            *shake = Shake::Failed(error);
            return None;
        }
        Some(error)
    }
}

impl<S: Send, E: Send> Tell<S> for Handshake<S, E> {
    fn tell(&self, value: S) -> Result<(), S> {
        let mut shake = lock(&self.0);
        let Shake::Waiting(starter) = &mut *shake else {
            return Err(value);
        };
        let starter = starter.take();
        *shake = Shake::Started(value);
        drop(shake);
        starter.into_iter().for_each(Waker::wake);
        Ok(())
    }
}

pin_project! {
    /// The future of a child that is being started.
    pub(super) struct Starting<F, S, E> {
        #[pin]
        child: F,
        shake: Arc<Handshake<S, E>>,
    }
}

impl<F, S, E> Starting<F, S, E> {
    pub(super) fn new(child: F, shake: Arc<Handshake<S, E>>) -> Self {
        Self { child, shake }
    }
}

impl<F, S, V, E> Future for Starting<F, S, E>
where
    F: Future<Output = Result<V, E>>,
{
    /// An error: that of the child, unless the starter is told of it.
    type Output = Result<V, Option<E>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let ended = ready!(this.child.poll(cx));
        Poll::Ready(ended.map_err(|error| this.shake.fail(error)))
    }
}

pub(super) fn settle<V, E>(ended: Result<V, Option<E>>) -> Settled<V, E> {
    match ended {
        Ok(value) => Settled::Value(value),
        Err(Some(error)) => Settled::Failed(error),
        Err(None) => Settled::Told,
    }
}

/// What a starter that has gone leaves to the group.
pub(super) trait Blame<E>: Send + Sync {
    fn blame(&self, origin: Origin, failure: Failure<E>);
}

/// The future that [`TaskGroup::start`](super::TaskGroup::start) returns.
#[must_use = "dropping it cancels the child"]
pub struct Start<S, V, E> {
    // `None` once it is over.
    handle: Option<TaskHandle<V>>,
    shake: Arc<Handshake<S, E>>,
    group: Arc<dyn Blame<E>>,
    origin: Origin,
}

impl<S, V, E> Start<S, V, E> {
    pub(super) fn new(
        handle: TaskHandle<V>,
        shake: Arc<Handshake<S, E>>,
        group: Arc<dyn Blame<E>>,
        origin: Origin,
    ) -> Self {
        Self {
            handle: Some(handle),
            shake,
            group,
            origin,
        }
    }
}

impl<S, V, E> Future for Start<S, V, E> {
    type Output = Result<(S, TaskHandle<V>), StartError<E>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(mut handle) = self.handle.take() else {
            panic!("a start was polled after completion");
        };
        let waits = keep_waker(&self.shake.0, cx.waker(), |shake| match shake {
            Shake::Waiting(starter) => Some(starter),
            _ => None,
        });
        if !waits {
            let mut shake = lock(&self.shake.0);
            match mem::replace(&mut *shake, Shake::Over) {
                Shake::Started(value) => return Poll::Ready(Ok((value, handle))),
                other => *shake = other,
            }
        }
        let Poll::Ready(ended) = Pin::new(&mut handle).poll(cx) else {
            self.handle = Some(handle);
            return Poll::Pending;
        };
        let shake = mem::replace(&mut *lock(&self.shake.0), Shake::Over);
        Poll::Ready(match (shake, ended) {
            // It said so and ended, since the look above.
            (Shake::Started(value), ended) => Ok((value, TaskHandle::ended(ended))),
            (Shake::Failed(error), _) => Err(StartError::Failed(error)),
            (_, Ok(_value)) => Err(StartError::NotStarted),
            (_, Err(JoinError::Panicked)) => Err(StartError::Panicked),
            (_, Err(JoinError::Closed)) => Err(StartError::Closed),
            (_, Err(_)) => Err(StartError::Cancelled),
        })
    }
}

impl<S, V, E> Drop for Start<S, V, E> {
    fn drop(&mut self) {
        let Some(handle) = self.handle.take() else {
            return;
        };
        let shake = mem::replace(&mut *lock(&self.shake.0), Shake::Over);
        if let Shake::Failed(error) = shake {
            self.group.blame(self.origin.clone(), Failure::One(error));
        }
        handle.cancel();
    }
}

impl<S, V, E> fmt::Debug for Start<S, V, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Start")
            .field("child", &self.handle)
            .finish_non_exhaustive()
    }
}
