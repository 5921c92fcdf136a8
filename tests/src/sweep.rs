//! The sweep: cancels a scenario after every number of polls, in every way that there is.

mod steps;
mod ways;

use std::future::Future;
use std::pin::pin;

use futures_util::future::select;
use withal::cleanup::drain;
use withal::runtime::Runtime;

use crate::log::patience;
use crate::{Log, laws};

pub use self::steps::{Gate, PollTimer, PollTimes, Ticks};
pub use self::ways::{Foreign, How, Way};

/// More polls than any scenario takes.
const LIMIT: usize = 300;

/// A way to cancel.
pub trait Cancel<R: Runtime> {
    /// Polls `future` `n` times and then cancels it; `true` if it completed before.
    fn run<F>(&self, rt: &R, log: &Log, future: F, n: usize) -> impl Future<Output = bool>
    where
        F: Future<Output = ()>;

    /// Whether every cleanup has ended when [`run`](Self::run) returns.
    fn waits(&self) -> bool;

    /// What it is called.
    fn name(&self) -> String;
}

/// Runs what `scenario` makes in each of the `ways`, cancelled after 0, 1, 2, … polls until it
/// completes, and holds each trace against the [`laws`].
///
/// # Errors
///
/// The first trace that breaks one, and how it came about.
pub async fn sweep<R, W, F>(
    rt: &R,
    ways: &[W],
    scenario: impl Fn(R, Log) -> F,
) -> Result<(), String>
where
    R: Runtime,
    W: Cancel<R>,
    F: Future<Output = ()>,
{
    for way in ways {
        for n in 0.. {
            assert!(n < LIMIT, "{} never completes", way.name());
            let log = Log::new();
            // Boxed: each way has it in many places, which would take much of a test's stack.
            let future = Box::pin(scenario(rt.clone(), log.clone()));
            let completed = way.run(rt, &log, future, n).await;
            if !way.waits() {
                settle(rt, &log).await;
            }
            laws::check(&log.events())
                .map_err(|error| format!("{}, cancelled after {n} polls: {error}", way.name()))?;
            if completed {
                break;
            }
        }
    }
    Ok(())
}

/// Waits until every scope has been exited, those of this thread included.
pub async fn settle(rt: &impl Runtime, log: &Log) {
    // The drain is for the exits that stay on this thread. It may have to wait for other cases'
    // cleanups as well, so the log says when it is enough.
    let settled = log.when(laws::is_settled);
    select(pin!(settled), pin!(drain(rt, patience()))).await;
    log.until(rt, laws::is_settled).await;
}

/// As [`sweep`], by tasks of `spawn_and_abort`'s that are aborted: it is given a [`Gate`], spawns
/// it, waits for the gate, and aborts the task.
///
/// # Errors
///
/// As [`sweep`].
pub async fn sweep_tasks<R, F>(
    rt: &R,
    spawn_and_abort: impl AsyncFn(Gate<F>, Log),
    scenario: impl Fn(R, Log) -> F,
) -> Result<(), String>
where
    R: Runtime,
    F: Future<Output = ()>,
{
    for n in 0..LIMIT {
        let log = Log::new();
        let (gate, told) = Gate::new(scenario(rt.clone(), log.clone()), n);
        spawn_and_abort(gate, told.clone()).await;
        log.until(rt, laws::is_settled).await;
        laws::check(&log.events()).map_err(|error| format!("aborted after {n} polls: {error}"))?;
        if told.has("completed") {
            return Ok(());
        }
    }
    Err("never completes".to_owned())
}
