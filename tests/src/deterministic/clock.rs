//! A clock that moves when it is told to.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use super::lock;

/// A moment on the clock of a [`Deterministic`](super::Deterministic), counted from its start.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(Duration);

impl Instant {
    /// A moment that never comes: what moments too far away are clamped to.
    pub(super) const NEVER: Self = Self(Duration::MAX);

    /// How long after the start it is.
    pub fn since_start(self) -> Duration {
        self.0
    }

    /// The moment that lies `span` ahead.
    pub(super) fn after(self, span: Duration) -> Self {
        Self(self.0.saturating_add(span))
    }

    pub(super) fn since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

impl fmt::Debug for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "+{:?}", self.0)
    }
}

/// The moment, and who waits for a later one.
#[derive(Debug, Default)]
pub(super) struct Clock {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    now: Instant,
    /// How many sleeps there were.
    sleeps: u64,
    /// By deadline, and then in the order in which the sleeps were made.
    armed: BTreeMap<(Instant, u64), Waker>,
}

impl Clock {
    pub(super) fn now(&self) -> Instant {
        lock(&self.state).now
    }

    /// How many timers are armed.
    pub(super) fn armed(&self) -> usize {
        lock(&self.state).armed.len()
    }

    /// When the next timer fires, if one ever will.
    pub(super) fn next(&self) -> Option<Instant> {
        let state = lock(&self.state);
        let (&(deadline, _), _) = state.armed.first_key_value()?;
        (deadline < Instant::NEVER).then_some(deadline)
    }

    /// Moves to `then`, and wakes whose deadline has come, in the order of the deadlines.
    pub(super) fn move_to(&self, then: Instant) {
        let mut state = lock(&self.state);
        state.now = state.now.max(then);
        let later = state
            .armed
            .split_off(&(then.after(Duration::from_nanos(1)), 0));
        let due = std::mem::replace(&mut state.armed, later);
        drop(state);
        due.into_values().for_each(Waker::wake);
    }
}

/// Waits for a moment of the clock of a [`Deterministic`](super::Deterministic). It wakes only the
/// waker of its latest poll, and must not be polled after its end.
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct Sleep {
    clock: Arc<Clock>,
    deadline: Instant,
    number: u64,
    ended: bool,
}

impl Sleep {
    pub(super) fn until(deadline: Instant, clock: &Arc<Clock>) -> Self {
        let mut state = lock(&clock.state);
        state.sleeps += 1;
        Self {
            clock: clock.clone(),
            deadline,
            number: state.sleeps,
            ended: false,
        }
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        assert!(!self.ended, "a sleep was polled after its end");
        // Cloned and dropped outside the lock: a waker can run anything.
        let waker = cx.waker().clone();
        let (deadline, number) = (self.deadline, self.number);
        let mut state = lock(&self.clock.state);
        if state.now >= deadline {
            let stale = state.armed.remove(&(deadline, number));
            drop(state);
            drop(stale);
            self.ended = true;
            return Poll::Ready(());
        }
        let stale = state.armed.insert((deadline, number), waker);
        drop(state);
        drop(stale);
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        let armed = (self.deadline, self.number);
        // Dropped outside the lock.
        let _waker = lock(&self.clock.state).armed.remove(&armed);
    }
}
