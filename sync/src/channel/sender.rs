use alloc::sync::Arc;
use core::fmt;
use core::iter::{RepeatN, repeat_n};

use super::error::TrySendError;
use super::send::Sending;
use super::shared::{Shared, one_less, one_more};
use super::statistics::Statistics;
use crate::flavour::{Flavour, Spin};
use crate::handle::{Get, Handle};
use crate::queue::{Fifo, Queue};

/// Sends values into a channel. Clones are handles of their own; when the last one is dropped,
/// receivers take what is buffered, and then get `None`.
pub struct Sender<T, F: Flavour = Spin> {
    shared: Arc<Shared<T, F>>,
}

impl<T, F: Flavour> Sender<T, F> {
    /// The first one.
    pub(super) fn new(shared: Arc<Shared<T, F>>) -> Self {
        Self { shared }
    }

    /// Sends `value`: to the receiver that has waited longest, or into the buffer, as soon as there
    /// is room and it is its turn.
    ///
    /// # Cancel safety
    ///
    /// Dropped while it waits, it leaves the channel as it was, and `value` is dropped with it.
    /// Dropped after its value was taken, that stays sent. Leaked while it waits, it keeps its place,
    /// and its value is sent when it is its turn.
    ///
    /// # Errors
    ///
    /// [`SendError`](super::SendError) with the value, if the channel is or becomes closed.
    ///
    /// # Panics
    ///
    /// If polled again after completion.
    #[inline]
    pub fn send(&self, value: T) -> Sending<&Self, T, F> {
        Sending::new(self, value)
    }

    /// [`send`](Self::send), with a future that is a sender of its own: it keeps this side of the
    /// channel open until it is dropped.
    pub fn send_owned(&self, value: T) -> Sending<Self, T, F> {
        Sending::new(self.clone(), value)
    }

    /// Sends `value` if a receiver waits for it, or there is room for it.
    ///
    /// # Errors
    ///
    /// [`TrySendError`] with the value.
    #[inline]
    pub fn try_send(&self, value: T) -> Result<(), TrySendError<T>> {
        Ok(self.shared.queue.try_push(value)?)
    }

    /// Closes the channel for all its handles: sends fail from now on, those that wait get their
    /// value back, and what is buffered can be received still. Whether it was open before.
    ///
    /// To close this handle alone, drop it.
    pub fn close(&self) -> bool {
        self.shared.queue.close()
    }

    /// Whether it is closed: sends fail.
    pub fn is_closed(&self) -> bool {
        self.shared.queue.is_closed()
    }

    /// `count` handles in place of this one, so that none is left over: a sender that is forgotten
    /// keeps the receivers waiting for ever.
    ///
    /// # Examples
    ///
    /// ```
    /// use withal_sync::Channel;
    ///
    /// # futures_util::FutureExt::now_or_never(async {
    /// let (sender, receiver) = Channel::bounded(10);
    /// for (id, sender) in sender.into_clones(3).enumerate() {
    ///     sender.send(id).await?; // In a task of its own, more likely.
    /// }
    /// let mut sum = 0;
    /// while let Some(id) = receiver.recv().await {
    ///     sum += id;
    /// }
    /// assert_eq!(sum, 0 + 1 + 2);
    /// # Ok::<(), withal_sync::channel::SendError<usize>>(())
    /// # }).unwrap().unwrap();
    /// ```
    pub fn into_clones(self, count: usize) -> RepeatN<Self> {
        repeat_n(self, count)
    }

    /// What is going on at this moment.
    pub fn statistics(&self) -> Statistics {
        self.shared.statistics()
    }
}

impl<T, F: Flavour> Clone for Sender<T, F> {
    fn clone(&self) -> Self {
        let shared = self.shared.clone();
        one_more(&shared.senders);
        Self { shared }
    }
}

impl<T, F: Flavour> Drop for Sender<T, F> {
    fn drop(&mut self) {
        if one_less(&self.shared.senders) {
            self.shared.queue.close();
        }
    }
}

impl<T, F: Flavour> Handle<Queue<T, Fifo<T>, F>> for &Sender<T, F> {}

// SAFETY: what is shared stays, in its own allocation, and a sender leads to the same for ever.
unsafe impl<T, F: Flavour> Get<Queue<T, Fifo<T>, F>> for &Sender<T, F> {
    #[inline]
    fn get(&self) -> &Queue<T, Fifo<T>, F> {
        &self.shared.queue
    }
}

impl<T, F: Flavour> Handle<Queue<T, Fifo<T>, F>> for Sender<T, F> {}

// SAFETY: as above.
unsafe impl<T, F: Flavour> Get<Queue<T, Fifo<T>, F>> for Sender<T, F> {
    #[inline]
    fn get(&self) -> &Queue<T, Fifo<T>, F> {
        &self.shared.queue
    }
}

impl<T, F: Flavour> fmt::Debug for Sender<T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Sender").field(&self.statistics()).finish()
    }
}
