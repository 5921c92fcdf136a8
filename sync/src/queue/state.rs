//! What a queue does in its short sections: the whole of its rules, without a future in sight.
//!
//! # Invariants
//!
//! 1. A popper waits only while nothing is stored, and the first pusher, if one waits, wants a place
//!    and has no item yet.
//! 2. A pusher waits only while there is no room.
//! 3. Once the queue is closed no pusher waits; poppers do only while an item is in somebody's hands,
//!    who may still give it back.

use core::mem;
use core::task::Waker;

use super::storage::{Storage, Store};
use crate::wait_queue::{List, Wakers};

pub(super) struct State<T, S: Store<T>> {
    pub(super) items: S,
    /// At most so many are stored or reserved.
    pub(super) capacity: usize,
    /// Places that were given out and not filled.
    pub(super) reserved: usize,
    pub(super) pushers: List<Pusher<T>>,
    pub(super) poppers: List<Popper<S::Taken>>,
    /// Items that were handed to poppers which have not run since.
    in_hand: usize,
    /// Items that went in and were not reported as done.
    pub(super) unfinished: usize,
    pub(super) peak: usize,
    pub(super) closed: bool,
}

/// What a pusher brings along, and is given.
pub(super) enum Pusher<T> {
    /// It wants this in.
    Push(T),
    /// It wants a place.
    Reserve,
    /// The item is in, or the place is its own.
    Done,
    /// The queue is closed: here is the item, if there was one.
    Refused(Option<T>),
}

/// What a popper is given.
pub(super) enum Popper<I> {
    Waiting,
    Item(I),
    Closed,
}

/// Why something does not go in.
pub(super) enum NotIn<T> {
    Full(T),
    Closed(T),
}

/// Why nothing comes out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NotOut {
    Empty,
    Closed,
}

impl<T, S: Storage<T>> State<T, S> {
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            items: S::default(),
            capacity,
            reserved: 0,
            pushers: List::new(),
            poppers: List::new(),
            in_hand: 0,
            unfinished: 0,
            peak: 0,
            closed: false,
        }
    }

    /// Whether an item that comes now goes in: nobody is overtaken. In the hands of a popper it takes
    /// up no place, which is all there is to a rendezvous.
    #[inline]
    pub(super) fn has_room(&self) -> bool {
        self.pushers.is_empty() && (self.is_below_capacity() || !self.poppers.is_empty())
    }

    #[inline]
    fn is_below_capacity(&self) -> bool {
        self.items.len() + self.reserved < self.capacity
    }

    /// Whoever is woken is woken after the section.
    #[inline]
    pub(super) fn push(&mut self, item: T) -> Result<Option<Waker>, NotIn<T>> {
        let nobody_waits = self.pushers.is_empty() && self.poppers.is_empty();
        if nobody_waits && self.is_below_capacity() && !self.closed {
            self.store(item);
            return Ok(None);
        }
        self.push_past_waiters(item)
    }

    #[inline(never)]
    fn push_past_waiters(&mut self, item: T) -> Result<Option<Waker>, NotIn<T>> {
        if self.closed {
            Err(NotIn::Closed(item))
        } else if self.has_room() {
            Ok(self.insert(item))
        } else {
            Err(NotIn::Full(item))
        }
    }

    pub(super) fn reserve(&mut self) -> Result<(), NotIn<()>> {
        if self.closed {
            Err(NotIn::Closed(()))
        } else if self.pushers.is_empty() && self.is_below_capacity() {
            self.reserved += 1;
            Ok(())
        } else {
            Err(NotIn::Full(()))
        }
    }

    /// Fills a reserved place. It may be free again at once: see [`admit`](Self::admit).
    pub(super) fn fill(&mut self, item: T) -> Result<Option<Waker>, T> {
        self.reserved -= 1;
        if self.closed {
            Err(item)
        } else {
            Ok(self.insert(item))
        }
    }

    /// Stores an item, where nobody waits for it.
    #[inline]
    fn store(&mut self, item: T) {
        self.unfinished += 1;
        self.items.push(item);
        let stored = self.items.len();
        // Seldom, so that a section has a store less to wait for.
        if stored > self.peak {
            self.peak = stored;
        }
    }

    /// Puts an item in, for whom there is room: into the hands of who waits for it, if somebody does.
    fn insert(&mut self, item: T) -> Option<Waker> {
        if self.poppers.is_empty() {
            self.store(item);
            None
        } else {
            self.unfinished += 1;
            let taken = self.items.pass(item);
            self.hand(taken)
        }
    }

    /// Hands an item to the first popper, or stores it where it stood.
    fn hand(&mut self, taken: S::Taken) -> Option<Waker> {
        let mut taken = Some(taken);
        let served = self.poppers.serve(|popper| {
            if let Some(taken) = taken.take() {
                *popper = Popper::Item(taken);
            }
        });
        if let Some(taken) = taken {
            self.items.put_back(taken);
        } else {
            self.in_hand += 1;
        }
        served.and_then(|((), waker)| waker)
    }

    /// An item that was handed to a popper comes back.
    pub(super) fn take_back(&mut self, taken: S::Taken) -> Option<Waker> {
        self.in_hand -= 1;
        self.hand(taken)
    }

    /// An item that was popped comes back: nobody got to it.
    pub(super) fn give_back(&mut self, taken: S::Taken) -> Option<Waker> {
        self.hand(taken)
    }

    /// A popper has what it was handed. Whether that was the last item there will ever be, and others
    /// wait for one: they are to be refused.
    pub(super) fn received(&mut self) -> bool {
        self.in_hand -= 1;
        self.is_at_end() && !self.poppers.is_empty()
    }

    /// Whether no item will ever come out: of a closed queue, where nothing is stored.
    fn is_at_end(&self) -> bool {
        self.closed && self.in_hand == 0
    }

    /// Whoever is woken is woken after the section.
    #[inline]
    pub(super) fn pop(&mut self) -> Result<(S::Taken, Option<Waker>), NotOut> {
        if self.pushers.is_empty() {
            if let Some(taken) = self.items.pop() {
                return Ok((taken, None));
            }
        }
        self.pop_among_waiters()
    }

    /// [`pop`](Self::pop) where nothing is stored, or somebody waits for room.
    #[cold]
    #[inline(never)]
    fn pop_among_waiters(&mut self) -> Result<(S::Taken, Option<Waker>), NotOut> {
        match self.items.pop() {
            Some(taken) => Ok((taken, self.admit_one())),
            None if self.is_at_end() => Err(NotOut::Closed),
            None => self.meet_pusher().ok_or(NotOut::Empty),
        }
    }

    /// Takes the first pusher's item out of its hands: there was no place for it.
    fn meet_pusher(&mut self) -> Option<(S::Taken, Option<Waker>)> {
        if self
            .pushers
            .front(|pusher| matches!(pusher, Pusher::Push(_)))
            != Some(true)
        {
            return None;
        }
        let served = self
            .pushers
            .serve(|pusher| mem::replace(pusher, Pusher::Done));
        match served {
            Some((Pusher::Push(item), waker)) => {
                self.unfinished += 1;
                Some((self.items.pass(item), waker))
            }
            _ => None,
        }
    }

    /// Lets pushers in for whom there is room, as far as the wakers have room. Whether that were
    /// all. Items that go to waiting poppers take up no place, so there may be many.
    pub(super) fn admit(&mut self, wakers: &mut Wakers) -> bool {
        while self.may_admit() {
            if !wakers.has_room() {
                return false;
            }
            let (first, second) = self.admit_first();
            wakers.push(first);
            wakers.push(second);
        }
        true
    }

    /// Whether the first pusher, if one waits, can have what it wants: a place, or a popper that waits
    /// for its item.
    fn may_admit(&mut self) -> bool {
        let poppers_wait = !self.poppers.is_empty();
        let is_below_capacity = self.is_below_capacity();
        let first = self
            .pushers
            .front(|pusher| is_below_capacity || poppers_wait && matches!(pusher, Pusher::Push(_)));
        first == Some(true)
    }

    /// Lets the first pusher in, where an item has just come out: so no popper waits for it (1).
    fn admit_one(&mut self) -> Option<Waker> {
        if !self.is_below_capacity() {
            // More than fit had been taken back.
            return None;
        }
        self.admit_first().0
    }

    /// Serves the first pusher: its waker, and that of the popper who gets the item.
    fn admit_first(&mut self) -> (Option<Waker>, Option<Waker>) {
        let served = self
            .pushers
            .serve(|pusher| mem::replace(pusher, Pusher::Done));
        match served {
            Some((Pusher::Push(item), waker)) => (waker, self.insert(item)),
            Some((_, waker)) => {
                self.reserved += 1;
                (waker, None)
            }
            None => (None, None),
        }
    }

    /// Tells those that wait in a closed queue for nothing, as far as the wakers have room.
    /// Whether that were all.
    pub(super) fn refuse(&mut self, wakers: &mut Wakers) -> bool {
        while wakers.has_room() {
            let served = self.pushers.serve(|pusher| {
                let item = match mem::replace(pusher, Pusher::Done) {
                    Pusher::Push(item) => Some(item),
                    _ => None,
                };
                *pusher = Pusher::Refused(item);
            });
            let served = match served {
                None if self.is_at_end() => self.poppers.serve(|popper| *popper = Popper::Closed),
                served => served,
            };
            match served {
                Some(((), waker)) => wakers.push(waker),
                None => return true,
            }
        }
        false
    }

    /// Takes every stored item out, for whoever closes: each counts as done.
    pub(super) fn drain(&mut self) -> (S, bool) {
        let items = mem::take(&mut self.items);
        let before = self.unfinished;
        self.unfinished = before.saturating_sub(items.len());
        (items, before > 0 && self.unfinished == 0)
    }

    /// Reports one item as done. Whether it was the last one.
    ///
    /// # Errors
    ///
    /// If there is none.
    pub(super) fn done(&mut self) -> Result<bool, ()> {
        self.unfinished = self.unfinished.checked_sub(1).ok_or(())?;
        Ok(self.unfinished == 0)
    }
}
