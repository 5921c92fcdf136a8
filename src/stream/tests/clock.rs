//! A clock that is moved by hand.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use crate::runtime::Timer;

/// Moments are what has passed since it was made.
#[derive(Clone, Debug, Default)]
pub(in crate::stream) struct Clock(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    now: Duration,
    made: usize,
    waiting: Vec<(usize, Duration, Waker)>,
}

impl Clock {
    /// Moves it, and wakes whose moment has come.
    pub(in crate::stream) fn advance(&self, span: Duration) {
        let mut state = self.0.lock().unwrap();
        state.now += span;
        let now = state.now;
        let (due, waiting) = std::mem::take(&mut state.waiting)
            .into_iter()
            .partition(|(_, until, _)| *until <= now);
        state.waiting = waiting;
        drop(state);
        let due: Vec<(usize, Duration, Waker)> = due;
        due.into_iter().for_each(|(.., waker)| waker.wake());
    }

    /// How many timers were made.
    pub(in crate::stream) fn made(&self) -> usize {
        self.0.lock().unwrap().made
    }

    /// How many timers are waited for.
    pub(in crate::stream) fn armed(&self) -> usize {
        self.0.lock().unwrap().waiting.len()
    }
}

impl Timer for Clock {
    type Instant = Duration;
    type Sleep = Sleep;

    fn now(&self) -> Duration {
        self.0.lock().unwrap().now
    }

    fn deadline(&self, timeout: Duration) -> Duration {
        self.now().saturating_add(timeout)
    }

    fn elapsed(&self, earlier: Duration, later: Duration) -> Duration {
        later.saturating_sub(earlier)
    }

    fn after(&self, moment: Duration, span: Duration) -> Duration {
        moment.saturating_add(span)
    }

    fn sleep_until(&self, deadline: Duration) -> Sleep {
        let mut state = self.0.lock().unwrap();
        state.made += 1;
        Sleep {
            clock: self.clone(),
            number: state.made,
            deadline,
        }
    }
}

#[derive(Debug)]
pub(in crate::stream) struct Sleep {
    clock: Clock,
    number: usize,
    deadline: Duration,
}

impl Sleep {
    fn disarm(&self, state: &mut State) {
        state.waiting.retain(|(number, ..)| *number != self.number);
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = self.clock.0.lock().unwrap();
        self.disarm(&mut state);
        if state.now >= self.deadline {
            return Poll::Ready(());
        }
        let waits = (self.number, self.deadline, cx.waker().clone());
        state.waiting.push(waits);
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        self.disarm(&mut self.clock.0.lock().unwrap());
    }
}
