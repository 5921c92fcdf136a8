//! Queues and semaphores that are held against the rules: those of withal, or your own.

use std::future::Future;

use withal_sync::flavour::Flavour;
use withal_sync::queue::Fifo;
use withal_sync::semaphore::Permit;

/// The queue of withal.
pub type Queue = withal_sync::Queue<u32>;

/// The semaphore of withal.
pub type Semaphore = withal_sync::Semaphore;

/// A bounded queue, first in, first out.
///
/// Implement it for yours, and [`queue_conformance!`](crate::queue_conformance) tells whether that
/// serves everybody in order, and loses nothing when its users give up.
///
/// # Examples
///
/// ```
/// use withal_tests::QueueUnderTest;
///
/// struct Mine(withal::sync::Queue<u32>);
///
/// impl QueueUnderTest for Mine {
///     fn bounded(capacity: usize) -> Self {
///         Self(withal::sync::Queue::bounded(capacity))
///     }
///
///     fn try_push(&self, item: u32) -> Result<(), u32> {
///         self.0.try_push(item).map_err(|full| full.into_item())
///     }
///
///     async fn push(&self, item: u32) -> Result<(), u32> {
///         self.0.push(item).await.map_err(|closed| closed.item)
///     }
///
///     fn try_pop(&self) -> Option<u32> {
///         self.0.try_pop().ok()
///     }
///
///     async fn pop(&self) -> Option<u32> {
///         self.0.pop().await
///     }
///
///     fn close(&self) {
///         self.0.close();
///     }
/// }
/// ```
pub trait QueueUnderTest: Send + Sync + 'static {
    /// An empty one, which stores at most `capacity` items.
    fn bounded(capacity: usize) -> Self;

    /// Puts `item` in, if that can be done without waiting.
    ///
    /// # Errors
    ///
    /// The item.
    fn try_push(&self, item: u32) -> Result<(), u32>;

    /// Puts `item` in, as soon as there is room.
    ///
    /// # Errors
    ///
    /// The item, if the queue is or becomes closed.
    fn push(&self, item: u32) -> impl Future<Output = Result<(), u32>> + Send;

    /// Takes an item out, if that can be done without waiting.
    fn try_pop(&self) -> Option<u32>;

    /// Takes the next item out, as soon as there is one; `None` once it is closed and empty.
    fn pop(&self) -> impl Future<Output = Option<u32>> + Send;

    /// Lets nothing in any more.
    fn close(&self);
}

/// A counting semaphore.
///
/// Implement it for yours, and [`semaphore_conformance!`](crate::semaphore_conformance) tells
/// whether that serves everybody in order, and leaks no permit when its users give up. A mutex that
/// is to be fair is a semaphore of one permit.
pub trait SemaphoreUnderTest: Send + Sync + 'static {
    /// Goes back when it is dropped.
    type Permit<'a>: Send;

    /// With `permits` free permits.
    fn new(permits: usize) -> Self;

    /// Takes a permit, if that can be done without waiting.
    fn try_acquire(&self) -> Option<Self::Permit<'_>>;

    /// Takes a permit, as soon as one is free.
    fn acquire(&self) -> impl Future<Output = Self::Permit<'_>> + Send;
}

impl<F: Flavour> QueueUnderTest for withal_sync::queue::Queue<u32, Fifo<u32>, F>
where
    Self: Send + Sync,
{
    fn bounded(capacity: usize) -> Self {
        Self::bounded(capacity)
    }

    fn try_push(&self, item: u32) -> Result<(), u32> {
        self.try_push(item).map_err(|full| full.into_item())
    }

    async fn push(&self, item: u32) -> Result<(), u32> {
        self.push(item).await.map_err(|closed| closed.item)
    }

    fn try_pop(&self) -> Option<u32> {
        self.try_pop().ok()
    }

    fn pop(&self) -> impl Future<Output = Option<u32>> + Send {
        self.pop()
    }

    fn close(&self) {
        self.close();
    }
}

impl<F: Flavour> SemaphoreUnderTest for withal_sync::semaphore::Semaphore<F>
where
    Self: Send + Sync,
{
    type Permit<'a> = Permit<&'a Self, F>;

    fn new(permits: usize) -> Self {
        Self::new(permits)
    }

    fn try_acquire(&self) -> Option<Self::Permit<'_>> {
        self.try_acquire().ok()
    }

    async fn acquire(&self) -> Self::Permit<'_> {
        self.acquire().await.expect("it is not closed")
    }
}
