//! Something that happens, and that tasks wait for.

#[cfg(all(test, not(loom)))]
mod tests;
#[cfg(all(test, loom))]
#[path = "event/tests/loom.rs"]
mod tests;
mod wait;

#[cfg(feature = "alloc")]
use alloc::sync::Arc;
use core::fmt;
use core::sync::atomic::Ordering;

pub use self::wait::Wait;
use crate::flavour::{Flavour, Spin};
use crate::short_lock::Locked;
use crate::wait_queue::{List, Wakers, until_done};
use crate::word::{RawWord, Word};

/// A flag that tasks wait for, and that can be cleared again.
///
/// Setting it lets all go that wait at that moment, in the order in which they came, even if it is
/// cleared before they run: [`set`](Self::set) and [`clear`](Self::clear) in a row are a pulse. While
/// it is set, nobody waits.
///
/// # Complexity
///
/// Looking at it is a load; setting it while nobody waits is one atomic operation. Waiting allocates
/// nothing; being cancelled takes constant time.
///
/// # Examples
///
/// ```
/// use withal_sync::Event;
///
/// # futures_util::FutureExt::now_or_never(async {
/// let ready = Event::new();
/// assert!(ready.set(), "it was not set before");
/// ready.wait().await;
/// # }).unwrap();
/// ```
///
/// Source: asyncio's `Event`.
pub struct Event<F: Flavour = Spin> {
    word: Word<F>,
    waiters: Locked<Waiters, F>,
}

/// The event is set.
const SET: usize = 1;
/// Somebody waits. Set and cleared in sections only.
const WAITERS: usize = 2;

struct Waiters {
    list: List<Turn>,
    /// How many have begun to wait so far.
    turns: u64,
}

/// The number of a waiter: tells those that wait at a `set` from those that come while it goes on.
#[derive(Clone, Copy, Debug)]
struct Turn(u64);

impl<F: Flavour> Event<F> {
    /// An event that is not set.
    pub fn new() -> Self {
        Self {
            word: Word::new(0),
            waiters: Locked::new(Waiters {
                list: List::new(),
                turns: 0,
            }),
        }
    }

    /// Waits until the event is set: not at all, if it is.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it leaves the queue. Leaked, it keeps its place until the next `set`.
    pub fn wait(&self) -> Wait<&Self, F> {
        Wait::new(self)
    }

    /// [`wait`](Self::wait), with a future that owns its share of the event.
    #[cfg(feature = "alloc")]
    pub fn wait_owned(self: &Arc<Self>) -> Wait<Arc<Self>, F> {
        Wait::new(self.clone())
    }

    /// Sets the event and lets go who waits. Whether it was not set before.
    pub fn set(&self) -> bool {
        let mut word = self.word.load(Ordering::Relaxed);
        while word & WAITERS == 0 {
            match self.word.compare_exchange_weak(
                word,
                word | SET,
                Ordering::AcqRel,
                Ordering::Relaxed,
            ) {
                Ok(before) => return before & SET == 0,
                Err(now) => word = now,
            }
        }
        // Set in a section, so that who comes after it finds it set, or cleared again, and is not
        // among those that are let go.
        self.let_go(|| self.word.fetch_or(SET, Ordering::AcqRel) & SET == 0)
    }

    /// Lets go who waits at this moment, and sets nothing: who comes later waits.
    pub fn pulse(&self) {
        if self.word.load(Ordering::Acquire) & WAITERS != 0 {
            self.let_go(|| true);
        }
    }

    /// Clears the event: who comes from now on waits. Whether it was set before.
    pub fn clear(&self) -> bool {
        self.word.fetch_and(!SET, Ordering::AcqRel) & SET != 0
    }

    /// Whether it is set at this moment.
    #[inline]
    pub fn is_set(&self) -> bool {
        self.word.load(Ordering::Acquire) & SET != 0
    }

    /// How many wait at this moment.
    pub fn waiting(&self) -> usize {
        self.waiters.with(|waiters| waiters.list.len())
    }

    /// Lets go who waits at this moment, if `begin`, called in the first section, says so: what it
    /// said.
    fn let_go(&self, begin: impl FnOnce() -> bool) -> bool {
        let mut begin = Some(begin);
        let mut last = None;
        until_done(|wakers| {
            self.waiters.with(|waiters| {
                if let Some(begin) = begin.take() {
                    last = begin().then_some(waiters.turns);
                }
                last.is_none_or(|last| self.let_go_some(waiters, last, wakers))
            })
        });
        last.is_some()
    }

    /// Sets the event for good, and lets nobody go: [`let_go_into`](Self::let_go_into) does, until it
    /// is done.
    #[cfg(feature = "alloc")]
    pub(crate) fn set_silently(&self) {
        self.word.fetch_or(SET, Ordering::AcqRel);
    }

    /// Lets go who waits, as far as the wakers, which are somebody else's, have room. Whether that were
    /// all. It is set, and never cleared, so nobody joins them.
    #[cfg(feature = "alloc")]
    pub(crate) fn let_go_into(&self, wakers: &mut Wakers) -> bool {
        self.word.load(Ordering::Acquire) & WAITERS == 0
            || self
                .waiters
                .with(|waiters| self.let_go_some(waiters, u64::MAX, wakers))
    }

    /// In a section: lets go who came up to turn `last`, as far as the wakers have room. Whether that
    /// were all.
    fn let_go_some(&self, waiters: &mut Waiters, last: u64, wakers: &mut Wakers) -> bool {
        while waiters.list.front(|Turn(turn)| *turn <= last) == Some(true) {
            if !wakers.has_room() {
                return false;
            }
            if let Some(((), waker)) = waiters.list.serve(|_| ()) {
                wakers.push(waker);
            }
        }
        self.note_empty(waiters);
        true
    }

    /// In a section: takes the flag back if nobody waits any more.
    fn note_empty(&self, waiters: &Waiters) {
        if waiters.list.is_empty() {
            self.word.fetch_and(!WAITERS, Ordering::Relaxed);
        }
    }
}

impl<F: Flavour> Default for Event<F> {
    fn default() -> Self {
        Self::new()
    }
}

impl<F: Flavour> fmt::Debug for Event<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Event")
            .field("set", &self.is_set())
            .field("waiting", &self.waiting())
            .finish()
    }
}
