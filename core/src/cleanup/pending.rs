//! The pending set: every cleanup of this process that left its task and has not ended (K6).
//!
//! The ones without executor and without enclosing scope are the orphans. Nothing is polled,
//! dropped, spawned or woken under the lock.

use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::sync::atomic::Ordering;
use core::task::Waker;

use super::shared::Shared;
use crate::lock::Mutex;
use crate::panic::wake;
use crate::primitives::{AtomicUsize, process_wide};

process_wide! {
    static PENDING: Mutex<Pending> = Mutex::new(Pending {
        chains: BTreeMap::new(),
        drains: Vec::new(),
    });
    static ARRIVALS: AtomicUsize = AtomicUsize::new(0);
}

struct Pending {
    chains: BTreeMap<usize, Arc<Shared>>,
    /// Their numbers, and one waker each.
    drains: Vec<(usize, Waker)>,
}

pub(super) fn insert(shared: &Arc<Shared>) {
    let shared = shared.clone();
    PENDING.with(|pending| pending.chains.insert(shared.id, shared));
    wake_drains();
}

pub(super) fn remove(id: usize) {
    // Dropped outside the lock.
    let _shared = PENDING.with(|pending| pending.chains.remove(&id));
}

pub(super) fn snapshot() -> Vec<Arc<Shared>> {
    PENDING.with(|pending| pending.chains.values().cloned().collect())
}

/// Wakes `waker` at the next arrival, in place of the one that this drain left before.
pub(super) fn on_arrival(drain: usize, waker: &Waker) {
    let waker = waker.clone();
    // Dropped outside the lock.
    let _stale =
        PENDING.with(
            |pending| match pending.drains.iter_mut().find(|(id, _)| *id == drain) {
                Some((_, slot)) => Some(core::mem::replace(slot, waker)),
                None => {
                    pending.drains.push((drain, waker));
                    None
                }
            },
        );
}

/// The drain is over.
pub(super) fn forget(drain: usize) {
    // Dropped outside the lock.
    let _stale = PENDING.with(|pending| {
        let position = pending.drains.iter().position(|(id, _)| *id == drain)?;
        Some(pending.drains.swap_remove(position))
    });
}

/// Changes with each arrival, and when a cleanup becomes an orphan.
pub(super) fn arrivals() -> usize {
    ARRIVALS.load(Ordering::Acquire)
}

pub(super) fn wake_drains() {
    ARRIVALS.fetch_add(1, Ordering::Release);
    for (_, drain) in PENDING.with(|pending| core::mem::take(&mut pending.drains)) {
        wake(drain);
    }
}
