//! Tasks that wait for one another.

#[cfg(all(test, not(loom)))]
mod tests;
#[cfg(all(test, loom))]
#[path = "barrier/tests/loom.rs"]
mod tests;
mod wait;

#[cfg(feature = "alloc")]
use alloc::sync::Arc;
use core::fmt;
use core::num::NonZeroUsize;
use core::sync::atomic::Ordering;

use self::wait::Place;
pub use self::wait::{BrokenBarrier, Wait};
use crate::flavour::{Flavour, Spin};
use crate::short_lock::Locked;
use crate::wait_queue::{List, Wakers, until_done};
use crate::word::{RawWord, Word};

/// Holds tasks up until so many have come, and lets them go together; again and again.
///
/// Those that go together are a *generation*. The last one to come lets it go, and the next one
/// begins to gather at once: nobody is held up because others of the last one did not run yet.
///
/// # Order
///
/// Each one of a generation gets an index of its own, from 0 up to the number of parties less one, in the
/// order in which they came. A waiter that is cancelled leaves, those behind it move up, and one
/// more must come; the barrier is not broken by that. One that is dropped after its generation was
/// let go did come: it holds up nobody, and its index is nobody's.
///
/// # Complexity
///
/// Waiting allocates nothing. The last one wakes all the others; being cancelled takes constant time.
///
/// # Examples
///
/// ```
/// use withal_sync::Barrier;
///
/// let barrier = Barrier::new(3.try_into()?);
/// std::thread::scope(|scope| {
///     for _ in 0..3 {
///         scope.spawn(|| {
///             // The first half of the work; and when all are through with it:
///             let index = barrier.wait_blocking()?; // A task would `wait().await`.
///             if index == 0 {
///                 println!("the second half begins");
///             }
///             Ok::<_, withal_sync::barrier::BrokenBarrier>(())
///         });
///     }
/// });
/// # Ok::<(), core::num::TryFromIntError>(())
/// ```
///
/// Source: asyncio's `Barrier`; differs in that a generation gathers while the last one still goes,
/// and in that `reset` and `abort` do not wait.
pub struct Barrier<F: Flavour = Spin> {
    parties: NonZeroUsize,
    /// How often it was reset or aborted; changed in sections. Who was let go, and did not run yet,
    /// sees by it that it has been sent away since.
    breaks: Word<F>,
    state: Locked<State, F>,
}

struct State {
    /// Those of the generation that gathers; before them, while a section has no room for more
    /// wakers, the rest of older ones.
    list: List<Place>,
    /// The generation that gathers.
    generation: u64,
    /// How many of it have come.
    gathered: usize,
    /// Older generations were sent away.
    sent_away: u64,
    /// Which generation was served last, and the next index of it.
    next: (u64, usize),
    aborted: bool,
}

impl<F: Flavour> Barrier<F> {
    /// A barrier that lets go whenever `parties` tasks have come; a single one never waits.
    pub fn new(parties: NonZeroUsize) -> Self {
        Self {
            parties,
            breaks: Word::new(0),
            state: Locked::new(State {
                list: List::new(),
                generation: 0,
                gathered: 0,
                sent_away: 0,
                next: (0, 0),
                aborted: false,
            }),
        }
    }

    /// Waits until all parties have come, and gives the index of this one.
    ///
    /// It is a scope as well: `with(&rt, barrier.wait(), async |index| …)` runs a body when all have
    /// come. Nothing happens at its end, and a body that fails breaks nothing.
    ///
    /// # Cancel safety
    ///
    /// Dropped before its generation was let go, it leaves as if it had not come; dropped afterwards,
    /// it did come. Leaked, it counts as one that has come.
    ///
    /// # Errors
    ///
    /// [`BrokenBarrier`], if the barrier is aborted, or reset or aborted meanwhile.
    pub fn wait(&self) -> Wait<&Self, F> {
        Wait::new(self)
    }

    /// [`wait`](Self::wait), with a future that owns its share of the barrier.
    ///
    /// # Errors
    ///
    /// As [`wait`](Self::wait).
    #[cfg(feature = "alloc")]
    pub fn wait_owned(self: &Arc<Self>) -> Wait<Arc<Self>, F> {
        Wait::new(self.clone())
    }

    /// Sends away whoever waits, and also those that were let go but did not run yet: they get
    /// [`BrokenBarrier`]. Whoever comes later waits as if the barrier were new, also if it had been
    /// aborted.
    pub fn reset(&self) {
        self.send_away(false);
    }

    /// [`reset`](Self::reset), and sends away whoever comes later, too, until the barrier is reset.
    pub fn abort(&self) {
        self.send_away(true);
    }

    /// Whether it was aborted, and not reset since.
    pub fn is_aborted(&self) -> bool {
        self.state.with(|state| state.aborted)
    }

    /// How many must come.
    pub fn parties(&self) -> NonZeroUsize {
        self.parties
    }

    /// How many have come so far and wait for the others.
    pub fn waiting(&self) -> usize {
        self.state.with(|state| state.gathered)
    }

    fn send_away(&self, abort: bool) {
        let until = self.state.with(|state| {
            state.aborted = abort;
            state.begin_generation();
            state.sent_away = state.generation;
            let breaks = self.breaks.load(Ordering::Relaxed).wrapping_add(1);
            self.breaks.store(breaks, Ordering::Release);
            state.generation
        });
        self.serve(until);
    }

    /// Serves all of the generations before `until`.
    #[cold]
    fn serve(&self, until: u64) {
        until_done(|wakers| {
            self.state
                .with(|state| self.serve_some(state, until, wakers))
        });
    }

    /// In a section: serves those of the generations before `until`, as many as the wakers have room
    /// for. Whether that were all.
    fn serve_some(&self, state: &mut State, until: u64, wakers: &mut Wakers) -> bool {
        while let Some(generation) = state.list.front(|place| place.generation(until)) {
            let Some(generation) = generation else {
                return true;
            };
            if !wakers.has_room() {
                return false;
            }
            let given = if generation < state.sent_away {
                Place::SentAway
            } else {
                Place::LetGo {
                    index: state.next_index(generation),
                    breaks: self.breaks.load(Ordering::Relaxed),
                }
            };
            if let Some(((), waker)) = state.list.serve(|place| *place = given) {
                wakers.push(waker);
            }
        }
        true
    }
}

impl State {
    fn begin_generation(&mut self) {
        self.generation += 1;
        self.gathered = 0;
    }

    /// Whoever serves: those of a generation are served in a row, though not by one alone.
    fn next_index(&mut self, generation: u64) -> usize {
        if self.next.0 != generation {
            self.next = (generation, 0);
        }
        self.next.1 += 1;
        self.next.1 - 1
    }
}

impl<F: Flavour> fmt::Debug for Barrier<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Barrier")
            .field("parties", &self.parties)
            .field("waiting", &self.waiting())
            .field("aborted", &self.is_aborted())
            .finish()
    }
}

const _: () = {
    const fn send_sync<T: Send + Sync>() {}
    const fn send<T: Send>() {}
    send_sync::<Barrier>();
    send_sync::<Wait<&Barrier>>();
    send::<Barrier<crate::flavour::SingleThread>>();
};
