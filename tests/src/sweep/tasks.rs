//! Tasks of foreign executors, aborted at every poll.

use std::future::Future;

use withal::runtime::Runtime;

use super::error::Violation;
use super::run::{Expect, Run};
use super::{At, Ending, Followed, Gate, Real, Sweep, SweepError, Swept};
use crate::Log;

impl<S: Clone + 'static, R: Runtime> Sweep<S, Real<R>> {
    /// As [`sweep`](Self::sweep), by a task that is aborted: `abort` gets a [`Gate`] in front of the
    /// scenario, spawns it, waits until the log says something, and aborts the task.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it drops the run that is under way.
    ///
    /// # Errors
    ///
    /// What does not hold first.
    pub async fn sweep_tasks<F: Future<Output = ()>>(
        self,
        abort: impl AsyncFn(Gate<F>, Log),
        scenario: impl Fn(Followed<R>, S) -> F,
    ) -> Result<Swept, SweepError> {
        let mut swept = Swept::default();
        for polls in 0..=self.limit {
            let run = Run::begin(&self.ground);
            let state = (self.setup)();
            let (gate, told) = Gate::new(scenario(run.rt.clone(), state.clone()), polls);
            abort(gate, told.clone()).await;
            let completed = told.has("completed");
            run.follow.mark("aborted");
            let expect = Expect {
                waited: false,
                panics: false,
                shuts_down: false,
                no_waker: !self.wakers_may_stay,
            };
            let ending = if completed {
                Ending::Completed
            } else {
                Ending::Cancelled
            };
            let holds = || (self.invariant)(&state, &ending);
            let checked = run.check(expect, || run.held_wakers(), holds).await;
            swept.runs += 1;
            swept.scopes += run.trace().entered();
            swept.polls = polls;
            if let Err(violation) = checked {
                return Err(error(polls, violation, &run));
            }
            if completed {
                return Ok(swept);
            }
        }
        let run = Run::begin(&self.ground);
        Err(error(
            self.limit,
            Violation::NeverCompletes(self.limit),
            &run,
        ))
    }
}

fn error<R: Runtime>(polls: usize, violation: Violation, run: &Run<'_, Real<R>>) -> SweepError {
    SweepError {
        mode: "a task aborted".to_owned(),
        at: At::Polls(polls),
        violation,
        trace: run.trace(),
    }
}
