//! A pinned value for several threads, and marks that reach whoever is at it.

#[cfg(all(test, not(loom)))]
mod tests;
#[cfg(all(test, loom))]
#[path = "turn/tests/loom.rs"]
mod tests;

use core::fmt;
use core::pin::Pin;
use core::sync::atomic::Ordering;

use crate::primitives::{AtomicUsize, UnsafeCell};

/// A value at which one thread is at a time; nobody ever waits for a turn.
///
/// It is for a future that a task polls, and that somebody else is to poll when the task is gone.
/// Marks are set without a turn: those that were set during one come out at its end, so that none is
/// overlooked.
///
/// # Invariants
///
/// 1. `value` is referred to only by the one [`Taken`] that has set `TAKEN`, until it clears it.
/// 2. `value` is pinned structurally: a turn is taken of what is pinned, and gives a pinned
///    reference; nothing moves it, and it is dropped in place.
///
/// # Complexity
///
/// An atomic exchange to take a turn, one to end it, and one to set a mark. No allocation.
///
/// # Examples
///
/// ```
/// use std::pin::pin;
/// use withal_sync::Turn;
///
/// const STOP: usize = 1;
///
/// let turn = pin!(Turn::new(7));
/// let turn = turn.as_ref();
/// let mut mine = turn.take().unwrap();
/// assert!(turn.take().is_none());
/// assert!(turn.mark(STOP).was_taken());
/// *mine.get() += 1;
/// assert_eq!(mine.end(), STOP);
/// assert_eq!(*turn.take().unwrap().get(), 8);
/// ```
pub struct Turn<T> {
    word: AtomicUsize,
    value: UnsafeCell<T>,
}

// SAFETY: a `&Turn` gives a `&mut T`, to one thread at a time (1): which is what a `T` must be `Send`
// for. It never gives a `&T` to two of them.
unsafe impl<T: Send> Sync for Turn<T> {}

/// Somebody is at the value.
const TAKEN: usize = 1;
/// The marks are above it.
const SHIFT: u32 = 1;

impl<T> Turn<T> {
    /// Of `value`, without a mark.
    pub fn new(value: T) -> Self {
        Self {
            word: AtomicUsize::new(0),
            value: UnsafeCell::new(value),
        }
    }

    /// Takes the turn, unless somebody has it.
    ///
    /// What was done in earlier turns, and before the marks that are seen, has happened before.
    #[inline]
    pub fn take(self: Pin<&Self>) -> Option<Taken<'_, T>> {
        let word = self.word.fetch_or(TAKEN, Ordering::Acquire);
        if word & TAKEN != 0 {
            return None;
        }
        Some(Taken {
            turn: self,
            marks: word >> SHIFT,
        })
    }

    /// Sets `marks`, a set of bits; what was set before stays so.
    ///
    /// If somebody has the turn, that one learns of them at its end. The highest bit cannot be a mark.
    #[inline]
    pub fn mark(&self, marks: usize) -> Marked {
        // Released for the one who sees them; acquired for what the turns before have done.
        let word = self.word.fetch_or(marks << SHIFT, Ordering::AcqRel);
        Marked { before: word }
    }

    /// The marks.
    #[inline]
    pub fn marks(&self) -> usize {
        self.word.load(Ordering::Acquire) >> SHIFT
    }
}

impl<T> fmt::Debug for Turn<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = self.word.load(Ordering::Relaxed);
        f.debug_struct("Turn")
            .field("taken", &(word & TAKEN != 0))
            .field("marks", &(word >> SHIFT))
            .finish_non_exhaustive()
    }
}

/// What was when [marks](Turn::mark) were set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Marked {
    before: usize,
}

impl Marked {
    /// The marks that were set already.
    pub fn before(self) -> usize {
        self.before >> SHIFT
    }

    /// Whether somebody had the turn, and learns of the marks at its end.
    pub fn was_taken(self) -> bool {
        self.before & TAKEN != 0
    }
}

/// The turn of one thread: what [`Turn::take`] gives.
#[must_use = "the turn ends when this is dropped"]
pub struct Taken<'t, T> {
    turn: Pin<&'t Turn<T>>,
    marks: usize,
}

impl<T> Taken<'_, T> {
    /// The value.
    #[inline]
    pub fn get(&mut self) -> Pin<&mut T> {
        // SAFETY: no other reference is made while this has the turn (1), and it lends one at a time.
        let value = self.turn.value.with_mut(|value| unsafe { &mut *value });
        // SAFETY: structural (2).
        unsafe { Pin::new_unchecked(value) }
    }

    /// The marks at the beginning of the turn.
    #[inline]
    pub fn marks(&self) -> usize {
        self.marks
    }

    /// Ends the turn, and gives the marks at this moment: whoever sets one later finds the turn free.
    #[inline]
    pub fn end(self) -> usize {
        let turn = self.turn;
        core::mem::forget(self);
        turn.word.fetch_and(!TAKEN, Ordering::AcqRel) >> SHIFT
    }
}

impl<T> Drop for Taken<'_, T> {
    #[inline]
    fn drop(&mut self) {
        self.turn.word.fetch_and(!TAKEN, Ordering::AcqRel);
    }
}

impl<T> fmt::Debug for Taken<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Taken")
            .field("marks", &self.marks)
            .finish_non_exhaustive()
    }
}
