#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::{fmt, mem};

/// The items on their way from the work to the body.
///
/// While the loop is polled nobody is woken, since work and body have their turns in there anyway;
/// at the end of the poll, those are who still wait for something that there is.
#[expect(unnameable_types, reason = "appears in a sealed trait")]
pub struct Buffer<T> {
    state: Mutex<State<T>>,
    limit: usize,
}

struct State<T> {
    items: VecDeque<T>,
    /// No more of them will come.
    ended: bool,
    /// Nobody will take one.
    is_abandoned: bool,
    /// The loop is in a poll.
    is_polled: bool,
    /// Something was taken since the work's latest turn began.
    was_taken_from: bool,
    /// The work, waiting for room.
    producer: Waiter,
    /// The body, waiting for an item.
    consumer: Waiter,
}

/// Somebody who may wait. The waker is kept for the next time.
#[derive(Default)]
struct Waiter {
    waits: bool,
    waker: Option<Waker>,
}

impl<T> Buffer<T> {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            state: Mutex::new(State {
                items: VecDeque::new(),
                ended: false,
                is_abandoned: false,
                is_polled: false,
                was_taken_from: false,
                producer: Waiter::default(),
                consumer: Waiter::default(),
            }),
            limit,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        // No code but ours runs under the lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The work has its turn: how many items there is room for, besides those that are here and
    /// `held` that the work has hold of. Where they will not be taken, there is none.
    pub(super) fn begin_work(&self, held: usize) -> usize {
        let mut state = self.lock();
        state.is_polled = true;
        state.was_taken_from = false;
        state.producer.waits = false;
        if state.is_abandoned {
            return 0;
        }
        let taken = state.items.len().saturating_add(held);
        self.limit.saturating_sub(taken)
    }

    /// The work has had its turn: what it made, and whether that is all, or it waits for room.
    pub(super) fn end_work(&self, made: &mut VecDeque<T>, after: Then, cx: &Context<'_>) {
        let mut state = self.lock();
        if !state.is_abandoned {
            state.items.append(made);
        }
        state.ended |= matches!(after, Then::End);
        let needs_waker = matches!(after, Then::Room) && !state.producer.wait(cx);
        drop(state);
        made.clear();
        if needs_waker {
            let waker = cx.waker().clone();
            let stale = self.lock().producer.replace(waker);
            drop(stale);
        }
    }

    /// The body has had its turn: whether the work that waits for room has some again. Otherwise
    /// the poll of the loop is over.
    pub(super) fn end_body(&self) -> bool {
        let state = self.lock();
        let goes_on = state.producer.waits && state.was_taken_from;
        if !goes_on {
            Self::settle(state);
        }
        goes_on
    }

    /// The poll of the loop is over.
    pub(super) fn end_poll(&self) {
        Self::settle(self.lock());
    }

    /// Wakes those who wait for what there is.
    fn settle(mut state: MutexGuard<'_, State<T>>) {
        state.is_polled = false;
        let has_item = state.ended || !state.items.is_empty();
        let consumer = has_item.then(|| state.consumer.take()).flatten();
        let has_room = state.was_taken_from;
        let producer = has_room.then(|| state.producer.take()).flatten();
        drop(state);
        [producer, consumer]
            .into_iter()
            .flatten()
            .for_each(Waker::wake);
    }

    /// No more items will come, nor will the loop be polled.
    pub(super) fn end(&self) {
        let mut state = self.lock();
        state.ended = true;
        let stale = mem::take(&mut state.producer);
        Self::settle(state);
        drop(stale);
    }

    /// Takes the next item.
    pub(super) fn poll_take(&self, cx: &Context<'_>) -> Poll<Option<T>> {
        let mut state = self.lock();
        if let Some(item) = state.items.pop_front() {
            state.consumer.waits = false;
            state.was_taken_from = true;
            let producer = (!state.is_polled).then(|| state.producer.take()).flatten();
            drop(state);
            producer.into_iter().for_each(Waker::wake);
            return Poll::Ready(Some(item));
        }
        if state.ended {
            return Poll::Ready(None);
        }
        if !state.consumer.wait(cx) {
            drop(state);
            let waker = cx.waker().clone();
            let mut state = self.lock();
            let stale = state.consumer.replace(waker);
            let came_meanwhile = state.ended || !state.items.is_empty();
            drop(state);
            drop(stale);
            if came_meanwhile {
                cx.waker().wake_by_ref();
            }
        }
        Poll::Pending
    }

    /// Nobody will take an item any more.
    pub(super) fn abandon(&self) {
        let mut state = self.lock();
        state.is_abandoned = true;
        let items = mem::take(&mut state.items);
        let consumer = mem::take(&mut state.consumer);
        drop(state);
        drop((items, consumer));
    }

    /// How many items can be taken at once, and whether these are the last.
    pub(super) fn ready(&self) -> (usize, bool) {
        let state = self.lock();
        (state.items.len(), state.ended)
    }
}

/// What comes after the work's turn.
#[derive(Clone, Copy, Debug)]
pub(super) enum Then {
    /// More, when the work is woken.
    More,
    /// More, when there is room.
    Room,
    /// Nothing.
    End,
}

impl Waiter {
    /// Waits; tells whether the waker that is kept is the right one.
    fn wait(&mut self, cx: &Context<'_>) -> bool {
        self.waits = true;
        let waker = self.waker.as_ref();
        waker.is_some_and(|waker| waker.will_wake(cx.waker()))
    }

    /// Waits with `waker`; gives the one that was kept.
    fn replace(&mut self, waker: Waker) -> Option<Waker> {
        self.waits = true;
        self.waker.replace(waker)
    }

    /// The waker, if it waits; it does so no longer.
    fn take(&mut self) -> Option<Waker> {
        mem::take(&mut self.waits)
            .then(|| self.waker.take())
            .flatten()
    }
}

impl<T> fmt::Debug for Buffer<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (ready, ended) = self.ready();
        f.debug_struct("Buffer")
            .field("ready", &ready)
            .field("limit", &self.limit)
            .field("ended", &ended)
            .finish_non_exhaustive()
    }
}
