use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use super::active::Active;
use crate::blocking::registry;
use crate::cleanup::{About, DrainReport, Report, drain, report};
use crate::runtime::{Cleanup, Timer};
use crate::timeout;

/// What [`run`](super::run()) gives.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "the report says what was not cleaned up"]
#[non_exhaustive]
pub struct Ran<T> {
    /// What `main` returned.
    pub output: T,
    /// What was still to be cleaned up when `main` had ended, and what became of it.
    pub cleanup: DrainReport,
    /// The blocking work that had not ended by then.
    pub blocking: Left,
}

impl<T> Ran<T> {
    pub(super) fn new(output: T, left: Ended) -> Self {
        Self {
            output,
            cleanup: left.cleanup,
            blocking: left.blocking,
        }
    }

    /// Whether everything ended in time, and each cleanup well.
    pub fn is_clean(&self) -> bool {
        self.cleanup.is_clean() && self.blocking.running.is_empty()
    }
}

/// What was left of one kind when `main` had ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Left {
    /// It was asked to stop, and has ended.
    pub ended: Vec<About>,
    /// It was asked to stop, and goes on. It was reported.
    pub running: Vec<About>,
}

impl fmt::Display for Left {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { ended, running } = self;
        write!(f, "{} ended, {} running", ended.len(), running.len())
    }
}

/// All that was left.
pub(super) struct Ended {
    cleanup: DrainReport,
    blocking: Left,
}

/// Ends what is left of `rt`, in the order of [`run`](super::run()).
pub(super) async fn end<R: Cleanup + Timer>(rt: &R, budget: Duration, active: Active) -> Ended {
    let deadline = rt.deadline(budget);
    let time = || rt.elapsed(rt.now(), deadline);
    let mut cleanup = drain(rt, time()).await;
    let mut blocking = Left::default();
    if active.is_last() && !registry::live(rt.id()).is_empty() {
        blocking = stop_blocking(rt, budget, time()).await;
        let before = std::mem::replace(&mut cleanup, drain(rt, time()).await);
        join(&mut cleanup, before);
    }
    Ended { cleanup, blocking }
}

async fn stop_blocking<R: Cleanup + Timer>(rt: &R, budget: Duration, time: Duration) -> Left {
    let mut seen = BTreeMap::new();
    // Those who have not ended by then are found in the list.
    let _in_time = timeout(rt, time, registry::stopped(rt.id(), &mut seen)).await;
    let running = registry::live(rt.id());
    for (number, about) in &running {
        seen.remove(number);
        report(&Report::StillRunning(*about, budget));
    }
    Left {
        ended: seen.into_values().collect(),
        running: running.into_iter().map(|(_, about)| about).collect(),
    }
}

/// Adds what an earlier drain saw ending; what it did not, a later one has met again.
fn join(later: &mut DrainReport, before: DrainReport) {
    later.finished.splice(0..0, before.finished);
    later.failed.splice(0..0, before.failed);
    later.panicked.splice(0..0, before.panicked);
}
