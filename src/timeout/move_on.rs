use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use pin_project_lite::pin_project;

use super::{Limit, Timeout};
use crate::cleanup::{Kind, Sendable, ThreadBound};
use crate::runtime::Timer;

/// Runs `future` for at most `timeout`, then cancels it, waits for its cleanup, and moves on: `None`.
///
/// For work whose lateness is no error. Everything else is as for [`timeout`](super::timeout()):
/// order, cancel safety, panics and complexity.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use withal::{move_on_after, runtime::Runtime};
/// # async fn suggestions() -> Vec<String> { Vec::new() }
///
/// async fn page(rt: &impl Runtime) -> String {
///     let found = move_on_after(rt, Duration::from_millis(200), suggestions()).await;
///     format!("you may also like: {}", found.unwrap_or_default().join(", "))
/// }
/// ```
///
/// Source: Trio's `move_on_after`; differs in that its value is the future's.
#[track_caller]
pub fn move_on_after<R: Timer, F: Future>(
    rt: &R,
    timeout: Duration,
    future: F,
) -> MoveOn<'_, R, F, F::Output> {
    MoveOn {
        inner: Timeout::new("move_on_after", rt, Limit::Span(timeout), future),
    }
}

/// [`move_on_after`], with a moment of the runtime's clock in place of a span.
///
/// # Examples
///
/// ```
/// use withal::{move_on_at, runtime::Runtime};
/// # async fn guess(_round: u32) -> u32 { 0 }
///
/// /// As good an answer as there is by then.
/// async fn improve<R: Runtime>(rt: &R, deadline: R::Instant) -> u32 {
///     let mut best = 0;
///     for round in 0..100 {
///         match move_on_at(rt, deadline, guess(round)).await {
///             Some(better) => best = better,
///             None => break,
///         }
///     }
///     best
/// }
/// ```
///
/// Source: Trio's `move_on_at`.
#[track_caller]
pub fn move_on_at<R: Timer, F: Future>(
    rt: &R,
    deadline: R::Instant,
    future: F,
) -> MoveOn<'_, R, F, F::Output> {
    MoveOn {
        inner: Timeout::new("move_on_at", rt, Limit::Until(deadline), future),
    }
}

pin_project! {
    /// The future that [`move_on_after`] and [`move_on_at`] return.
    #[must_use = "futures do nothing unless polled"]
    pub struct MoveOn<'r, R: Timer, F, T, K: Kind = Sendable> {
        #[pin]
        inner: Timeout<'r, R, F, T, K>,
    }
}

impl<'r, R: Timer, F, T> MoveOn<'r, R, F, T> {
    /// Waits for `!Send` cleanups too, and becomes `!Send` itself.
    pub fn local(self) -> MoveOn<'r, R, F, T, ThreadBound> {
        MoveOn {
            inner: self.inner.local(),
        }
    }
}

impl<R: Timer, F, T, K: Kind> MoveOn<'_, R, F, T, K> {
    /// Bounds the wait for the cleanup, as [`Timeout::budget`] does.
    pub fn budget(self, budget: Duration) -> Self {
        Self {
            inner: self.inner.budget(budget),
        }
    }
}

impl<R: Timer, F: Future<Output = T>, T, K: Kind> Future for MoveOn<'_, R, F, T, K> {
    type Output = Option<T>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        self.project().inner.poll(cx).map(Result::ok)
    }
}

impl<R: Timer, F, T, K: Kind> fmt::Debug for MoveOn<'_, R, F, T, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("MoveOn").field(&self.inner).finish()
    }
}
