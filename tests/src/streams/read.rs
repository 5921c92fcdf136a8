use std::sync::{Arc, Mutex, PoisonError};

use withal::runtime::Runtime;

use super::{Feed, Item, feed};
use crate::sweep::Ending;
use crate::{Log, Probe, laws};

/// What the consumer of a sweep has read, and what happened to the scopes meanwhile.
pub(crate) struct Read {
    pub(crate) log: Log,
    items: Mutex<Vec<Item>>,
    /// How many items there are where it is not cancelled.
    expected: u32,
}

impl Read {
    /// Of three items, all are to come.
    pub(crate) fn all() -> Arc<Self> {
        Self::first(3)
    }

    /// Of three items, the first ones are to come.
    pub(crate) fn first(expected: u32) -> Arc<Self> {
        Arc::new(Self {
            log: Log::new(),
            items: Mutex::default(),
            expected,
        })
    }

    /// A scope that waits everywhere.
    pub(crate) fn probe(&self, name: &str) -> Probe {
        Probe::new(&self.log, name)
            .enter_yields(1)
            .exit_yields(2)
            .reasons()
    }

    /// Three items, each of which lets wait for itself.
    pub(crate) fn feed(&self, rt: &impl Runtime, name: &str) -> Feed {
        let (feeder, feed) = feed(rt, &self.log, name);
        feeder.give(3);
        feed
    }

    /// The consumer has this item, for good.
    pub(crate) fn took(&self, item: Item) {
        let mut items = self.items.lock().unwrap_or_else(PoisonError::into_inner);
        items.push(item);
    }

    /// Asserts that no item was lost and none came twice, and the laws of the scopes.
    pub(crate) fn holds(&self, ending: &Ending) {
        let items = self.items.lock().unwrap_or_else(PoisonError::into_inner);
        let came: Vec<_> = (0..).map(Ok).take(items.len()).collect();
        assert_eq!(*items, came, "an item is lost, or came twice");
        if *ending == Ending::Completed {
            assert_eq!(items.len(), self.expected as usize, "the end came early");
        }
        laws::hold(&self.log, ending);
    }
}
