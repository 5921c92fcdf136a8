//! A scope that left its frame: what must end first, then its exit.

#![expect(
    unnameable_types,
    missing_debug_implementations,
    reason = "public only in sealed traits, which nobody can call"
)]

use core::fmt::Debug;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, ready};
use core::time::Duration;

use super::kind::{BoxLink, Kind};
use super::leftovers::{Leftovers, Waited};
use super::link::{End, Link};
use super::live::LiveEntry;
use super::report::{Report, report};
use super::{
    About, CleanupTask, CollectorId,
    hand_over::{detach, hand_over},
    unwatched,
};
use crate::mutants::mutant;
use crate::panic::catch;
use crate::runtime::{Alarm, Cleanup};

/// What an exit gives at its end, where no caller is left to hear.
pub(crate) trait Ended {
    /// Reports what went wrong.
    fn settle(self, about: About) -> Result<(), ()>;
}

impl<X: Debug, W> Ended for (Result<(), X>, W) {
    fn settle(self, about: About) -> Result<(), ()> {
        // A body's error reports itself when it is dropped unheard.
        self.0
            .map_err(|error| report(&Report::ExitFailed(about, &error)))
    }
}

pub(crate) struct ScopeLink<R, K: Kind, F> {
    rt: R,
    about: About,
    budget: Option<Duration>,
    leftovers: Leftovers<K>,
    /// The scope counts as live for as long as its link is there.
    live: LiveEntry,
    exit: Option<F>,
    stage: Stage,
    end: End,
}

#[derive(Clone, Copy)]
enum Stage {
    Waiting,
    Exiting,
    Settling,
}

/// What a dropped scope hands over with its exit.
pub struct Bequest<'r, R, K: Kind> {
    pub(crate) rt: &'r R,
    pub(crate) about: About,
    pub(crate) budget: Option<Duration>,
    pub(crate) leftovers: Leftovers<K>,
    pub(crate) live: LiveEntry,
    pub(crate) entered_under: CollectorId,
    /// Whether it goes on by itself, with nobody waiting.
    pub(crate) detached: bool,
}

impl<'r, R: Cleanup, K: Kind> Bequest<'r, R, K> {
    /// Hands over `exit`, fresh or half-run, to be run after the leftovers.
    pub(crate) fn hand_over<F>(self, exit: F)
    where
        F: Future,
        F::Output: Ended,
        K: BoxLink<ScopeLink<R, K, F>>,
    {
        let link = ScopeLink {
            rt: self.rt.clone(),
            about: self.about,
            budget: self.budget,
            leftovers: self.leftovers,
            live: self.live,
            exit: Some(exit),
            stage: Stage::Waiting,
            end: End::Finished,
        };
        let link = K::box_link(link);
        if self.detached {
            detach([link]);
        } else {
            hand_over(link, self.entered_under);
        }
    }

    /// What one of several scopes hands over, which is `name`.
    pub(crate) fn part(&self, name: &'static str) -> Self {
        Bequest {
            rt: self.rt,
            about: self.about.of(name),
            budget: None,
            leftovers: Leftovers::new(),
            live: LiveEntry::default(),
            entered_under: self.entered_under,
            detached: false,
        }
    }

    /// The same, where the leftovers are of another kind.
    pub(super) fn map_leftovers<L: Kind>(
        self,
        map: impl FnOnce(Leftovers<K>) -> Leftovers<L>,
    ) -> Bequest<'r, R, L> {
        Bequest {
            rt: self.rt,
            about: self.about,
            budget: self.budget,
            leftovers: map(self.leftovers),
            live: self.live,
            entered_under: self.entered_under,
            detached: self.detached,
        }
    }

    /// Hands on the leftovers alone: the exit is over, or is not to run.
    pub(crate) fn hand_on(mut self) {
        self.leftovers.hand_on(|| self.about, self.entered_under);
    }
}

/// The parts of a link; its exit alone is pinned.
struct Parts<'p, R, K: Kind, F> {
    rt: &'p R,
    about: About,
    budget: &'p mut Option<Duration>,
    leftovers: &'p mut Leftovers<K>,
    live: &'p LiveEntry,
    exit: Pin<&'p mut Option<F>>,
    stage: &'p mut Stage,
    end: &'p mut End,
}

impl<R, K: Kind, F> ScopeLink<R, K, F> {
    fn parts(self: Pin<&mut Self>) -> Parts<'_, R, K, F> {
        // SAFETY: only `exit` is pinned, structurally: it is dropped in place and never moved.
        let this = unsafe { self.get_unchecked_mut() };
        Parts {
            rt: &this.rt,
            about: this.about,
            budget: &mut this.budget,
            leftovers: &mut this.leftovers,
            live: &this.live,
            // SAFETY: as above.
            exit: unsafe { Pin::new_unchecked(&mut this.exit) },
            stage: &mut this.stage,
            end: &mut this.end,
        }
    }
}

impl<R, K, F> Link for ScopeLink<R, K, F>
where
    R: Cleanup,
    K: Kind,
    F: Future,
    F::Output: Ended,
{
    fn poll_link(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<End> {
        let mut this = self.parts();
        // It left its own task, so its runtime may not be current (K7).
        in_context(this.rt, || {
            loop {
                match *this.stage {
                    Stage::Waiting if mutant("outer_first") => {
                        *this.stage = Stage::Exiting;
                    }
                    Stage::Waiting => {
                        ready!(this.poll_leftovers(cx));
                        *this.stage = Stage::Exiting;
                    }
                    Stage::Exiting => {
                        ready!(this.poll_exit(cx));
                        if *this.end == End::OverBudget {
                            // It is polled again elsewhere, and then without a budget.
                            *this.end = End::Finished;
                            return Poll::Ready(End::OverBudget);
                        }
                        *this.stage = Stage::Settling;
                    }
                    Stage::Settling => {
                        ready!(this.poll_leftovers(cx));
                        return Poll::Ready(*this.end);
                    }
                }
            }
        })
    }

    fn about(&self) -> About {
        self.about
    }

    fn spawn(&self, task: CleanupTask) {
        self.rt.spawn_cleanup(task);
    }

    fn alarm(&self, timeout: Duration) -> Option<Alarm> {
        self.rt.alarm(timeout)
    }

    fn unlimit(self: Pin<&mut Self>) {
        let this = self.parts();
        *this.budget = None;
        this.leftovers.reset_budget();
    }
}

impl<R, K, F> Parts<'_, R, K, F>
where
    R: Cleanup,
    K: Kind,
    F: Future,
    F::Output: Ended,
{
    fn poll_leftovers(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let (rt, about) = (self.rt, self.about);
        let clock = |timeout| rt.alarm(timeout);
        let waited = ready!(self.leftovers.poll(cx, || about, clock, *self.budget));
        if waited == Waited::OverBudget {
            self.leftovers
                .give_up(about, self.budget.unwrap_or_default());
        }
        Poll::Ready(())
    }

    /// Ready when the exit has ended, or its budget has.
    fn poll_exit(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let about = self.about;
        let exit = &mut self.exit;
        let polled = self.leftovers.within(self.live.id(), || {
            let Some(running) = exit.as_mut().as_pin_mut() else {
                return Poll::Ready(None);
            };
            let ended = ready!(unwatched(|| running.poll(cx)));
            // What the drop leaves is a child like any other.
            exit.set(None);
            Poll::Ready(Some(ended))
        });
        // The report hook is nobody's body, so it is called out here.
        let polled = match polled {
            Ok(Poll::Ready(Some(ended))) => catch(|| Poll::Ready(ended.settle(about))),
            Ok(Poll::Ready(None)) => Ok(Poll::Ready(Ok(()))),
            Ok(Poll::Pending) => Ok(Poll::Pending),
            Err(payload) => Err(payload),
        };
        match polled {
            Ok(Poll::Ready(ended)) => {
                *self.end = ended.map_or(End::Failed, |()| End::Finished);
                return Poll::Ready(());
            }
            Ok(Poll::Pending) => {
                self.leftovers.start_deferred();
                let (rt, budget) = (self.rt, *self.budget);
                let clock = |timeout| rt.alarm(timeout);
                ready!(self.leftovers.poll_budget(cx, &clock, budget));
                report(&Report::OverBudget(
                    about,
                    budget.unwrap_or_default(),
                    about,
                ));
                *self.end = End::OverBudget;
                return Poll::Ready(());
            }
            Err(payload) => {
                report(&Report::ExitPanicked(about, payload.message()));
                *self.end = End::Panicked;
            }
        }
        if let Err(payload) = self.leftovers.collect(|| self.exit.set(None)) {
            report(&Report::ExitPanicked(about, payload.message()));
        }
        Poll::Ready(())
    }
}

fn in_context<R: Cleanup, T>(rt: &R, poll: impl FnOnce() -> T) -> T {
    if mutant("out_of_context") {
        return poll();
    }
    rt.in_context(poll)
}
