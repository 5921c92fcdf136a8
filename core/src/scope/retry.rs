//! Scopes whose enter is tried again.

mod error;
mod plan;

use core::fmt;
use core::future::Future;
use core::time::Duration;

pub use self::error::{Attempts, RetryError};
use self::plan::{Plan, give_way};
use super::exit::{ExitFuture, Told, Why};
use super::manager::{Managed, Manager};
use super::mapped::Mapped;
use super::policy::Suppress;
use super::reason::Failure;
use crate::cleanup::scope_link::Bequest;
use crate::runtime::{Cleanup, Timer};

/// A scope that is entered by as many attempts as it takes: `make` gives a fresh scope for each, and
/// between two of them there is one of the `delays`.
///
/// There is one attempt, and one more after each delay. When the delays run out, so do the attempts:
/// any backoff is an iterator of them, with the growth, the jitter and the limit that it likes.
/// [`attempts`](Retry::attempts) cuts an endless one short, [`when`](Retry::when) says which errors are
/// worth another try (each is, without it), and [`on_retry`](Retry::on_retry) is told of each. A
/// [`limited`](super::limited()) scope bounds the time of an attempt.
///
/// From there on it is the scope that was entered: that alone is exited, once.
///
/// # Cancel safety
///
/// Dropped while it enters or waits, it drops the attempt or the timer, and nothing is exited. Once
/// entered, what the scope declares as its `OnDrop` holds.
///
/// # Errors
///
/// [`RetryError`]: that of the last attempt, as its source, with those of the earlier ones; or that of
/// the exit.
///
/// # Panics
///
/// A panic of an attempt, of the predicate or of the hook goes through: it is no reason to try again.
///
/// # Complexity
///
/// No allocation of its own unless an attempt fails. It clones `rt` once.
///
/// # Examples
///
/// ```
/// use core::time::Duration;
/// use std::io::{Error, ErrorKind};
/// use withal_core::runtime::Runtime;
/// use withal_core::scope::{RetryError, retry};
/// use withal_core::{Scope, ScopeError, with};
///
/// async fn serve<S: Scope<Error = Error>>(rt: &impl Runtime, connect: impl Fn() -> S) {
///     // 100 ms, 200 ms, 400 ms, 800 ms: five attempts.
///     let delays = (0..4).map(|n| Duration::from_millis(100) * 2_u32.pow(n));
///     let connection = retry(rt, delays, connect)
///         .when(|error| error.kind() == ErrorKind::ConnectionRefused)
///         .on_retry(|failed| eprintln!("attempt {} failed: {}", failed.attempt, failed.error));
///     let served = with(rt, connection, async |_connection| Ok::<_, Error>(()));
///     if let Err(ScopeError::Enter(RetryError::Enter(attempts))) = served.await {
///         eprintln!("gave up after {} attempts: {}", attempts.count(), attempts.last());
///     }
/// }
/// ```
///
/// Source: `tenacity`, around an async manager.
pub fn retry<R, D, F, M>(rt: &R, delays: D, make: F) -> Retry<R, D::IntoIter, F, M>
where
    R: Timer + Clone,
    D: IntoIterator<Item = Duration>,
    F: FnMut() -> M,
    M: Manager,
{
    let plan = Plan {
        rt: rt.clone(),
        delays: delays.into_iter(),
        attempts: usize::MAX,
        make: (make, |make| make()),
        when: ((), |(), _| true),
        on_retry: ((), |(), _| ()),
    };
    Retry {
        state: State::Fresh(plan),
    }
}

/// The scope that [`retry`] makes.
#[must_use = "a scope does nothing unless it is entered"]
pub struct Retry<R, D, F, M: Manager, W = (), H = ()> {
    state: State<R, D, F, M, W, H>,
}

enum State<R, D, F, M: Manager, W, H> {
    Fresh(Plan<R, D, F, M, W, H>),
    Entered(M),
}

/// What [`Retry::on_retry`] tells.
#[derive(Debug)]
#[non_exhaustive]
pub struct Retrying<'e, X> {
    /// Why the attempt failed.
    pub error: &'e X,
    /// Which attempt it was; the first is 1.
    pub attempt: usize,
    /// How long it takes until the next one begins.
    pub delay: Duration,
}

impl<R, D, F, M: Manager, W, H> Retry<R, D, F, M, W, H> {
    /// Allows `attempts` at most, the first one included. None at all is an error of the enter,
    /// [`RetryError::NoAttempt`].
    pub fn attempts(self, attempts: usize) -> Self {
        self.change(|plan| Plan { attempts, ..plan })
    }

    /// Tries again after those errors only for which `when` says so; another one comes out at once.
    pub fn when<P>(self, when: P) -> Retry<R, D, F, M, P, H>
    where
        P: FnMut(&M::Error) -> bool,
    {
        self.change(|plan| Plan {
            rt: plan.rt,
            delays: plan.delays,
            attempts: plan.attempts,
            make: plan.make,
            when: (when, |when, error| when(error)),
            on_retry: plan.on_retry,
        })
    }

    /// Calls `hook` before each wait for another attempt.
    pub fn on_retry<P>(self, hook: P) -> Retry<R, D, F, M, W, P>
    where
        P: FnMut(Retrying<'_, M::Error>),
    {
        self.change(|plan| Plan {
            rt: plan.rt,
            delays: plan.delays,
            attempts: plan.attempts,
            make: plan.make,
            when: plan.when,
            on_retry: (hook, |hook, failed| hook(failed)),
        })
    }

    fn change<V, G>(
        self,
        change: impl FnOnce(Plan<R, D, F, M, W, H>) -> Plan<R, D, F, M, V, G>,
    ) -> Retry<R, D, F, M, V, G> {
        let state = match self.state {
            State::Fresh(plan) => State::Fresh(change(plan)),
            State::Entered(scope) => State::Entered(scope),
        };
        Retry { state }
    }

    fn entered(self) -> M {
        match self.state {
            State::Entered(scope) => scope,
            State::Fresh(_) => unreachable!("a scope is entered before it is exited"),
        }
    }
}

impl<C, D, F, M, W, H> Managed for Retry<C, D, F, M, W, H>
where
    C: Timer,
    D: Iterator<Item = Duration>,
    M: Manager,
{
    type Kind = M::Kind;
    type Resource = M::Resource;
    type Error = RetryError<M::Error>;

    fn name() -> &'static str {
        M::name()
    }

    async fn enter<R: Cleanup>(self, rt: &R) -> Result<(Self, M::Resource), Self::Error> {
        let State::Fresh(mut plan) = self.state else {
            unreachable!("a scope is entered once");
        };
        if plan.attempts == 0 {
            return Err(RetryError::NoAttempt);
        }
        let mut earlier = None;
        loop {
            let attempt = plan.make_one().enter(rt).await;
            let error = match attempt {
                // Nothing is awaited from here on, or what was entered could be lost (CM-20).
                Ok((scope, resource)) => {
                    let state = State::Entered(scope);
                    return Ok((Self { state }, resource));
                }
                Err(error) => error,
            };
            let mut failed = Attempts::after(earlier, error);
            let Some(delay) = plan.next_delay(&mut failed) else {
                return Err(RetryError::Enter(failed));
            };
            earlier = Some(failed);
            // Nothing borrows the closures meanwhile, which need not be `Sync`.
            if delay.is_zero() {
                give_way().await;
            } else {
                plan.rt.sleep(delay).await;
            }
        }
    }

    fn exit(
        self,
        resource: M::Resource,
        why: Why,
    ) -> impl ExitFuture<M::Kind, Output = (Result<(), Self::Error>, Option<Told>)> {
        Mapped {
            exit: self.entered().exit(resource, why),
            map: RetryError::Exit,
        }
    }

    fn exit_in_box(
        self,
        resource: M::Resource,
        why: Why,
    ) -> impl Future<Output = (Result<(), Self::Error>, Option<Told>)> {
        Mapped {
            exit: self.entered().exit_in_box(resource, why),
            map: RetryError::Exit,
        }
    }

    fn dropped<R: Cleanup>(
        self,
        resource: M::Resource,
        why: Why,
        bequest: Bequest<'_, R, M::Kind>,
    ) {
        self.entered().dropped(resource, why, bequest);
    }
}

impl<R, D, F, M: Manager + Suppress, W, H> Suppress for Retry<R, D, F, M, W, H> {
    fn suppresses(&self, failure: Failure<'_>) -> bool {
        match &self.state {
            State::Entered(scope) => scope.suppresses(failure),
            State::Fresh(_) => false,
        }
    }
}

impl<R, D, F, M: Manager, W, H> fmt::Debug for Retry<R, D, F, M, W, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_entered = matches!(self.state, State::Entered(_));
        f.debug_struct("Retry")
            .field("entered", &is_entered)
            .finish_non_exhaustive()
    }
}
