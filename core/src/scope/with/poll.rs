//! The way of a scope that is polled to its end: enter, body, exit.

use core::future::Future;
use core::panic::Location;
use core::pin::Pin;
use core::task::{Context, Poll, ready};

use super::stage::{Stage, end, put};
use super::{BodyState, Entered, ExitState, Maker, With};
use crate::cleanup::leftovers::{self, Waited, nothing_left};
use crate::cleanup::live::{LiveEntry, PollWatch};
use crate::cleanup::scope_link::Bequest;
use crate::cleanup::{About, CollectorId, ExitToken, Report, Subject, report, unwatched};
use crate::panic::{Payload, catch};
use crate::runtime::Cleanup;
use crate::scope::ExitError;
use crate::scope::exit::{ExitSlot, Told, Why};
use crate::scope::manager::Manager;
use crate::scope::policy::{BodyEnd, Carry, Policy};

impl<'r, R, M, F, B, T, E, P, N, X> Future for With<'r, R, M, F, B, T, E, P, N, X>
where
    R: Cleanup,
    M: Manager,
    B: Future<Output = Result<T, E>>,
    P: Policy<M, T, E>,
    N: Future<Output = Entered<M>>,
    X: ExitSlot<M>,
{
    type Output = P::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<P::Output> {
        // SAFETY: nothing is moved out of a pinned field below (2).
        let this = unsafe { self.get_unchecked_mut() };
        let mut make_body = None;
        if let Stage::Entering { enter, make } = &mut this.stage {
            let watch = PollWatch::of_enter();
            // SAFETY: pinned structurally (2).
            let polled = unsafe { Pin::new_unchecked(enter) }.poll(cx);
            watch.enter_over(|| about::<R, M>(this.rt, this.location));
            match ready!(polled) {
                Ok((manager, resource)) => {
                    make_body = make.take();
                    // SAFETY: the function is taken, so the future is all there is to drop.
                    unsafe { end(&mut this.stage, Stage::as_enter, Stage::Entered) };
                    this.entered(manager, resource);
                }
                Err(error) => {
                    this.stage = Stage::Done;
                    return Poll::Ready(P::not_entered(error));
                }
            }
        }
        assert!(
            !matches!(this.stage, Stage::Done),
            "a scope was polled after completion"
        );
        loop {
            if let Stage::Waiting | Stage::Settling = this.stage {
                ready!(this.poll_leftovers(cx));
                if let Stage::Settling = this.stage {
                    return Poll::Ready(this.finish());
                }
            }
            ready!(this.run(make_body.take(), cx));
        }
    }
}

impl<'r, R, M, F, B, T, E, P, N, X> With<'r, R, M, F, B, T, E, P, N, X>
where
    R: Cleanup,
    M: Manager,
    B: Future<Output = Result<T, E>>,
    P: Policy<M, T, E>,
    X: ExitSlot<M>,
{
    /// Between the end of enter and the first poll of the body nothing can be lost: the scope owns
    /// its resource before it returns from here (CM-20).
    #[inline]
    fn entered(&mut self, manager: M, resource: M::Resource) {
        put(self.resource.get_mut(), Some(resource));
        put(&mut self.manager, Some(manager));
        self.entered_under = CollectorId::current();
        self.live = LiveEntry::enter(|| self.about());
    }

    /// Polls the body or the exit as the enclosing scope of what is dropped in it. Both, if the body
    /// ends and leaves nothing behind: that is the ordinary way, and costs one change of the slot.
    #[inline]
    fn run(
        &mut self,
        make_body: Option<Maker<'r, M, F, B, N, X>>,
        cx: &mut Context<'_>,
    ) -> Poll<()> {
        let id = self.live.id();
        let advance = |this: &mut Self| this.advance(make_body, cx);
        match leftovers::within(self, |this| &mut this.leftovers, id, advance) {
            Ok(Poll::Ready(())) => Poll::Ready(()),
            Ok(Poll::Pending) => self.pending(cx),
            Err(payload) => {
                self.panicked(payload);
                Poll::Ready(())
            }
        }
    }

    #[inline]
    fn advance(
        &mut self,
        make_body: Option<Maker<'r, M, F, B, N, X>>,
        cx: &mut Context<'_>,
    ) -> Poll<()> {
        if let Stage::Entered = self.stage {
            let (Some(make_body), Some(resource)) = (make_body, self.resource.get_mut()) else {
                // The making of the body has panicked, without std.
                return Poll::Pending;
            };
            // There is no body yet; from here on it alone gets at the resource (1).
            let resource: *mut M::Resource = resource;
            // SAFETY: the resource stays where it is, untouched, until the body that borrows it is
            // gone (1). The body cannot keep the reference, as the `with` functions take only bodies
            // that accept a reference of any lifetime.
            let resource = unsafe { &mut *resource };
            (make_body.begin)(make_body.body, resource, &mut self.stage);
        }
        if let Stage::Body(body) = &mut self.stage {
            let watch = self.live.watch();
            // SAFETY: pinned structurally (2).
            let polled = unsafe { Pin::new_unchecked(body) }.poll(cx);
            watch.body_over(|| about::<R, M>(self.rt, self.location));
            let result = ready!(polled);
            put(&mut self.ended, BodyState::new(result));
            // What the drop leaves is a child like any other.
            // SAFETY: the stage holds nothing else.
            unsafe { end(&mut self.stage, Stage::as_body, Stage::Waiting) };
            if !nothing_left() {
                return Poll::Ready(());
            }
        }
        if let Stage::Waiting = self.stage {
            self.start_exit();
        }
        if let Stage::Exiting(exit) = &mut self.stage {
            // SAFETY: pinned structurally (2).
            let exit = unsafe { Pin::new_unchecked(exit) };
            let watch = self.live.watch();
            let polled = unwatched(|| exit.poll(cx));
            watch.exit_over(|| about::<R, M>(self.rt, self.location));
            let (result, told) = ready!(polled);
            if M::exits_others_first() {
                self.live.exiting(self.ended.kind());
            }
            put(
                &mut self.exited,
                ExitState::Done(result.map_err(ExitError::Failed)),
            );
            // SAFETY: the stage holds nothing else.
            unsafe { end(&mut self.stage, Stage::as_exit, Stage::Settling) };
            if told.is_some() {
                self.take_back(told);
            }
        }
        Poll::Ready(())
    }
}

impl<'r, R, M, F, B, T, E, P, N, X> With<'r, R, M, F, B, T, E, P, N, X>
where
    R: Cleanup,
    M: Manager,
    P: Policy<M, T, E>,
    X: ExitSlot<M>,
{
    /// The body or the exit waits.
    #[cold]
    fn pending(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.leftovers.start_deferred();
        if !matches!(self.stage, Stage::Exiting(_)) {
            return Poll::Pending;
        }
        let rt = self.rt;
        let clock = |timeout| rt.alarm(timeout);
        let budget = self.leftovers.poll_budget(cx, &clock, self.budget);
        if budget.is_ready() {
            self.exit_over_budget();
            return Poll::Ready(());
        }
        self.hold_off_cancellation();
        Poll::Pending
    }

    /// What was polled last has panicked. It is dropped in place, and what that leaves is collected.
    #[cold]
    fn panicked(&mut self, payload: Payload) {
        // Also if it was about to begin: there is nothing left to exit.
        let exit_began = self.manager.is_none();
        if exit_began {
            self.exited = ExitState::Panicked(payload);
            if let Err(second) = self.drop_stage(Stage::Settling) {
                report(&Report::ExitPanicked(self.about(), second.message()));
                second.discard();
            }
        } else {
            if let Err(second) = self.drop_stage(Stage::Waiting) {
                report(&Report::PanicLost(self.about(), second.message()));
                second.discard();
            }
            self.ended = BodyState::Panicked(payload);
        }
    }

    /// Drops what the stage holds, in place, and collects what comes out.
    pub(super) fn drop_stage(
        &mut self,
        next: Stage<N, Maker<'r, M, F, B, N, X>, B, X>,
    ) -> Result<(), Payload> {
        let stage = &mut self.stage;
        self.leftovers.collect(|| *stage = next)
    }

    #[inline]
    fn poll_leftovers(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let (rt, location) = (self.rt, self.location);
        let about = || about::<R, M>(rt, location);
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
        if let Some((manager, resource)) = self.take_entered() {
            if !M::exits_others_first() {
                self.live.exiting(self.ended.kind());
            }
            let why = self.tell_why(&manager);
            let mut exit = X::start(manager, resource, why);
            exit.place(|| self.about());
            put(&mut self.stage, Stage::Exiting(exit));
        }
    }

    /// The scope and its resource, if its exit has not begun.
    #[inline]
    pub(super) fn take_entered(&mut self) -> Option<(M, M::Resource)> {
        Some((self.manager.take()?, self.resource.get_mut().take()?))
    }

    /// Why the body ended, for an exit. The error of a failed one goes with it.
    #[inline]
    pub(super) fn tell_why(&mut self, manager: &M) -> Why {
        if let BodyState::Failed(_) = self.ended {
            self.pack_error(manager);
        }
        match &self.ended {
            BodyState::Running => Why::Cancelled,
            BodyState::Panicked(_) => Why::Panicked,
            BodyState::Told { .. } => match &mut self.stage {
                Stage::Failed(told) => told.take().map_or(Why::Cancelled, Why::Failed),
                _ => Why::Cancelled,
            },
            _ => Why::Completed,
        }
    }

    #[cold]
    fn pack_error(&mut self, manager: &M) {
        let ended = self.ended.take();
        let BodyState::Failed(error) = ended else {
            return;
        };
        // A panic there must not keep the scope from its exit.
        let suppressed = catch(|| P::suppresses(manager, &error)).unwrap_or_else(|panic| {
            report(&Report::ExitPanicked(self.about(), panic.message()));
            panic.discard();
            false
        });
        let (kept, told) = P::Carry::pack(error, self.about());
        self.stage = Stage::Failed(Some(told));
        self.ended = BodyState::Told { kept, suppressed };
    }

    /// The exit gives back what it was told.
    #[cold]
    fn take_back(&mut self, told: Option<Told>) {
        let ended = self.ended.take();
        if let BodyState::Told { kept, suppressed } = ended {
            if let Some(error) = P::Carry::unpack(kept, told) {
                self.ended = BodyState::Error { error, suppressed };
            }
        }
    }

    #[cold]
    fn exit_over_budget(&mut self) {
        let (about, budget) = (self.about(), self.budget.unwrap_or_default());
        report(&Report::OverBudget(about, budget, about));
        self.exited = ExitState::Done(Err(ExitError::OverBudget(budget)));
        let mut bequest = self.bequest();
        bequest.budget = None;
        bequest.detached = true;
        if let Err(bequest) = self.hand_exit_over(bequest) {
            self.leftovers = bequest.leftovers;
            report(&Report::Abandoned(about));
        }
        if let Err(payload) = self.drop_stage(Stage::Settling) {
            self.exited = ExitState::Panicked(payload);
        }
    }

    /// Moves the exit out of this frame, if its type can be moved.
    pub(super) fn hand_exit_over(
        &mut self,
        bequest: Bequest<'r, R, M::Kind>,
    ) -> Result<(), Bequest<'r, R, M::Kind>> {
        match &mut self.stage {
            // SAFETY: pinned structurally (2); a `&mut self` exists here only behind the pin of
            // `poll` or in `drop`.
            Stage::Exiting(exit) => unsafe { Pin::new_unchecked(exit) }.hand_over(bequest),
            _ => Err(bequest),
        }
    }

    #[inline]
    fn finish(&mut self) -> P::Output {
        put(&mut self.stage, Stage::Done);
        self.token = None;
        self.live = LiveEntry::default();
        if let (BodyState::Value(_), ExitState::Done(Ok(()))) = (&self.ended, &self.exited) {
            if let BodyState::Value(value) = self.ended.take() {
                return P::output(BodyEnd::Value(value), Ok(()));
            }
        }
        self.finish_failed()
    }

    #[cold]
    fn finish_failed(&mut self) -> P::Output {
        let ended = self.ended.take();
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
    fn resume_body(&self, body: Payload, exit: Result<(), ExitError<M::Error>>) -> ! {
        if let Err(ExitError::Failed(error)) = exit {
            report(&Report::ExitFailed(self.about(), &error));
        }
        body.resume()
    }

    /// The exit's panic goes on, unless the body's does; the other is told to the hook.
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

fn about<R: Cleanup, M: Manager>(rt: &R, location: &'static Location<'static>) -> About {
    About::new(Subject::Scope, M::name(), location, rt.id())
}
