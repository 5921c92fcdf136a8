use alloc::sync::Arc;
use core::sync::atomic::Ordering;

use super::statistics::Statistics;
use crate::flavour::Flavour;
use crate::handle::{Get, Handle};
use crate::queue::{Fifo, Queue};
use crate::word::{RawWord, Word};

/// What the handles of a channel share. By itself it counts as none of them.
pub(super) struct Shared<T, F: Flavour> {
    pub(super) queue: Queue<T, Fifo<T>, F>,
    pub(super) senders: Word<F>,
    pub(super) receivers: Word<F>,
}

impl<T, F: Flavour> Shared<T, F> {
    /// For one handle on each side.
    pub(super) fn new(capacity: usize) -> Arc<Self> {
        Arc::new(Self {
            queue: Queue::with_capacity(capacity),
            senders: Word::new(1),
            receivers: Word::new(1),
        })
    }

    pub(super) fn statistics(&self) -> Statistics {
        let queue = self.queue.statistics();
        Statistics {
            buffered: queue.stored,
            capacity: queue.capacity,
            senders: self.senders.load(Ordering::Relaxed),
            receivers: self.receivers.load(Ordering::Relaxed),
            waiting_senders: queue.waiting_pushers,
            waiting_receivers: queue.waiting_poppers,
            peak: queue.peak,
            closed: queue.closed,
        }
    }
}

/// A handle more. That they are too many the `Arc` around the channel notices first.
pub(super) fn one_more<F: Flavour>(count: &Word<F>) {
    // Whoever makes a handle has one, so the side is not being closed.
    count.fetch_add(1, Ordering::Relaxed);
}

/// A handle less. Whether it was the last one.
pub(super) fn one_less<F: Flavour>(count: &Word<F>) -> bool {
    // What was done with the others has happened before the side is closed.
    count.fetch_sub(1, Ordering::AcqRel) == 1
}

impl<T, F: Flavour> Handle<Queue<T, Fifo<T>, F>> for Arc<Shared<T, F>> {}

// SAFETY: a field of what is shared, in its own allocation.
unsafe impl<T, F: Flavour> Get<Queue<T, Fifo<T>, F>> for Arc<Shared<T, F>> {
    #[inline]
    fn get(&self) -> &Queue<T, Fifo<T>, F> {
        &self.queue
    }
}
