//! Who is let in, and when.
//!
//! # Invariants
//!
//! 1. `WRITER` is set, or readers are counted, or neither; never both.
//! 2. `WAITERS` is set exactly while the list is not empty, as seen between sections. It is set and
//!    cleared in sections only.
//! 3. While `WAITERS` is set, the last holder gives back in a section only. So in a section that finds
//!    it set and somebody in, somebody stays in; readers that are not the last may go at any time.
//! 4. The lock is free with `WAITERS` set only if it is not fair, and the first waiter was woken to try
//!    its luck. Whoever comes then may take it, at any time.
//! 5. Whoever is served was counted in before it was served, since it may go at once.

mod line;

use core::sync::atomic::Ordering;

use crate::flavour::Flavour;
use crate::short_lock::Locked;
use crate::wait_queue::{List, Patience};
use crate::word::{RawWord, Word};

/// Somebody writes, or was let in to.
const WRITER: usize = 1;
/// Somebody waits.
const WAITERS: usize = 2;
/// The readers are counted above the flags.
const READER: usize = 4;
/// So many that leaked guards must be the cause.
const TOO_MANY: usize = usize::MAX / 2;

/// A waiter.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wants {
    pub(super) access: Access,
    pub(super) patience: Patience,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    Read,
    Write,
}

pub(super) struct Raw<F: Flavour> {
    word: Word<F>,
    fair: bool,
    pub(super) waiters: Locked<List<Wants>, F>,
}

impl<F: Flavour> Raw<F> {
    pub(super) fn new(fair: bool) -> Self {
        Self {
            word: Word::new(0),
            fair,
            waiters: Locked::new(List::new()),
        }
    }

    pub(super) fn readers(&self) -> usize {
        self.word.load(Ordering::Relaxed) / READER
    }

    pub(super) fn has_writer(&self) -> bool {
        self.word.load(Ordering::Relaxed) & WRITER != 0
    }

    pub(super) fn waiting(&self) -> usize {
        self.waiters.with(|waiters| waiters.len())
    }

    #[inline]
    pub(super) fn try_take(&self, access: Access) -> bool {
        match access {
            Access::Read => self.try_read(),
            Access::Write => self.try_write(),
        }
    }

    #[inline]
    pub(super) fn try_read(&self) -> bool {
        // Looked up first: a guess that it is free would miss where others read, and cost more there
        // than it spares where nobody does (6 ns against 5).
        let mut word = self.word.load(Ordering::Relaxed);
        // With others that read; or past one who was woken and did not run yet (4).
        while word & (WRITER | WAITERS) == 0 || word == WAITERS {
            let counted = with_reader(word);
            match self.exchange_weak(word, counted) {
                Ok(_) => return true,
                Err(now) => word = now,
            }
        }
        false
    }

    #[inline]
    pub(super) fn try_write(&self) -> bool {
        let free = self
            .word
            .compare_exchange(0, WRITER, Ordering::Acquire, Ordering::Relaxed);
        match free {
            Ok(_) => true,
            Err(WAITERS) => self.write_past_waiters(),
            Err(_) => false,
        }
    }

    /// Past one who was woken and did not run yet (4).
    #[cold]
    fn write_past_waiters(&self) -> bool {
        let taken = self.word.compare_exchange(
            WAITERS,
            WAITERS | WRITER,
            Ordering::Acquire,
            Ordering::Relaxed,
        );
        taken.is_ok()
    }

    #[inline]
    pub(super) fn release_read(&self) {
        let mut word = self.word.load(Ordering::Relaxed);
        while word != READER | WAITERS {
            match self.word.compare_exchange_weak(
                word,
                word - READER,
                Ordering::Release,
                Ordering::Relaxed,
            ) {
                Ok(_) => return,
                Err(now) => word = now,
            }
        }
        self.release_to_waiters(Access::Read);
    }

    #[inline]
    pub(super) fn release_write(&self) {
        let alone = self
            .word
            .compare_exchange(WRITER, 0, Ordering::Release, Ordering::Relaxed);
        if alone.is_err() {
            self.release_to_waiters(Access::Write);
        }
    }

    /// The writer becomes a reader, and must `admit_readers`.
    pub(super) fn downgrade(&self) {
        let alone =
            self.word
                .compare_exchange(WRITER, READER, Ordering::Release, Ordering::Relaxed);
        if alone.is_err() {
            self.waiters.with(|waiters| {
                // Nobody else changes the word but in sections (1, 3).
                let waits = if waiters.is_empty() { 0 } else { WAITERS };
                self.word.store(READER | waits, Ordering::Release);
            });
        }
    }

    /// Called by one that reads: lets in the readers that are first in line.
    #[inline]
    pub(super) fn admit_readers(&self) {
        if self.word.load(Ordering::Relaxed) & WAITERS != 0 {
            self.admit_all();
        }
    }

    #[inline]
    fn exchange_weak(&self, current: usize, new: usize) -> Result<usize, usize> {
        self.word
            .compare_exchange_weak(current, new, Ordering::Acquire, Ordering::Relaxed)
    }

    fn exchange(&self, current: usize, new: usize) -> Result<usize, usize> {
        self.word
            .compare_exchange(current, new, Ordering::Acquire, Ordering::Relaxed)
    }
}

/// `word` with a reader more.
#[inline]
fn with_reader(word: usize) -> usize {
    assert!(
        word < TOO_MANY,
        "read guards without number: some are leaked"
    );
    word + READER
}
