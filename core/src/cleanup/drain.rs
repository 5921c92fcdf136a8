use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::sync::atomic::{AtomicUsize, Ordering};
use core::task::{Context, Poll};
use core::time::Duration;

use super::link::End;
use super::shared::{Driver, Shared};
use super::{About, ambient, pending};
use crate::runtime::{Cleanup, RuntimeId, Timer};

/// Runs the cleanups of `rt` that nobody waits for, and all orphans of the process, for at most
/// `grace`.
///
/// Call it before the runtime goes: afterwards a cleanup can be tried, but its timers and sockets
/// fail. Cleanups that arrive meanwhile are run as well. What has not ended within `grace` is left
/// where it is, and listed. `!Send` orphans are drained on the thread that polls this future.
///
/// # Cancel safety
///
/// Dropping the future leaves every unfinished cleanup where it was.
///
/// # Panics
///
/// Not by itself; a runtime's timer may panic when polled outside its runtime, or again after the
/// drain has ended.
///
/// # Complexity
///
/// A poll looks at each pending cleanup once, and polls those that were woken.
#[must_use = "futures do nothing unless polled"]
pub fn drain<R: Cleanup + Timer>(rt: &R, grace: Duration) -> Drain<R> {
    static NEXT: AtomicUsize = AtomicUsize::new(0);

    Drain {
        number: NEXT.fetch_add(1, Ordering::Relaxed),
        runtime: rt.id(),
        sleep: Box::pin(rt.sleep(grace)),
        known: BTreeMap::new(),
        report: DrainReport::default(),
    }
}

/// The future that [`drain`] returns.
pub struct Drain<R: Timer> {
    number: usize,
    runtime: RuntimeId,
    sleep: Pin<Box<R::Sleep>>,
    known: BTreeMap<usize, Arc<Shared>>,
    report: DrainReport,
}

impl<R: Timer> fmt::Debug for Drain<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Drain")
            .field("runtime", &self.runtime)
            .finish_non_exhaustive()
    }
}

impl<R: Timer> Drop for Drain<R> {
    fn drop(&mut self) {
        pending::forget(self.number);
        #[cfg(feature = "std")]
        super::local::forget(self.number);
    }
}

/// What a drain found, and what became of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct DrainReport {
    /// Cleanups that ended well.
    pub finished: Vec<About>,
    /// Cleanups whose exit returned an error; the error went to the report hook.
    pub failed: Vec<About>,
    /// Cleanups whose exit panicked; the message went to the report hook.
    pub panicked: Vec<About>,
    /// Cleanups that have not ended, and that an executor or a scope still drives.
    pub pending: Vec<About>,
    /// Cleanups that have not ended, and that only another drain would drive.
    pub abandoned: Vec<About>,
}

impl DrainReport {
    /// Whether every cleanup ended, and ended well.
    pub fn is_clean(&self) -> bool {
        self.failed.is_empty()
            && self.panicked.is_empty()
            && self.pending.is_empty()
            && self.abandoned.is_empty()
    }

    fn note(&mut self, about: About, end: End) {
        match end {
            End::Finished => self.finished.push(about),
            End::Failed => self.failed.push(about),
            End::Panicked => self.panicked.push(about),
            // It goes on in a cell of its own, and is met again there.
            End::OverBudget => {}
        }
    }
}

impl fmt::Display for DrainReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            finished,
            failed,
            panicked,
            pending,
            abandoned,
        } = self;
        write!(
            f,
            "{} finished, {} failed, {} panicked, {} pending, {} abandoned",
            finished.len(),
            failed.len(),
            panicked.len(),
            pending.len(),
            abandoned.len()
        )
    }
}

impl<R: Timer> Drain<R> {
    fn is_ours(&self, shared: &Shared) -> bool {
        let links = shared.unfinished();
        links.iter().any(|about| about.runtime == self.runtime) || shared.is_orphan()
    }
}

impl<R: Timer> Future for Drain<R> {
    type Output = DrainReport;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<DrainReport> {
        let this = &mut *self;
        // Whatever arrives after this look wakes the task again.
        pending::on_arrival(this.number, cx.waker());
        ambient::cleared(|| {
            for shared in pending::snapshot() {
                if this.is_ours(&shared) {
                    this.known.insert(shared.id, shared);
                }
            }
            this.known.retain(|_, shared| {
                let poll = shared.poll(cx, Driver::Drain(this.number));
                for (about, end) in shared.take_ended() {
                    this.report.note(about, end);
                }
                poll.is_pending()
            });
        });
        #[cfg(feature = "std")]
        let local = ambient::cleared(|| {
            super::local::poll_orphans(this.number, cx, |about, end| this.report.note(about, end))
        });
        #[cfg(not(feature = "std"))]
        let local = Poll::Ready(());
        let grace_over = this.sleep.as_mut().poll(cx).is_ready();
        let done = this.known.is_empty() && local.is_ready();
        if done
            && !grace_over
            && pending::snapshot()
                .iter()
                .any(|shared| this.is_ours(shared))
        {
            // It came while this was polling; the arrival has woken the task already.
            return Poll::Pending;
        }
        if done || grace_over {
            for shared in core::mem::take(&mut this.known).into_values() {
                let list = if shared.is_orphan() {
                    &mut this.report.abandoned
                } else {
                    &mut this.report.pending
                };
                list.extend(shared.unfinished());
            }
            #[cfg(feature = "std")]
            this.report.abandoned.extend(super::local::unfinished());
            return Poll::Ready(core::mem::take(&mut this.report));
        }
        Poll::Pending
    }
}
