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
    /// The work, waiting for room.
    producer: Option<Waker>,
    /// Something was taken since it began to.
    has_room_again: bool,
    /// The body, waiting for an item.
    consumer: Option<Waker>,
}

impl<T> Buffer<T> {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            state: Mutex::new(State {
                items: VecDeque::new(),
                ended: false,
                is_abandoned: false,
                is_polled: false,
                producer: None,
                has_room_again: false,
                consumer: None,
            }),
            limit,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        // No code but ours runs under the lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The loop is polled.
    pub(super) fn begin(&self) {
        self.lock().is_polled = true;
    }

    /// The poll of the loop is over.
    pub(super) fn settle(&self) {
        let mut state = self.lock();
        state.is_polled = false;
        let producer = (state.has_room_again)
            .then(|| state.producer.take())
            .flatten();
        let consumer = (state.ended || !state.items.is_empty())
            .then(|| state.consumer.take())
            .flatten();
        drop(state);
        [producer, consumer]
            .into_iter()
            .flatten()
            .for_each(Waker::wake);
    }

    /// Whether the work waits for room, and something was taken meanwhile.
    pub(super) fn has_room_again(&self) -> bool {
        self.lock().has_room_again
    }

    /// Waits for room for one item besides those that are here, and `held` of which the work has
    /// hold. Where they will not be taken, there is none.
    pub(super) fn poll_room(&self, held: usize, cx: &Context<'_>) -> Poll<()> {
        let mut state = self.lock();
        state.has_room_again = false;
        let stale = state.producer.take();
        let has_room = state.has_room(self.limit, held);
        drop(state);
        drop(stale);
        if has_room {
            return Poll::Ready(());
        }
        let waker = cx.waker().clone();
        let mut state = self.lock();
        state.producer = Some(waker);
        // Taken by another thread just now.
        state.has_room_again = state.has_room(self.limit, held);
        Poll::Pending
    }

    pub(super) fn push(&self, item: T) {
        let mut state = self.lock();
        if state.is_abandoned {
            drop(state);
            drop(item);
        } else {
            state.items.push_back(item);
        }
    }

    /// No more items will come.
    pub(super) fn end(&self) {
        self.lock().ended = true;
    }

    /// Takes the next item.
    pub(super) fn poll_take(&self, cx: &Context<'_>) -> Poll<Option<T>> {
        if let Some(taken) = self.take() {
            return Poll::Ready(taken);
        }
        let waker = cx.waker().clone();
        let mut state = self.lock();
        let stale = state.consumer.replace(waker);
        let came_meanwhile = state.ended || !state.items.is_empty();
        drop(state);
        drop(stale);
        if came_meanwhile {
            // By another thread; at the next time around.
            cx.waker().wake_by_ref();
        }
        Poll::Pending
    }

    /// The next item, or the end, if there is either.
    fn take(&self) -> Option<Option<T>> {
        let mut state = self.lock();
        let item = state.items.pop_front();
        if item.is_none() && !state.ended {
            return None;
        }
        let consumer = state.consumer.take();
        state.has_room_again |= item.is_some() && state.producer.is_some();
        let producer = (!state.is_polled).then(|| state.producer.take()).flatten();
        drop(state);
        drop(consumer);
        producer.into_iter().for_each(Waker::wake);
        Some(item)
    }

    /// Nobody will take an item any more.
    pub(super) fn abandon(&self) {
        let mut state = self.lock();
        state.is_abandoned = true;
        let items = mem::take(&mut state.items);
        let consumer = state.consumer.take();
        drop(state);
        drop((items, consumer));
    }

    /// How many items can be taken at once, and whether these are the last.
    pub(super) fn ready(&self) -> (usize, bool) {
        let state = self.lock();
        (state.items.len(), state.ended)
    }
}

impl<T> State<T> {
    fn has_room(&self, limit: usize, held: usize) -> bool {
        !self.is_abandoned && self.items.len().saturating_add(held) < limit
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
