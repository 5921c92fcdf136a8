//! How a place comes back, and how an object goes.

use std::future::Future;
use std::sync::Arc;

use super::destroyed::DestroyReason;
use super::manager::{PoolManager, resets, waits_to_destroy};
use super::place::{Place, Shared};
use crate::cleanup::{CleanupOrigin, Report, report};
use crate::runtime::Runtime;
use crate::timeout::{Elapsed, timeout};

/// A place on its way back.
pub(super) struct Returning<R: Runtime, M: PoolManager> {
    pub(super) place: Place<R, M>,
    pub(super) verdict: Verdict<M::Error>,
}

/// What becomes of its object.
pub(super) enum Verdict<E> {
    Reset,
    Keep,
    Destroy(DestroyReason<E>),
}

impl<R: Runtime, M: PoolManager> Returning<R, M> {
    /// Goes as far as that needs no waiting; what is left is given back.
    pub(super) fn finish_now(self) -> Option<Self> {
        let Self { mut place, verdict } = self;
        let why = match verdict {
            Verdict::Reset if resets::<M>() => return Some(Self { place, verdict }),
            Verdict::Reset | Verdict::Keep => match place.put_back() {
                Ok(()) => return None,
                Err((back, why)) => {
                    place = back;
                    why
                }
            },
            Verdict::Destroy(why) => why,
        };
        if waits_to_destroy::<M>() {
            let verdict = Verdict::Destroy(why);
            return Some(Self { place, verdict });
        }
        if let Some(object) = place.take_object() {
            let shared = place.shared();
            shared.counts.destroyed(&why);
            drop(shared.manager.destroy(object, why));
        }
        None
    }

    pub(super) async fn finish(self) {
        let Self { mut place, verdict } = self;
        let why = match verdict {
            Verdict::Reset => reset(&mut place).await,
            Verdict::Keep => Ok(()),
            Verdict::Destroy(why) => Err(why),
        };
        let (place, why) = match why {
            Ok(()) => match place.put_back() {
                Ok(()) => return,
                Err(back) => back,
            },
            Err(why) => (place, why),
        };
        destroy(place, why).await;
    }

    /// Leaves the rest to whoever drops, as a scope does (K2).
    pub(super) fn hand_over(self, origin: CleanupOrigin) {
        let shared = self.place.shared().clone();
        let about = shared.about(self.place.taken_at());
        origin.hand_over(&shared.rt, about, self.finish());
    }
}

async fn reset<R, M>(place: &mut Place<R, M>) -> Result<(), DestroyReason<M::Error>>
where
    R: Runtime,
    M: PoolManager,
{
    let shared = place.shared().clone();
    if shared.closing.is_open() {
        // Nobody will take it.
        return Err(DestroyReason::Closed);
    }
    let Some(object) = place.object_mut() else {
        return Ok(());
    };
    match bounded(&shared, shared.manager.reset(object)).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(DestroyReason::ResetFailed(error)),
        Err(Elapsed { .. }) => Err(DestroyReason::HookElapsed),
    }
}

/// Destroys the object, and gives its place.
pub(super) async fn destroy<R, M>(
    mut place: Place<R, M>,
    why: DestroyReason<M::Error>,
) -> Place<R, M>
where
    R: Runtime,
    M: PoolManager,
{
    let Some(object) = place.take_object() else {
        return place;
    };
    let shared = place.shared().clone();
    shared.counts.destroyed(&why);
    match bounded(&shared, shared.manager.destroy(object, why)).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => shared.destroy_failed(error, place.taken_at()),
        Err(Elapsed { .. }) => report(&Report::Abandoned(shared.about(place.taken_at()))),
    }
    place
}

/// A hook, for as long as it may take.
pub(super) async fn bounded<R: Runtime, M: PoolManager, T>(
    shared: &Arc<Shared<R, M>>,
    hook: impl Future<Output = T> + Send,
) -> Result<T, Elapsed> {
    timeout(&shared.rt, shared.limits.hook_timeout, hook).await
}
