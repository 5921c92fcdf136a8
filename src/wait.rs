//! Waiting for some of a set of futures, which stays.

mod set;

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

pub use self::set::WaitSet;
use crate::cleanup::{Kind, Sendable};

/// Waits until as much of `set` has ended as `until` says.
///
/// Nothing is consumed, and nothing is cancelled: what has ended is taken from the set afterwards, and
/// what has not runs on when the set is next waited for. When this returns, everything that could end by
/// then has. What had ended before, and was not taken, counts.
///
/// A limit on the time is a timeout around it. A set holds futures that are its own; what is not a future
/// of a `Result` does not compile.
///
/// # Cancel safety
///
/// Dropping or leaking it loses nothing: the set is as it was, and can be waited for again.
///
/// # Errors
///
/// [`EmptySet`], if there is nothing in the set: neither a future, nor an outcome.
///
/// # Panics
///
/// Never by itself: a panic of a future is its [`Outcome`](crate::Outcome).
///
/// # Complexity
///
/// Each future is polled when it was woken, and no other. No allocation but for the outcomes.
///
/// # Examples
///
/// ```
/// use withal::{Outcome, Until, WaitSet, wait};
/// # use std::convert::Infallible;
///
/// # futures_util::FutureExt::now_or_never(async {
/// let mut set = WaitSet::new();
/// for host in ["a", "b"] {
///     set.push(async move { Ok::<_, Infallible>(host) });
/// }
/// let waited = wait(&mut set, Until::FirstCompleted).await?;
/// assert_eq!((waited.ended, waited.running), (2, 0));
/// let (_key, outcome) = set.take_next().unwrap();
/// assert!(matches!(outcome, Outcome::Ok("a")));
/// # Ok::<(), withal::wait::EmptySet>(())
/// # }).unwrap().unwrap();
/// ```
///
/// Source: `asyncio.wait`; differs in that the set owns its futures: dropped, it cancels them.
pub fn wait<F, T, E, K: Kind>(set: &mut WaitSet<F, T, E, K>, until: Until) -> Wait<'_, F, T, E, K> {
    Wait { set, until }
}

/// What [`wait`] waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "first, first error, all")]
pub enum Until {
    /// One has ended.
    FirstCompleted,
    /// One has failed or panicked, or all have ended. A cancelled one is not an error.
    FirstError,
    /// All have ended.
    AllCompleted,
}

/// How far a set was when [`wait`] returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Waited {
    /// How many have ended, and were not taken.
    pub ended: usize,
    /// How many have not ended.
    pub running: usize,
}

/// There was nothing in the set, so nothing will ever end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct EmptySet;

impl fmt::Display for EmptySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the set that was waited for is empty: push a future first")
    }
}

impl Error for EmptySet {}

/// The future that [`wait`] returns.
#[must_use = "futures do nothing unless polled"]
pub struct Wait<'a, F, T, E, K: Kind = Sendable> {
    set: &'a mut WaitSet<F, T, E, K>,
    until: Until,
}

impl<F, T, E, K> Future for Wait<'_, F, T, E, K>
where
    F: Future<Output = Result<T, E>>,
    K: Kind,
{
    type Output = Result<Waited, EmptySet>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let until = self.until;
        let set = &mut *self.set;
        if set.is_empty() {
            return Poll::Ready(Err(EmptySet));
        }
        set.poll_running(cx);
        let waited = Waited {
            ended: set.ended(),
            running: set.running(),
        };
        let enough = match until {
            Until::FirstCompleted => waited.ended > 0,
            Until::FirstError => set.has_failed(),
            Until::AllCompleted => false,
        };
        if enough || waited.running == 0 {
            Poll::Ready(Ok(waited))
        } else {
            Poll::Pending
        }
    }
}

impl<F, T, E, K: Kind> fmt::Debug for Wait<'_, F, T, E, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wait")
            .field("until", &self.until)
            .field("set", &self.set)
            .finish()
    }
}
