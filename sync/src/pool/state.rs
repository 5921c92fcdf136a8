//! What a pool does in its short sections: the whole of its rules, without a future in sight.
//!
//! # Invariants
//!
//! 1. While somebody waits for an object, none is idle; or one is, and the first waiter was woken to
//!    take it, and did not run since. In a fair pool, none is.
//! 2. Once the pool is closed nobody waits for an object, but for those that its close is about to
//!    refuse.
//! 3. There is room for all objects of the pool among the idle ones, so what comes back finds its place
//!    without an allocation.

use alloc::collections::VecDeque;
use core::task::Waker;

use super::error::TryTakeError;
use super::statistics::Statistics;
use crate::wait_queue::{List, Patience, Wakers};

pub(super) struct State<T> {
    /// The one that came last is at the back.
    idle: VecDeque<T>,
    /// The idle ones, and those that somebody has.
    size: usize,
    fair: bool,
    closed: bool,
    pub(super) takers: List<Taker<T>>,
    /// Those that wait until the pool is closed and has everything back.
    pub(super) closers: List<()>,
}

/// What one that waits for an object is given.
pub(super) enum Taker<T> {
    Waits(Patience),
    Has(T),
    Closed,
}

/// Where among the idle objects one goes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Place {
    Top,
    /// Above so many, or on top.
    At(usize),
}

/// What is to be done after the section.
#[must_use]
pub(super) enum After {
    Nothing,
    Wake(Waker),
    /// The pool is closed, and everything is back: `let_go` is to be called.
    Over,
}

impl<T> State<T> {
    pub(super) fn new(idle: VecDeque<T>, fair: bool) -> Self {
        Self {
            size: idle.len(),
            idle,
            fair,
            closed: false,
            takers: List::new(),
            closers: List::new(),
        }
    }

    #[inline]
    pub(super) fn take(&mut self) -> Result<T, TryTakeError> {
        if self.closed {
            return Err(TryTakeError::Closed);
        }
        self.idle.pop_back().ok_or(TryTakeError::NoneIdle)
    }

    /// The idle object above so many. It counts as leased from now on.
    pub(super) fn take_at(&mut self, at: usize) -> Option<T> {
        self.idle.remove(at)
    }

    /// Takes an object back that was leased.
    #[inline]
    pub(super) fn give(&mut self, object: T, place: Place) -> After {
        if self.takers.is_empty() && !self.closed {
            self.put(object, place);
            return After::Nothing;
        }
        self.give_and_tell(object, place)
    }

    #[inline(never)]
    fn give_and_tell(&mut self, object: T, place: Place) -> After {
        if self.closed {
            // Whoever waits is being refused (2).
            self.put(object, place);
            return self.after();
        }
        let (fair, others) = (self.fair, !self.idle.is_empty());
        let hand_over = self.takers.front(|taker| match taker {
            // Where another one is idle, that is for the waiter after this.
            Taker::Waits(patience) => fair || others || patience.is_at_end(),
            Taker::Has(_) | Taker::Closed => true,
        });
        let waker = match hand_over {
            None => {
                self.put(object, place);
                None
            }
            Some(true) => {
                let served = self.takers.serve(|taker| *taker = Taker::Has(object));
                if others {
                    // The one that was served has been woken (1).
                    self.takers.rouse()
                } else {
                    served.and_then(|((), waker)| waker)
                }
            }
            Some(false) => {
                self.put(object, place);
                self.takers.rouse()
            }
        };
        waker.map_or(After::Nothing, After::Wake)
    }

    #[inline]
    fn put(&mut self, object: T, place: Place) {
        match place {
            Place::Top => self.idle.push_back(object),
            Place::At(at) => self.idle.insert(at.min(self.idle.len()), object),
        }
    }

    /// A waiter is gone that was not served: if it was to take an object, the next one is.
    pub(super) fn taker_left(&mut self) -> Option<Waker> {
        if self.idle.is_empty() || self.closed {
            return None;
        }
        self.takers.rouse()
    }

    /// Takes a new object in; returns it, if the pool is closed.
    pub(super) fn add(&mut self, object: T, place: Place) -> Result<After, T> {
        if self.closed {
            return Err(object);
        }
        // First, since it may panic (3).
        self.idle.reserve(self.size + 1 - self.idle.len());
        self.size += 1;
        Ok(self.give(object, place))
    }

    /// A leased object does not come back.
    pub(super) fn forget(&mut self) -> After {
        self.size -= 1;
        self.after()
    }

    pub(super) fn remove(&mut self) -> Option<T> {
        let removed = self.idle.pop_front();
        self.size -= usize::from(removed.is_some());
        removed
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed
    }

    /// Whether it was open.
    pub(super) fn close(&mut self) -> bool {
        !core::mem::replace(&mut self.closed, true)
    }

    /// Sends those away that wait for an object of the closed pool, as many as the wakers have room
    /// for. Whether that were all.
    pub(super) fn refuse(&mut self, wakers: &mut Wakers) -> bool {
        while wakers.has_room() {
            match self.takers.serve(|taker| *taker = Taker::Closed) {
                Some(((), waker)) => wakers.push(waker),
                None => return true,
            }
        }
        false
    }

    /// Whether the pool is closed and has everything back.
    pub(super) fn is_over(&self) -> bool {
        self.closed && self.idle.len() == self.size
    }

    /// If it is over, lets those go that wait for that, as many as the wakers have room for. Whether
    /// that were all.
    pub(super) fn let_go(&mut self, wakers: &mut Wakers) -> bool {
        while self.is_over() {
            if !wakers.has_room() {
                return false;
            }
            match self.closers.serve(|()| ()) {
                Some(((), waker)) => wakers.push(waker),
                None => break,
            }
        }
        true
    }

    fn after(&self) -> After {
        if self.is_over() {
            After::Over
        } else {
            After::Nothing
        }
    }

    pub(super) fn idle(&self) -> usize {
        self.idle.len()
    }

    /// The idle objects, of a pool that nobody uses any more.
    pub(super) fn drain(&mut self) -> VecDeque<T> {
        core::mem::take(&mut self.idle)
    }

    pub(super) fn statistics(&self) -> Statistics {
        Statistics {
            size: self.size,
            idle: self.idle.len(),
            leased: self.size - self.idle.len(),
            waiting: self.takers.len(),
            closed: self.closed,
        }
    }
}

#[cfg(all(test, not(loom)))]
impl<T> State<T> {
    pub(super) fn room(&self) -> usize {
        self.idle.capacity()
    }
}
