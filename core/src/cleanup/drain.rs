use alloc::boxed::Box;
use alloc::collections::{BTreeMap, VecDeque};
use alloc::sync::Arc;
use alloc::task::Wake;
use alloc::vec::Vec;
use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::sync::atomic::Ordering;
use core::task::{Context, Poll, Waker};
use core::time::Duration;

use super::link::End;
use super::shared::{Driver, Shared};
use super::{About, BATCH, ambient, pending};
use crate::lock::Mutex;
use crate::mutants::mutant;
use crate::panic::wake_if_any;
use crate::primitives::{AtomicBool, AtomicUsize, process_wide};
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
/// A poll polls some of the cleanups that were woken, and looks at all of them after an arrival.
///
/// # Examples
///
/// ```
/// use core::time::Duration;
/// use withal_core::cleanup::drain;
/// use withal_core::runtime::{Cleanup, Timer};
///
/// /// Called by a server when it has stopped to accept.
/// async fn wind_up(rt: &(impl Cleanup + Timer)) {
///     let report = drain(rt, Duration::from_secs(10)).await;
///     if !report.is_clean() {
///         eprintln!("{report}");
///     }
/// }
/// ```
#[must_use = "futures do nothing unless polled"]
pub fn drain<R: Cleanup + Timer>(rt: &R, grace: Duration) -> Drain<R> {
    process_wide! {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
    }

    Drain {
        number: NEXT.fetch_add(1, Ordering::Relaxed),
        runtime: rt.id(),
        sleep: Box::pin(rt.sleep(grace)),
        seen: None,
        queue: Arc::default(),
        known: BTreeMap::new(),
        report: DrainReport::default(),
    }
}

/// The future that [`drain`] returns.
pub struct Drain<R: Timer> {
    number: usize,
    runtime: RuntimeId,
    sleep: Pin<Box<R::Sleep>>,
    /// How many arrivals there were at the last look.
    seen: Option<usize>,
    queue: Arc<Queue>,
    known: BTreeMap<usize, Known>,
    report: DrainReport,
}

/// A cleanup that a drain found.
struct Known {
    shared: Arc<Shared>,
    wake: Arc<WakeOne>,
}

/// The cleanups that were woken and not polled since, each once, and the drain's own waker.
#[derive(Default)]
struct Queue {
    woken: Mutex<VecDeque<usize>>,
    drain: Mutex<Option<Waker>>,
}

/// What one cleanup is polled with by a drain.
struct WakeOne {
    id: usize,
    queue: Arc<Queue>,
    queued: AtomicBool,
}

impl Wake for WakeOne {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.queued.swap(true, Ordering::AcqRel) {
            self.queue.woken.with(|woken| woken.push_back(self.id));
            wake_if_any(self.queue.drain.with(Option::take));
        }
    }
}

impl<R: Timer> Drain<R> {
    /// Looks for cleanups that this drain does not know.
    fn look(&mut self) {
        let arrivals = pending::arrivals();
        if self.seen.replace(arrivals) == Some(arrivals) {
            return;
        }
        for shared in pending::snapshot() {
            let id = shared.id;
            if self.known.contains_key(&id) {
                continue;
            }
            if self.is_ours(&shared) {
                let wake = Arc::new(WakeOne {
                    id,
                    queue: self.queue.clone(),
                    queued: AtomicBool::new(true),
                });
                self.known.insert(id, Known { shared, wake });
                self.queue.woken.with(|woken| woken.push_back(id));
            }
        }
    }

    fn is_ours(&self, shared: &Shared) -> bool {
        let links = shared.unfinished();
        links.iter().any(|about| about.runtime == self.runtime) || shared.is_orphan()
    }

    /// Polls some of the cleanups that were woken; whether there are more of them.
    fn poll_woken(&mut self) -> bool {
        let (batch, is_rest) = self.queue.woken.with(|woken| {
            let batch = woken.len().min(BATCH);
            let batch: Vec<usize> = woken.drain(..batch).collect();
            (batch, !woken.is_empty())
        });
        for id in batch {
            let Some(Known { shared, wake }) = self.known.get(&id) else {
                continue;
            };
            wake.queued.store(false, Ordering::Release);
            let waker = Waker::from(wake.clone());
            let poll = shared.poll(&mut Context::from_waker(&waker), Driver::Drain(self.number));
            for (about, end) in shared.take_ended() {
                self.report.note(about, end);
            }
            if poll.is_ready() {
                self.known.remove(&id);
            }
        }
        is_rest
    }
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
        let _waker = self.queue.drain.with(Option::take);
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

impl<R: Timer> Future for Drain<R> {
    type Output = DrainReport;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<DrainReport> {
        let this = &mut *self;
        if mutant("drain_returns_at_once") {
            return Poll::Ready(core::mem::take(&mut this.report));
        }
        // Whatever arrives after this look wakes the task again.
        pending::on_arrival(this.number, cx.waker());
        let waker = cx.waker().clone();
        let _stale = this.queue.drain.with(|drain| drain.replace(waker));
        let is_rest = ambient::cleared(|| {
            this.look();
            this.poll_woken()
        });
        #[cfg(feature = "std")]
        let local = ambient::cleared(|| {
            super::local::poll_orphans(this.number, cx, |about, end| this.report.note(about, end))
        });
        #[cfg(not(feature = "std"))]
        let local = Poll::Ready(());
        let grace_over = this.sleep.as_mut().poll(cx).is_ready();
        if grace_over {
            // A last chance for each: what is ready by now is not given up.
            let rounds = this.known.len().div_ceil(BATCH);
            ambient::cleared(|| (0..rounds).for_each(|_| _ = this.poll_woken()));
        }
        let done = this.known.is_empty() && local.is_ready();
        if done && !grace_over && this.seen != Some(pending::arrivals()) {
            // One arrived while this was polling: a cleanup that left another behind.
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        if done || grace_over {
            for Known { shared, .. } in core::mem::take(&mut this.known).into_values() {
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
        if is_rest {
            cx.waker().wake_by_ref();
        }
        Poll::Pending
    }
}
