//! The runtime that scopes are given: the flavour's own, but for its clock, which scripts move.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use withal::cleanup::CleanupTask;
use withal::runtime::{Alarm, Cleanup, RuntimeId, Timer};

use super::script::{Id, MOST};
use super::stage::Stage;

/// The flavour's runtime, on the clock of a stage: a timeout of `n + 1` nanoseconds is the stop or the
/// budget `n`, and anything longer comes when nothing has moved for too long.
#[derive(Clone, Debug)]
pub(super) struct Clocked<R> {
    /// What cleans up.
    pub(super) rt: R,
    /// What tells the time.
    pub(super) stage: Arc<Stage>,
}

impl<R: Cleanup> Cleanup for Clocked<R> {
    fn id(&self) -> RuntimeId {
        self.rt.id()
    }

    fn spawn_cleanup(&self, task: CleanupTask) {
        self.rt.spawn_cleanup(task);
    }

    fn in_context<T>(&self, f: impl FnOnce() -> T) -> T {
        self.rt.in_context(f)
    }

    fn alarm(&self, timeout: Duration) -> Option<Alarm> {
        let scope = id(timeout)?;
        let stage = self.stage.clone();
        Some(Alarm::new(async move { stage.alarm(scope).await }))
    }
}

impl<R: Cleanup> Timer for Clocked<R> {
    type Instant = Duration;
    type Sleep = Sleep;

    fn now(&self) -> Duration {
        Duration::ZERO
    }

    fn deadline(&self, timeout: Duration) -> Duration {
        timeout
    }

    fn elapsed(&self, earlier: Duration, later: Duration) -> Duration {
        later.saturating_sub(earlier)
    }

    fn sleep_until(&self, deadline: Duration) -> Sleep {
        let stage = self.stage.clone();
        Sleep(Box::pin(async move {
            match id(deadline) {
                Some(stop) => {
                    stage.asked(stop).await;
                    stage.fire(stop);
                }
                None => stage.stuck().await,
            }
        }))
    }
}

/// Until a stop shall act.
pub(super) struct Sleep(Pin<Box<dyn Future<Output = ()> + Send>>);

impl std::fmt::Debug for Sleep {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sleep").finish_non_exhaustive()
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.0.as_mut().poll(cx)
    }
}

/// The time that stands for a step. With no time at all no timer would be asked.
pub(super) fn time(id: Id) -> Duration {
    Duration::from_nanos(u64::from(id) + 1)
}

fn id(time: Duration) -> Option<Id> {
    let id = Id::try_from(time.as_nanos().checked_sub(1)?).ok()?;
    (usize::from(id) < MOST).then_some(id)
}
