//! The cleanups that an enclosing scope waits for (K3).

use alloc::collections::{BTreeMap, VecDeque};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::sync::atomic::Ordering;
use core::task::{Context, Poll, Waker};

use super::shared::{Driver, Shared};
use super::{About, BATCH};
use crate::lock::Mutex;
use crate::panic::wake_if_any;
use crate::primitives::AtomicBool;

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
///
/// While the scope waits, it polls a child only when that one was woken, and it is woken itself by
/// a child that can go on and by the end of the last one, not by each end: many children cost each
/// of them the same as few.
#[derive(Default)]
pub(crate) struct Children {
    unfinished: Mutex<BTreeMap<usize, Arc<Shared>>>,
    wait: Mutex<Wait>,
}

/// The wait of the scope for its children.
#[derive(Default)]
struct Wait {
    /// Whether the scope waits. Before that, wakes are none of its business.
    begun: bool,
    /// The children that were woken and not polled since, each once.
    woken: VecDeque<usize>,
    waker: Option<Waker>,
}

impl Children {
    pub(super) fn insert(&self, child: &Arc<Shared>) {
        let child = child.clone();
        self.unfinished
            .with(|children| children.insert(child.id, child));
    }

    /// The child has ended.
    pub(super) fn remove(&self, id: usize) {
        // Dropped outside the lock.
        let (_child, was_last) = self
            .unfinished
            .with(|children| (children.remove(&id), children.is_empty()));
        if was_last {
            wake_if_any(self.wait.with(|wait| wait.waker.take()));
        }
    }

    /// The child can go on. `queued` is its mark, set while it is in the list.
    pub(super) fn woken(&self, id: usize, queued: &AtomicBool) {
        let waker = self.wait.with(|wait| {
            if !wait.begun || queued.swap(true, Ordering::AcqRel) {
                return None;
            }
            wait.woken.push_back(id);
            wait.waker.take()
        });
        wake_if_any(waker);
    }

    fn is_empty(&self) -> bool {
        self.unfinished.with(|children| children.is_empty())
    }

    fn snapshot(&self) -> Vec<Arc<Shared>> {
        self.unfinished
            .with(|children| children.values().cloned().collect())
    }

    fn poll(&self, cx: &mut Context<'_>) -> Poll<()> {
        // Registered first: whatever comes after the looks below wakes the scope again.
        let waker = cx.waker().clone();
        let (_stale, first) = self.wait.with(|wait| {
            let first = !core::mem::replace(&mut wait.begun, true);
            (wait.waker.replace(waker), first)
        });
        if first {
            let mut all = self.snapshot();
            all.retain(|child| child.queue());
            self.wait
                .with(|wait| wait.woken.extend(all.iter().map(|child| child.id)));
        }
        let (batch, is_rest) = self.wait.with(|wait| {
            let batch = wait.woken.len().min(BATCH);
            let batch: Vec<usize> = wait.woken.drain(..batch).collect();
            (batch, !wait.woken.is_empty())
        });
        for id in batch {
            let child = self.unfinished.with(|children| children.get(&id).cloned());
            // An ended child removes itself from the map.
            let _ = child.map(|child| child.poll(cx, Driver::Scope));
        }
        if self.is_empty() {
            let _waker = self.wait.with(core::mem::take).waker;
            return Poll::Ready(());
        }
        if is_rest {
            cx.waker().wake_by_ref();
        }
        Poll::Pending
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
