//! The pending set: every cleanup of this process that left its task and has not ended (K6).
//!
//! The ones without executor and without enclosing scope are the orphans. Nothing is polled,
//! dropped, spawned or woken under the lock.

use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::task::Waker;

use super::shared::Shared;
use crate::lock::Mutex;

static PENDING: Mutex<Pending> = Mutex::new(Pending {
    chains: BTreeMap::new(),
    drains: Vec::new(),
});

struct Pending {
    chains: BTreeMap<usize, Arc<Shared>>,
    drains: Vec<Waker>,
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

/// Wakes `waker` at the next arrival.
pub(super) fn on_arrival(waker: &Waker) {
    let known = PENDING.with(|pending| pending.drains.iter().any(|drain| drain.will_wake(waker)));
    if !known {
        let waker = waker.clone();
        PENDING.with(|pending| pending.drains.push(waker));
    }
}

pub(super) fn wake_drains() {
    for drain in PENDING.with(|pending| core::mem::take(&mut pending.drains)) {
        drain.wake();
    }
}
