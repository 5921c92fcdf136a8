use std::error::Error;
use std::fmt;
use std::mem;
use std::panic::Location;
use std::sync::PoisonError;
use std::time::Duration;

use super::inner::Inner;
use super::manager::PoolManager;
use crate::cleanup::CleanupOrigin;
use crate::join;
use crate::runtime::Runtime;
use crate::timeout::timeout;

/// How a pool was closed: what [`Pool::close`](super::Pool::close) gives.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CloseReport<E> {
    /// Where the leases were taken that had not come back in time.
    pub still_out: Vec<&'static Location<'static>>,
    /// With what the objects failed to be destroyed, since the pool was closed, or last asked for this.
    pub errors: Vec<E>,
}

impl<E> CloseReport<E> {
    /// Whether all leases are back, and all objects destroyed without an error.
    pub fn is_clean(&self) -> bool {
        self.still_out.is_empty() && self.errors.is_empty()
    }
}

impl<E: fmt::Debug> fmt::Display for CloseReport<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_clean() {
            return f.write_str("the pool is closed, and all objects are destroyed");
        }
        f.write_str("the pool was not closed cleanly")?;
        for location in &self.still_out {
            write!(f, "\n  still out: an object taken at {location}")?;
        }
        for error in &self.errors {
            write!(f, "\n  not destroyed cleanly: {error:?}")?;
        }
        Ok(())
    }
}

impl<E: fmt::Debug> Error for CloseReport<E> {}

impl<R: Runtime, M: PoolManager> Inner<R, M> {
    pub(super) async fn close(&self) -> CloseReport<M::Error> {
        self.begin_close().await;
        self.close_report(Vec::new())
    }

    pub(super) async fn close_within(&self, grace: Duration) -> CloseReport<M::Error> {
        // What is still being destroyed then goes on by itself.
        let close = timeout(&self.shared.rt, grace, self.begin_close()).budget(Duration::ZERO);
        let still_out = match close.await {
            Ok(()) => Vec::new(),
            Err(_) => self.shared.taken_at(),
        };
        self.close_report(still_out)
    }

    async fn begin_close(&self) {
        self.refuse_takes();
        let mut idle = self.take_all_idle(CleanupOrigin::here());
        loop {
            join((Self::release_all(idle), self.places.closed())).await;
            // What a take had been handed that was dropped then.
            idle = self.take_all_idle(CleanupOrigin::here());
            if idle.is_empty() {
                return;
            }
        }
    }

    fn close_report(&self, still_out: Vec<&'static Location<'static>>) -> CloseReport<M::Error> {
        let errors = &self.shared.errors;
        let mut errors = errors.lock().unwrap_or_else(PoisonError::into_inner);
        CloseReport {
            still_out,
            errors: mem::take(&mut *errors),
        }
    }
}
