use core::convert::Infallible;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};
use core::time::Duration;

use super::kind::Sendable;
use super::leftovers::Leftovers;
use super::live::LiveEntry;
use super::scope_link::Bequest;
use super::{About, CollectorId};
use crate::pin;
use crate::runtime::Cleanup;

/// What the handle of something that runs elsewhere, such as a task, remembers of where it was made:
/// so that it can leave a cleanup behind when it is dropped, as a scope does.
///
/// # Examples
///
/// ```
/// use withal_core::cleanup::{About, CleanupOrigin};
/// use withal_core::runtime::Cleanup;
///
/// struct Handle<R: Cleanup> {
///     rt: R,
///     about: About,
///     origin: CleanupOrigin, // `CleanupOrigin::here()`, where the handle is made
/// }
///
/// impl<R: Cleanup> Drop for Handle<R> {
///     fn drop(&mut self) {
///         self.origin.hand_over(&self.rt, self.about, async { /* waits for its end */ });
///     }
/// }
/// ```
#[derive(Clone, Copy)]
pub struct CleanupOrigin {
    under: CollectorId,
}

impl CleanupOrigin {
    /// Of what is made here and now.
    pub fn here() -> Self {
        Self {
            under: CollectorId::current(),
        }
    }

    /// Hands over `cleanup`: to the combinator of ours that drops, else to the enclosing scope and
    /// `rt`, else to `rt` alone, else to the orphans. `about` names it in reports.
    pub fn hand_over<R, F>(self, rt: &R, about: About, cleanup: F)
    where
        R: Cleanup,
        F: Future<Output = ()> + Send + 'static,
    {
        self.bequeath(rt, about, None, cleanup);
    }

    /// [`hand_over`](Self::hand_over), to be waited for at most `budget` (K9).
    pub fn hand_over_within<R, F>(self, rt: &R, about: About, budget: Duration, cleanup: F)
    where
        R: Cleanup,
        F: Future<Output = ()> + Send + 'static,
    {
        self.bequeath(rt, about, Some(budget), cleanup);
    }

    fn bequeath<R, F>(self, rt: &R, about: About, budget: Option<Duration>, cleanup: F)
    where
        R: Cleanup,
        F: Future<Output = ()> + Send + 'static,
    {
        let bequest = Bequest::<_, Sendable> {
            rt,
            about,
            budget,
            leftovers: Leftovers::new(),
            live: LiveEntry::default(),
            entered_under: self.under,
            detached: false,
        };
        bequest.hand_over(Left { cleanup });
    }
}

impl core::fmt::Debug for CleanupOrigin {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("CleanupOrigin").finish_non_exhaustive()
    }
}

/// A cleanup that cannot fail.
pub(crate) struct Left<F> {
    pub(crate) cleanup: F,
}

impl<F: Future<Output = ()>> Future for Left<F> {
    type Output = (Result<(), Infallible>, ());

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        pin::left(self).poll(cx).map(|()| (Ok(()), ()))
    }
}
