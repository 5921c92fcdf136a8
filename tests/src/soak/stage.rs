//! Where a script is played: what has happened so far, and who waits for what.

use std::future::{Future, poll_fn};
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

use super::event::{Event, How, What};
use super::script::{Id, MOST, Script};

/// One playing of a script.
#[derive(Debug)]
pub(super) struct Stage {
    /// What is played.
    pub(super) script: Script,
    events: Mutex<Vec<Event>>,
    waiting: Mutex<Vec<Waker>>,
    /// For each stop, how many branches have neither ended nor stalled.
    running: [AtomicU8; MOST],
    /// The stops for which a branch has stalled, those that shall act, those that have, and the
    /// budgets that are used up.
    stalled: AtomicU64,
    asked: AtomicU64,
    fired: AtomicU64,
    overrun: AtomicU64,
    stuck: AtomicBool,
    closed: AtomicBool,
}

/// The last event that came after the end of its playing, and in which script.
static LATE: Mutex<Option<Late>> = Mutex::new(None);

/// An event that came after all that was expected of its script had happened.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Late {
    /// What came.
    pub event: String,
    /// In which script.
    pub script: String,
}

impl Stage {
    /// A stage for `script`, on which nothing has happened.
    pub(super) fn new(script: Script) -> Self {
        Self {
            script,
            events: Mutex::new(Vec::with_capacity(2 * MOST)),
            waiting: Mutex::default(),
            running: [const { AtomicU8::new(0) }; MOST],
            stalled: AtomicU64::new(0),
            asked: AtomicU64::new(0),
            fired: AtomicU64::new(0),
            overrun: AtomicU64::new(0),
            stuck: AtomicBool::new(false),
            closed: AtomicBool::new(false),
        }
    }

    /// Notes an event.
    pub(super) fn note(&self, what: What, to: Id, how: How) {
        let mut events = lock(&self.events);
        // Under the lock: either the end of the playing counts it, or it is late.
        if self.closed.load(Ordering::Relaxed) {
            *lock(&LATE) = Some(Late {
                event: format!("{:?}", Event::new(what, to, how)),
                script: self.script.to_string(),
            });
        }
        events.push(Event::new(what, to, how));
        drop(events);
        self.wake_all();
    }

    /// How many events there were.
    pub(super) fn events(&self) -> usize {
        lock(&self.events).len()
    }

    /// Ends the playing: what came, in order.
    pub(super) fn close(&self) -> Vec<Event> {
        let mut events = lock(&self.events);
        self.closed.store(true, Ordering::Relaxed);
        std::mem::take(&mut *events)
    }

    /// An event that came after the end of its playing, since the last call.
    pub(super) fn take_late() -> Option<Late> {
        lock(&LATE).take()
    }

    /// A stop begins, with that many branches.
    pub(super) fn begin(&self, stop: Id, branches: u8) {
        self.running[usize::from(stop)].store(branches, Ordering::Relaxed);
    }

    /// A branch of a stop stalls. When all have stalled or ended, the stop shall act.
    pub(super) fn ask(&self, stop: Id) {
        set(&self.stalled, stop);
        self.end(stop);
    }

    /// A branch of a stop has ended, or stalls.
    pub(super) fn end(&self, stop: Id) {
        let before = self.running[usize::from(stop)].fetch_sub(1, Ordering::AcqRel);
        if before == 1 && has(&self.stalled, stop) {
            set(&self.asked, stop);
            self.wake_all();
        }
    }

    /// Waits until a stop shall act.
    pub(super) async fn asked(&self, stop: Id) {
        self.when(|| has(&self.asked, stop)).await;
    }

    /// Whether a stop shall act.
    pub(super) fn is_asked(&self, stop: Id) -> bool {
        has(&self.asked, stop)
    }

    /// A stop acts: exits that stalled for it go on.
    pub(super) fn fire(&self, stop: Id) {
        set(&self.fired, stop);
        self.wake_all();
    }

    /// Has an exit stall for a stop, until that has acted. Pending in any case: the stop may act on
    /// another thread at once, and must then find what it drops at rest.
    pub(super) async fn stall(&self, stop: Id) {
        let mut is_asked = false;
        poll_fn(|cx| {
            if !std::mem::replace(&mut is_asked, true) {
                lock(&self.waiting).push(cx.waker().clone());
                self.ask(stop);
                return Poll::Pending;
            }
            Poll::Ready(())
        })
        .await;
        self.fired(stop).await;
    }

    /// Waits until a stop has acted.
    pub(super) async fn fired(&self, stop: Id) {
        self.when(|| has(&self.fired, stop)).await;
    }

    /// Whether one of the stops in `region`, a set of bits, has acted.
    pub(super) fn has_fired(&self, region: u64) -> bool {
        self.fired.load(Ordering::SeqCst) & region != 0
    }

    /// Uses up the budget of a scope. Its exit goes on when the alarm has rung.
    pub(super) async fn overrun(&self, scope: Id) {
        set(&self.overrun, scope);
        self.wake_all();
        self.fired(scope).await;
    }

    /// The alarm of a scope's budget.
    pub(super) async fn alarm(&self, scope: Id) {
        self.when(|| has(&self.overrun, scope)).await;
        self.fire(scope);
    }

    /// Says that nothing has moved for too long.
    pub(super) fn give_up(&self) {
        self.stuck.store(true, Ordering::SeqCst);
        self.wake_all();
    }

    /// Waits until `is_so`, and looks again whenever something happens.
    pub(super) fn when(&self, is_so: impl Fn() -> bool) -> impl Future<Output = ()> {
        poll_fn(move |cx| {
            if is_so() {
                return Poll::Ready(());
            }
            lock(&self.waiting).push(cx.waker().clone());
            // Whatever happened before that has woken nobody here.
            if is_so() {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        })
    }

    /// Waits for [`give_up`](Self::give_up).
    pub(super) async fn stuck(&self) {
        self.when(|| self.stuck.load(Ordering::SeqCst)).await;
    }

    /// Has everybody look again.
    pub(super) fn wake_all(&self) {
        let waiting = std::mem::take(&mut *lock(&self.waiting));
        waiting.into_iter().for_each(Waker::wake);
    }
}

fn set(bits: &AtomicU64, id: Id) {
    bits.fetch_or(1 << id, Ordering::SeqCst);
}

fn has(bits: &AtomicU64, id: Id) -> bool {
    bits.load(Ordering::SeqCst) & 1 << id != 0
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
