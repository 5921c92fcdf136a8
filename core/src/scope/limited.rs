//! Limits on the time that a scope's enter and exit may take.

mod countdown;
mod error;
mod exit;

use core::fmt;
use core::future::{Future, poll_fn};
use core::marker::PhantomData;
use core::panic::Location;
use core::pin::pin;
use core::task::{Poll, ready};
use core::time::Duration;

use self::countdown::Countdown;
pub use self::error::LimitedError;
pub(crate) use self::exit::{LimitedExit, Way};
use super::exit::{ExitFuture, Told, Why};
use super::manager::{Managed, Manager};
use super::policy::Suppress;
use super::reason::Failure;
use crate::cancel::Cancellable;
use crate::cleanup::scope_link::Bequest;
use crate::cleanup::{About, Subject};
use crate::runtime::{Cleanup, Timer};

/// Limits the time that the enter of `scope` may take, the time that its exit may take, or both: by
/// [`enter_timeout`](Limited::enter_timeout) and [`exit_timeout`](Limited::exit_timeout). Without one
/// of them it changes nothing but the type of the error.
///
/// The time is that of `rt`, which is cloned once, and runs from the first poll of the enter, or of the
/// exit. Each of the two is polled first, and wins a tie; with a timeout of zero it is polled once.
/// The body has whatever time it takes: that is what a timeout around the whole is for.
///
/// To bound how long the *caller* waits for all cleanup, that of the body included, use
/// [`With::budget`](super::With::budget).
///
/// # Cancel safety
///
/// That of `scope`. Dropped, its exit runs on elsewhere under the same limit, which what its body left
/// has as well.
///
/// # Errors
///
/// [`LimitedError`]: the scope's own, or which of the two took too long.
///
/// # Complexity
///
/// No look at the clock and no allocation of its own where nothing waits, else a boxed timer for each
/// of the two.
///
/// # Examples
///
/// ```
/// use core::time::Duration;
/// use withal_core::runtime::Runtime;
/// use withal_core::scope::{LimitedError, limited};
/// use withal_core::{Scope, ScopeError, with};
///
/// async fn ping<S>(rt: &impl Runtime, connection: S) -> bool
/// where
///     S: Scope<Error = std::io::Error>,
/// {
///     let connection = limited(rt, connection)
///         .enter_timeout(Duration::from_secs(5))
///         .exit_timeout(Duration::from_secs(1));
///     let ended = with(rt, connection, async |_| Ok::<_, std::io::Error>(true)).await;
///     match ended {
///         Err(ScopeError::Enter(LimitedError::EnterElapsed(_))) => false, // it does not answer
///         ended => ended.is_ok(),
///     }
/// }
/// ```
#[track_caller]
pub fn limited<R, M>(rt: &R, scope: M) -> Limited<R, M>
where
    R: Timer + Cleanup,
    M: Manager,
{
    Limited {
        rt: rt.clone(),
        location: Location::caller(),
        scope,
        enter: None,
        exit: None,
    }
}

/// The scope that [`limited`] makes.
#[must_use = "a scope does nothing unless it is entered"]
pub struct Limited<R, M> {
    rt: R,
    location: &'static Location<'static>,
    scope: M,
    enter: Option<Duration>,
    exit: Option<Duration>,
}

impl<R, M> Limited<R, M> {
    /// Bounds the enter. When the time is up it is dropped, what it had begun is cleaned up and
    /// waited for, and [`LimitedError::EnterElapsed`] comes out; the body does not run.
    ///
    /// An exit that is in progress in it ends first, and if the enter ends by that, it counts.
    pub fn enter_timeout(mut self, timeout: Duration) -> Self {
        self.enter = Some(timeout);
        self
    }

    /// Bounds the exit. When the time is up it goes on by itself, on the runtime that was given here,
    /// from where it stands, and is reported; the scope moves on, with [`LimitedError::ExitElapsed`] beside what the body gave.
    ///
    /// It runs once all the same. If it cannot be moved, as its scope's
    /// [`OnDrop`](super::Scope::OnDrop) is not `HandOver`, it is dropped where it stands, and
    /// reported as abandoned.
    ///
    /// The exit learns whether the body failed, and the name of the error's type, but cannot look at
    /// the error: that stays with the caller, who gets it however late the exit is.
    pub fn exit_timeout(mut self, timeout: Duration) -> Self {
        self.exit = Some(timeout);
        self
    }
}

impl<C, M> Managed for Limited<C, M>
where
    C: Timer + Cleanup,
    M: Manager,
{
    type Kind = M::Kind;
    type Resource = M::Resource;
    type Error = LimitedError<M::Error>;

    fn name() -> &'static str {
        M::name()
    }

    fn enter<R: Cleanup>(
        self,
        rt: &R,
    ) -> impl Future<Output = Result<(Self, M::Resource), Self::Error>> {
        let Self {
            rt: clock,
            location,
            scope,
            enter: limit,
            exit,
        } = self;
        let enter = scope.enter(rt);
        let enter = Cancellable::<_, M::Kind>::of_kind("enter_timeout", location, enter);
        async move {
            let mut enter = pin!(enter);
            let mut time = Countdown::new(limit);
            let mut is_up = None;
            let ended = poll_fn(|cx| {
                if let Poll::Ready(ended) = enter.as_mut().poll(cx) {
                    return Poll::Ready(Some(ended));
                }
                if is_up.is_none() {
                    is_up = Some(ready!(time.poll(&clock, cx)));
                    enter.as_mut().stop();
                }
                if enter.is_exiting() {
                    return Poll::Pending;
                }
                Poll::Ready(None)
            });
            let error = match ended.await {
                // Nothing is awaited from here on, or what was entered could be lost (CM-20).
                Some(Ok((scope, resource))) => {
                    let entered = Self {
                        rt: clock,
                        location,
                        scope,
                        enter: limit,
                        exit,
                    };
                    return Ok((entered, resource));
                }
                Some(Err(error)) => LimitedError::Failed(error),
                None => LimitedError::EnterElapsed(is_up.unwrap_or_default()),
            };
            poll_fn(|cx| enter.as_mut().poll_cancel(cx)).await;
            Err(error)
        }
    }

    fn exit(
        self,
        resource: M::Resource,
        why: Why,
    ) -> impl ExitFuture<M::Kind, Output = (Result<(), Self::Error>, Option<Told>)> {
        let about = About::new(Subject::Scope, M::name(), self.location, self.rt.id());
        let (why, told) = match why {
            // What a late exit holds does not come back.
            Why::Failed(told) if self.exit.is_some() => {
                (Why::Failed(told.unseen_twin()), Some(told))
            }
            why => (why, None),
        };
        LimitedExit {
            exit: self.scope.exit(resource, why),
            way: Way {
                rt: self.rt,
                about,
                limit: self.exit,
                time: Countdown::new(self.exit),
                told,
            },
            _kind: PhantomData,
        }
    }

    fn dropped<R: Cleanup>(
        self,
        resource: M::Resource,
        why: Why,
        mut bequest: Bequest<'_, R, M::Kind>,
    ) {
        bequest.budget = shorter(bequest.budget, self.exit);
        self.scope.dropped(resource, why, bequest);
    }
}

impl<R, M: Suppress> Suppress for Limited<R, M> {
    fn suppresses(&self, failure: Failure<'_>) -> bool {
        self.scope.suppresses(failure)
    }
}

impl<R, M> fmt::Debug for Limited<R, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Limited")
            .field("enter", &self.enter)
            .field("exit", &self.exit)
            .finish_non_exhaustive()
    }
}

fn shorter(one: Option<Duration>, other: Option<Duration>) -> Option<Duration> {
    one.into_iter().chain(other).min()
}
