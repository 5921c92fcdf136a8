use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use super::active::Active;
use crate::cleanup::{About, DrainReport, Report, drain, report};
use crate::runtime::{Cleanup, TaskError, Timer};
use crate::sync::cancel_token::CancelReason;
use crate::{blocking, task, timeout};

/// What [`run`](super::run()) gives.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "the report says what was not cleaned up"]
#[non_exhaustive]
pub struct Ran<T> {
    /// What `main` returned.
    pub output: T,
    /// Why `main` was asked to end, or dropped, if it was.
    pub reason: Option<CancelReason>,
    /// The detached tasks that had not ended when `main` had.
    pub tasks: Left,
    /// What was still to be cleaned up then, and what became of it.
    pub cleanup: DrainReport,
    /// The blocking work that had not ended then.
    pub blocking: Left,
}

impl<T> Ran<T> {
    /// Whether everything ended in time, and each cleanup well.
    pub fn is_clean(&self) -> bool {
        self.tasks.is_clean() && self.cleanup.is_clean() && self.blocking.is_clean()
    }
}

/// What was left of one kind when `main` had ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Left {
    /// Cancelled, or asked to stop; and it has ended.
    pub ended: Vec<About>,
    /// Cancelled, or asked to stop; and it goes on. It was reported.
    pub running: Vec<About>,
}

impl Left {
    /// Whether everything has ended.
    pub fn is_clean(&self) -> bool {
        self.running.is_empty()
    }

    /// Of what was `seen`, that which is `live` goes on.
    fn new(mut seen: BTreeMap<u64, About>, live: Vec<(u64, About)>, budget: Duration) -> Self {
        for (number, about) in &live {
            seen.remove(number);
            report(&Report::StillRunning(*about, budget));
        }
        Self {
            ended: seen.into_values().collect(),
            running: live.into_iter().map(|(_, about)| about).collect(),
        }
    }
}

impl fmt::Display for Left {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { ended, running } = self;
        write!(f, "{} ended, {} running", ended.len(), running.len())
    }
}

/// All that was left.
pub(super) struct Ended {
    tasks: Left,
    cleanup: DrainReport,
    blocking: Left,
}

impl Ended {
    pub(super) fn with<T>(
        self,
        output: Result<T, TaskError>,
        reason: Option<CancelReason>,
    ) -> Ran<T> {
        Ran {
            output: output.unwrap_or_else(|error| error.resume()),
            reason,
            tasks: self.tasks,
            cleanup: self.cleanup,
            blocking: self.blocking,
        }
    }
}

/// Ends what is left of `rt`, in the order of [`run`](super::run()).
pub(super) async fn end<R: Cleanup + Timer>(rt: &R, budget: Duration, active: Active) -> Ended {
    let deadline = rt.deadline(budget);
    let time = || rt.elapsed(rt.now(), deadline);
    let (mut tasks, mut blocking) = (Left::default(), Left::default());
    let left = task::registry::live(rt.id());
    if active.is_last() && !left.is_empty() {
        // Those that do not end in time are found in the list.
        let _in_time = timeout(rt, time(), task::registry::cancel_all(rt.id())).await;
        let running = task::registry::live(rt.id());
        tasks = Left::new(left.into_iter().collect(), running, budget);
    }
    let mut cleanup = drain(rt, time()).await;
    if active.is_last() && !blocking::registry::live(rt.id()).is_empty() {
        let mut seen = BTreeMap::new();
        let stopped = blocking::registry::stopped(rt.id(), &mut seen);
        let _in_time = timeout(rt, time(), stopped).await;
        blocking = Left::new(seen, blocking::registry::live(rt.id()), budget);
        let before = std::mem::replace(&mut cleanup, drain(rt, time()).await);
        join(&mut cleanup, before);
    }
    Ended {
        tasks,
        cleanup,
        blocking,
    }
}

/// Adds what an earlier drain saw ending; what it did not, a later one has met again.
fn join(later: &mut DrainReport, before: DrainReport) {
    later.finished.splice(0..0, before.finished);
    later.failed.splice(0..0, before.failed);
    later.panicked.splice(0..0, before.panicked);
}
