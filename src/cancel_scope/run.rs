//! How a scope goes on: one poll, from state to state.

use std::future::Future;
use std::mem;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use pin_project_lite::pin_project;

use super::handle::{CancelScope, Shared};
use super::state::ScopeState;
use super::{CancelScoped, ScopeEnd};
use crate::Elapsed;
use crate::cancel::Branch;
use crate::cleanup::Kind;
use crate::runtime::{TaskError, Timer};
use crate::sync::cancel_token::WaitOwned;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Created,
    /// The body runs, and `sleep`, if there is one, waits for the deadline.
    Active,
    /// The body runs, and `sleep` waits for the end of the grace.
    Asked,
    /// The body is dropped, as soon as no exit in it is in progress; `sleep` waits for the end of the
    /// budget, if there is one.
    Cancelling,
    /// The body has ended; `sleep` as above.
    Settling,
    Ended,
}

pin_project! {
    #[project = StageProjection]
    pub(super) enum Stage<M, B, T, K: Kind> {
        // `None` from when the body is made to when it is put here.
        Created { make: Option<M> },
        Running {
            #[pin]
            branch: Branch<B, T, K>,
        },
        Ended,
    }
}

impl<R, F, B, T, K> Future for CancelScoped<'_, R, F, B, T, K>
where
    R: Timer,
    B: Future<Output = T>,
    K: Kind,
{
    type Output = ScopeEnd<T>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<ScopeEnd<T>> {
        if self.phase == Phase::Created {
            self.as_mut().begin();
        }
        let ended = ready!(self.as_mut().poll_phases(cx));
        Poll::Ready(self.end(ended))
    }
}

impl<R, F, B, T, K> CancelScoped<'_, R, F, B, T, K>
where
    R: Timer,
    B: Future<Output = T>,
    K: Kind,
{
    fn begin(self: Pin<&mut Self>) {
        let mut this = self.project();
        let settings = mem::take(this.settings);
        let shared = this
            .shared
            .get_or_insert_with(|| Shared::new(settings.parent, settings.shielded));
        let begun = this.rt.now();
        let timeout = settings.timeout;
        let timeout = timeout.map(|timeout| this.rt.after(begun, timeout));
        shared.enter([timeout, settings.deadline].into_iter().flatten().min());
        this.asked.set(Some(shared.token.cancelled_owned()));
        *this.begun = Some(begun);
        *this.phase = Phase::Active;
        let make = match this.stage.as_mut().project() {
            StageProjection::Created { make } => make.take(),
            StageProjection::Running { .. } | StageProjection::Ended => None,
        };
        if let Some(make) = make {
            let scope = CancelScope::new(shared.clone());
            (make.begin)(make.body, scope, this.location, this.stage);
        }
    }

    /// Polls the body, and goes from phase to phase. Ready with what the body has come to.
    fn poll_phases(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<T, TaskError>> {
        let this = self.project();
        let (StageProjection::Running { mut branch }, Some(shared)) =
            (this.stage.project(), &*this.shared)
        else {
            panic!("a cancel scope was polled after completion");
        };
        let cancels = *this.phase == Phase::Cancelling;
        if let Poll::Ready(ended) = branch.as_mut().poll_branch(cx, cancels) {
            return Poll::Ready(ended);
        }
        let mut timer = ScopeTimer {
            rt: *this.rt,
            sleep: this.sleep,
            until: this.until,
        };
        if let Phase::Active | Phase::Asked = this.phase {
            // Whoever asks now is too late.
            if branch.value().is_some() || branch.is_panicking() {
                *this.phase = Phase::Settling;
                shared.set_state(ScopeState::CleaningUp);
                timer.set(*this.budget);
            }
        }
        if *this.phase == Phase::Active {
            ready!(poll_asked(
                this.asked,
                &mut timer,
                shared,
                this.location,
                cx
            ));
            *this.phase = Phase::Asked;
            shared.set_state(ScopeState::Asked);
            timer.set(Some(*this.grace));
            // It is polled in its grace, however short that is, and however late the thread.
            if !this.grace.is_zero() {
                if let Poll::Ready(ended) = branch.as_mut().poll_branch(cx, false) {
                    return Poll::Ready(ended);
                }
            }
        }
        if *this.phase == Phase::Asked {
            if !this.grace.is_zero() {
                ready!(timer.poll(cx));
            }
            *this.phase = Phase::Cancelling;
            shared.set_state(ScopeState::CleaningUp);
            timer.set(*this.budget);
            if let Poll::Ready(ended) = branch.as_mut().poll_branch(cx, true) {
                return Poll::Ready(ended);
            }
        }
        if *this.budget != Some(Duration::ZERO) {
            ready!(timer.poll(cx));
        }
        branch.as_mut().give_up(this.budget.unwrap_or_default());
        branch.poll_branch(cx, true)
    }

    fn end(self: Pin<&mut Self>, ended: Result<T, TaskError>) -> ScopeEnd<T> {
        let mut this = self.project();
        *this.phase = Phase::Ended;
        this.stage.set(Stage::Ended);
        this.asked.set(None);
        this.sleep.set(None);
        let Some(shared) = this.shared else {
            unreachable!("it was begun");
        };
        let output = match ended {
            Ok(output) => Some(output),
            Err(panicked) if panicked.is_panic() => {
                shared.finish(false);
                panicked.resume()
            }
            Err(_) => None,
        };
        shared.finish(output.is_none());
        let elapsed = shared.has_elapsed().then(|| {
            let deadline = shared.deadline().zip(*this.begun);
            let timeout = deadline.map(|(deadline, begun)| this.rt.elapsed(begun, deadline));
            Elapsed {
                timeout: timeout.unwrap_or_default(),
            }
        });
        ScopeEnd::new(output, shared.token.reason(), elapsed)
    }
}

/// Ready once the scope is asked, by its token or by its deadline.
fn poll_asked<R: Timer>(
    mut asked: Pin<&mut Option<WaitOwned>>,
    timer: &mut ScopeTimer<'_, R>,
    shared: &Shared<R>,
    location: &'static Location<'static>,
    cx: &mut Context<'_>,
) -> Poll<()> {
    // First, as it has precedence.
    if let Some(asked) = asked.as_mut().as_pin_mut() {
        if asked.poll(cx).is_ready() {
            return Poll::Ready(());
        }
    }
    loop {
        let deadline = shared.watch(cx.waker());
        ready!(timer.poll_at(deadline, cx));
        // Unless it was changed meanwhile.
        if deadline.is_some_and(|deadline| shared.expire(deadline)) {
            // It need not be told itself.
            asked.set(None);
            shared.ask_elapsed(location);
            return Poll::Ready(());
        }
    }
}

/// The one timer of a scope, which waits for one thing after the other.
struct ScopeTimer<'a, R: Timer> {
    rt: &'a R,
    sleep: Pin<&'a mut Option<R::Sleep>>,
    until: &'a mut Option<R::Instant>,
}

impl<R: Timer> ScopeTimer<'_, R> {
    /// Ready at `deadline`, and never without one. Once it was ready, it waits for another one.
    fn poll_at(&mut self, deadline: Option<R::Instant>, cx: &mut Context<'_>) -> Poll<()> {
        if *self.until != deadline {
            *self.until = deadline;
            self.sleep
                .set(deadline.map(|deadline| self.rt.sleep_until(deadline)));
        }
        ready!(self.poll(cx));
        *self.until = None;
        Poll::Ready(())
    }

    /// Waits for so long from now on. For no time at all it is not asked: a timer may round up.
    fn set(&mut self, time: Option<Duration>) {
        let time = time.filter(|time| !time.is_zero());
        self.sleep.set(time.map(|time| self.rt.sleep(time)));
    }

    /// Ready when the time is up, and never if none was set.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match self.sleep.as_mut().as_pin_mut() {
            Some(sleep) => {
                ready!(sleep.poll(cx));
                self.sleep.set(None);
                Poll::Ready(())
            }
            None => Poll::Pending,
        }
    }
}
