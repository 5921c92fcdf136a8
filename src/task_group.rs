//! Tasks that belong together: [`task_group`](task_group()).

mod body;
mod child;
mod group;
mod slab;
mod start;
mod state;
#[cfg(test)]
mod tests;

use std::convert::Infallible;
use std::fmt::{self, Debug};
use std::future::Future;
use std::marker::PhantomData;
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use pin_project_lite::pin_project;

use self::body::{GroupBody, GroupScope};
pub use self::child::TaskHandle;
pub use self::group::TaskGroup;
pub use self::start::{Start, Started};
use self::state::Shared;
use crate::runtime::{Cleanup, Spawn};
use crate::sync::CancelToken;
pub use crate::sync::group::{ChildInfo, ChildState};
use crate::{Body, ErrorGroup, ScopeError, with};

/// How long a group that is cancelled waits for cleanup, unless it is told otherwise: half a minute,
/// longer than a healthy goodbye over a network takes, shorter than the patience of who watches a
/// program that does not stop.
pub const DEFAULT_BUDGET: Duration = Duration::from_secs(30);

/// Runs `body`, and the children that are added to its group, each in a task of its own; ends when all
/// have ended.
///
/// The first that fails, body or child, aborts the group: the others are cancelled and their cleanup
/// awaited, and then their errors come out together. No task outlives the group, none is lost in
/// silence: not when it fails, is cancelled, or is dropped; nor where the executor drops a task, as one
/// that shuts down does: the group's own future then polls the child in its place.
///
/// To cancel a child is to drop it where it lies, in its own task, with its cleanup awaited there; a
/// scope in it that is being exited ends first. With a [`grace`](RunTaskGroup::grace), body and
/// children are asked first, by the group's [token](TaskGroup::token).
///
/// Children need to own what they use; `withal::sync` has a group whose children borrow, and share its
/// task.
///
/// # Cancel safety
///
/// Dropped before the first poll, it does nothing. Dropped later, it cancels body and children, and
/// leaves the wait for them to whoever drops it, as a scope does; errors and panics of which no caller
/// hears by that are reported. Leaked, it leaks the body, and children end by themselves. A
/// child that is cancelled before its first poll never runs: let it own what it is to close.
///
/// # Errors
///
/// [`ErrorGroup`], always, even with a single error: those of the children in order of completion, with
/// name and place, also those with which they fail while they are cancelled; that of the body last. A
/// child that was cancelled is no failure. Where the group was cancelled, nothing has failed, and the
/// body has come to no value, the group of errors is empty, and a note tells why.
///
/// # Panics
///
/// A panic of the body, or of a child, aborts the group, and goes on when all have ended. It wins over
/// errors and later panics, which are reported. If polled again after completion.
///
/// # Complexity
///
/// An allocation for each child besides those of its task; a few for the group. Adding and ending a
/// child take constant time.
///
/// # Examples
///
/// ```
/// # #[cfg(feature = "smol")] {
/// use withal::smol::SmolRuntime;
/// use withal::task_group;
///
/// let ran = withal::run(&SmolRuntime::global(), async |rt| {
///     task_group(rt, async |group| {
///         let squares = [1, 2, 3].map(|n| group.spawn(async move { Ok::<u32, String>(n * n) }));
///         let mut sum = 0;
///         for square in squares {
///             sum += square.await.unwrap_or_default();
///         }
///         Ok(sum)
///     })
///     .await
/// });
/// assert_eq!(ran.output.unwrap(), 14);
///
/// let ran = withal::run(&SmolRuntime::global(), async |rt| {
///     task_group(rt, async |group| {
///         group.spawn_named("clock", std::future::pending::<Result<(), String>>());
///         group.spawn_named("disk", async { Err::<(), _>("full".to_owned()) });
///         Ok(())
///     })
///     .await
/// });
/// let errors = ran.output.unwrap_err();
/// let (path, error) = errors.leaves().next().unwrap();
/// assert_eq!((path.origin().name(), error.as_str()), (Some("disk"), "full"));
/// # }
/// ```
///
/// Source: asyncio's `TaskGroup`, Trio's nurseries; differs in that children are never left behind, in
/// panics, and in what a drop does.
#[track_caller]
pub fn task_group<'r, R, F, T, E>(
    rt: &'r R,
    body: F,
) -> RunTaskGroup<R, E, T, impl Future<Output = Ended<T>> + use<'r, R, F, T, E>>
where
    R: Spawn + Cleanup,
    F: Body<TaskGroup<R, E>, Out = Result<T, E>> + AsyncFnOnce(TaskGroup<R, E>) -> Result<T, E>,
    E: Debug + Send + 'static,
{
    let shared = Shared::new(rt.clone(), Location::caller());
    let group = shared.clone();
    let begin = move |(): &mut ()| {
        let handle = TaskGroup {
            shared: group.clone(),
        };
        GroupBody::new(group, body(handle))
    };
    let scope = with(rt, GroupScope(shared.clone()), begin).budget(DEFAULT_BUDGET);
    RunTaskGroup {
        shared: Claim {
            shared,
            unheard: Shared::unheard,
        },
        scope,
        set_budget: |scope, budget| scope.budget(budget),
        _value: PhantomData,
    }
}

/// How the scope ends that runs a group.
type Ended<T> = Result<Option<T>, ScopeError<Infallible, Infallible, Option<T>>>;

pin_project! {
    /// The future that [`task_group`](task_group()) returns, and the way to set it up.
    #[must_use = "futures do nothing unless polled"]
    pub struct RunTaskGroup<R, E, T, W> {
        // Above the scope: it is to know that nobody hears before that is dropped.
        shared: Claim<R, E>,
        #[pin]
        scope: W,
        set_budget: fn(W, Duration) -> W,
        _value: PhantomData<fn() -> T>,
    }
}

/// The caller's claim to what the group comes to.
struct Claim<R, E> {
    shared: Arc<Shared<R, E>>,
    unheard: fn(&Shared<R, E>),
}

impl<R, E> Drop for Claim<R, E> {
    fn drop(&mut self) {
        (self.unheard)(&self.shared);
    }
}

impl<R, E, T, W> RunTaskGroup<R, E, T, W> {
    /// Begins with a limit to how many children run at a time: see [`TaskGroup::limit`].
    pub fn limit(self, limit: usize) -> Self {
        self.shared.shared.set_limit(limit);
        self
    }

    /// When the group is cancelled, or fails, body and children are asked to end, by the group's
    /// [token](TaskGroup::token), and dropped only after `grace`; when its future is dropped, the body
    /// goes at once, and the children have the grace. Zero unless it is set. Where the runtime has no
    /// clock, it is zero.
    pub fn grace(self, grace: Duration) -> Self {
        self.shared.shared.lock().grace = grace;
        self.fit_budget()
    }

    /// How long the cleanup of what was dropped is waited for: [`DEFAULT_BUDGET`] unless it is set.
    ///
    /// When it is over, the group returns; what is left is reported by name and place, and goes on by
    /// itself, where [`drain`](crate::cleanup::drain) finds it.
    pub fn budget(self, budget: Duration) -> Self {
        self.shared.shared.lock().budget = budget;
        self.fit_budget()
    }

    /// The group is cancelled when `token` is, whoever spawns its children and wherever it runs. The
    /// first parent counts.
    pub fn parent(self, token: &CancelToken) -> Self {
        self.shared.shared.set_parent(token);
        self
    }

    /// The scope's budget begins with the exit, and so before a grace.
    fn fit_budget(self) -> Self {
        let state = self.shared.shared.lock();
        let budget = state.budget.saturating_add(state.grace);
        drop(state);
        Self {
            scope: (self.set_budget)(self.scope, budget),
            ..self
        }
    }
}

impl<R, E, T, W> Future for RunTaskGroup<R, E, T, W>
where
    R: Cleanup,
    E: Debug + Send + 'static,
    W: Future<Output = Ended<T>>,
{
    type Output = Result<T, ErrorGroup<E>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let value = match ready!(this.scope.poll(cx)) {
            Ok(value) => value,
            // Over its budget, which was reported.
            Err(ScopeError::Exit { value, .. }) => value,
            Err(_) => None,
        };
        Poll::Ready(this.shared.shared.result(value))
    }
}

impl<R, E, T, W> fmt::Debug for RunTaskGroup<R, E, T, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.shared.shared.lock();
        f.debug_struct("RunTaskGroup")
            .field("location", &self.shared.shared.location)
            .field("children", &state.len())
            .finish_non_exhaustive()
    }
}
