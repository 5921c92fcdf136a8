//! Blocks that can be asked to stop, and are then stopped.

mod end;
mod handle;
mod parent;
mod run;
mod state;
#[cfg(test)]
mod tests;

use std::fmt;
use std::future::Future;
use std::mem;
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use pin_project_lite::pin_project;

pub use self::end::{CancelScopeError, ScopeEnd};
pub use self::handle::CancelScope;
use self::handle::Shared;
pub use self::parent::Parent;
use self::run::{Phase, Stage};
pub use self::state::{EffectiveDeadline, RescheduleError, ScopeState};
use crate::Body;
use crate::cancel::Branch;
use crate::cleanup::{Kind, Sendable, ThreadBound};
use crate::runtime::Timer;
use crate::sync::cancel_token::{CancelKind, WaitOwned};

/// Runs `body`, which can be cancelled through the handle that it is given: by itself, by other
/// tasks and threads, by a deadline, or by a parent.
///
/// All of these do the same, in this order:
///
/// 1. The scope is *asked*: its [token](CancelScope::token) is cancelled, which the body may watch.
/// 2. If the body has not ended when the [grace](CancelScoped::grace) is over, it is dropped where it
///    stands. There is no grace unless you give one. A scope in it that is being exited ends first,
///    and if the body ends by that, its output counts.
/// 3. Its cleanup is awaited, without bound or within the [budget](CancelScoped::budget).
///
/// The scope ends with a [`ScopeEnd`]: the body's output, if it came to one, though it was asked
/// meanwhile; and the reason for which it was asked, if it was. So a scope absorbs its own
/// cancellation, and that alone: one from around drops the scope like any other future.
///
/// The body is polled first, and wins a tie; so it is polled once in any case, also by a scope that
/// was cancelled before.
///
/// # Cancel safety
///
/// Dropped before its first poll, it does nothing. Dropped later, it asks (for
/// [`CancelKind::Dropped`]) whoever watches its token, drops its body, and leaves the cleanup to
/// whoever drops it. Leaked, it leaks its body, whose scopes are never exited; its handles work, but
/// nobody is dropped.
///
/// # Panics
///
/// A panic of the body goes on after its cleanup. If polled again after completion.
///
/// # Complexity
///
/// Two allocations: the token, and what the handles share. A poll that waits takes a lock that is
/// hardly ever contended.
///
/// # Examples
///
/// A body that is asked, and has a second to come to an end by itself:
///
/// ```
/// # #[cfg(feature = "smol")] {
/// use std::time::Duration;
/// use withal::cancel_scope;
/// use withal::smol::SmolRuntime;
///
/// let ran = withal::run(&SmolRuntime::global(), async |rt| {
///     cancel_scope(rt, async |scope| {
///         let mut pages = 0;
///         while !scope.token().is_cancelled() {
///             rt.sleep(Duration::from_millis(1)).await; // a page
///             pages += 1;
///         }
///         pages
///     })
///     .timeout(Duration::from_millis(20))
///     .grace(Duration::from_secs(1))
///     .await
/// });
/// assert!(ran.output.elapsed() && ran.output.into_result().unwrap() > 0);
/// # }
/// # use withal::runtime::Timer;
/// ```
///
/// Source: Trio's `CancelScope`; differs in that there is a grace, in that what is dropped is not
/// asked at each await, and in that no task is current: a parent is named.
#[track_caller]
pub fn cancel_scope<R, F, T>(
    rt: &R,
    body: F,
) -> CancelScoped<'_, R, F, <F as Body<CancelScope<R>>>::Fut, T>
where
    R: Timer,
    F: Body<CancelScope<R>, Out = T> + AsyncFnOnce(CancelScope<R>) -> T,
{
    CancelScoped {
        rt,
        location: Location::caller(),
        settings: Settings::default(),
        grace: Duration::ZERO,
        budget: None,
        phase: Phase::Created,
        stage: Stage::Created {
            make: Some(Maker {
                body,
                begin: |body, scope, location, mut stage| {
                    let branch = Branch::new("cancel_scope", body(scope)).called_at(location);
                    stage.set(Stage::Running { branch });
                },
            }),
        },
        shared: None,
        asked: None,
        begun: None,
        sleep: None,
        until: None,
    }
}

pin_project! {
    /// The future that [`cancel_scope`](crate::cancel_scope()) returns.
    ///
    /// No bound relates its parameters: the compiler forgets lifetimes where it looks whether a task
    /// is `Send`, and could not prove it of a body that borrows.
    #[must_use = "futures do nothing unless polled"]
    pub struct CancelScoped<'r, R: Timer, F, B, T, K: Kind = Sendable> {
        rt: &'r R,
        location: &'static Location<'static>,
        settings: Settings<R>,
        grace: Duration,
        budget: Option<Duration>,
        phase: Phase,
        #[pin]
        stage: Stage<Maker<R, F, B, T, K>, B, T, K>,
        // What the handles share: `Some` from the first handle or the first poll on.
        shared: Option<Arc<Shared<R>>>,
        // Ready once the token is cancelled.
        #[pin]
        asked: Option<WaitOwned>,
        begun: Option<R::Instant>,
        #[pin]
        sleep: Option<R::Sleep>,
        // What `sleep` sleeps until, while the scope is active.
        until: Option<R::Instant>,
    }

    impl<R: Timer, F, B, T, K: Kind> PinnedDrop for CancelScoped<'_, R, F, B, T, K> {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            if let Some(shared) = this.shared {
                if *this.phase != Phase::Created && *this.phase != Phase::Ended {
                    shared.ask(CancelKind::Dropped, this.location);
                }
                shared.finish(false);
            }
        }
    }
}

struct Settings<R: Timer> {
    timeout: Option<Duration>,
    deadline: Option<R::Instant>,
    parent: Option<Parent<R>>,
    shielded: bool,
}

impl<R: Timer> Default for Settings<R> {
    fn default() -> Self {
        Self {
            timeout: None,
            deadline: None,
            parent: None,
            shielded: false,
        }
    }
}

/// What makes the body.
struct Maker<R: Timer, F, B, T, K: Kind> {
    body: F,
    /// Calls it, and puts what it returns in its place. A bound that says that it can be called so
    /// would relate `F` and `B`.
    begin: Begin<R, F, Stage<Self, B, T, K>>,
}

type Begin<R, F, S> = fn(F, CancelScope<R>, &'static Location<'static>, Pin<&mut S>);

impl<'r, R, F, B, T> CancelScoped<'r, R, F, B, T>
where
    R: Timer,
    F: Body<CancelScope<R>, Fut = B, Out = T>,
    B: Future<Output = T>,
{
    /// Waits for `!Send` cleanups too, and becomes `!Send` itself.
    pub fn local(mut self) -> CancelScoped<'r, R, F, B, T, ThreadBound> {
        let make = match mem::replace(&mut self.stage, Stage::Ended) {
            Stage::Created { make } => make,
            // Nobody has a scope by value that was polled.
            Stage::Running { .. } | Stage::Ended => None,
        };
        CancelScoped {
            rt: self.rt,
            location: self.location,
            settings: mem::take(&mut self.settings),
            grace: self.grace,
            budget: self.budget,
            phase: self.phase,
            stage: Stage::Created {
                make: make.map(|make| Maker {
                    body: make.body,
                    begin: |body, scope, location, mut stage| {
                        let branch = Branch::new("cancel_scope", body(scope)).called_at(location);
                        let branch = branch.local();
                        stage.set(Stage::Running { branch });
                    },
                }),
            },
            shared: self.shared.take(),
            asked: None,
            begun: None,
            sleep: None,
            until: None,
        }
    }
}

impl<'r, R: Timer, F, B, T, K: Kind> CancelScoped<'r, R, F, B, T, K> {
    /// Asks when the scope has run for this long, counted from its first poll.
    ///
    /// With a [`deadline`](Self::deadline) besides, the nearer one counts.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.settings.timeout = Some(timeout);
        self
    }

    /// Asks at this moment.
    pub fn deadline(mut self, deadline: R::Instant) -> Self {
        self.settings.deadline = Some(deadline);
        self
    }

    /// The time from being asked to being dropped. None, unless given.
    pub fn grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }

    /// Bounds the wait for the cleanup, which begins when the body is dropped or has ended; an exit
    /// in progress that is let end counts. Without bound, unless given.
    ///
    /// When it runs out, liveness wins: what is unfinished goes on by itself, is reported by name and
    /// location, and the scope ends.
    pub fn budget(mut self, budget: Duration) -> Self {
        self.budget = Some(budget);
        self
    }

    /// Makes it follow a [`CancelScope`] or a [`CancelToken`](crate::CancelToken): when that is
    /// cancelled, this scope is asked, for the same reason.
    ///
    /// Nothing around a scope is its parent by itself. A scope in the body of another needs none to be
    /// dropped with it; it needs one for its body to be asked before.
    ///
    /// # Panics
    ///
    /// If a handle was taken before.
    pub fn parent(mut self, parent: impl Into<Parent<R>>) -> Self {
        self.refuse_handles();
        self.settings.parent = Some(parent.into());
        self
    }

    /// With its shield up, the scope is not asked when its parent is cancelled, and the parent's
    /// deadline does not count; its own do. [`CancelScope::set_shielded`] lifts it.
    ///
    /// A shield keeps off what *asks*. Against being dropped with what is around it,
    /// [`shield`](crate::shield) keeps a future alive, which is bounded as well, and which has to own
    /// what it uses.
    ///
    /// # Panics
    ///
    /// If a handle was taken before.
    pub fn shield(mut self, shielded: bool) -> Self {
        self.refuse_handles();
        self.settings.shielded = shielded;
        self
    }

    /// A handle, before the scope is entered: the same that the body is given.
    pub fn handle(&mut self) -> CancelScope<R> {
        let settings = &mut self.settings;
        let shared = self
            .shared
            .get_or_insert_with(|| Shared::new(settings.parent.take(), settings.shielded));
        CancelScope::new(shared.clone())
    }

    fn refuse_handles(&self) {
        assert!(
            self.shared.is_none(),
            "parent and shield of a cancel scope must be set before its handle is taken"
        );
    }
}

impl<R: Timer, F, B, T, K: Kind> fmt::Debug for CancelScoped<'_, R, F, B, T, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CancelScoped")
            .field("location", &self.location)
            .field("phase", &self.phase)
            .finish_non_exhaustive()
    }
}
