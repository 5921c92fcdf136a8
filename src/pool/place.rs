//! The places of a pool, each with an object or without. Who has a place may fill it, and nobody else:
//! so there are never more objects than places.

use std::panic::Location;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use withal_sync::Latch;
use withal_sync::flavour::{Bound, Spin};
use withal_sync::pool as sync;

use super::builder::Limits;
use super::destroyed::{Counts, DestroyReason};
use super::manager::PoolManager;
use crate::cleanup::{About, Report, Subject, report};
use crate::runtime::Runtime;

/// Objects lie on top of the empty places, so that none is made while one is idle.
pub(super) type Places<R, M> = sync::Pool<Slot<R, M>, Bound<Spin, R>>;
pub(super) type SlotLease<R, M> = sync::Lease<Arc<Places<R, M>>, Slot<R, M>, Bound<Spin, R>>;

/// What all places share.
pub(super) struct Shared<R: Runtime, M: PoolManager> {
    pub(super) rt: R,
    pub(super) manager: M,
    pub(super) limits: Limits,
    pub(super) counts: Counts,
    /// Opened when the pool is closed.
    pub(super) closing: Latch,
    /// So many places are to go when they come back.
    pub(super) debt: AtomicUsize,
    spots: Mutex<Vec<Weak<Spot>>>,
    /// From the close on: what its destroys come to.
    pub(super) errors: Mutex<Vec<M::Error>>,
}

/// What can be seen of a place from outside.
struct Spot {
    /// Where it was last taken.
    taken_at: Mutex<&'static Location<'static>>,
    is_out: AtomicBool,
    is_full: AtomicBool,
}

pub(super) struct Slot<R: Runtime, M: PoolManager> {
    shared: Arc<Shared<R, M>>,
    entry: Option<Entry<M::Object, R::Instant>>,
    spot: Arc<Spot>,
    /// That of the spot, so that it need not be locked where it stays the same.
    taken_at: &'static Location<'static>,
}

pub(super) struct Entry<O, I> {
    pub(super) object: O,
    /// Known where the pool limits it.
    pub(super) created: Option<I>,
    pub(super) idle_since: Option<I>,
}

impl<R: Runtime, M: PoolManager> Shared<R, M> {
    pub(super) fn new(rt: R, manager: M, limits: Limits) -> Self {
        Self {
            rt,
            manager,
            limits,
            counts: Counts::default(),
            closing: Latch::new(),
            debt: AtomicUsize::new(0),
            spots: Mutex::new(Vec::new()),
            errors: Mutex::new(Vec::new()),
        }
    }

    pub(super) fn about(&self, location: &'static Location<'static>) -> About {
        let name = std::any::type_name::<M>();
        About::new(Subject::Scope, name, location, self.rt.id())
    }

    pub(super) fn destroy_failed(&self, error: M::Error, location: &'static Location<'static>) {
        if self.closing.is_open() {
            let mut errors = self.errors.lock().unwrap_or_else(PoisonError::into_inner);
            errors.push(error);
        } else {
            report(&Report::ExitFailed(self.about(location), &error));
        }
    }

    /// Whether a place was to go, and now no longer is.
    pub(super) fn pays(&self) -> bool {
        let pay = |debt: usize| debt.checked_sub(1);
        self.debt.load(Ordering::Relaxed) > 0
            && self
                .debt
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, pay)
                .is_ok()
    }

    /// Where the places that are out were taken.
    pub(super) fn taken_at(&self) -> Vec<&'static Location<'static>> {
        let mut taken_at = Vec::new();
        self.for_each_spot(|spot| {
            if spot.is_out.load(Ordering::Relaxed) {
                taken_at.push(*spot.taken_at.lock().unwrap_or_else(PoisonError::into_inner));
            }
        });
        taken_at.sort();
        taken_at
    }

    /// How many objects are idle, and how many there are.
    pub(super) fn objects(&self) -> (usize, usize) {
        let (mut idle, mut size) = (0, 0);
        self.for_each_spot(|spot| {
            let full = spot.is_full.load(Ordering::Relaxed);
            size += usize::from(full);
            idle += usize::from(full && !spot.is_out.load(Ordering::Relaxed));
        });
        (idle, size)
    }

    fn for_each_spot(&self, mut look: impl FnMut(&Spot)) {
        let mut spots = self.spots.lock().unwrap_or_else(PoisonError::into_inner);
        spots.retain(|spot| {
            let spot = spot.upgrade();
            spot.iter().for_each(|spot| look(spot));
            spot.is_some()
        });
    }
}

impl<R: Runtime, M: PoolManager> Slot<R, M> {
    pub(super) fn new(shared: &Arc<Shared<R, M>>, made_at: &'static Location<'static>) -> Self {
        let spot = Arc::new(Spot {
            taken_at: Mutex::new(made_at),
            is_out: AtomicBool::new(false),
            is_full: AtomicBool::new(false),
        });
        let mut spots = shared.spots.lock().unwrap_or_else(PoisonError::into_inner);
        if spots.len() == spots.capacity() {
            // Those of places that are gone, before it grows.
            spots.retain(|spot| spot.strong_count() > 0);
        }
        spots.push(Arc::downgrade(&spot));
        Self {
            shared: shared.clone(),
            entry: None,
            spot,
            taken_at: made_at,
        }
    }

    pub(super) fn entry(&self) -> Option<&Entry<M::Object, R::Instant>> {
        self.entry.as_ref()
    }

    pub(super) fn object_mut(&mut self) -> Option<&mut M::Object> {
        self.entry.as_mut().map(|entry| &mut entry.object)
    }
}

impl<R: Runtime, M: PoolManager> Drop for Slot<R, M> {
    fn drop(&mut self) {
        if self.entry.is_some() {
            self.shared.counts.dropped();
        }
    }
}

/// A place that was taken. Dropped, it goes back, and an object in it is dropped.
pub(super) struct Place<R: Runtime, M: PoolManager> {
    // `None` only while it goes back.
    slot: Option<SlotLease<R, M>>,
}

impl<R: Runtime, M: PoolManager> Place<R, M> {
    /// `slot` was just taken, there if it is said; else by the pool itself.
    pub(super) fn new(mut slot: SlotLease<R, M>, at: Option<&'static Location<'static>>) -> Self {
        slot.spot.is_out.store(true, Ordering::Relaxed);
        if let Some(at) = at.filter(|at| !std::ptr::eq(*at, slot.taken_at)) {
            slot.taken_at = at;
            *slot
                .spot
                .taken_at
                .lock()
                .unwrap_or_else(PoisonError::into_inner) = at;
        }
        Self { slot: Some(slot) }
    }

    fn slot(&self) -> &SlotLease<R, M> {
        match &self.slot {
            Some(slot) => slot,
            None => unreachable!("a place that has gone back is not used again"),
        }
    }

    fn slot_mut(&mut self) -> &mut Slot<R, M> {
        match &mut self.slot {
            Some(slot) => slot,
            None => unreachable!("a place that has gone back is not used again"),
        }
    }

    pub(super) fn shared(&self) -> &Arc<Shared<R, M>> {
        &self.slot().shared
    }

    pub(super) fn taken_at(&self) -> &'static Location<'static> {
        self.slot().taken_at
    }

    pub(super) fn entry(&self) -> Option<&Entry<M::Object, R::Instant>> {
        self.slot().entry.as_ref()
    }

    pub(super) fn object(&self) -> Option<&M::Object> {
        self.slot().entry.as_ref().map(|entry| &entry.object)
    }

    pub(super) fn object_mut(&mut self) -> Option<&mut M::Object> {
        self.slot_mut().object_mut()
    }

    /// Whether the manager finds the object broken.
    pub(super) fn is_broken(&mut self) -> bool {
        let Slot { shared, entry, .. } = self.slot_mut();
        let entry = entry.as_mut();
        entry.is_some_and(|entry| shared.manager.is_broken(&mut entry.object))
    }

    /// Puts a new object in.
    pub(super) fn fill(&mut self, object: M::Object) {
        let shared = &self.slot().shared;
        shared.counts.created.fetch_add(1, Ordering::Relaxed);
        let created = shared.limits.max_lifetime.is_some();
        let created = created.then(|| shared.rt.now());
        let slot = self.slot_mut();
        slot.spot.is_full.store(true, Ordering::Relaxed);
        slot.entry = Some(Entry {
            object,
            created,
            idle_since: None,
        });
    }

    /// Takes the object out.
    pub(super) fn take_object(&mut self) -> Option<M::Object> {
        let slot = self.slot_mut();
        slot.spot.is_full.store(false, Ordering::Relaxed);
        slot.entry.take().map(|entry| entry.object)
    }

    /// Gives the place back with its object, for the next one; unless there is none, since the pool is
    /// closed or is to be smaller.
    pub(super) fn put_back(mut self) -> Result<(), (Self, DestroyReason<M::Error>)> {
        let shared = self.shared();
        if shared.debt.load(Ordering::Relaxed) > 0 {
            return Err((self, DestroyReason::Unwanted));
        }
        let idle_since = shared.limits.looks_at_idle();
        let idle_since = idle_since.then(|| shared.rt.now());
        let Some(mut slot) = self.slot.take() else {
            return Ok(());
        };
        if let Some(entry) = &mut slot.entry {
            entry.idle_since = idle_since;
        }
        // Before, since it may be taken at once.
        slot.spot.is_out.store(false, Ordering::Relaxed);
        match slot.release_unless_closed() {
            Ok(()) => Ok(()),
            Err(slot) => Err((Self::new(slot, None), DestroyReason::Closed)),
        }
    }
}

impl<R: Runtime, M: PoolManager> Drop for Place<R, M> {
    fn drop(&mut self) {
        let Some(mut slot) = self.slot.take() else {
            return;
        };
        let entry = slot.entry.take();
        if entry.is_some() {
            slot.shared.counts.dropped();
        }
        slot.spot.is_full.store(false, Ordering::Relaxed);
        slot.spot.is_out.store(false, Ordering::Relaxed);
        if slot.shared.pays() {
            drop(slot.detach());
        } else {
            slot.release_last();
        }
        // Last: the object's own drop may panic.
        drop(entry);
    }
}
