//! Where the stream's side and the body's side meet: one item at a time.

use std::mem;
use std::sync::{Mutex, PoisonError};
use std::task::Waker;

/// Wakers are called, and items dropped, outside of its lock.
pub(super) struct Link<T>(Mutex<State<T>>);

struct State<T> {
    step: Step<T>,
    /// The body has ended.
    left: bool,
    /// The task drives the stream no more: the body's side does, when it wants something.
    taken_over: bool,
    task: Option<Waker>,
    body: Option<Waker>,
}

enum Step<T> {
    /// Nobody asks, so the stream stands still.
    Idle,
    /// The stream is to make an item.
    Asked,
    /// It did, and nobody has received it yet.
    Made(T),
    /// There will be none any more.
    Ended,
}

pub(super) enum Received<T> {
    Item(T),
    Ended,
    /// There will be an item, made by the task.
    Wait,
    /// There will be one if the caller drives the stream.
    Drive,
}

impl<T> Link<T> {
    pub(super) fn new() -> Self {
        Self(Mutex::new(State {
            step: Step::Idle,
            left: false,
            taken_over: false,
            task: None,
            body: None,
        }))
    }

    /// The body asks for an item.
    pub(super) fn receive(&self, waker: &Waker) -> Received<T> {
        let waker = waker.clone();
        let (received, task, _stale) = self.with(|state| {
            let task = match mem::replace(&mut state.step, Step::Asked) {
                Step::Made(item) => {
                    state.step = Step::Idle;
                    return (Received::Item(item), None, Some(waker));
                }
                Step::Ended => {
                    state.step = Step::Ended;
                    return (Received::Ended, None, Some(waker));
                }
                Step::Idle => state.task.take(),
                Step::Asked => None,
            };
            let received = if state.taken_over {
                Received::Drive
            } else {
                Received::Wait
            };
            (received, task, state.body.replace(waker))
        });
        task.into_iter().for_each(Waker::wake);
        received
    }

    /// The body has ended, and its side takes over. Whoever still has the items gets none any more.
    pub(super) fn leave(&self, waker: &Waker) {
        let waker = waker.clone();
        let (task, _stale) = self.with(|state| {
            state.left = true;
            state.taken_over = true;
            let step = mem::replace(&mut state.step, Step::Ended);
            (state.task.take(), (step, state.body.replace(waker)))
        });
        // It has nothing to do any more, and ends.
        task.into_iter().for_each(Waker::wake);
    }

    pub(super) fn is_left(&self) -> bool {
        self.with(|state| state.left)
    }

    pub(super) fn has_ended(&self) -> bool {
        self.with(|state| matches!(state.step, Step::Ended))
    }

    /// Whether the stream is to make an item.
    pub(super) fn is_asked(&self) -> bool {
        self.with(|state| matches!(state.step, Step::Asked))
    }

    /// The stream has made one.
    pub(super) fn give(&self, item: T) {
        let (_left, body) = self.with(|state| {
            if state.left {
                return (Some(item), None);
            }
            state.step = Step::Made(item);
            (None, state.body.take())
        });
        body.into_iter().for_each(Waker::wake);
    }

    /// The stream and all that ran in it has ended.
    pub(super) fn end(&self) {
        let body = self.with(|state| {
            state.step = Step::Ended;
            state.body.take()
        });
        body.into_iter().for_each(Waker::wake);
    }

    /// The task is about to drive the stream, and is woken when there is something to do. Whether
    /// that is its business still.
    pub(super) fn task_drives(&self, waker: &Waker) -> bool {
        let waker = waker.clone();
        let (drives, _stale) = self.with(|state| (!state.taken_over, state.task.replace(waker)));
        drives
    }

    /// The task has let go of the stream, for a while or for good. If the other side has taken over,
    /// it may have looked in vain.
    pub(super) fn task_lets_go(&self, for_good: bool) {
        let body = self.with(|state| {
            state.taken_over |= for_good;
            state.body.take_if(|_| state.taken_over)
        });
        body.into_iter().for_each(Waker::wake);
    }

    fn with<O>(&self, f: impl FnOnce(&mut State<T>) -> O) -> O {
        // Nothing panics under this lock.
        f(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
