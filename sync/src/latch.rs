//! Something that happens once, and that tasks wait for.

#[cfg(all(test, not(loom)))]
mod tests;
#[cfg(all(test, loom))]
#[path = "latch/tests/loom.rs"]
mod tests;
mod wait;

#[cfg(feature = "alloc")]
use alloc::sync::Arc;
use core::fmt;

pub use self::wait::Wait;
use crate::event::Event;
use crate::flavour::{Flavour, Spin};

/// A door that is opened once, and stays open.
///
/// Opening it lets all go that wait, in the order in which they came; whoever comes later does not
/// wait at all. What was written before it was opened is seen behind it. Since nobody closes it, a
/// wait that ended means that it is open: where that is all that is needed, take this instead of an
/// [`Event`].
///
/// # Complexity
///
/// Looking at it, and passing when it is open, is a load; opening it while nobody waits is one atomic
/// operation. Waiting allocates nothing; being cancelled takes constant time.
///
/// # Examples
///
/// ```
/// use withal_sync::Latch;
///
/// # futures_util::FutureExt::now_or_never(async {
/// let configured = Latch::new();
/// let configure = async { assert!(configured.open(), "for the first time") };
/// let work = async { configured.wait().await };
/// futures_util::join!(configure, work);
/// configured.wait().await; // It stays open.
/// # }).unwrap();
/// ```
///
/// Source: the events of Trio and AnyIO, which cannot be cleared either.
pub struct Latch<F: Flavour = Spin> {
    event: Event<F>,
}

impl<F: Flavour> Latch<F> {
    /// A closed latch.
    pub fn new() -> Self {
        Self {
            event: Event::new(),
        }
    }

    /// Waits until the latch is open: not at all, if it is.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it leaves the queue. Leaked, it keeps its place until the latch is opened.
    pub fn wait(&self) -> Wait<&Self, F> {
        Wait::new(self)
    }

    /// [`wait`](Self::wait), with a future that owns its share of the latch.
    #[cfg(feature = "alloc")]
    pub fn wait_owned(self: &Arc<Self>) -> Wait<Arc<Self>, F> {
        Wait::new(self.clone())
    }

    /// Opens the latch for ever, and lets go who waits. Whether it was closed.
    pub fn open(&self) -> bool {
        self.event.set()
    }

    /// Whether it is open.
    #[inline]
    pub fn is_open(&self) -> bool {
        self.event.is_set()
    }

    /// How many wait at this moment.
    pub fn waiting(&self) -> usize {
        self.event.waiting()
    }
}

impl<F: Flavour> Default for Latch<F> {
    fn default() -> Self {
        Self::new()
    }
}

impl<F: Flavour> fmt::Debug for Latch<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Latch")
            .field("open", &self.is_open())
            .field("waiting", &self.waiting())
            .finish()
    }
}

const _: () = {
    const fn send_sync<T: Send + Sync>() {}
    const fn send<T: Send>() {}
    send_sync::<Latch>();
    send_sync::<Wait<&Latch>>();
    send::<Latch<crate::flavour::SingleThread>>();
};
