//! The children that have not ended.

use alloc::borrow::Cow;
use alloc::vec::Vec;
use core::fmt;
use core::panic::Location;

use crate::future_set::Key;

/// A child of a group that has not ended, as [`LocalGroup::tasks`](super::LocalGroup::tasks) lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ChildInfo {
    /// Its name, if it has one.
    pub name: Option<Cow<'static, str>>,
    /// Where it was spawned.
    pub location: &'static Location<'static>,
    /// How far it is.
    pub state: ChildState,
}

impl ChildInfo {
    /// Of a child of a group that runs elsewhere.
    pub fn new(
        name: Option<Cow<'static, str>>,
        location: &'static Location<'static>,
        state: ChildState,
    ) -> Self {
        Self {
            name,
            location,
            state,
        }
    }
}

/// How far a child is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ChildState {
    /// It has not begun: the group was not polled since, or its limit is reached.
    Waiting,
    /// It has begun.
    Running,
    /// It was cancelled, and cleans up.
    Cancelling,
}

impl fmt::Display for ChildInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(name) = &self.name {
            write!(f, "`{name}` ")?;
        }
        let state = match self.state {
            ChildState::Waiting => "waiting",
            ChildState::Running => "running",
            ChildState::Cancelling => "being cancelled",
        };
        write!(f, "at {}: {state}", self.location)
    }
}

/// Tells the children of a group apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Id {
    place: usize,
    /// In the order in which they were spawned.
    number: u64,
}

#[derive(Default)]
pub(super) struct Listing {
    places: Vec<Option<Listed>>,
    free: Vec<usize>,
    spawned: u64,
}

struct Listed {
    number: u64,
    info: ChildInfo,
    key: Option<Key>,
}

impl Listing {
    pub(super) fn insert(
        &mut self,
        name: Option<Cow<'static, str>>,
        location: &'static Location<'static>,
    ) -> Id {
        self.spawned += 1;
        let listed = Some(Listed {
            number: self.spawned,
            info: ChildInfo {
                name,
                location,
                state: ChildState::Waiting,
            },
            key: None,
        });
        let place = match self.free.pop() {
            Some(place) => {
                self.places[place] = listed;
                place
            }
            None => {
                self.places.push(listed);
                self.places.len() - 1
            }
        };
        Id {
            place,
            number: self.spawned,
        }
    }

    fn find(&mut self, id: Id) -> Option<&mut Listed> {
        let listed = self.places.get_mut(id.place)?.as_mut()?;
        (listed.number == id.number).then_some(listed)
    }

    pub(super) fn remove(&mut self, id: Id) -> Option<ChildInfo> {
        self.find(id)?;
        self.free.push(id.place);
        self.places[id.place].take().map(|listed| listed.info)
    }

    /// Notes that a child is being cancelled. Not if that is known, or there is no such child.
    pub(super) fn cancel(&mut self, id: Id) -> bool {
        self.find(id).is_some_and(|listed| {
            let first = listed.info.state != ChildState::Cancelling;
            listed.info.state = ChildState::Cancelling;
            first
        })
    }

    /// Notes that a child is about to begin. Whether it was cancelled before.
    pub(super) fn place(&mut self, id: Id, key: Key) -> bool {
        self.find(id).is_some_and(|listed| {
            listed.key = Some(key);
            let cancelled = listed.info.state == ChildState::Cancelling;
            if !cancelled {
                listed.info.state = ChildState::Running;
            }
            cancelled
        })
    }

    pub(super) fn key_of(&mut self, id: Id) -> Option<Key> {
        self.find(id)?.key
    }

    pub(super) fn len(&self) -> usize {
        self.places.len() - self.free.len()
    }

    pub(super) fn infos(&self) -> Vec<ChildInfo> {
        let mut listed: Vec<&Listed> = self.places.iter().flatten().collect();
        listed.sort_unstable_by_key(|listed| listed.number);
        listed.iter().map(|listed| listed.info.clone()).collect()
    }
}
