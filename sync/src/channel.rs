//! A queue with two kinds of handles, which are counted: it closes by itself.

mod error;
mod place;
mod receiver;
mod recv;
mod send;
mod sender;
mod shared;
mod statistics;
#[cfg(all(test, not(loom)))]
mod tests;
#[cfg(all(test, loom))]
#[path = "channel/tests/loom.rs"]
mod tests;

use core::fmt;
use core::marker::PhantomData;

pub use self::error::{SendError, TryRecvError, TrySendError};
pub use self::receiver::Receiver;
pub use self::recv::Recv;
pub use self::send::Sending;
pub use self::sender::Sender;
use self::shared::Shared;
pub use self::statistics::Statistics;
use crate::flavour::{Flavour, Spin};

/// Makes channels: [`bounded`](Self::bounded) ones, of which that for no value is a rendezvous, and
/// [`unbounded`](Self::unbounded) ones.
///
/// A channel is a [`Queue`](crate::queue::Queue), first in, first out, that any number of [`Sender`]s
/// and [`Receiver`]s share. Each value is received once.
///
/// # Order and fairness
///
/// As the queue's: a value goes to the receiver that has waited longest, room to the sender that has,
/// and nobody overtakes, the `try_` forms included.
///
/// # Closing
///
/// When the last sender is dropped, receivers take what is buffered, and then get `None`. When the
/// last receiver is, sends fail and hand their values back, those that wait included, and what is
/// buffered is dropped. So drop what you do not use: a sender that lies forgotten beside its clones
/// keeps the receivers waiting. [`into_clones`](Sender::into_clones) leaves none over. `close` on any
/// handle closes the channel for all of them.
///
/// # Complexity
///
/// As the queue's: waiting allocates nothing, but for a receiver's first wait as a stream.
///
/// # Examples
///
/// ```
/// use withal_sync::Channel;
///
/// # futures_util::FutureExt::now_or_never(async {
/// let (sender, receiver) = Channel::bounded(10);
/// let other = sender.clone();
/// sender.send("one").await?;
/// other.send("two").await?;
/// drop((sender, other));
/// assert_eq!(receiver.recv().await, Some("one"));
/// assert_eq!(receiver.recv().await, Some("two"));
/// assert_eq!(receiver.recv().await, None);
/// # Ok::<(), withal_sync::channel::SendError<&str>>(())
/// # }).unwrap().unwrap();
/// ```
///
/// Source: the memory channels of Trio and anyio; differs in that errors hand the value back, and in
/// that `close` is for all handles: a single one is closed by dropping it.
pub struct Channel<T, F: Flavour = Spin> {
    _makes: PhantomData<fn() -> (T, F)>,
}

impl<T, F: Flavour> Channel<T, F> {
    /// A channel that buffers at most `capacity` values. With none, it is a rendezvous: a send waits
    /// until its value is in the hands of a receiver.
    pub fn bounded(capacity: usize) -> (Sender<T, F>, Receiver<T, F>) {
        let shared = Shared::new(capacity);
        (Sender::new(shared.clone()), Receiver::new(shared))
    }

    /// A channel that buffers any number of values: sending never waits. Mind that nothing then
    /// keeps a fast sender from filling the memory.
    pub fn unbounded() -> (Sender<T, F>, Receiver<T, F>) {
        Self::bounded(usize::MAX)
    }
}

impl<T, F: Flavour> fmt::Debug for Channel<T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Channel")
    }
}
