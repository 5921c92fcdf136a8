//! Cancellation everywhere: runs a scenario again and again, ends it at every poll in every way,
//! and looks at what is left.
//!
//! A *scenario* is a future that you make anew for each run, from a fresh state. The sweep cancels
//! it before its first poll, after one poll, after two, … until it completes, in each of these ways:
//!
//! - by the combinators of this library: `cancel`, `either`, `timeout`, and by foreign code inside of
//!   `await_cleanup` and inside of a scope's body. Each of them waits: when it returns, every scope
//!   must have ended;
//! - by foreign code alone: a plain drop, `select`, `FuturesUnordered`, and those of the runtimes
//!   that are enabled. What is left behind then runs on its executor;
//! - by a shutdown of the runtime, before the drop or while the cleanup runs. The process then
//!   drains;
//! - not at all: instead, a poll panics, once in place of the scenario and once inside of it, at a
//!   [`checkpoint`].
//!
//! After each run it checks that every scope that was entered has been exited, or was reported;
//! inner before outer; that nobody still holds a waker; and your invariant. What it finds is a
//! [`SweepError`]: it names the way and the poll, and prints the steps of each scope.
//!
//! [`Sweep::run`] has a [`Deterministic`] runtime of its own for each run, so that the outcome is
//! always the same. [`Sweep::on`] runs on a runtime of yours. [`Interleave`] does all this with several
//! futures that share a state, in every order of their polls.
//!
//! # Examples
//!
//! A pool whose connections are taken in a scope. Whatever happens at whichever poll, none is lost.
//!
//! ```
//! use std::convert::Infallible;
//! use std::sync::Arc;
//! use std::sync::atomic::{AtomicUsize, Ordering};
//! use withal::{ExitReason, HandOver, Scope, with};
//! use withal_tests::sweep::{Sweep, checkpoint};
//!
//! #[derive(Clone)]
//! struct Pool(Arc<AtomicUsize>);
//!
//! impl Scope for Pool {
//!     type Resource = ();
//!     type Error = Infallible;
//!     type OnDrop = HandOver;
//!
//!     async fn enter(&mut self) -> Result<(), Infallible> {
//!         self.0.fetch_sub(1, Ordering::Relaxed);
//!         Ok(())
//!     }
//!
//!     async fn exit(self, (): (), _: ExitReason<'_>) -> Result<(), Infallible> {
//!         checkpoint().await; // says goodbye
//!         self.0.fetch_add(1, Ordering::Relaxed);
//!         Ok(())
//!     }
//! }
//!
//! Sweep::new(|| Pool(Arc::new(AtomicUsize::new(8))))
//!     .invariant(|pool| assert_eq!(pool.0.load(Ordering::Relaxed), 8))
//!     .run(async |rt, pool| {
//!         let used = with(&rt, pool, async |()| {
//!             checkpoint().await; // asks something
//!             Ok::<_, Infallible>(())
//!         });
//!         used.await.unwrap();
//!     });
//! ```

mod check;
mod error;
mod follow;
mod followed;
mod ground;
mod interleave;
mod run;
mod scenario;
mod steps;
mod tasks;
mod trace;
mod ways;

use std::fmt;
use std::future::Future;

use futures_util::FutureExt;
use withal::cleanup::drain;
use withal::runtime::Runtime;

pub use self::error::{At, SweepError, Violation};
pub use self::followed::{Awaited, Followed};
pub use self::ground::{Ground, Real, Simulation};
pub use self::interleave::{Interleave, Interleaved};
pub use self::scenario::{PollClock, Reached, Scenario};
pub use self::steps::{Gate, PollTimer, PollTimes, Ticks};
pub use self::trace::Trace;
pub use self::ways::{Cancel, Foreign, How, Way};

pub(crate) use self::scenario::point;

use crate::Deterministic;

use self::ground::sealed::Sealed;
use self::run::{Expect, Run};
use self::scenario::{Fate, Polls};

/// A sweep, to be run on a scenario. See the [module](self).
#[must_use = "a sweep does nothing unless it is run"]
pub struct Sweep<S, G: Ground = Simulation> {
    ground: G,
    setup: Box<dyn Fn() -> S>,
    invariant: Box<Invariant<S>>,
    ways: Option<Vec<Box<dyn Cancel<<G as Sealed>::Runtime>>>>,
    panics: bool,
    wakers_may_stay: bool,
    limit: usize,
}

type Invariant<S> = dyn Fn(&S, &Ending);

/// How a run came to its end, for invariants that depend on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ending {
    /// The scenario completed.
    Completed,
    /// It was cancelled.
    Cancelled,
    /// It was made to panic, whatever became of that.
    Panicked,
}

/// What a sweep did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Swept {
    /// How many runs there were.
    pub runs: usize,
    /// How many scopes were entered in them. Each has ended, or was reported.
    pub scopes: usize,
    /// The most polls that the scenario took.
    pub polls: usize,
}

impl<S: Clone + 'static> Sweep<S> {
    /// A sweep with a new runtime for each run. Each run begins with what `setup` makes;
    /// clones are to be the same state (an `Arc`, a handle).
    pub fn new(setup: impl Fn() -> S + 'static) -> Self {
        Self::with_ground(Simulation, setup)
    }

    /// Runs the sweep on what `scenario` makes.
    ///
    /// # Panics
    ///
    /// With the [`SweepError`].
    #[track_caller]
    pub fn run<F: Future<Output = ()>>(
        self,
        scenario: impl Fn(Followed<Deterministic>, S) -> F,
    ) -> Swept {
        match self.try_run(scenario) {
            Ok(swept) => swept,
            Err(error) => panic!("{error}"),
        }
    }

    /// As [`run`](Self::run), for those who look at the error.
    ///
    /// # Errors
    ///
    /// What does not hold first.
    pub fn try_run<F: Future<Output = ()>>(
        self,
        scenario: impl Fn(Followed<Deterministic>, S) -> F,
    ) -> Result<Swept, SweepError> {
        match self.sweep(scenario).now_or_never() {
            Some(swept) => swept,
            None => unreachable!("a simulated run is polled to its end at once"),
        }
    }
}

impl<S: Clone + 'static, R: Runtime> Sweep<S, Real<R>> {
    /// A sweep on `rt`, to be polled there by [`sweep`](Self::sweep). There is no shutdown then.
    pub fn on(rt: &R, setup: impl Fn() -> S + 'static) -> Self {
        Self::with_ground(Real(rt.clone()), setup)
    }
}

impl<S: Clone + 'static, G: Ground> Sweep<S, G> {
    fn with_ground(ground: G, setup: impl Fn() -> S + 'static) -> Self {
        Self {
            ground,
            setup: Box::new(setup),
            invariant: Box::new(|_, _| ()),
            ways: None,
            panics: true,
            wakers_may_stay: false,
            limit: 1000,
        }
    }

    /// What must hold after each run: fails by a panic. Called at once where whoever cancelled has
    /// waited (unless the scenario spawns tasks), and when everything is at rest.
    pub fn invariant(self, holds: impl Fn(&S) + 'static) -> Self {
        self.invariant_of(move |state, _| holds(state))
    }

    /// As [`invariant`](Self::invariant), for one that depends on how the scenario ended.
    pub fn invariant_of(mut self, holds: impl Fn(&S, &Ending) + 'static) -> Self {
        self.invariant = Box::new(holds);
        self
    }

    /// Sweeps in these ways only.
    pub fn ways(mut self, ways: impl IntoIterator<Item = Way>) -> Self {
        let ways = ways.into_iter();
        self.ways = Some(ways.map(|way| Box::new(way) as _).collect());
        self
    }

    /// Sweeps in this way only, which may be a combinator of your own.
    pub fn way(mut self, way: impl Cancel<<G as Sealed>::Runtime> + 'static) -> Self {
        self.ways = Some(vec![Box::new(way)]);
        self
    }

    /// Leaves the panics out.
    pub fn without_panics(mut self) -> Self {
        self.panics = false;
        self
    }

    /// Lets the state keep wakers: some queues drop those of a waiter that is gone only when they
    /// come across them.
    pub fn wakers_may_stay(mut self) -> Self {
        self.wakers_may_stay = true;
        self
    }

    /// How many polls the scenario may take; 1000 unless it is said.
    pub fn limit(mut self, polls: usize) -> Self {
        self.limit = polls;
        self
    }

    /// Runs the sweep on what `scenario` makes. With [`Sweep::on`], poll this on that runtime.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it drops the run that is under way.
    ///
    /// # Errors
    ///
    /// What does not hold first.
    pub async fn sweep<F: Future<Output = ()>>(
        mut self,
        scenario: impl Fn(Followed<<G as Sealed>::Runtime>, S) -> F,
    ) -> Result<Swept, SweepError> {
        let ways = self.ways.take().unwrap_or_else(|| self.ground.ways());
        let mut swept = Swept::default();
        for way in &ways {
            let panics = [Fate::PanicsInstead, Fate::PanicsInside];
            let panics = panics.into_iter().filter(|_| self.panics && way.panics());
            for fate in [Fate::Cancelled].into_iter().chain(panics) {
                let mut polls = 0;
                while !self
                    .once(&**way, fate, polls, &scenario, &mut swept)
                    .await?
                {
                    polls += 1;
                }
            }
        }
        Ok(swept)
    }

    /// One run; whether it was the last of its kind.
    async fn once<F: Future<Output = ()>>(
        &self,
        way: &dyn Cancel<<G as Sealed>::Runtime>,
        fate: Fate,
        limit: usize,
        scenario: &impl Fn(Followed<<G as Sealed>::Runtime>, S) -> F,
        swept: &mut Swept,
    ) -> Result<bool, SweepError> {
        let run = Run::begin(&self.ground);
        let polls = Polls::new(fate, limit, &run.follow);
        let state = (self.setup)();
        let future = scenario(run.rt.clone(), state.clone()).boxed_local();
        let future = Scenario::new(future, &polls);
        let mut ended = run.drive(way.run(&run.rt, future)).await;
        let ending = if polls.is_injected() {
            Ending::Panicked
        } else if polls.is_completed() {
            Ending::Completed
        } else {
            Ending::Cancelled
        };
        run.follow.mark(format_args!("{} returned", way.name()));
        if ended.is_ok() {
            let expect = Expect {
                waited: way.waits(),
                panics: fate != Fate::Cancelled,
                shuts_down: way.shuts_down(),
                no_waker: !self.wakers_may_stay,
            };
            let holds = || (self.invariant)(&state, &ending);
            ended = run.check(expect, || run.held_wakers(), holds).await;
        }
        if ended.is_ok() && polls.count() > self.limit {
            ended = Err(Violation::NeverCompletes(self.limit));
        }
        let trace = run.trace();
        swept.runs += 1;
        swept.scopes += trace.entered();
        swept.polls = swept.polls.max(polls.count());
        match ended {
            Ok(()) => Ok(match fate {
                // Not one that went on to its end since an exit was in progress.
                Fate::Cancelled => polls.is_completed() && polls.count() <= limit,
                // The poll that was to panic never came.
                Fate::PanicsInstead | Fate::PanicsInside => polls.count() <= limit,
            }),
            Err(violation) => Err(SweepError {
                mode: match fate {
                    Fate::Cancelled => format!("cancelled by {}", way.name()),
                    Fate::PanicsInstead => format!("panicked under {}", way.name()),
                    Fate::PanicsInside => format!("panicked inside, under {}", way.name()),
                },
                at: At::Polls(polls.at()),
                violation,
                trace,
            }),
        }
    }
}

impl<S, G: Ground + fmt::Debug> fmt::Debug for Sweep<S, G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sweep")
            .field("ground", &self.ground)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for Swept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            runs,
            scopes,
            polls,
        } = self;
        write!(f, "{runs} runs of up to {polls} polls, {scopes} scopes")
    }
}

/// Yields once. In a sweep, the poll that comes here may be made to panic, unless a scope is being
/// exited.
pub async fn checkpoint() {
    crate::poll::yields(1).await;
}

/// Waits until every scope in `log` has been exited, those of this thread included.
pub async fn settle(rt: &impl Runtime, log: &crate::Log) {
    // The drain is for the exits that stay on this thread. It may have to wait for other cases'
    // cleanups as well, so the log says when it is enough.
    let settled = log.when(crate::laws::is_settled);
    let drain = drain(rt, crate::log::patience());
    futures_util::future::select(std::pin::pin!(settled), drain).await;
    log.until(rt, crate::laws::is_settled).await;
}
