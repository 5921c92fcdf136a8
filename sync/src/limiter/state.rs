use alloc::collections::BTreeMap;
use alloc::collections::btree_map::Entry;

use super::error::TryAcquireError;
use crate::wait_queue::{List, Wakers};

pub(super) struct State<K> {
    pub(super) total: usize,
    /// How many keys are `Borrows`.
    pub(super) borrowed: usize,
    keys: BTreeMap<K, Role>,
    /// The keys that are `Waits`, in their order.
    pub(super) waiters: List<K>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Borrows,
    Waits,
}

impl<K: Copy + Ord> State<K> {
    pub(super) fn new(total: usize) -> Self {
        Self {
            total,
            borrowed: 0,
            keys: BTreeMap::new(),
            waiters: List::new(),
        }
    }

    pub(super) fn available(&self) -> usize {
        self.total.saturating_sub(self.borrowed)
    }

    pub(super) fn is_borrower(&self, key: K) -> bool {
        self.keys.get(&key) == Some(&Role::Borrows)
    }

    pub(super) fn borrowers(&self) -> impl Iterator<Item = K> {
        let borrows = |(key, role): (&K, &Role)| (*role == Role::Borrows).then_some(*key);
        self.keys.iter().filter_map(borrows)
    }

    pub(super) fn try_borrow(&mut self, key: K) -> Result<(), TryAcquireError> {
        let is_free = self.available() > 0 && self.waiters.is_empty();
        match self.keys.entry(key) {
            Entry::Occupied(_) => Err(TryAcquireError::KeyInUse),
            Entry::Vacant(_) if !is_free => Err(TryAcquireError::NoTokens),
            Entry::Vacant(place) => {
                place.insert(Role::Borrows);
                self.borrowed += 1;
                Ok(())
            }
        }
    }

    /// As `try_borrow`; but a key that finds no token is about to wait.
    pub(super) fn borrow_or_announce(&mut self, key: K) -> Result<(), TryAcquireError> {
        let borrowed = self.try_borrow(key);
        if borrowed == Err(TryAcquireError::NoTokens) {
            self.keys.insert(key, Role::Waits);
        }
        borrowed
    }

    /// Takes the token of `key` back. It is to be lent to somebody else then.
    pub(super) fn take_back(&mut self, key: K) {
        self.borrowed -= 1;
        self.keys.remove(&key);
    }

    /// Forgets a key that waits no more.
    pub(super) fn forget(&mut self, key: K) {
        self.keys.remove(&key);
    }

    /// Lends tokens to the first waiters, as many as there are, and as the wakers have room for.
    /// Whether that were all.
    pub(super) fn lend(&mut self, wakers: &mut Wakers) -> bool {
        while self.available() > 0 {
            let Some(key) = self.waiters.front(|key| *key) else {
                break;
            };
            if !wakers.has_room() {
                return false;
            }
            self.keys.insert(key, Role::Borrows);
            self.borrowed += 1;
            if let Some(((), waker)) = self.waiters.serve(|_| ()) {
                wakers.push(waker);
            }
        }
        true
    }
}
