//! Plays plan after plan.

use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use fastrand::Rng;
use futures_util::FutureExt;
use withal::cleanup::drain;
use withal::runtime::Timer as _;
use withal::{ExitReason, HandOver, Scope, await_cleanup, cancel, either, with};

use super::foreign::{after, gives_up};
use super::ledger::{Given, Ledger};
use super::plan::{Plan, Stop};
use super::play::{Cast, Thrown, millis};
use super::{random, shrink};
use crate::Deterministic;
use crate::deterministic::Order;
use crate::log::PATIENCE;
use crate::reports::Reports;

/// A run of random compositions, on this thread.
#[derive(Clone, Copy, Debug)]
pub struct Compositions {
    /// How many.
    pub scripts: u64,
    /// The seed of the first one; each has the next one.
    pub seed: u64,
    /// Whether one of the combinators is broken on purpose: it does not wait.
    pub broken: bool,
}

/// What was done.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct Summary {
    /// How many compositions were played.
    pub scripts: u64,
    /// How many scopes were entered and exited in them.
    pub scopes: u64,
    /// How many of them came to an end of their own.
    pub finished: u64,
}

/// A composition that broke a law.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Failure {
    /// Its seed.
    pub seed: u64,
    /// How many parts it has, made small.
    pub parts: usize,
    /// What was wrong with it, made small.
    pub what: String,
    text: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for Failure {}

impl Compositions {
    /// Plays them.
    ///
    /// # Errors
    ///
    /// The first that broke a law.
    pub fn run(self) -> Result<Summary, Box<Failure>> {
        let mut summary = Summary::default();
        for number in 0..self.scripts {
            let seed = self.seed.wrapping_add(number);
            let mut rng = Rng::with_seed(seed);
            let (mut plan, stop) = random::plan(&mut rng);
            if self.broken {
                plan = plan.broken();
            }
            match played(&plan, stop, seed) {
                Ok(done) => {
                    summary.scripts += 1;
                    summary.scopes += done.scopes as u64;
                    summary.finished += u64::from(done.finished);
                }
                Err(first) => return Err(Box::new(made_small(plan, stop, seed, first))),
            }
        }
        Ok(summary)
    }
}

fn made_small(mut plan: Plan, stop: Stop, seed: u64, first: String) -> Failure {
    let mut what = first.clone();
    let as_drawn = plan.to_string();
    while let Some((smaller, wrong)) = shrink::smaller(&plan).into_iter().find_map(|smaller| {
        let wrong = played(&smaller, stop, seed).err()?;
        Some((smaller, wrong))
    }) {
        (plan, what) = (smaller, wrong);
    }
    Failure {
        seed,
        parts: plan.size(),
        text: format!(
            "WITHAL_SEED={seed}, {stop:?}: {first}\n{as_drawn}made small: {what}\n{plan}"
        ),
        what,
    }
}

/// What a composition came to.
struct Done {
    scopes: usize,
    finished: bool,
}

/// Plays `plan`, and holds it against the laws.
fn played(plan: &Plan, stop: Stop, seed: u64) -> Result<Done, String> {
    let rt = Deterministic::builder().order(Order::Random(seed)).build();
    let cast = Cast {
        rt: rt.clone(),
        ledger: Arc::default(),
    };
    let reports = Reports::begin();
    let plan = Arc::new(plan.clone());
    // A deadlock is a panic of the runtime's, and says who waits.
    let ended = catch_unwind(AssertUnwindSafe(|| {
        rt.block_on(AssertUnwindSafe(stopped(&cast, &plan, stop)).catch_unwind())
    }));
    let ledger = &cast.ledger;
    let finished = match ended {
        Ok(Ok(finished)) => finished,
        Ok(Err(thrown)) if thrown.is::<Thrown>() => true,
        Ok(Err(panicked)) => {
            return Err(told(
                ledger,
                format!("a part panicked: {}", text(&*panicked)),
            ));
        }
        Err(stuck) => return Err(told(ledger, text(&*stuck))),
    };
    ledger.law(ledger.open() == 0, || {
        "the whole ended too early".to_owned()
    });
    ledger.verdict()?;
    let left = rt.block_on(drain(&rt, PATIENCE));
    ledger.law(left.is_clean(), || format!("it left {left:?}"));
    let tasks = rt.run_until_stalled();
    ledger.law(tasks == 0, || format!("it left tasks: {}", rt.stall()));
    ledger.law(rt.timers() == 0, || {
        format!("it left {} timers", rt.timers())
    });
    let mut told = reports.here();
    told.retain(|report| !is_legitimate(report));
    ledger.law(told.is_empty(), || format!("it reported {told:?}"));
    ledger.verdict()?;
    Ok(Done {
        scopes: ledger.exits(),
        finished,
    })
}

/// Plays `plan`, and ends it from outside; whether it came to an end of its own.
async fn stopped(cast: &Cast, plan: &Arc<Plan>, stop: Stop) -> bool {
    let whole = cast.play(plan);
    match stop {
        Stop::After(span) => {
            let stop = cast.rt.sleep(millis(span));
            matches!(either(whole, stop).await, withal::Either::Left(_))
        }
        Stop::Cancelled(polls) => {
            let whole = async {
                match after(polls.into(), whole).await {
                    Ok(_given) => true,
                    Err(whole) => {
                        cancel(whole).await;
                        false
                    }
                }
            };
            await_cleanup(whole).await
        }
        Stop::Dropped(polls) => {
            let body = with(&cast.rt, Outermost(cast.ledger.clone()), async |()| {
                Ok::<_, std::convert::Infallible>(gives_up(polls.into(), whole).await)
            });
            let given: Result<Option<Given>, _> = body.await;
            given.is_ok_and(|given| given.is_some())
        }
    }
}

/// The scope around everything: nothing is open when it is exited.
struct Outermost(Arc<Ledger>);

impl Scope for Outermost {
    type Resource = ();
    type Error = std::convert::Infallible;
    type OnDrop = HandOver;

    async fn enter(&mut self) -> Result<(), Self::Error> {
        Ok(())
    }

    async fn exit(self, (): (), _: ExitReason<'_>) -> Result<(), Self::Error> {
        let open = self.0.open();
        self.0.law(open == 0, || {
            format!("{open} scopes outlived the outermost")
        });
        Ok(())
    }
}

/// Whether it tells what foreign code has dropped, or what came too late to be given: there is no other
/// way to learn of that.
fn is_legitimate(report: &str) -> bool {
    let told = [
        "dropped while exiting",
        "not closed",
        "after the first",
        "exit panicked",
        "nobody waited",
        "task_group",
    ];
    told.iter().any(|told| report.contains(told))
}

/// What went wrong, or the law that was broken before.
fn told(ledger: &Ledger, what: String) -> String {
    ledger.law(false, || what);
    ledger.verdict().err().unwrap_or_default()
}

fn text(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&'static str>().copied();
    let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("no text").to_owned()
}
