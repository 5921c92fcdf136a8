//! What keeps a pool in shape while nobody takes.

use std::time::Duration;

use super::error::PoolError;
use super::inner::Inner;
use super::manager::PoolManager;
use crate::cleanup::{Report, report};
use crate::runtime::Runtime;
use crate::{Either, either};

impl<R: Runtime, M: PoolManager> Inner<R, M> {
    /// Until the pool is closed.
    pub(super) async fn maintain(self, location: &'static std::panic::Location<'static>) {
        let shared = &*self.shared;
        loop {
            self.evict().await;
            match self.fill(shared.limits.min_idle).await {
                Ok(()) => {}
                Err(PoolError::Closed) => return,
                // Perhaps it can be made next time.
                Err(error) => report(&Report::TaskFailed(shared.about(location), &error)),
            }
            let pause = shared.rt.sleep(self.pause());
            if let Either::Right(()) = either(pause, shared.closing.wait()).await {
                return;
            }
        }
    }

    /// Often enough that nothing is over its limit by more than a part of it.
    fn pause(&self) -> Duration {
        let limits = &self.shared.limits;
        let limit = [limits.idle_timeout, limits.max_lifetime];
        let shortest = limit.into_iter().flatten().min();
        let often = shortest.map_or(Duration::MAX, |limit| limit / 4);
        // A limit of nothing must not keep a thread busy.
        often
            .max(Duration::from_millis(1))
            .min(limits.maintain_every)
    }
}
