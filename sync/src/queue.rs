//! A queue of items between tasks, with asyncio's whole face.

mod error;
mod held;
mod job;
mod join;
mod pop;
mod push;
mod slot;
mod state;
mod statistics;
mod storage;
mod stream;
#[cfg(all(test, not(loom)))]
mod tests;

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::task::Waker;

pub use self::error::{Closed, DoneError, PushError, TryPopError, TryPushError, TryReserveError};
use self::held::Held;
pub use self::job::{Job, PopJob};
pub use self::join::Join;
pub use self::pop::Pop;
pub use self::push::Push;
pub use self::slot::{Reserve, Slot};
use self::state::{NotIn, NotOut, State};
pub use self::statistics::Statistics;
use self::storage::Out;
pub use self::storage::{Fifo, Lifo, Priority, Storage};
pub use self::stream::Stream;
use crate::event::Event;
use crate::flavour::{Flavour, Spin};
use crate::short_lock::Locked;
use crate::wait_queue::until_done;

/// A queue that any number of tasks push to and pop from.
///
/// # Order and fairness
///
/// Waiters are served strictly in the order in which they came: an item goes from its pusher into
/// the hands of the first waiting popper, and a place that gets free to the first waiting pusher.
/// Nobody overtakes, the `try_` forms included. [`bounded`](Self::bounded) queues are first in, first
/// out; there are also [`Lifo`] and [`Priority`] ones.
///
/// # Cancel safety
///
/// Every operation may be dropped at any moment: a pop loses no item (one that was in its hands
/// already is the next to come out), and a push puts its item in or drops it with the future. To
/// keep the item, [`reserve`](Self::reserve) a place first.
///
/// # Work
///
/// As in asyncio, each item that goes in counts as unfinished until [`task_done`](Self::task_done)
/// is called for it, or its [`Job`] dropped; [`join`](Self::join) waits until none is left.
///
/// # Closing
///
/// [`close`](Self::close) lets what is stored come out and nothing in; `None` is the end.
/// [`close_now`](Self::close_now) hands back what is stored. Neither happens by itself: for that
/// there is the channel, whose handles are counted.
///
/// # Complexity
///
/// An operation that need not wait costs one short section. Waiting allocates nothing; being
/// cancelled takes constant time. Storage grows as it is needed, and is kept.
///
/// # Examples
///
/// ```
/// use withal_sync::Queue;
///
/// # futures_util::FutureExt::now_or_never(async {
/// let queue = Queue::bounded(100);
/// queue.push("work").await?;
/// queue.close();
/// while let Some(job) = queue.pop().await {
///     assert_eq!(job, "work");
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap().unwrap();
/// ```
///
/// Source: asyncio's `Queue`, `LifoQueue` and `PriorityQueue`; differs in strict order, in that errors
/// hand the item back, and in that it may be used from everywhere at once.
pub struct Queue<T, S: Storage<T> = Fifo<T>, F: Flavour = Spin> {
    state: Locked<State<T, S>, F>,
    /// Pulsed when no item is unfinished any more.
    idle: Event<F>,
}

impl<T, S: Storage<T>, F: Flavour> Queue<T, S, F> {
    /// An empty queue for at most `capacity` items.
    ///
    /// # Panics
    ///
    /// If `capacity` is zero: for a rendezvous there is the channel.
    pub fn bounded(capacity: usize) -> Self {
        assert!(
            capacity > 0,
            "a queue holds one item at least; a rendezvous is a channel of capacity 0"
        );
        Self::with_capacity(capacity)
    }

    /// [`bounded`](Self::bounded), where none is legal: items then go from hand to hand.
    pub(crate) fn with_capacity(capacity: usize) -> Self {
        Self {
            state: Locked::new(State::new(capacity)),
            idle: Event::new(),
        }
    }

    /// An empty queue for any number of items: pushing never waits. Mind that nothing then keeps a
    /// fast producer from filling the memory.
    pub fn unbounded() -> Self {
        Self::bounded(usize::MAX)
    }

    /// Puts `item` in as soon as there is room and it is its turn.
    ///
    /// # Cancel safety
    ///
    /// Dropped while it waits, it leaves the queue, and the item is dropped with it. Dropped after
    /// it was let in, the item is in. Leaked while it waits, it keeps its place, and its item goes
    /// in when it is its turn.
    ///
    /// # Errors
    ///
    /// [`PushError`] with the item, if the queue is or becomes closed.
    pub fn push(&self, item: T) -> Push<&Self, T, S, F> {
        Push::new(self, item)
    }

    /// [`push`](Self::push), with a future that owns its share of the queue.
    pub fn push_owned(self: &Arc<Self>, item: T) -> Push<Arc<Self>, T, S, F> {
        Push::new(self.clone(), item)
    }

    /// Puts `item` in if there is room and nobody waits for it.
    ///
    /// # Errors
    ///
    /// [`TryPushError`] with the item.
    #[inline]
    pub fn try_push(&self, item: T) -> Result<(), TryPushError<T>> {
        match self.state.with(|state| state.push(item)) {
            Ok(waker) => {
                wake(waker);
                Ok(())
            }
            Err(NotIn::Full(item)) => Err(TryPushError::Full(item)),
            Err(NotIn::Closed(item)) => Err(TryPushError::Closed(item)),
        }
    }

    /// Waits for a place, which is then filled without waiting: what is to be pushed need not be
    /// made, or risked, before there is room for it.
    ///
    /// # Cancel safety
    ///
    /// Dropped while it waits, it leaves the queue; dropped after it was given its place, it passes
    /// that on. Leaked, it keeps its place, and the queue has one less for ever.
    ///
    /// # Errors
    ///
    /// [`Closed`], if the queue is or becomes closed.
    pub fn reserve(&self) -> Reserve<&Self, T, S, F> {
        Reserve::new(self)
    }

    /// [`reserve`](Self::reserve), with a place that owns its share of the queue.
    pub fn reserve_owned(self: &Arc<Self>) -> Reserve<Arc<Self>, T, S, F> {
        Reserve::new(self.clone())
    }

    /// [`reserve`](Self::reserve), if there is room and nobody waits for it.
    ///
    /// # Errors
    ///
    /// [`TryReserveError`], which says why not.
    pub fn try_reserve(&self) -> Result<Slot<&Self, T, S, F>, TryReserveError> {
        self.take_place()?;
        Ok(Slot::new(Held::new(self)))
    }

    /// [`try_reserve`](Self::try_reserve), with a place that owns its share of the queue.
    ///
    /// # Errors
    ///
    /// As [`try_reserve`](Self::try_reserve).
    pub fn try_reserve_owned(
        self: &Arc<Self>,
    ) -> Result<Slot<Arc<Self>, T, S, F>, TryReserveError> {
        self.take_place()?;
        Ok(Slot::new(Held::new(self.clone())))
    }

    /// Takes the next item out, as soon as there is one and it is this caller's turn. `None` once
    /// the queue is closed and empty.
    ///
    /// # Cancel safety
    ///
    /// Dropped while it waits, it leaves the queue. An item that was handed to it goes to the next
    /// waiter, or is the next to come out: none is lost, none comes twice; and nobody is told of the
    /// end before it was received. Leaked, it keeps its place, and the item that it is handed is
    /// lost, and the end of the others with it.
    pub fn pop(&self) -> Pop<&Self, T, S, F> {
        Pop::new(self)
    }

    /// [`pop`](Self::pop), with a future that owns its share of the queue.
    pub fn pop_owned(self: &Arc<Self>) -> Pop<Arc<Self>, T, S, F> {
        Pop::new(self.clone())
    }

    /// Takes the next item out if there is one.
    ///
    /// # Errors
    ///
    /// [`TryPopError`], which says why there is none.
    #[inline]
    pub fn try_pop(&self) -> Result<T, TryPopError> {
        match self.state.with(State::pop) {
            Ok((taken, waker)) => {
                let Out(item) = self.wake_and_keep(taken, waker).into();
                Ok(item)
            }
            Err(NotOut::Empty) => Err(TryPopError::Empty),
            Err(NotOut::Closed) => Err(TryPopError::Closed),
        }
    }

    /// [`pop`](Self::pop), with an item that reports itself as done when it is dropped.
    ///
    /// # Cancel safety
    ///
    /// As [`pop`](Self::pop): an item that is not received stays unfinished.
    pub fn pop_job(&self) -> PopJob<&Self, T, S, F> {
        PopJob::new(self)
    }

    /// [`pop_job`](Self::pop_job), with a job that owns its share of the queue.
    pub fn pop_job_owned(self: &Arc<Self>) -> PopJob<Arc<Self>, T, S, F> {
        PopJob::new(self.clone())
    }

    /// [`try_pop`](Self::try_pop), with an item that reports itself as done when it is dropped.
    ///
    /// # Errors
    ///
    /// As [`try_pop`](Self::try_pop).
    pub fn try_pop_job(&self) -> Result<Job<&Self, T, S, F>, TryPopError> {
        Ok(Job::new(self.try_pop()?, Held::new(self)))
    }

    /// [`try_pop_job`](Self::try_pop_job), with a job that owns its share of the queue.
    ///
    /// # Errors
    ///
    /// As [`try_pop`](Self::try_pop).
    pub fn try_pop_job_owned(self: &Arc<Self>) -> Result<Job<Arc<Self>, T, S, F>, TryPopError> {
        Ok(Job::new(self.try_pop()?, Held::new(self.clone())))
    }

    /// The items, one after the other, until the queue is closed and empty.
    pub fn stream(&self) -> Stream<&Self, T, S, F> {
        Stream::new(self)
    }

    /// [`stream`](Self::stream), with a stream that owns its share of the queue.
    pub fn stream_owned(self: &Arc<Self>) -> Stream<Arc<Self>, T, S, F> {
        Stream::new(self.clone())
    }

    /// Reports one item that was popped as done.
    ///
    /// # Errors
    ///
    /// [`DoneError`], if no item is unfinished; the count stays at zero.
    pub fn task_done(&self) -> Result<(), DoneError> {
        match self.state.with(State::done) {
            Ok(true) => {
                self.idle.pulse();
                Ok(())
            }
            Ok(false) => Ok(()),
            Err(()) => Err(DoneError::new()),
        }
    }

    /// Waits until no item is unfinished: not at all, if none is. It is enough that there was such a
    /// moment after this began to wait.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it changes nothing.
    pub fn join(&self) -> Join<&Self, T, S, F> {
        Join::new(self)
    }

    /// [`join`](Self::join), with a future that owns its share of the queue.
    pub fn join_owned(self: &Arc<Self>) -> Join<Arc<Self>, T, S, F> {
        Join::new(self.clone())
    }

    /// Closes the queue for pushers: those that wait get their item back, and what is stored comes
    /// out still. Whether it was open before.
    pub fn close(&self) -> bool {
        let was_open = self
            .state
            .with(|state| !core::mem::replace(&mut state.closed, true));
        self.refuse();
        was_open
    }

    /// Closes the queue for good, and hands back what is stored, in the order in which it would have
    /// come out. Each of these counts as done; what was popped before stays unfinished.
    pub fn close_now(&self) -> Vec<T> {
        self.close();
        let (mut items, idle) = self.state.with(State::drain);
        if idle {
            self.idle.pulse();
        }
        core::iter::from_fn(|| items.pop())
            .map(|taken| {
                let Out(item) = taken.into();
                item
            })
            .collect()
    }

    /// Whether it is closed.
    pub fn is_closed(&self) -> bool {
        self.state.with(|state| state.closed)
    }

    /// How many items are stored at this moment.
    pub fn len(&self) -> usize {
        self.state.with(|state| state.items.len())
    }

    /// Whether nothing is stored at this moment.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether a push would wait at this moment.
    pub fn is_full(&self) -> bool {
        self.state.with(|state| !state.has_room())
    }

    /// How many items it holds at most; `None` if it is unbounded.
    pub fn capacity(&self) -> Option<usize> {
        let capacity = self.state.with(|state| state.capacity);
        (capacity != usize::MAX).then_some(capacity)
    }

    /// Wakes who is to be woken, by whoever has popped `taken`.
    #[inline]
    fn wake_and_keep(&self, taken: S::Taken, waker: Option<Waker>) -> S::Taken {
        match waker {
            Some(waker) => self.keep(taken, || waker.wake()),
            None => taken,
        }
    }

    /// Calls `wake`, by whoever has popped `taken`: if it panics, the item goes back.
    #[inline]
    fn keep(&self, taken: S::Taken, wake: impl FnOnce()) -> S::Taken {
        let mut kept = Kept {
            queue: self,
            taken: Some(taken),
        };
        wake();
        match kept.taken.take() {
            Some(taken) => taken,
            None => unreachable!("it is taken out here alone"),
        }
    }

    /// A popper has what it was handed.
    fn received(&self) {
        if self.state.with(State::received) {
            self.refuse();
        }
    }

    /// Tells those that wait in a closed queue for nothing.
    #[cold]
    fn refuse(&self) {
        until_done(|wakers| self.state.with(|state| state.refuse(wakers)));
    }

    fn take_place(&self) -> Result<(), TryReserveError> {
        match self.state.with(State::reserve) {
            Ok(()) => Ok(()),
            Err(NotIn::Full(())) => Err(TryReserveError::Full),
            Err(NotIn::Closed(())) => Err(TryReserveError::Closed),
        }
    }

    /// Lets pushers in, where a reserved place has become free.
    fn admit(&self) {
        until_done(|wakers| self.state.with(|state| state.admit(wakers)));
    }

    /// What is going on at this moment.
    pub fn statistics(&self) -> Statistics {
        let joining = self.idle.waiting();
        self.state.with(|state| Statistics {
            stored: state.items.len(),
            capacity: (state.capacity != usize::MAX).then_some(state.capacity),
            reserved: state.reserved,
            waiting_pushers: state.pushers.len(),
            waiting_poppers: state.poppers.len(),
            joining,
            unfinished: state.unfinished,
            peak: state.peak,
            closed: state.closed,
        })
    }
}

impl<T, S: Storage<T>, F: Flavour> fmt::Debug for Queue<T, S, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Queue").field(&self.statistics()).finish()
    }
}

/// A popped item that goes back if its popper panics.
struct Kept<'q, T, S: Storage<T>, F: Flavour> {
    queue: &'q Queue<T, S, F>,
    taken: Option<S::Taken>,
}

impl<T, S: Storage<T>, F: Flavour> Drop for Kept<'_, T, S, F> {
    #[inline]
    fn drop(&mut self) {
        if let Some(taken) = self.taken.take() {
            // A second panic aborts, as everywhere in a drop.
            wake(self.queue.state.with(|state| state.give_back(taken)));
        }
    }
}

/// Wakes who is to be woken, after the section.
#[inline]
fn wake(waker: Option<Waker>) {
    if let Some(waker) = waker {
        waker.wake();
    }
}
