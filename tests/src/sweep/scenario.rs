//! The future under test, and what counts its polls.

use std::cell::RefCell;
use std::fmt;
use std::future::Future;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

use futures_util::future::LocalBoxFuture;
use withal::runtime::Timer;

use super::follow::{Follow, inside};

/// What is to become of the scenario after its polls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It is cancelled.
    Cancelled,
    /// The next poll panics, and does not reach the scenario.
    PanicsInstead,
    /// The next poll panics at the first [`checkpoint`](super::checkpoint) in it.
    PanicsInside,
}

/// The scenario, in the hands of whoever shall cancel it: [`reached`](Self::reached) tells when.
/// It may be polled on after that, by who lets an exit come to its end first.
#[must_use = "futures do nothing unless polled"]
pub struct Scenario<'a> {
    // `None` only while it is dropped.
    future: Option<LocalBoxFuture<'a, ()>>,
    polls: Polls,
    stalls: bool,
}

impl<'a> Scenario<'a> {
    pub(super) fn new(future: LocalBoxFuture<'a, ()>, polls: &Polls) -> Self {
        Self {
            future: Some(future),
            polls: polls.clone(),
            stalls: false,
        }
    }

    /// The same, but it does nothing any more when it is reached: for those who cancel by a clock of
    /// their own.
    pub fn stalls(mut self) -> Self {
        self.stalls = true;
        self
    }

    /// Is ready when the scenario has had its polls, and is to be cancelled. Poll it before the
    /// scenario, so that the scenario is not polled once more.
    pub fn reached(&self) -> Reached {
        self.polls.reached()
    }

    /// A timer on which any sleep ends when the scenario is to be cancelled.
    pub fn timer(&self) -> PollClock {
        PollClock(self.polls.clone())
    }
}

impl Future for Scenario<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        if this.stalls && this.polls.is_reached() {
            return Poll::Pending;
        }
        let due = this.polls.begin();
        if due && this.polls.inner.fate == Fate::PanicsInstead {
            this.polls.inject();
        }
        let armed = due && this.polls.inner.fate == Fate::PanicsInside;
        let _armed = armed.then(|| arm(&this.polls));
        let Some(future) = &mut this.future else {
            return Poll::Pending;
        };
        let poll = inside(|| future.as_mut().poll(cx));
        if poll.is_ready() {
            this.polls.complete();
            inside(|| this.future = None);
        }
        this.polls.tell();
        poll
    }
}

impl Drop for Scenario<'_> {
    fn drop(&mut self) {
        if self.future.is_some() {
            self.polls.follow().mark("dropped");
            inside(|| self.future = None);
        }
    }
}

impl fmt::Debug for Scenario<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scenario")
            .field("polls", &self.polls.count())
            .finish_non_exhaustive()
    }
}

/// The polls of one run's scenario.
#[derive(Clone, Debug)]
pub(super) struct Polls {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    fate: Fate,
    limit: usize,
    count: AtomicUsize,
    /// How many there were when somebody was told to cancel.
    cancelled_at: AtomicUsize,
    completed: AtomicBool,
    injected: AtomicBool,
    follow: Follow,
    waiting: Mutex<Option<Waker>>,
}

impl Polls {
    /// After `limit` polls, `fate` follows.
    pub(super) fn new(fate: Fate, limit: usize, follow: &Follow) -> Self {
        Self {
            inner: Arc::new(Inner {
                fate,
                limit,
                count: AtomicUsize::new(0),
                cancelled_at: AtomicUsize::new(usize::MAX),
                completed: AtomicBool::new(false),
                injected: AtomicBool::new(false),
                follow: follow.clone(),
                waiting: Mutex::default(),
            }),
        }
    }

    /// How many there were.
    pub(super) fn count(&self) -> usize {
        self.inner.count.load(Ordering::Acquire)
    }

    /// How many there were before it was cancelled or panicked.
    pub(super) fn at(&self) -> usize {
        match self.inner.fate {
            Fate::Cancelled => {
                let cancelled_at = self.inner.cancelled_at.load(Ordering::Acquire);
                cancelled_at.min(self.count())
            }
            Fate::PanicsInstead | Fate::PanicsInside => self.count().min(self.inner.limit),
        }
    }

    /// Whether the scenario ended by itself.
    pub(super) fn is_completed(&self) -> bool {
        self.inner.completed.load(Ordering::Acquire)
    }

    /// Whether the scenario was made to panic.
    pub(super) fn is_injected(&self) -> bool {
        self.inner.injected.load(Ordering::Acquire)
    }

    pub(super) fn reached(&self) -> Reached {
        Reached {
            polls: self.clone(),
        }
    }

    fn follow(&self) -> &Follow {
        &self.inner.follow
    }

    /// A poll begins; whether it is the one to panic.
    fn begin(&self) -> bool {
        let before = self.inner.count.fetch_add(1, Ordering::AcqRel);
        self.follow().mark(format_args!("poll {}", before + 1));
        before == self.inner.limit && self.inner.fate != Fate::Cancelled
    }

    fn complete(&self) {
        self.inner.completed.store(true, Ordering::Release);
        self.follow().mark("completed");
    }

    /// Panics, quietly: no panic hook is called.
    fn inject(&self) {
        self.inner.injected.store(true, Ordering::Release);
        self.follow().mark("panics");
        resume_unwind(Box::new(Injected));
    }

    fn is_reached(&self) -> bool {
        self.inner.fate == Fate::Cancelled && self.count() >= self.inner.limit
    }

    /// Wakes who waits for the last poll.
    fn tell(&self) {
        if self.is_reached() {
            let waiting = lock(&self.inner.waiting).take();
            if let Some(waker) = waiting {
                waker.wake();
            }
        }
    }
}

/// What the sweep panics with.
pub(super) struct Injected;

/// The future that [`Scenario::reached`] returns, and the sleep of a [`PollClock`].
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct Reached {
    polls: Polls,
}

impl Future for Reached {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let waker = cx.waker().clone();
        // Dropped outside of the lock.
        let _stale = lock(&self.polls.inner.waiting).replace(waker);
        if self.polls.is_reached() {
            let (at, count) = (&self.polls.inner.cancelled_at, self.polls.count());
            at.fetch_min(count, Ordering::AcqRel);
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }
}

impl Drop for Reached {
    fn drop(&mut self) {
        let _waker = lock(&self.polls.inner.waiting).take();
    }
}

/// A timer whose clock is the scenario's polls.
#[derive(Clone, Debug)]
pub struct PollClock(Polls);

impl Timer for PollClock {
    type Instant = Duration;
    type Sleep = Reached;

    fn now(&self) -> Duration {
        Duration::ZERO
    }

    fn deadline(&self, timeout: Duration) -> Duration {
        timeout
    }

    fn elapsed(&self, earlier: Duration, later: Duration) -> Duration {
        later.saturating_sub(earlier)
    }

    fn sleep_until(&self, _deadline: Duration) -> Reached {
        self.0.reached()
    }
}

thread_local! {
    static ARMED: RefCell<Option<Polls>> = const { RefCell::new(None) };
}

fn arm(polls: &Polls) -> impl Drop {
    struct Disarm;

    impl Drop for Disarm {
        fn drop(&mut self) {
            ARMED.take();
        }
    }

    ARMED.set(Some(polls.clone()));
    Disarm
}

/// A point at which the poll that is going on may be made to panic. Exits are spared: what one that
/// panics must still do is its own affair.
pub(crate) fn point() {
    let armed = ARMED.with_borrow(|armed| {
        let polls = armed.as_ref()?;
        (!polls.follow().is_exiting() && !thread::panicking()).then(|| polls.clone())
    });
    if let Some(polls) = armed {
        ARMED.take();
        polls.inject();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
