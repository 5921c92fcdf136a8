//! A child of a group: what its node knows, and its handle.

use std::borrow::Cow;
use std::fmt::{self, Debug};
use std::future::Future;
use std::mem;
use std::panic::Location;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use super::state::{Failure, Shared, about};
use crate::cleanup::Subject;
use crate::error_group::{Origin, Phase};
use crate::runtime::{Cleanup, Spawn, TaskError};
use crate::sync::group::{ChildInfo, ChildState};
use crate::task::node::{Driver, Hosted, Node, Owner, Run, keep_waker, lock};
use crate::{ErrorGroup, JoinError};

/// What is left to say of a child's output.
pub(super) enum Settled<V, E> {
    Value(V),
    Failed(E),
    FailedGroup(ErrorGroup<E>),
    /// It has failed, and who started it has the error.
    Told,
}

/// What its node knows of a child.
pub(super) struct ChildOwner<R, E, O, V> {
    pub(super) group: Arc<Shared<R, E>>,
    /// Its number in the group.
    pub(super) index: usize,
    pub(super) name: Option<Cow<'static, str>>,
    pub(super) location: &'static Location<'static>,
    pub(super) settle: fn(O) -> Settled<V, E>,
    pub(super) slot: Mutex<Slot<V>>,
}

/// Between a child and its handle.
pub(super) enum Slot<V> {
    Running(Option<Waker>),
    Ended(Result<V, JoinError>),
    /// And the handle knows how.
    Told,
}

impl<V> Slot<V> {
    /// Whether there is a result, and the group is aborted for it.
    fn is_failure(&self) -> bool {
        matches!(
            self,
            Self::Ended(Err(JoinError::Failed | JoinError::Panicked))
        )
    }
}

type ChildNode<R, E, F, O, V> = Node<F, O, ChildOwner<R, E, O, V>>;

pub(super) type ChildArc<R, E, F, O, V> = Pin<Arc<ChildNode<R, E, F, O, V>>>;

/// What the group asks of a child.
pub(super) trait Member: Run {
    /// Gives it to the executor.
    fn host(self: Pin<Arc<Self>>);
    fn info(&self) -> ChildInfo;
}

/// What its handle asks of a child.
trait Handled<V>: Run {
    fn poll_result(&self, cx: &mut Context<'_>) -> Poll<Result<V, JoinError>>;
    fn is_finished(&self) -> bool;
    fn name(&self) -> Option<&str>;
    fn location(&self) -> &'static Location<'static>;
    /// It was cancelled: if it waits for its turn, that is now.
    fn out_of_turn(&self);
}

impl<R, E, O, V> ChildOwner<R, E, O, V> {
    /// Where an error comes from: the cleanup, if the child was cancelled.
    fn origin(&self, cancelled: bool) -> Origin {
        let phase = match cancelled {
            true => Phase::Cleanup,
            false => Phase::Task,
        };
        let origin = Origin::new(phase).at(self.location);
        match &self.name {
            Some(name) => origin.named(name.clone()),
            None => origin,
        }
    }
}

impl<R, E, O, V> Owner<O> for ChildOwner<R, E, O, V>
where
    R: Cleanup,
    E: Debug + Send + 'static,
    O: Send + 'static,
    V: Send + 'static,
{
    fn ended(&self, result: Result<O, TaskError>, cancelled: bool) {
        // First, so that who waits for it is cancelled, and not told that it has failed.
        let result = match result.map(self.settle) {
            Ok(Settled::Value(value)) => Ok(value),
            Ok(Settled::Failed(error)) => {
                self.group.fail(self.origin(cancelled), Failure::One(error));
                Err(JoinError::Failed)
            }
            Ok(Settled::FailedGroup(errors)) => {
                self.group
                    .fail(self.origin(cancelled), Failure::Group(errors));
                Err(JoinError::Failed)
            }
            Ok(Settled::Told) => Err(JoinError::Failed),
            Err(panic) if panic.is_panic() => {
                let about = about(Subject::Task, self.location, self.group.rt.id());
                self.group.panicked(about, panic);
                Err(JoinError::Panicked)
            }
            Err(_) => Err(JoinError::Cancelled),
        };
        // Before the group may end, so that its handle has the result afterwards.
        let before = mem::replace(&mut *lock(&self.slot), Slot::Ended(result));
        self.group.remove(self.index);
        if let Slot::Running(waiting) = before {
            waiting.into_iter().for_each(Waker::wake);
        }
    }
}

/// Gives a child to the executor.
pub(super) fn host<R: Spawn, N: Hosted + ?Sized + 'static>(rt: &R, child: Pin<Arc<N>>) {
    // Detached: the group waits for the child, not for the executor.
    drop(rt.spawn(Driver::new(child)));
}

impl<R, E, F, O, V> Member for ChildNode<R, E, F, O, V>
where
    R: Spawn + Cleanup,
    E: Debug + Send + 'static,
    F: Future<Output = O> + Send + 'static,
    O: Send + 'static,
    V: Send + 'static,
{
    fn host(self: Pin<Arc<Self>>) {
        host(&self.owner.group.rt, self.clone());
    }

    fn info(&self) -> ChildInfo {
        let owner = &self.owner;
        let state = match self.is_cancelled() {
            true => ChildState::Cancelling,
            false => ChildState::Running,
        };
        ChildInfo::new(owner.name.clone(), owner.location, state)
    }
}

impl<R, E, F, O, V> Hosted for ChildNode<R, E, F, O, V>
where
    R: Cleanup,
    E: Debug + Send + 'static,
    F: Future<Output = O> + Send + 'static,
    O: Send + 'static,
    V: Send + 'static,
{
    fn discarded(self: Pin<Arc<Self>>) {
        self.mark_gone();
        self.owner.group.adopt(self.owner.index);
    }
}

impl<R, E, F, O, V> Handled<V> for ChildNode<R, E, F, O, V>
where
    R: Cleanup,
    E: Debug + Send + 'static,
    F: Future<Output = O> + Send + 'static,
    O: Send + 'static,
    V: Send + 'static,
{
    fn poll_result(&self, cx: &mut Context<'_>) -> Poll<Result<V, JoinError>> {
        let is_failure = lock(&self.owner.slot).is_failure();
        if is_failure && self.owner.group.withholds(cx.waker()) {
            return Poll::Pending;
        }
        let mut before = Slot::Told;
        let waits = keep_waker(&self.owner.slot, cx.waker(), |slot| match slot {
            Slot::Running(waiting) => Some(waiting),
            _ => {
                before = mem::replace(slot, Slot::Told);
                None
            }
        });
        match before {
            _ if waits => Poll::Pending,
            Slot::Ended(result) => Poll::Ready(result),
            _ => panic!("a task's handle was polled after completion"),
        }
    }

    fn is_finished(&self) -> bool {
        !matches!(&*lock(&self.owner.slot), Slot::Running(_))
    }

    fn name(&self) -> Option<&str> {
        self.owner.name.as_deref()
    }

    fn location(&self) -> &'static Location<'static> {
        self.owner.location
    }

    fn out_of_turn(&self) {
        self.owner.group.unqueue(self.owner.index);
    }
}

/// The handle of a child of a [`task_group`](crate::task_group()): a future of its value.
///
/// The group waits for the child, whatever becomes of this: dropping it detaches nothing. The result
/// can be had while the group runs, and after it has ended.
///
/// # Cancel safety
///
/// Dropping or leaking it changes nothing for the child, whose value is dropped with its end.
///
/// # Errors
///
/// [`JoinError`]. An error of the child is the group's, which has been aborted by then: a body that
/// waits for a child that fails is cancelled where it waits, and others are told only then. A group with
/// a grace tells at once.
///
/// # Panics
///
/// If polled again after completion.
pub struct TaskHandle<V> {
    child: Option<Pin<Arc<dyn Handled<V>>>>,
    /// Where there is no child: it was not taken, or its result was looked at already.
    ended: Option<Result<V, JoinError>>,
}

// Nothing in it is pinned.
impl<V> Unpin for TaskHandle<V> {}

impl<V> TaskHandle<V> {
    pub(super) fn new<R, E, F, O>(child: ChildArc<R, E, F, O, V>) -> Self
    where
        R: Cleanup,
        E: Debug + Send + 'static,
        F: Future<Output = O> + Send + 'static,
        O: Send + 'static,
        V: Send + 'static,
    {
        Self {
            child: Some(child),
            ended: None,
        }
    }

    pub(super) fn closed() -> Self {
        Self::ended(Err(JoinError::Closed))
    }

    pub(super) fn ended(result: Result<V, JoinError>) -> Self {
        Self {
            child: None,
            ended: Some(result),
        }
    }

    /// Cancels the child, which is no failure of it: it is dropped where it lies, and its cleanup
    /// awaited, by its own task. A scope in it that is being exited ends first, and if the child ends
    /// by that, its value counts. One that has not begun never runs.
    ///
    /// It does not wait; awaiting the handle does.
    pub fn cancel(&self) {
        if let Some(child) = &self.child {
            child.cancel();
            child.out_of_turn();
        }
    }

    /// Whether the child has ended. Its cleanup has, too.
    pub fn is_finished(&self) -> bool {
        self.child.as_ref().is_none_or(|child| child.is_finished())
    }

    /// Where the child was spawned, if the group took it.
    pub fn location(&self) -> Option<&'static Location<'static>> {
        self.child.as_ref().map(|child| child.location())
    }

    /// The name of the child, if it has one.
    pub fn name(&self) -> Option<&str> {
        self.child.as_ref().and_then(|child| child.name())
    }
}

impl<V> Future for TaskHandle<V> {
    type Output = Result<V, JoinError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if let Some(child) = &self.child {
            return child.poll_result(cx);
        }
        match self.ended.take() {
            Some(ended) => Poll::Ready(ended),
            None => panic!("a task's handle was polled after completion"),
        }
    }
}

impl<V> fmt::Debug for TaskHandle<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskHandle")
            .field("name", &self.name())
            .field("finished", &self.is_finished())
            .finish_non_exhaustive()
    }
}
