use alloc::sync::Arc;
use core::fmt;
use core::iter::{RepeatN, repeat_n};
use core::pin::Pin;
use core::task::{Context, Poll};

use futures_core::stream::FusedStream;

use super::error::TryRecvError;
use super::place::Place;
use super::recv::Recv;
use super::shared::{Shared, one_less, one_more};
use super::statistics::Statistics;
use crate::flavour::{Flavour, Spin};
use crate::handle::{Get, Handle};
use crate::queue::{Fifo, Queue};

/// Receives values from a channel: each goes to one receiver. Clones are handles of their own; when
/// the last one is dropped, sends fail, and what is buffered is dropped.
///
/// As a stream, a fused one, it ends with the channel. It then keeps its place in line from one poll to the next,
/// in a box, until it is dropped or asked for a value by one of its methods; so poll it on, or drop
/// it, if others receive from the same channel.
///
/// # Examples
///
/// ```
/// use futures_util::StreamExt;
/// use withal_sync::Channel;
///
/// # futures_util::FutureExt::now_or_never(async {
/// let (sender, receiver) = Channel::unbounded();
/// for n in 1..=3 {
///     sender.send(n).await?;
/// }
/// drop(sender);
/// let squares: Vec<i32> = receiver.map(|n| n * n).collect().await;
/// assert_eq!(squares, [1, 4, 9]);
/// # Ok::<(), withal_sync::channel::SendError<i32>>(())
/// # }).unwrap().unwrap();
/// ```
pub struct Receiver<T, F: Flavour = Spin> {
    /// Given up before the handle is: the fields are dropped in this order.
    place: Place<T, F>,
    shared: Counted<T, F>,
}

/// What is shared, by a handle that counts.
struct Counted<T, F: Flavour>(Arc<Shared<T, F>>);

impl<T, F: Flavour> Receiver<T, F> {
    /// The first one.
    pub(super) fn new(shared: Arc<Shared<T, F>>) -> Self {
        Self {
            place: Place::new(),
            shared: Counted(shared),
        }
    }

    /// Receives the next value, as soon as there is one and it is this caller's turn. `None` once
    /// the channel is closed and empty.
    ///
    /// # Cancel safety
    ///
    /// Dropped while it waits, it leaves the channel as it was. A value that was handed to it goes
    /// to the next that waits, or is the next to come out, over the capacity if need be: so nobody
    /// is told of the end before it was received. Leaked, it keeps its place, and the value that it
    /// is handed is lost, and the end of the others with it.
    #[inline]
    pub fn recv(&self) -> Recv<&Self, T, F> {
        self.place.give_up();
        Recv::new(self)
    }

    /// [`recv`](Self::recv), with a future that is a receiver of its own: it keeps this side of the
    /// channel open until it is dropped.
    pub fn recv_owned(&self) -> Recv<Self, T, F> {
        self.place.give_up();
        Recv::new(self.clone())
    }

    /// Receives the next value if there is one: buffered, or in the hands of a sender that waits.
    ///
    /// # Errors
    ///
    /// [`TryRecvError`], which says why there is none.
    #[inline]
    pub fn try_recv(&self) -> Result<T, TryRecvError> {
        self.place.give_up();
        Ok(self.queue().try_pop()?)
    }

    /// Closes the channel for all its handles: sends fail from now on, those that wait get their
    /// value back, and what is buffered can be received still. Whether it was open before.
    ///
    /// To close this handle alone, drop it.
    pub fn close(&self) -> bool {
        self.queue().close()
    }

    /// Whether it is closed: once it is empty, nothing will be received any more.
    pub fn is_closed(&self) -> bool {
        self.queue().is_closed()
    }

    /// `count` handles in place of this one, so that none is left over: while a receiver that is
    /// forgotten is there, senders wait for room that nobody makes.
    pub fn into_clones(self, count: usize) -> RepeatN<Self> {
        repeat_n(self, count)
    }

    /// What is going on at this moment.
    pub fn statistics(&self) -> Statistics {
        self.shared.0.statistics()
    }

    #[inline]
    fn queue(&self) -> &Queue<T, Fifo<T>, F> {
        &self.shared.0.queue
    }
}

impl<T, F: Flavour> futures_core::Stream for Receiver<T, F> {
    type Item = T;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let this = self.get_mut();
        this.place.poll(&this.shared.0, cx)
    }
}

impl<T, F: Flavour> FusedStream for Receiver<T, F> {
    fn is_terminated(&self) -> bool {
        self.place.has_ended()
    }
}

// What must stay in its place is in a box.
impl<T, F: Flavour> Unpin for Receiver<T, F> {}

impl<T, F: Flavour> Clone for Receiver<T, F> {
    fn clone(&self) -> Self {
        let shared = self.shared.0.clone();
        one_more(&shared.receivers);
        Self::new(shared)
    }
}

impl<T, F: Flavour> Drop for Counted<T, F> {
    fn drop(&mut self) {
        if one_less(&self.0.receivers) {
            drop(self.0.queue.close_now());
        }
    }
}

impl<T, F: Flavour> Handle<Queue<T, Fifo<T>, F>> for &Receiver<T, F> {}

// SAFETY: what is shared stays, in its own allocation, and a receiver leads to the same for ever.
unsafe impl<T, F: Flavour> Get<Queue<T, Fifo<T>, F>> for &Receiver<T, F> {
    #[inline]
    fn get(&self) -> &Queue<T, Fifo<T>, F> {
        self.queue()
    }
}

impl<T, F: Flavour> Handle<Queue<T, Fifo<T>, F>> for Receiver<T, F> {}

// SAFETY: as above.
unsafe impl<T, F: Flavour> Get<Queue<T, Fifo<T>, F>> for Receiver<T, F> {
    #[inline]
    fn get(&self) -> &Queue<T, Fifo<T>, F> {
        self.queue()
    }
}

impl<T, F: Flavour> fmt::Debug for Receiver<T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Receiver").field(&self.statistics()).finish()
    }
}
