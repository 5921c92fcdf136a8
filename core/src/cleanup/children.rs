//! The cleanups that an enclosing scope waits for (K3).

use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::task::{Context, Poll};

use super::About;
use super::shared::{Driver, Shared};
use crate::lock::Mutex;

/// What a scope knows of the cleanups that foreign code dropped into it.
#[derive(Default)]
pub(crate) struct Tracker {
    pub(super) children: Option<Arc<Children>>,
    /// The chain of the drop that is going on: its later cleanups follow the earlier ones (K4).
    pub(super) open: Option<Arc<Shared>>,
    /// Whether some were not started on their executor, as the scope's own poll was unwinding.
    pub(super) deferred: bool,
}

impl Tracker {
    /// A drop has ended: what comes next begins a chain of its own.
    pub(super) fn close_chain(&mut self) {
        // No user code runs here: an ended chain holds no links, another is held by the pending set.
        self.open = None;
    }

    /// The unwinding ended inside of the body, which goes on: its children must not wait for its end.
    pub(super) fn start_deferred(&mut self) {
        if core::mem::take(&mut self.deferred) {
            for child in self
                .children
                .iter()
                .flat_map(|children| children.snapshot())
            {
                child.start_deferred();
            }
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.children
            .as_ref()
            .is_none_or(|children| children.is_empty())
    }

    /// Drives every child that has not ended; ready when all have.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.open = None;
        let Some(children) = &self.children else {
            return Poll::Ready(());
        };
        children.poll(cx)
    }

    /// The children that have not ended.
    pub(crate) fn unfinished(&self) -> Vec<About> {
        self.children
            .iter()
            .flat_map(|children| children.snapshot())
            .flat_map(|child| child.unfinished())
            .collect()
    }
}

/// The unfinished children of one scope. An ended child unlinks itself at once, so a scope that
/// lives as long as its program stays small.
#[derive(Default)]
pub(crate) struct Children {
    unfinished: Mutex<BTreeMap<usize, Arc<Shared>>>,
}

impl Children {
    pub(super) fn insert(&self, child: &Arc<Shared>) {
        let child = child.clone();
        self.unfinished
            .with(|children| children.insert(child.id, child));
    }

    pub(super) fn remove(&self, id: usize) {
        // Dropped outside the lock.
        let _child = self.unfinished.with(|children| children.remove(&id));
    }

    fn is_empty(&self) -> bool {
        self.unfinished.with(|children| children.is_empty())
    }

    fn snapshot(&self) -> Vec<Arc<Shared>> {
        self.unfinished
            .with(|children| children.values().cloned().collect())
    }

    fn poll(&self, cx: &mut Context<'_>) -> Poll<()> {
        for child in self.snapshot() {
            // An ended child removes itself from the map.
            let _ = child.poll(cx, Driver::Scope);
        }
        if self.is_empty() {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }
}

impl Drop for Children {
    fn drop(&mut self) {
        // The scope stopped waiting (its budget ran out, or its type abandons it): what is left
        // goes on alone.
        for child in self.snapshot() {
            child.parent_gone();
        }
    }
}
