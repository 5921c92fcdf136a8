//! A child that says when it is ready.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::future::Future;
use core::mem;
use core::pin::Pin;
use core::task::{Context, Poll, Waker};

use withal_core::error_group::{Node, Origin};
use withal_core::{JoinError, StartError};

use super::child::Ends;
use super::join::{LocalHandle, Teller};
use crate::flavour::Spin;
use crate::short_lock::Locked;

/// The future that [`LocalGroup::start`](super::LocalGroup::start) returns.
#[must_use = "dropped, it cancels the child"]
pub struct Start<V, T, E> {
    starting: Starting<V, E>,
    /// `None` when it was given out.
    handle: Option<LocalHandle<T>>,
}

impl<V, T, E> Start<V, T, E> {
    pub(super) fn new(starting: Starting<V, E>, handle: LocalHandle<T>) -> Self {
        Self {
            starting,
            handle: Some(handle),
        }
    }
}

impl<V, T, E> Future for Start<V, T, E> {
    type Output = Result<(V, LocalHandle<T>), StartError<E>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let polled = self.starting.poll(cx);
        polled.map(|started| match self.handle.take() {
            Some(handle) => started.map(|value| (value, handle)),
            None => panic!("a start was polled after completion"),
        })
    }
}

impl<V, T, E> Drop for Start<V, T, E> {
    fn drop(&mut self) {
        if let Some(handle) = &self.handle {
            handle.cancel();
            if let Some(error) = self.starting.give_up() {
                // Nobody else is left for it.
                self.starting.late.push(handle.origin(), error);
                handle.fail_group();
            }
        }
    }
}

impl<V, T, E> fmt::Debug for Start<V, T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Start")
            .field("child", &self.handle)
            .finish_non_exhaustive()
    }
}

/// How a child says that it has started.
#[must_use = "the starter waits for it"]
pub struct Started<V> {
    signal: Arc<Signal<V>>,
}

impl<V> Started<V> {
    /// Says that the child has started, and gives `value` to its starter. From now on an error of the
    /// child is the group's.
    ///
    /// # Errors
    ///
    /// `value`, if the starter does not wait any more.
    pub fn send(self, value: V) -> Result<(), V> {
        self.signal
            .end(Progress::Started(value))
            .map_err(|back| match back {
                Progress::Started(value) => value,
                _ => unreachable!("what was not taken comes back"),
            })
    }
}

impl<V> fmt::Debug for Started<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Started").finish_non_exhaustive()
    }
}

/// The starter's share.
pub(super) struct Starting<V, E> {
    signal: Arc<Signal<V>>,
    /// The error of a child that has failed before it had started.
    error: Arc<Locked<Option<E>, Spin>>,
    late: Arc<Late<E>>,
}

/// Errors of children whose starters did not take them.
pub(super) struct Late<E> {
    errors: Locked<Vec<(Origin, E)>, Spin>,
}

impl<E> Late<E> {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self {
            errors: Locked::new(Vec::new()),
        })
    }

    fn push(&self, origin: Origin, error: E) {
        self.errors.with(|errors| errors.push((origin, error)));
    }

    pub(super) fn take(&self) -> Vec<(Origin, E)> {
        self.errors.with(mem::take)
    }
}

impl<V, E> Clone for Starting<V, E> {
    fn clone(&self) -> Self {
        Self {
            signal: self.signal.clone(),
            error: self.error.clone(),
            late: self.late.clone(),
        }
    }
}

struct Signal<V> {
    progress: Locked<Progress<V>, Spin>,
}

enum Progress<V> {
    /// And this is the starter.
    Waiting(Option<Waker>),
    Started(V),
    /// It will not start. By [`StartError::Failed`], the error is where it was put.
    Ended(StartError<()>),
    /// The starter knows, or has given up.
    Over,
}

impl<V> Signal<V> {
    fn is_waited_for(&self) -> bool {
        self.progress
            .with(|progress| matches!(progress, Progress::Waiting(_)))
    }

    /// Tells the starter, if it waits.
    fn end(&self, end: Progress<V>) -> Result<(), Progress<V>> {
        let before = self.progress.with(|progress| match progress {
            Progress::Waiting(_) => Ok(mem::replace(progress, end)),
            _ => Err(end),
        })?;
        if let Progress::Waiting(Some(waker)) = before {
            waker.wake();
        }
        Ok(())
    }
}

impl<V, E> Starting<V, E> {
    pub(super) fn new(late: Arc<Late<E>>) -> Self {
        Self {
            signal: Arc::new(Signal {
                progress: Locked::new(Progress::Waiting(None)),
            }),
            error: Arc::new(Locked::new(None)),
            late,
        }
    }

    /// The group did not take the child.
    pub(super) fn close(&self) {
        let _waits = self.signal.end(Progress::Ended(StartError::Closed));
    }

    pub(super) fn started(&self) -> Started<V> {
        Started {
            signal: self.signal.clone(),
        }
    }

    fn poll(&self, cx: &mut Context<'_>) -> Poll<Result<V, StartError<E>>> {
        // Cloned and dropped outside of the lock.
        let mut other = None;
        loop {
            let polled = self.signal.progress.with(|progress| match progress {
                Progress::Waiting(known) => {
                    if !known.as_ref().is_some_and(|w| w.will_wake(cx.waker())) {
                        other.as_ref()?;
                        mem::swap(known, &mut other);
                    }
                    Some(Poll::Pending)
                }
                _ => Some(Poll::Ready(mem::replace(progress, Progress::Over))),
            });
            match polled {
                None => other = Some(cx.waker().clone()),
                Some(Poll::Pending) => return Poll::Pending,
                Some(Poll::Ready(progress)) => return Poll::Ready(self.result(progress)),
            }
        }
    }

    fn result(&self, progress: Progress<V>) -> Result<V, StartError<E>> {
        match progress {
            Progress::Started(value) => Ok(value),
            Progress::Ended(StartError::Failed(())) => match self.error.with(Option::take) {
                Some(error) => Err(StartError::Failed(error)),
                None => unreachable!("the error is put there first"),
            },
            Progress::Ended(StartError::NotStarted) => Err(StartError::NotStarted),
            Progress::Ended(StartError::Panicked) => Err(StartError::Panicked),
            Progress::Ended(StartError::Closed) => Err(StartError::Closed),
            Progress::Ended(_) => Err(StartError::Cancelled),
            Progress::Waiting(_) | Progress::Over => {
                panic!("a start was polled after completion")
            }
        }
    }

    /// The starter goes. The error that it did not take, if the child has failed.
    fn give_up(&self) -> Option<E> {
        let before = self
            .signal
            .progress
            .with(|progress| mem::replace(progress, Progress::Over));
        match before {
            Progress::Ended(StartError::Failed(())) => self.error.with(Option::take),
            _ => None,
        }
    }
}

/// The child's share. Dropped, the child was cancelled.
pub(super) struct StartEnds<V, T, E> {
    teller: Teller<T>,
    starting: Starting<V, E>,
}

impl<V, T, E> StartEnds<V, T, E> {
    pub(super) fn new(teller: Teller<T>, starting: Starting<V, E>) -> Self {
        Self { teller, starting }
    }

    fn end_start(&self, why: StartError<()>) -> bool {
        self.starting.signal.end(Progress::Ended(why)).is_ok()
    }
}

impl<V, T, E> Ends<Result<T, E>, E> for StartEnds<V, T, E> {
    fn fails(&self, output: &Result<T, E>) -> bool {
        output.is_err() && !self.starting.signal.is_waited_for()
    }

    fn end(&self, output: Result<T, E>) -> Option<Node<E>> {
        match output {
            Ok(value) => {
                self.end_start(StartError::NotStarted);
                self.teller.tell(Ok(value));
                None
            }
            Err(error) => {
                self.starting.error.with(|place| *place = Some(error));
                let is_starters = self.end_start(StartError::Failed(()));
                self.teller.tell(Err(JoinError::Failed));
                if is_starters {
                    return None;
                }
                self.starting.error.with(Option::take).map(Node::Leaf)
            }
        }
    }

    fn end_without(&self, why: JoinError) {
        self.end_start(match why {
            JoinError::Panicked => StartError::Panicked,
            _ => StartError::Cancelled,
        });
        self.teller.tell(Err(why));
    }
}

impl<V, T, E> Drop for StartEnds<V, T, E> {
    fn drop(&mut self) {
        self.end_start(StartError::Cancelled);
    }
}
