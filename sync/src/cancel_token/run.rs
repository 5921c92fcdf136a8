use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, ready};

use withal_core::cancel::Branch;
#[cfg(feature = "std")]
use withal_core::cleanup::ThreadBound;
use withal_core::cleanup::{Kind, Sendable};

use super::{CancelToken, Cancelled, Wait};

/// The future that [`CancelToken::run_until_cancelled`] returns.
#[must_use = "futures do nothing unless polled"]
pub struct RunUntilCancelled<'t, F, T, K: Kind = Sendable> {
    token: &'t CancelToken,
    branch: Branch<F, T, K>,
    cancelled: Wait<'t>,
    /// The token was cancelled while it ran.
    asked: bool,
}

impl<'t, F: Future<Output = T>, T> RunUntilCancelled<'t, F, T> {
    #[track_caller]
    pub(super) fn new(token: &'t CancelToken, future: F) -> Self {
        Self {
            token,
            branch: Branch::new("run_until_cancelled", future),
            cancelled: token.cancelled(),
            asked: false,
        }
    }

    /// Waits for `!Send` cleanups too, and becomes `!Send` itself. Those inside of a `Send` scope are
    /// out of its sight.
    #[cfg(feature = "std")]
    pub fn local(self) -> RunUntilCancelled<'t, F, T, ThreadBound> {
        RunUntilCancelled {
            token: self.token,
            branch: self.branch.local(),
            cancelled: self.cancelled,
            asked: self.asked,
        }
    }
}

impl<F: Future<Output = T>, T, K: Kind> Future for RunUntilCancelled<'_, F, T, K> {
    type Output = Result<T, Cancelled>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // SAFETY: `branch` and `cancelled` are pinned structurally, the others moved by nobody.
        let this = unsafe { self.get_unchecked_mut() };
        // SAFETY: as above.
        let mut branch = unsafe { Pin::new_unchecked(&mut this.branch) };
        // SAFETY: as above.
        let cancelled = unsafe { Pin::new_unchecked(&mut this.cancelled) };
        let ended = match branch.as_mut().poll_branch(cx, this.asked) {
            Poll::Pending if !this.asked => {
                ready!(cancelled.poll(cx));
                this.asked = true;
                ready!(branch.poll_branch(cx, true))
            }
            polled => ready!(polled),
        };
        Poll::Ready(match ended {
            Ok(value) => Ok(value),
            Err(panicked) if panicked.is_panic() => panicked.resume(),
            Err(_) => Err(this.token.cancelled_error()),
        })
    }
}

impl<F, T, K: Kind> fmt::Debug for RunUntilCancelled<'_, F, T, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunUntilCancelled")
            .field("token", self.token)
            .field("asked", &self.asked)
            .finish_non_exhaustive()
    }
}
