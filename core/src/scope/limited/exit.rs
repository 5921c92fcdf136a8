use core::future::Future;
use core::marker::PhantomData;
use core::pin::Pin;
use core::task::{Context, Poll, ready};
use core::time::Duration;

use super::countdown::Countdown;
use super::{LimitedError, shorter};
use crate::cleanup::kind::Kind;
use crate::cleanup::leftovers::Leftovers;
use crate::cleanup::live::LiveEntry;
use crate::cleanup::scope_link::Bequest;
use crate::cleanup::{About, CollectorId, Report, report};
use crate::mutants::mutant;
use crate::pin;
use crate::runtime::{Cleanup, Timer};
use crate::scope::exit::{ExitFuture, Told};

/// An exit that is let go when its time is up.
pub(crate) struct LimitedExit<C, F, K> {
    pub(crate) exit: F,
    pub(crate) way: Way<C>,
    pub(super) _kind: PhantomData<fn() -> K>,
}

/// All of it but the exit, which is pinned.
pub(crate) struct Way<C> {
    pub(super) rt: C,
    pub(super) about: About,
    pub(super) limit: Option<Duration>,
    pub(super) time: Countdown,
    /// The body's error, which the exit does not get.
    pub(super) told: Option<Told>,
}

impl<C, F, K, X> Future for LimitedExit<C, F, K>
where
    C: Timer + Cleanup,
    K: Kind,
    F: ExitFuture<K, Output = (Result<(), X>, Option<Told>)>,
{
    type Output = (Result<(), LimitedError<X>>, Option<Told>);

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let (mut exit, way) = pin::limited_exit(self);
        if let Poll::Ready((result, told)) = exit.as_mut().poll(cx) {
            let told = way.told.take().or(told);
            return Poll::Ready((result.map_err(LimitedError::Failed), told));
        }
        let limit = ready!(way.time.poll(&way.rt, cx));
        report(&Report::OverBudget(way.about, limit, way.about));
        // Collected by nobody: it must not make those wait who are not to wait for it.
        let bequest = Bequest {
            rt: &way.rt,
            about: way.about,
            budget: None,
            leftovers: Leftovers::new(),
            live: LiveEntry::default(),
            entered_under: CollectorId::NONE,
            detached: true,
        };
        if !mutant("late_exit_cut") && exit.hand_over(bequest).is_err() {
            report(&Report::Abandoned(way.about));
        }
        Poll::Ready((Err(LimitedError::ExitElapsed(limit)), way.told.take()))
    }
}

impl<C, F, K, X> ExitFuture<K> for LimitedExit<C, F, K>
where
    C: Timer + Cleanup,
    K: Kind,
    F: ExitFuture<K, Output = (Result<(), X>, Option<Told>)>,
{
    fn place(&mut self, about: impl FnOnce() -> About) {
        let about = about();
        self.way.about = about;
        self.exit.place(|| about);
    }

    fn hand_over<'r, R: Cleanup>(
        self: Pin<&mut Self>,
        mut bequest: Bequest<'r, R, K>,
    ) -> Result<(), Bequest<'r, R, K>> {
        let (exit, way) = pin::limited_exit(self);
        // One that goes on by itself makes nobody wait.
        if !bequest.detached {
            bequest.budget = shorter(bequest.budget, way.limit);
        }
        exit.hand_over(bequest)
    }
}
