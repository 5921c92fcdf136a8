//! The way of a scope that is polled to its end: enter, body, exit.

use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, ready};

use super::{BodyState, Entered, ExitState, Held, Stage, With};
use crate::body::Body;
use crate::cleanup::leftovers::Waited;
use crate::cleanup::live::LiveEntry;
use crate::cleanup::{About, CollectorId, ExitToken, Report, report, unwatched};
use crate::panic::{Payload, catch};
use crate::runtime::Cleanup;
use crate::scope::ExitError;
use crate::scope::exit::{ExitSlot, Why};
use crate::scope::manager::Manager;
use crate::scope::policy::{BodyEnd, Carry, Policy};

impl<'r, R, M, F, T, E, P, N, X> Future for With<'r, R, M, F, T, E, P, N, X>
where
    R: Cleanup,
    M: Manager,
    F: Body<&'r mut M::Resource, Out = Result<T, E>>,
    P: Policy<M, T, E>,
    N: Future<Output = Entered<M>>,
    X: ExitSlot<M>,
{
    type Output = P::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<P::Output> {
        // SAFETY: nothing is moved out of a pinned field below (2).
        let this = unsafe { self.get_unchecked_mut() };
        loop {
            match this.stage {
                Stage::Entering => match ready!(this.poll_enter(cx)) {
                    Ok(()) => this.stage = Stage::Body,
                    Err(error) => {
                        this.stage = Stage::Done;
                        return Poll::Ready(P::not_entered(error));
                    }
                },
                Stage::Body => {
                    ready!(this.poll_body(cx));
                    this.stage = Stage::Waiting;
                }
                Stage::Waiting => {
                    ready!(this.poll_leftovers(cx));
                    this.start_exit();
                    this.stage = Stage::Exiting;
                }
                Stage::Exiting => {
                    ready!(this.poll_exit(cx));
                    this.stage = Stage::Settling;
                }
                Stage::Settling => {
                    ready!(this.poll_leftovers(cx));
                    this.stage = Stage::Done;
                    return Poll::Ready(this.finish());
                }
                Stage::Done => panic!("a scope was polled after completion"),
            }
        }
    }
}

impl<'r, R, M, F, T, E, P, N, X> With<'r, R, M, F, T, E, P, N, X>
where
    R: Cleanup,
    M: Manager,
    F: Body<&'r mut M::Resource, Out = Result<T, E>>,
    P: Policy<M, T, E>,
    X: ExitSlot<M>,
{
    /// Between the end of enter and the first poll of the body nothing can be lost: the scope owns
    /// its resource before it returns from here (CM-20).
    #[inline]
    fn poll_enter(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), M::Error>>
    where
        N: Future<Output = Entered<M>>,
    {
        let Some(enter) = &mut self.enter else {
            return Poll::Pending;
        };
        // SAFETY: pinned structurally (2).
        let enter = unsafe { Pin::new_unchecked(enter) };
        let entered = ready!(enter.poll(cx));
        self.enter = None;
        Poll::Ready(entered.map(|(manager, resource)| {
            *self.held.get_mut() = Some(Held { manager, resource });
            self.entered_under = CollectorId::current();
            self.live = LiveEntry::enter(|| self.about());
        }))
    }

    #[inline]
    fn poll_body(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let start = self.function.take().and_then(|function| {
            // There is no body yet; from here on it alone gets at the resource (1).
            let held = self.held.get_mut().as_mut()?;
            let resource: *mut M::Resource = &mut held.resource;
            Some((function, resource))
        });
        let Self {
            leftovers,
            live,
            body,
            ..
        } = self;
        let polled = leftovers.within(live.id(), || {
            catch(|| {
                if let Some((function, resource)) = start {
                    // SAFETY: the resource stays where it is, untouched, until the body that
                    // borrows it is gone (1). The body cannot keep the reference, as the `with`
                    // functions take only bodies that accept a reference of any lifetime.
                    *body = Some(function(unsafe { &mut *resource }));
                }
                let polled = match body {
                    // SAFETY: pinned structurally (2).
                    Some(body) => unsafe { Pin::new_unchecked(body) }.poll(cx),
                    None => Poll::Pending,
                };
                if polled.is_ready() {
                    // What this leaves is a child like any other.
                    *body = None;
                }
                polled
            })
        });
        self.ended = match polled {
            Ok(Poll::Pending) => {
                self.leftovers.start_deferred();
                return Poll::Pending;
            }
            Ok(Poll::Ready(Ok(value))) => BodyState::Value(value),
            Ok(Poll::Ready(Err(error))) => BodyState::Failed(error),
            Err(payload) => self.panicked(payload),
        };
        Poll::Ready(())
    }

    #[cold]
    fn panicked(&mut self, payload: Payload) -> BodyState<T, E> {
        if let Err(second) = self.drop_body() {
            report(&Report::PanicLost(self.about(), second.message()));
        }
        BodyState::Panicked(payload)
    }

    /// Drops the body in place, and collects what comes out.
    pub(super) fn drop_body(&mut self) -> Result<(), Payload> {
        let body = &mut self.body;
        self.leftovers.collect(|| *body = None)
    }

    #[inline]
    fn poll_leftovers(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let (rt, location) = (self.rt, self.location);
        let about = || About {
            scope: M::name(),
            location,
            runtime: rt.id(),
        };
        let waited = self
            .leftovers
            .poll(cx, about, |timeout| rt.alarm(timeout), self.budget);
        match waited {
            Poll::Ready(Waited::Done) => Poll::Ready(()),
            Poll::Ready(Waited::OverBudget) => {
                // The exit gets the same span once more.
                self.leftovers
                    .give_up(about(), self.budget.unwrap_or_default());
                Poll::Ready(())
            }
            Poll::Pending => {
                self.hold_off_cancellation();
                Poll::Pending
            }
        }
    }

    /// From the end of the body on, a combinator of ours that polls this does not drop it (K10).
    fn hold_off_cancellation(&mut self) {
        if self.token.is_none() {
            self.token = ExitToken::register();
        }
    }

    #[inline]
    fn start_exit(&mut self) {
        if let Some(Held { manager, resource }) = self.held.get_mut().take() {
            let why = self.tell_why(&manager);
            self.live.exiting(why.kind());
            self.exit().start(manager, resource, why);
        }
    }

    /// Why the body ended, for an exit. The error of a failed one goes with it.
    #[inline]
    pub(super) fn tell_why(&mut self, manager: &M) -> Why {
        match core::mem::replace(&mut self.ended, BodyState::Running) {
            BodyState::Running => Why::Cancelled,
            BodyState::Failed(error) => {
                // A panic there must not keep the scope from its exit.
                let suppressed = catch(|| P::suppresses(manager, &error)).unwrap_or_else(|panic| {
                    report(&Report::ExitPanicked(self.about(), panic.message()));
                    false
                });
                let (kept, told) = P::Carry::pack(error, self.about());
                self.ended = BodyState::Told { kept, suppressed };
                Why::Failed(told)
            }
            ended => {
                let panicked = matches!(ended, BodyState::Panicked(_));
                self.ended = ended;
                if panicked {
                    Why::Panicked
                } else {
                    Why::Completed
                }
            }
        }
    }

    /// The exit gives back what it was told.
    #[inline]
    fn take_back(&mut self, why: Why) {
        let Why::Failed(told) = why else { return };
        let ended = core::mem::replace(&mut self.ended, BodyState::Running);
        if let BodyState::Told { kept, suppressed } = ended {
            if let Some(error) = P::Carry::unpack(kept, Some(told)) {
                self.ended = BodyState::Error { error, suppressed };
            }
        }
    }

    #[inline]
    fn poll_exit(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        // SAFETY: pinned structurally (2).
        let mut exit = unsafe { Pin::new_unchecked(&mut self.exit) };
        let poll = || catch(|| unwatched(|| exit.as_mut().poll(cx)));
        let polled = self.leftovers.within(self.live.id(), poll);
        match polled {
            Ok(Poll::Ready((result, why))) => {
                self.exited = ExitState::Done(result.map_err(ExitError::Failed));
                self.take_back(why);
                // It is an async block of ours, which has nothing left to drop.
                self.exit().clear();
                return Poll::Ready(());
            }
            Ok(Poll::Pending) => {
                self.leftovers.start_deferred();
                let rt = self.rt;
                let clock = |timeout| rt.alarm(timeout);
                if self
                    .leftovers
                    .poll_budget(cx, &clock, self.budget)
                    .is_pending()
                {
                    self.hold_off_cancellation();
                    return Poll::Pending;
                }
                self.exit_over_budget();
            }
            Err(payload) => self.exited = ExitState::Panicked(payload),
        }
        if let Err(payload) = self.drop_exit() {
            match self.exited {
                ExitState::Panicked(_) => {
                    report(&Report::ExitPanicked(self.about(), payload.message()));
                }
                _ => self.exited = ExitState::Panicked(payload),
            }
        }
        Poll::Ready(())
    }

    #[cold]
    fn exit_over_budget(&mut self) {
        let (about, budget) = (self.about(), self.budget.unwrap_or_default());
        report(&Report::OverBudget(about, budget, about));
        self.exited = ExitState::Done(Err(ExitError::OverBudget(budget)));
        let mut bequest = self.bequest();
        bequest.budget = None;
        bequest.detached = true;
        if let Err(bequest) = self.exit().hand_over(bequest) {
            self.leftovers = bequest.leftovers;
            report(&Report::Abandoned(about));
        }
    }

    pub(super) fn exit(&mut self) -> Pin<&mut X> {
        // SAFETY: pinned structurally (2); a `&mut self` exists here only behind the pin of `poll`
        // or in `drop`.
        unsafe { Pin::new_unchecked(&mut self.exit) }
    }

    /// Drops the exit in place, and collects what comes out.
    pub(super) fn drop_exit(&mut self) -> Result<(), Payload> {
        // SAFETY: pinned structurally (2).
        let exit = unsafe { Pin::new_unchecked(&mut self.exit) };
        self.leftovers.collect(|| exit.clear())
    }

    #[inline]
    fn finish(&mut self) -> P::Output {
        self.token = None;
        self.live = LiveEntry::default();
        let ended = core::mem::replace(&mut self.ended, BodyState::Running);
        let exit = match core::mem::replace(&mut self.exited, ExitState::Running) {
            ExitState::Done(exit) => exit,
            ExitState::Panicked(payload) => self.resume_exit(payload, ended),
            ExitState::Running => unreachable!("an exited scope has its result"),
        };
        let ended = match ended {
            BodyState::Value(value) => BodyEnd::Value(value),
            BodyState::Error { error, suppressed } => BodyEnd::Error { error, suppressed },
            BodyState::Panicked(payload) => self.resume_body(payload, exit),
            BodyState::Told { kept, suppressed } => match P::Carry::unpack(kept, None) {
                Some(error) => BodyEnd::Error { error, suppressed },
                None => BodyEnd::Overdue,
            },
            BodyState::Running | BodyState::Failed(_) => {
                unreachable!("an exit knows how the body ended")
            }
        };
        P::output(ended, exit)
    }

    /// The body's panic goes on; what its exit did is told to the hook.
    #[cold]
    fn resume_body(&self, body: Payload, exit: Result<(), ExitError<M::Error>>) -> ! {
        if let Err(ExitError::Failed(error)) = exit {
            report(&Report::ExitFailed(self.about(), &error));
        }
        body.resume()
    }

    /// The exit's panic goes on, unless the body's does; the other is told to the hook.
    #[cold]
    fn resume_exit(&self, exit: Payload, ended: BodyState<T, E>) -> ! {
        match ended {
            BodyState::Panicked(body) => {
                report(&Report::ExitPanicked(self.about(), exit.message()));
                body.resume()
            }
            ended => {
                self.report_lost(&ended);
                exit.resume()
            }
        }
    }
}
