//! What body and children have of their group.

use std::borrow::Cow;
use std::fmt::{self, Debug};
use std::future::Future;
use std::panic::Location;
use std::sync::{Arc, Mutex};

use super::child::{ChildArc, ChildOwner, Settled, Slot, TaskHandle, host};
use super::start::{Blame, Handshake, Start, Started, Starting, settle};
use super::state::{Child, Failure, Phase, Shared};
use crate::error_group::{Origin, Phase as Place};
use crate::runtime::{Cleanup, Spawn};
use crate::sync::CancelToken;
use crate::sync::cancel_token::{CancelKind, CancelReason};
use crate::sync::group::{ChildInfo, ChildState};
use crate::task::node::Node;
use crate::{ErrorGroup, SpawnError};

/// The handle of a [`task_group`](super::task_group()): adds children, lists and cancels them.
///
/// A clone is the same group. It may be passed into the children, which may add others; it may also
/// outlive the group, and then takes none.
pub struct TaskGroup<R, E> {
    pub(super) shared: Arc<Shared<R, E>>,
}

/// What a child is made of, but for its future.
struct Making<O, V, E> {
    name: Option<Cow<'static, str>>,
    location: &'static Location<'static>,
    settle: fn(O) -> Settled<V, E>,
}

fn of_result<V, E>(ended: Result<V, E>) -> Settled<V, E> {
    match ended {
        Ok(value) => Settled::Value(value),
        Err(error) => Settled::Failed(error),
    }
}

fn of_group<V, E>(ended: Result<V, ErrorGroup<E>>) -> Settled<V, E> {
    match ended {
        Ok(value) => Settled::Value(value),
        Err(errors) => Settled::FailedGroup(errors),
    }
}

impl<R, E> TaskGroup<R, E>
where
    R: Spawn + Cleanup,
    E: Debug + Send + 'static,
{
    /// Runs `future` in a task of its own, as a child of the group, and gives a handle to its value.
    ///
    /// Its first error aborts the group. Where the group takes no children any more, `future` is dropped,
    /// and the handle says [`Closed`](crate::JoinError::Closed).
    #[track_caller]
    pub fn spawn<F, V>(&self, future: F) -> TaskHandle<V>
    where
        F: Future<Output = Result<V, E>> + Send + 'static,
        V: Send + 'static,
    {
        let handle = self.try_spawn(future);
        handle.unwrap_or_else(|_refused| TaskHandle::closed())
    }

    /// [`spawn`](Self::spawn), with a name, for errors and listings.
    #[track_caller]
    pub fn spawn_named<F, V>(&self, name: impl Into<Cow<'static, str>>, future: F) -> TaskHandle<V>
    where
        F: Future<Output = Result<V, E>> + Send + 'static,
        V: Send + 'static,
    {
        let making = Making {
            name: Some(name.into()),
            location: Location::caller(),
            settle: of_result,
        };
        let handle = self.add(future, making);
        handle.unwrap_or_else(|_refused| TaskHandle::closed())
    }

    /// [`spawn`](Self::spawn), if the group takes children.
    ///
    /// # Errors
    ///
    /// [`SpawnError`], with `future`, once the group was cancelled, has failed, or has ended.
    #[track_caller]
    pub fn try_spawn<F, V>(&self, future: F) -> Result<TaskHandle<V>, SpawnError<F>>
    where
        F: Future<Output = Result<V, E>> + Send + 'static,
        V: Send + 'static,
    {
        let making = Making {
            name: None,
            location: Location::caller(),
            settle: of_result,
        };
        self.add(future, making).map_err(SpawnError)
    }

    /// [`spawn`](Self::spawn), for a child that fails with a group of errors, such as a group of its
    /// own: they become one entry, with their structure.
    #[track_caller]
    pub fn spawn_group<F, V>(&self, future: F) -> TaskHandle<V>
    where
        F: Future<Output = Result<V, ErrorGroup<E>>> + Send + 'static,
        V: Send + 'static,
    {
        let making = Making {
            name: None,
            location: Location::caller(),
            settle: of_group,
        };
        let handle = self.add(future, making);
        handle.unwrap_or_else(|_refused| TaskHandle::closed())
    }

    /// Runs a child, and waits until it says that it has started: for a server that is to listen
    /// before its clients are told.
    ///
    /// The child begins at once; it gets a [`Started`], to which it gives a value for whoever waits
    /// here. An error from before that is this caller's, and not the group's.
    ///
    /// # Cancel safety
    ///
    /// Dropped before the child has started, it cancels the child.
    ///
    /// # Errors
    ///
    /// [`StartError`](crate::StartError): the child has ended, and so has its cleanup.
    ///
    /// # Examples
    ///
    /// ```
    /// use withal::runtime::Runtime;
    /// use withal::task_group::{Started, TaskGroup};
    ///
    /// # async fn serve(_: u16) -> Result<(), std::io::Error> { Ok(()) }
    /// async fn port(group: &TaskGroup<impl Runtime, std::io::Error>) -> Option<u16> {
    ///     let started = group.start(async |started: Started<u16>| {
    ///         let port = 8080; // bound by now
    ///         started.send(port).ok();
    ///         serve(port).await
    ///     });
    ///     let (port, _server) = started.await.ok()?;
    ///     Some(port)
    /// }
    /// ```
    ///
    /// Source: Trio's `Nursery.start`.
    #[track_caller]
    pub fn start<S, V, F, Fut>(&self, child: F) -> Start<S, V, E>
    where
        F: FnOnce(Started<S>) -> Fut,
        Fut: Future<Output = Result<V, E>> + Send + 'static,
        S: Send + 'static,
        V: Send + 'static,
    {
        let location = Location::caller();
        let shake = Handshake::new();
        let starting = Starting::new(child(shake.started()), shake.clone());
        let making = Making {
            name: None,
            location,
            settle,
        };
        let handle = self.add(starting, making);
        let handle = handle.unwrap_or_else(|_refused| TaskHandle::closed());
        let origin = Origin::new(Place::Task).at(location);
        Start::new(handle, shake, self.shared.clone(), origin)
    }

    fn add<F, O, V>(&self, future: F, making: Making<O, V, E>) -> Result<TaskHandle<V>, F>
    where
        F: Future<Output = O> + Send + 'static,
        O: Send + 'static,
        V: Send + 'static,
    {
        let is_cancelled = self.shared.token().is_cancelled();
        let mut state = self.shared.lock();
        if state.phase != Phase::Open || is_cancelled {
            drop(state);
            return Err(future);
        }
        let owner = ChildOwner {
            group: self.shared.clone(),
            index: state.next(),
            name: making.name,
            location: making.location,
            settle: making.settle,
            slot: Mutex::new(Slot::Running(None)),
        };
        let node: ChildArc<R, E, F, O, V> = Node::new("task_group", future, owner);
        let child: Child = node.clone();
        let has_room = state.insert(child);
        drop(state);
        if has_room {
            host(&self.shared.rt, node.clone());
        }
        Ok(TaskHandle::new(node))
    }

    /// Cancels the group: its body and its children, which is no failure. Whether it was the first to
    /// do so; later calls, also after the end, do nothing.
    ///
    /// It takes no children from here on. Who calls this, body or child, is dropped where it waits next;
    /// a body that returns at once gives the group its value.
    #[track_caller]
    pub fn cancel(&self) -> bool {
        self.cancel_with(CancelKind::Requested)
    }

    /// [`cancel`](Self::cancel), with a reason, which the [token](Self::token) tells.
    #[track_caller]
    pub fn cancel_with(&self, reason: impl Into<CancelReason>) -> bool {
        self.shared.abort(reason)
    }
}

impl<R, E> TaskGroup<R, E> {
    /// Lets at most `limit` children run at a time from now on; the others wait, first in, first out.
    ///
    /// Those that run already go on. A child that waits for one that waits for its turn waits in vain.
    pub fn limit(&self, limit: usize) {
        self.shared.set_limit(limit);
    }

    /// The token of the group: cancelled when the group is, or fails, so that children may end of
    /// their own accord, for which [`grace`](super::RunTaskGroup::grace) gives them time. Cancelling it
    /// cancels the group.
    ///
    /// It is a child of the [parent](super::RunTaskGroup::parent) of the group, whoever spawns.
    pub fn token(&self) -> &CancelToken {
        self.shared.token()
    }

    /// The children that have not ended, in the order in which they were spawned.
    pub fn tasks(&self) -> Vec<ChildInfo> {
        let state = self.shared.lock();
        let info = |(number, child): (usize, Child)| {
            let mut info = child.info();
            if state.waits(number) {
                info.state = ChildState::Waiting;
            }
            info
        };
        state.numbered().into_iter().map(info).collect()
    }

    /// How many children have not ended.
    pub fn len(&self) -> usize {
        self.shared.lock().len()
    }

    /// Whether every child has ended.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether the group takes no more children: it was cancelled, has failed, or has ended.
    pub fn is_closed(&self) -> bool {
        self.shared.phase() != Phase::Open
    }
}

impl<R, E> Blame<E> for Shared<R, E>
where
    R: Cleanup,
    E: Debug + Send + 'static,
{
    fn blame(&self, origin: Origin, failure: Failure<E>) {
        self.fail(origin, failure);
    }
}

impl<R, E> Clone for TaskGroup<R, E> {
    fn clone(&self) -> Self {
        Self {
            shared: self.shared.clone(),
        }
    }
}

impl<R, E> fmt::Debug for TaskGroup<R, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskGroup")
            .field("location", &self.shared.location)
            .field("children", &self.len())
            .field("closed", &self.is_closed())
            .finish_non_exhaustive()
    }
}
