//! A task that is owned: cancelled and cleaned up by whoever has its handle.

pub(crate) mod node;
mod owned;
pub(crate) mod registry;
#[cfg(test)]
mod tests;

use std::any::type_name;
use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use self::node::{Driver, Node};
use self::owned::{Joined, TaskOwner};
use crate::cleanup::{About, Subject};
use crate::runtime::{Cleanup, Spawn, TaskError};

/// Starts `future` in a task of its own, and gives a handle that owns it.
///
/// Whoever has the handle decides over the task: awaits it, [cancels](Task::cancel) it and waits for
/// its cleanup, or [detaches](Task::detach) it. A task that nobody wants any more does not go on by
/// itself: dropping the handle cancels it.
///
/// The future is dropped by the task, where it lies, and never by the runtime's own abort; so the
/// scopes in it are exited before it counts as ended. Where the executor drops the task, as one that
/// shuts down does, it goes on in whoever awaits the handle.
///
/// For tasks that belong together, see `task_group`.
///
/// # Cancel safety
///
/// Dropping the handle cancels the task. Its cleanup is the dropper's, like that of a scope: awaited
/// by a combinator of ours or by the enclosing scope, and with neither it ends on its own, where
/// [`drain`](crate::cleanup::drain) finds it. A handle that is leaked detaches the task, unseen by
/// [`run`](crate::run). A task that comes to own its own handle waits for itself.
///
/// # Errors
///
/// The handle gives [`TaskError`] for a task that panicked or was cancelled, after its cleanup. A
/// panic of which nobody hears is reported.
///
/// # Complexity
///
/// An allocation besides those of the executor.
///
/// # Examples
///
/// ```
/// # #[cfg(feature = "smol")] {
/// use withal::smol::SmolRuntime;
///
/// let ran = withal::run(&SmolRuntime::global(), async |rt| {
///     let answer = withal::spawn(rt, async { 42 });
///     let poller = withal::spawn(rt, async { std::future::pending::<()>().await });
///     let cancelled = poller.cancel().await.unwrap_err(); // after its cleanup
///     assert!(!cancelled.is_panic());
///     answer.await.unwrap()
/// });
/// assert_eq!(ran.output, 42);
/// # }
/// ```
///
/// Source: `tokio::spawn`, smol's `Task`; differs in that whoever cancels waits for the cleanup.
#[track_caller]
pub fn spawn<R, F>(rt: &R, future: F) -> Task<F::Output>
where
    R: Spawn + Cleanup,
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let (name, location) = (type_name::<F>(), Location::caller());
    let about = About::new(Subject::Task, name, location, rt.id());
    let node = Node::new("task", future, TaskOwner::new(rt.clone(), about));
    drop(rt.spawn(Driver::new(node.clone())));
    Task { node: Some(node) }
}

/// The handle of a task of its own: what [`spawn`] gives. A future of the task's value.
///
/// Dropping it cancels the task, see [`spawn`].
#[must_use = "dropping it cancels the task: await it, cancel it, or detach it"]
pub struct Task<T> {
    // `None` once the result was given, or the task was detached.
    node: Option<Pin<Arc<dyn Joined<T>>>>,
}

impl<T> Task<T> {
    /// Cancels the task, and waits until it has ended.
    ///
    /// A scope in it that is being exited ends first, and if the task ends by that, its value comes
    /// out: nothing that was done is lost.
    ///
    /// # Cancel safety
    ///
    /// It cancels from its first poll on. Dropped, also before, it does what dropping the handle does.
    ///
    /// # Errors
    ///
    /// [`TaskError`]: it was cancelled, which is the usual end, or it panicked.
    ///
    /// # Panics
    ///
    /// If polled again after completion.
    pub fn cancel(self) -> CancelTask<T> {
        CancelTask { task: self }
    }

    /// Lets the task go on without a handle.
    ///
    /// It then ends by itself; or [`run`](crate::run) cancels it at the end of the program, and waits
    /// for its cleanup. Its value is dropped, and a panic reported.
    pub fn detach(mut self) {
        if let Some(node) = self.node.take() {
            node.detach();
        }
    }

    /// Whether it has ended. Its cleanup has, too.
    pub fn is_finished(&self) -> bool {
        self.node.as_ref().is_none_or(|node| node.has_ended())
    }
}

impl<T> Future for Task<T> {
    type Output = Result<T, TaskError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(node) = &self.node else {
            panic!("a task was polled after completion");
        };
        let Some(result) = ready!(node.as_ref().poll_join(cx)) else {
            unreachable!("its result is taken once, by its handle");
        };
        self.node = None;
        Poll::Ready(result)
    }
}

impl<T> Drop for Task<T> {
    fn drop(&mut self) {
        if let Some(node) = self.node.take() {
            node.leave();
        }
    }
}

impl<T> fmt::Debug for Task<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Task")
            .field("about", &self.node.as_ref().map(|node| node.about()))
            .field("finished", &self.is_finished())
            .finish_non_exhaustive()
    }
}

/// The future that [`Task::cancel`] returns.
#[derive(Debug)]
#[must_use = "dropping it cancels the task too, but does not wait: `.await` it"]
pub struct CancelTask<T> {
    task: Task<T>,
}

impl<T> Future for CancelTask<T> {
    type Output = Result<T, TaskError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if let Some(node) = &self.task.node {
            node.cancel();
        }
        Pin::new(&mut self.task).poll(cx)
    }
}
