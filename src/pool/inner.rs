//! What a pool does, apart from who owns it: leases and the companion of a pool do not.

use std::panic::Location;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use withal_sync::pool::TryTakeError;

use super::destroyed::DestroyReason;
use super::error::PoolError;
use super::lease::{Lease, Mark};
use super::manager::{PoolManager, waits_to_destroy};
use super::place::{Place, Places, Shared, Slot};
use crate::cleanup::CleanupOrigin;
use crate::runtime::Runtime;
use crate::{Either, await_cleanup, either, join, try_join};

pub(super) struct Inner<R: Runtime, M: PoolManager> {
    pub(super) places: Arc<Places<R, M>>,
    pub(super) shared: Arc<Shared<R, M>>,
}

/// Shared by all handles of a pool. With the last one it closes, and nobody waits.
pub(super) struct Owner<R: Runtime, M: PoolManager> {
    pub(super) inner: Inner<R, M>,
    pub(super) max: AtomicUsize,
    pub(super) origin: CleanupOrigin,
    pub(super) made_at: &'static Location<'static>,
}

impl<R: Runtime, M: PoolManager> Drop for Owner<R, M> {
    fn drop(&mut self) {
        self.inner.refuse_takes();
        let idle = self.inner.take_all_idle(self.origin);
        if waits_to_destroy::<M>() && !idle.is_empty() {
            // Dropped one after the other, they would also be destroyed so.
            let shared = &self.inner.shared;
            let about = shared.about(self.made_at);
            self.origin
                .hand_over(&shared.rt, about, Inner::release_all(idle));
        }
    }
}

impl<R: Runtime, M: PoolManager> Clone for Inner<R, M> {
    fn clone(&self) -> Self {
        Self {
            places: self.places.clone(),
            shared: self.shared.clone(),
        }
    }
}

impl<R: Runtime, M: PoolManager> Inner<R, M> {
    pub(super) fn refuse_takes(&self) {
        self.shared.closing.open();
        self.places.close();
    }

    pub(super) fn take_all_idle(&self, origin: CleanupOrigin) -> Vec<Lease<R, M>> {
        self.doom(origin, |_| Some(DestroyReason::Closed))
    }

    /// Takes those of the idle objects that are to be destroyed.
    pub(super) fn doom(
        &self,
        origin: CleanupOrigin,
        mut why: impl FnMut(&mut Slot<R, M>) -> Option<DestroyReason<M::Error>>,
    ) -> Vec<Lease<R, M>> {
        let mut reasons = Vec::new();
        let wanted = |slot: &mut Slot<R, M>| match slot.entry().is_some().then(|| why(slot)) {
            Some(Some(why)) => {
                reasons.push(why);
                true
            }
            _ => false,
        };
        let taken = self.places.take_where(wanted);
        let taken = taken.into_iter().zip(reasons);
        taken
            .map(|(slot, why)| Lease::new(Place::new(slot, None), Mark::Doomed(why), origin))
            .collect()
    }

    pub(super) fn try_take(
        &self,
        location: &'static Location<'static>,
    ) -> Result<Lease<R, M>, TryTakeError> {
        loop {
            let slot = self.places.try_take_owned()?;
            let place = Place::new(slot, Some(location));
            let Some(entry) = place.entry() else {
                return Err(TryTakeError::NoneIdle);
            };
            let shared = place.shared();
            let origin = CleanupOrigin::here();
            match shared.limits.expired(&shared.rt, entry) {
                None => return Ok(Lease::new(place, Mark::Used, origin)),
                Some(why) => drop(Lease::new(place, Mark::Doomed(why), origin)),
            }
        }
    }

    /// Makes an object for `place`.
    pub(super) async fn create(
        mut place: Place<R, M>,
        made: Mark<M::Error>,
    ) -> Result<Lease<R, M>, PoolError<M::Error>> {
        let shared = place.shared().clone();
        let created = either(shared.manager.create(), shared.closing.wait()).await;
        let Either::Left(created) = created else {
            return Err(PoolError::Closed);
        };
        place.fill(created.map_err(PoolError::Create)?);
        // It is a lease from here on, so it cannot get lost.
        let mut lease = Lease::new(place, made, CleanupOrigin::here());
        if shared.closing.is_open() {
            lease.mark(Mark::Doomed(DestroyReason::Closed));
            lease.release().await;
            return Err(PoolError::Closed);
        }
        Ok(lease)
    }

    /// Makes objects side by side until so many are idle, or all places are full; or none at all.
    pub(super) async fn fill(&self, idle: usize) -> Result<(), PoolError<M::Error>> {
        if self.places.is_closed() {
            return Err(PoolError::Closed);
        }
        let mut missing = idle.saturating_sub(self.shared.objects().0);
        let empty = self.places.take_where(|slot| {
            let wanted = missing > 0 && slot.entry().is_none();
            missing -= usize::from(wanted);
            wanted
        });
        let made = empty.into_iter().map(|slot| {
            let place = Place::new(slot, None);
            Self::create(place, Mark::Doomed(DestroyReason::NotFilled))
        });
        let made = await_cleanup(try_join(made.collect::<Vec<_>>())).await?;
        for mut lease in made {
            lease.mark(Mark::Untouched);
        }
        Ok(())
    }

    /// Destroys those objects side by side.
    pub(super) async fn release_all(leases: Vec<Lease<R, M>>) {
        let releases = leases.into_iter().map(Lease::release);
        join(releases.collect::<Vec<_>>()).await;
    }

    /// Destroys the idle objects that are over their limits.
    pub(super) async fn evict(&self) {
        let shared = &self.shared;
        let expired = self.doom(CleanupOrigin::here(), |slot| {
            shared.limits.expired(&shared.rt, slot.entry()?)
        });
        Self::release_all(expired).await;
    }

    pub(super) fn grow(&self, places: usize, location: &'static Location<'static>) {
        for _ in 0..places {
            if !self.shared.pays() {
                // Of a closed pool the size is of no interest.
                let _ = self.places.add_last(Slot::new(&self.shared, location));
            }
        }
    }

    pub(super) async fn shrink(&self, places: usize) {
        let debt = &self.shared.debt;
        debt.fetch_add(places, Ordering::Relaxed);
        // Those that are empty lie below. What is out pays when it comes back.
        let mut left = debt.load(Ordering::Relaxed);
        let idle = self.places.take_where(|_| {
            let wanted = left > 0;
            left -= usize::from(wanted);
            wanted
        });
        let origin = CleanupOrigin::here();
        let places = idle.into_iter().map(|slot| Place::new(slot, None));
        let full = places.filter(|place| place.entry().is_some());
        let unwanted = full.map(|place| {
            let unwanted = Mark::Doomed(DestroyReason::Unwanted);
            Lease::new(place, unwanted, origin)
        });
        Self::release_all(unwanted.collect()).await;
    }
}
