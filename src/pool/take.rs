//! A take, from its place to its object.

use std::future::{Future, poll_fn};
use std::panic::Location;
use std::pin::pin;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use super::destroyed::DestroyReason;
use super::error::{PoolError, TakeStage};
use super::inner::Inner;
use super::lease::{Lease, Mark};
use super::manager::{PoolManager, checks};
use super::place::Place;
use super::release::{bounded, destroy};
use crate::cleanup::CleanupOrigin;
use crate::runtime::Runtime;
use crate::shielded;
use crate::timeout::{Elapsed, timeout};

/// Where a take is, for who waits for it.
#[derive(Default)]
struct Progress(AtomicU8);

impl Progress {
    fn begin(&self, stage: TakeStage) {
        self.0.store(stage as u8, Ordering::Relaxed);
    }

    fn stage(&self) -> TakeStage {
        const CHECKING: u8 = TakeStage::Checking as u8;
        const DESTROYING: u8 = TakeStage::Destroying as u8;
        const CREATING: u8 = TakeStage::Creating as u8;
        match self.0.load(Ordering::Relaxed) {
            CHECKING => TakeStage::Checking,
            DESTROYING => TakeStage::Destroying,
            CREATING => TakeStage::Creating,
            _ => TakeStage::Waiting,
        }
    }
}

impl<R: Runtime, M: PoolManager> Inner<R, M> {
    pub(super) async fn take_within(
        &self,
        limit: Option<Duration>,
        at: &'static Location<'static>,
    ) -> Result<Lease<R, M>, PoolError<M::Error>> {
        let progress = Progress::default();
        let Some(limit) = limit else {
            return self.take(&progress, at).await;
        };
        match timeout(&self.shared.rt, limit, self.take(&progress, at)).await {
            Ok(taken) => taken,
            Err(Elapsed { timeout, .. }) => Err(PoolError::Elapsed {
                timeout,
                stage: progress.stage(),
            }),
        }
    }

    async fn take(
        &self,
        progress: &Progress,
        at: &'static Location<'static>,
    ) -> Result<Lease<R, M>, PoolError<M::Error>> {
        let shared = &*self.shared;
        loop {
            progress.begin(TakeStage::Waiting);
            let mut place = self.take_place(at).await?;
            if shared.debt.load(Ordering::Relaxed) > 0 {
                // The pool is to be smaller, and this place may be one that goes.
                if place.entry().is_some() {
                    progress.begin(TakeStage::Destroying);
                    clear(place, DestroyReason::Unwanted).await;
                }
                continue;
            }
            if let Some(entry) = place.entry() {
                place = match shared.limits.expired(&shared.rt, entry) {
                    Some(why) => {
                        progress.begin(TakeStage::Destroying);
                        clear(place, why).await
                    }
                    None => match self.check(place, progress).await {
                        Ok(lease) => return Ok(lease),
                        Err(place) => place,
                    },
                };
            }
            progress.begin(TakeStage::Creating);
            return Self::create(place, Mark::Used).await;
        }
    }

    async fn take_place(
        &self,
        at: &'static Location<'static>,
    ) -> Result<Place<R, M>, PoolError<M::Error>> {
        let mut take = pin!(self.places.take_owned());
        let mut waits = false;
        let slot = poll_fn(|cx| {
            let poll = take.as_mut().poll(cx);
            if poll.is_pending() && !waits {
                waits = true;
                self.shared.counts.waits.fetch_add(1, Ordering::Relaxed);
            }
            poll
        });
        let slot = slot.await.map_err(|_| PoolError::Closed)?;
        Ok(Place::new(slot, Some(at)))
    }

    /// Gives the object that is in `place`, or the place alone, if it is not fit.
    async fn check(
        &self,
        place: Place<R, M>,
        progress: &Progress,
    ) -> Result<Lease<R, M>, Place<R, M>> {
        let shared = &self.shared;
        let limits = &shared.limits;
        let wanted = checks::<M>()
            && place
                .entry()
                .is_some_and(|entry| limits.wants_check(&shared.rt, entry));
        let origin = CleanupOrigin::here();
        if !wanted {
            return Ok(Lease::new(place, Mark::Used, origin));
        }
        progress.begin(TakeStage::Checking);
        // Dropped in the middle, it is not fit for anybody.
        let cancelled = Mark::Doomed(DestroyReason::CheckCancelled);
        let mut lease = Lease::new(place, cancelled, origin);
        let why = match bounded(shared, shared.manager.check(&mut lease)).await {
            Ok(Ok(())) => {
                lease.mark(Mark::Used);
                return Ok(lease);
            }
            Ok(Err(error)) => DestroyReason::CheckFailed(error),
            Err(Elapsed { .. }) => DestroyReason::HookElapsed,
        };
        progress.begin(TakeStage::Destroying);
        Err(clear(lease.into_place(), why).await)
    }
}

/// Destroys what is in `place`, also if nobody waits for it any more.
async fn clear<R: Runtime, M: PoolManager>(
    place: Place<R, M>,
    why: DestroyReason<M::Error>,
) -> Place<R, M> {
    let shared = place.shared().clone();
    shielded(&shared.rt, destroy(place, why))
        .report_lost_if(|_| false)
        .await
}
