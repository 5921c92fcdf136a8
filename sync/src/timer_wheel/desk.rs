use core::sync::atomic::Ordering;

use super::{Driver, TimerWheel};
use crate::flavour::Flavour;
use crate::primitives::AtomicUsize;

/// Who serves a wheel: one at a time. Whoever comes meanwhile leaves a note and goes, so nobody
/// waits, also not for a call further down on its own stack.
pub(super) struct Desk {
    /// `TAKEN` while somebody is at it, and what is to be done.
    notes: AtomicUsize,
}

const TAKEN: usize = 1;
/// The driver is to be set anew.
const SET: usize = 2;
/// The wheel is to be turned, and then the driver set.
const RUNG: usize = 4;

impl Desk {
    pub(super) fn new() -> Self {
        Self {
            notes: AtomicUsize::new(0),
        }
    }

    /// Asks for a turn; whether whoever asks is to serve.
    pub(super) fn ring(&self) -> bool {
        self.leave_note(RUNG)
    }

    /// Asks for the driver to be set; whether whoever asks is to serve.
    pub(super) fn ask_to_set(&self) -> bool {
        self.leave_note(SET)
    }

    fn leave_note(&self, note: usize) -> bool {
        self.notes.fetch_or(TAKEN | note, Ordering::AcqRel) & TAKEN == 0
    }
}

/// A call that serves until there are no notes.
pub(super) struct Shift<'a, D: Driver, F: Flavour> {
    wheel: &'a TimerWheel<D, F>,
    stage: Stage,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Turns,
    Sets,
    Over,
}

impl<'a, D: Driver, F: Flavour> Shift<'a, D, F> {
    /// For the one who found the desk free.
    pub(super) fn of(wheel: &'a TimerWheel<D, F>) -> Self {
        let stage = Stage::Turns;
        Self { wheel, stage }
    }

    pub(super) fn work(&mut self) {
        let notes = &self.wheel.desk.notes;
        while self.stage != Stage::Over {
            self.stage = Stage::Turns;
            if notes.swap(TAKEN, Ordering::AcqRel) & RUNG != 0 {
                self.wheel.turn();
            }
            // After the notes were read: who left one has changed the first moment before.
            self.stage = Stage::Sets;
            if self.wheel.set() {
                notes.fetch_or(RUNG, Ordering::AcqRel);
            }
            let left = notes.compare_exchange(TAKEN, 0, Ordering::AcqRel, Ordering::Relaxed);
            if left.is_ok() {
                self.stage = Stage::Over;
            }
        }
    }
}

impl<D: Driver, F: Flavour> Drop for Shift<'_, D, F> {
    fn drop(&mut self) {
        match self.stage {
            // A waker has panicked. A second panic aborts, as everywhere in a drop.
            Stage::Turns => self.work(),
            // The driver has. Whoever waits next asks again, and finds that the wheel is to be turned.
            Stage::Sets => {
                self.wheel.slots.with(|slots| slots.forget_first());
                self.wheel.desk.notes.store(RUNG, Ordering::Release);
            }
            Stage::Over => {}
        }
    }
}
