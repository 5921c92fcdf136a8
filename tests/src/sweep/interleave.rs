//! Several futures that share a state, in every order of their polls.

use std::fmt;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use withal::cancel::Cancellable;

use super::error::{At, SweepError, Violation};
use super::follow::inside;
use super::run::{Expect, Run, message};
use super::{Followed, Simulation};
use crate::Deterministic;

/// Runs several tasks again and again, in every order of their polls, and cancels each of them at
/// each point; one of them in a run, unless [`cancels`](Self::cancels) says otherwise.
///
/// A task is polled when it was woken, as an executor does. A cancelled one is dropped under
/// `cancel`, and its cleanup is polled in every order as well. What the tasks spawn is polled at
/// once, and time passes when nothing else is to be done. After each run it checks what a
/// [`Sweep`](super::Sweep) checks. An error names the schedule: `aaba×b` polled `a` twice, then
/// `b`, cancelled `a`, and polled `b`.
///
/// # Complexity
///
/// Exponential in the number of polls: all orders up to [`polls`](Self::polls), and one beyond.
///
/// # Examples
///
/// ```
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicU32, Ordering};
/// use withal_tests::sweep::{Interleave, checkpoint};
///
/// let lost = Interleave::new(Arc::<AtomicU32>::default)
///     .task(async |_, count| {
///         let seen = count.load(Ordering::Relaxed);
///         checkpoint().await;
///         count.store(seen + 1, Ordering::Relaxed);
///     })
///     .task(async |_, count| {
///         count.fetch_add(1, Ordering::Relaxed);
///     })
///     .cancels(0)
///     .invariant(|count| assert_eq!(count.load(Ordering::Relaxed), 2))
///     .try_run()
///     .unwrap_err();
/// assert!(lost.to_string().starts_with("interleaved in the schedule aba: "));
/// ```
#[must_use = "it does nothing unless it is run"]
pub struct Interleave<S> {
    setup: Box<dyn Fn() -> S>,
    invariant: Box<dyn Fn(&S)>,
    tasks: Vec<Box<Make<S>>>,
    polls: usize,
    cancels: usize,
    wakers_may_stay: bool,
}

type Make<S> = dyn Fn(Followed<Deterministic>, S) -> LocalBoxFuture<'static, ()>;

/// What an [`Interleave`] did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Interleaved {
    /// How many schedules there were.
    pub schedules: usize,
    /// How many scopes were entered in them. Each has ended.
    pub scopes: usize,
}

/// Rounds after which a schedule counts as one without an end.
const LIMIT: usize = 10_000;

impl<S: Clone + 'static> Interleave<S> {
    /// Without tasks so far. Each run begins with what `setup` makes; clones are to be the same
    /// state (an `Arc`, a handle).
    pub fn new(setup: impl Fn() -> S + 'static) -> Self {
        Self {
            setup: Box::new(setup),
            invariant: Box::new(|_| ()),
            tasks: Vec::new(),
            polls: 12,
            cancels: 1,
            wakers_may_stay: false,
        }
    }

    /// Adds a task: the first is called `a`, the second `b`.
    pub fn task<F>(mut self, task: impl Fn(Followed<Deterministic>, S) -> F + 'static) -> Self
    where
        F: Future<Output = ()> + 'static,
    {
        self.tasks
            .push(Box::new(move |rt, state| task(rt, state).boxed_local()));
        self
    }

    /// What must hold after each run: fails by a panic.
    pub fn invariant(mut self, holds: impl Fn(&S) + 'static) -> Self {
        self.invariant = Box::new(holds);
        self
    }

    /// Up to how many polls, of all tasks together, every order is tried; 12 unless it is said.
    /// From there on the tasks take turns.
    pub fn polls(mut self, polls: usize) -> Self {
        self.polls = polls;
        self
    }

    /// How many tasks may be cancelled in one run.
    pub fn cancels(mut self, tasks: usize) -> Self {
        self.cancels = tasks;
        self
    }

    /// Lets the state keep wakers, as [`Sweep::wakers_may_stay`](super::Sweep::wakers_may_stay).
    pub fn wakers_may_stay(mut self) -> Self {
        self.wakers_may_stay = true;
        self
    }

    /// Runs all schedules.
    ///
    /// # Panics
    ///
    /// With the [`SweepError`].
    #[track_caller]
    pub fn run(self) -> Interleaved {
        match self.try_run() {
            Ok(done) => done,
            Err(error) => panic!("{error}"),
        }
    }

    /// As [`run`](Self::run), for those who look at the error.
    ///
    /// # Errors
    ///
    /// What does not hold first.
    pub fn try_run(self) -> Result<Interleaved, SweepError> {
        let mut choices = Choices::default();
        let mut done = Interleaved::default();
        loop {
            self.once(&mut choices, &mut done)?;
            if !choices.next_path() {
                return Ok(done);
            }
        }
    }

    fn once(&self, choices: &mut Choices, done: &mut Interleaved) -> Result<(), SweepError> {
        let run = Run::begin(&Simulation);
        let state = (self.setup)();
        let tasks = self.tasks.iter().zip('a'..);
        let mut schedule = Schedule {
            tasks: tasks
                .map(|(make, name)| Task::new(name, make(run.rt.clone(), state.clone())))
                .collect(),
            steps: String::new(),
            polls: 0,
            cancels: self.cancels,
        };
        let mut ended = self.play(&mut schedule, &run, choices);
        let Schedule { tasks, steps, .. } = schedule;
        let wakers: Vec<_> = tasks.into_iter().map(|task| task.woken).collect();
        if ended.is_ok() {
            let expect = Expect {
                waited: true,
                panics: false,
                shuts_down: false,
                no_waker: !self.wakers_may_stay,
            };
            let held = || -> usize {
                let held = wakers.iter().map(|woken| Arc::strong_count(woken) - 1);
                held.sum()
            };
            let check = run.check(expect, held, || (self.invariant)(&state));
            ended = match check.now_or_never() {
                Some(checked) => checked,
                None => unreachable!("a simulated run is checked at once"),
            };
        }
        done.schedules += 1;
        done.scopes += run.trace().entered();
        ended.map_err(|violation| SweepError {
            mode: "interleaved".to_owned(),
            at: At::Schedule(steps),
            violation,
            trace: run.trace(),
        })
    }

    /// Plays one schedule to its end.
    fn play(
        &self,
        schedule: &mut Schedule,
        run: &Run<'_, Simulation>,
        choices: &mut Choices,
    ) -> Result<(), Violation> {
        let rt = run.rt.runtime();
        for _ in 0..LIMIT {
            while rt.poll_next() {}
            if schedule.tasks.iter().all(|task| task.stage == Stage::Done) {
                return Ok(());
            }
            let branches = schedule.polls < self.polls;
            let steps = schedule.steps_from_here(branches);
            if !steps.iter().any(|step| matches!(step, Step::Poll(_))) {
                if rt.advance_to_next() {
                    continue;
                }
                return Err(Violation::Stalled);
            }
            let chosen = if branches {
                choices.choose(steps.len())
            } else {
                0
            };
            schedule.take(steps[chosen], run)?;
        }
        Err(Violation::NeverCompletes(LIMIT))
    }
}

impl<S> fmt::Debug for Interleave<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Interleave")
            .field("tasks", &self.tasks.len())
            .field("polls", &self.polls)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for Interleaved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { schedules, scopes } = self;
        write!(f, "{schedules} schedules, {scopes} scopes")
    }
}

/// A run's tasks, and what was done with them.
struct Schedule {
    tasks: Vec<Task>,
    steps: String,
    polls: usize,
    cancels: usize,
}

#[derive(Clone, Copy)]
enum Step {
    Poll(usize),
    Cancel(usize),
}

impl Schedule {
    /// What could be done next. The task that was polled longest ago comes first.
    fn steps_from_here(&self, cancels: bool) -> Vec<Step> {
        let mut ready: Vec<usize> = (0..self.tasks.len())
            .filter(|task| self.tasks[*task].is_ready())
            .collect();
        ready.sort_by_key(|task| self.tasks[*task].last_polled);
        let running = (0..self.tasks.len())
            .filter(|task| self.tasks[*task].stage == Stage::Running)
            .filter(|_| cancels && self.cancels > 0);
        let polls = ready.into_iter().map(Step::Poll);
        polls.chain(running.map(Step::Cancel)).collect()
    }

    fn take(&mut self, step: Step, run: &Run<'_, Simulation>) -> Result<(), Violation> {
        let (Step::Poll(task) | Step::Cancel(task)) = step;
        let task = &mut self.tasks[task];
        self.polls += 1;
        task.last_polled = self.polls;
        self.steps.push(task.name);
        if let Step::Cancel(_) = step {
            self.steps.push('×');
            self.cancels -= 1;
            task.stage = Stage::Ending;
            run.follow.mark(format_args!("cancels {}", task.name));
        } else {
            run.follow.mark(format_args!("polls {}", task.name));
        }
        let polled = catch_unwind(AssertUnwindSafe(|| inside(|| task.poll())));
        polled.map_err(|payload| Violation::Panicked(message(&*payload)))
    }
}

struct Task {
    name: char,
    future: Pin<Box<Cancellable<LocalBoxFuture<'static, ()>>>>,
    woken: Arc<Woken>,
    stage: Stage,
    last_polled: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Running,
    /// Completed or cancelled, and cleaning up.
    Ending,
    Done,
}

impl Task {
    fn new(name: char, future: LocalBoxFuture<'static, ()>) -> Self {
        Self {
            name,
            future: Box::pin(Cancellable::new("interleave", future)),
            woken: Arc::new(Woken(AtomicBool::new(true))),
            stage: Stage::Running,
            last_polled: 0,
        }
    }

    fn is_ready(&self) -> bool {
        self.stage != Stage::Done && self.woken.0.load(Ordering::Acquire)
    }

    fn poll(&mut self) {
        self.woken.0.store(false, Ordering::Release);
        let waker = Waker::from(self.woken.clone());
        let cx = &mut Context::from_waker(&waker);
        if self.stage == Stage::Running {
            let Poll::Ready(()) = self.future.as_mut().poll(cx) else {
                return;
            };
            self.stage = Stage::Ending;
        }
        if self.future.as_mut().poll_cancel(cx).is_ready() {
            self.stage = Stage::Done;
        }
    }
}

struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Release);
    }
}

/// A path through the tree of schedules, leftmost first.
#[derive(Default)]
struct Choices {
    /// What was chosen, of how many.
    path: Vec<(usize, usize)>,
    depth: usize,
}

impl Choices {
    fn choose(&mut self, of: usize) -> usize {
        if self.depth == self.path.len() {
            self.path.push((0, of));
        }
        let (chosen, _) = self.path[self.depth];
        self.depth += 1;
        chosen
    }

    /// Goes to the next path; `false` if this was the last.
    fn next_path(&mut self) -> bool {
        self.depth = 0;
        while let Some((chosen, of)) = self.path.pop() {
            if chosen + 1 < of {
                self.path.push((chosen + 1, of));
                return true;
            }
        }
        false
    }
}
