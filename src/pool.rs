//! A pool of objects that are dear to make: made when they are needed, checked, reset, and used again.
//!
//! For a set of objects that is there from the start and needs no care, take
//! [`sync::Pool`](crate::sync::Pool), which waits for nothing but a free one.

mod builder;
mod close;
mod destroyed;
mod error;
mod inner;
mod lease;
mod maintain;
mod manager;
mod place;
mod release;
mod scopes;
mod statistics;
mod take;
#[cfg(test)]
mod tests;

use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

pub use withal_sync::pool::TryTakeError;

pub use self::builder::PoolBuilder;
pub use self::close::CloseReport;
pub use self::destroyed::{DestroyReason, Destroyed};
pub use self::error::{PoolError, TakeStage};
use self::inner::{Inner, Owner};
pub use self::lease::{Exchange, Lease};
pub use self::manager::{CreateWith, PoolManager, create_with};
pub use self::scopes::{LeaseScope, PoolScope, PoolScopeError};
pub use self::statistics::PoolStatistics;
use crate::cleanup::CleanupOrigin;
use crate::runtime::Runtime;

/// Lends out objects that its [manager](PoolManager) makes, at most so many at a time.
///
/// A take gets the idle object that came back last, or a new one, or waits. An object that it checks in
/// vain, or that is over its limits, it destroys, and makes another one in its place. A
/// [`Lease`] gives its object back when it is dropped: at once, unless the manager resets it.
///
/// Clones are handles to the same pool. With the last one the pool closes: what is idle is destroyed,
/// and what is leased when it comes back. [`close`](Self::close) waits for that.
///
/// # Order and fairness
///
/// As in [`sync::Pool`](crate::sync::Pool): takes wait in turn, one that happens to find an object idle may
/// overtake those who wait, and none is overtaken for ever; with
/// [`strict_fair`](PoolBuilder::strict_fair), none at all. An object that cannot be made fails the take
/// that would have got it, and the next one tries.
///
/// # Complexity
///
/// A take of an idle object and its return cost two short sections, and neither a look at the clock
/// nor an allocation, unless limits or hooks ask for them. A `reset`, and a `destroy` that waits, are
/// boxed where a lease is dropped.
///
/// # Examples
///
/// ```
/// # #[cfg(feature = "smol")] {
/// use std::convert::Infallible;
/// use withal::smol::SmolRuntime;
/// use withal::pool::create_with;
/// use withal::{Pool, with};
///
/// let ran = withal::run(&SmolRuntime::global(), async |rt| {
///     let connect = create_with(async || Ok::<_, Infallible>(String::from("connected")));
///     let pool = Pool::builder(rt, connect).max(4).build();
///
///     // Held by a variable …
///     let mut connection = pool.take().await.unwrap();
///     connection.push_str(", used");
///     drop(connection);
///
///     // … or by a scope, which waits until it is back.
///     let used = with(rt, pool.lease(), async |connection| {
///         Ok::<_, Infallible>(connection.len())
///     });
///     assert_eq!(used.await.unwrap(), "connected, used".len());
///     assert!(pool.close().await.is_clean());
/// });
/// # drop(ran);
/// # }
/// ```
///
/// Source: the pools of r2d2, deadpool and sqlx; differs in that resetting and destroying may wait and
/// are waited for, whoever cancels, and in that an exchange which was cut off breaks its object.
pub struct Pool<R: Runtime, M: PoolManager> {
    owner: Arc<Owner<R, M>>,
}

impl<R: Runtime, M: PoolManager> Pool<R, M> {
    /// Begins a pool on `rt`, of the objects that `manager` makes.
    pub fn builder(rt: &R, manager: M) -> PoolBuilder<R, M> {
        PoolBuilder::new(rt, manager)
    }

    /// Takes an object: an idle one, or a new one, or the next that comes back.
    ///
    /// It takes no longer than the pool's [`take_timeout`](PoolBuilder::take_timeout), apart from what
    /// it then still waits for: that an object which it was checking is destroyed.
    ///
    /// # Cancel safety
    ///
    /// Dropped while it waits, it leaves the queue, or passes on what it was given. Dropped while it
    /// makes an object, it drops what the manager has begun, and gives the place to the next one; while
    /// it checks one, that is destroyed, and its place is free afterwards. Leaked, it keeps what it has.
    ///
    /// # Errors
    ///
    /// [`PoolError`].
    #[track_caller]
    pub fn take(&self) -> impl Future<Output = Result<Lease<R, M>, PoolError<M::Error>>> {
        let inner = &self.owner.inner;
        inner.take_within(inner.shared.limits.take_timeout, Location::caller())
    }

    /// [`take`](Self::take), for at most `timeout` in place of what is usual in the pool.
    ///
    /// # Errors
    ///
    /// As [`take`](Self::take).
    #[track_caller]
    pub fn take_timeout(
        &self,
        timeout: Duration,
    ) -> impl Future<Output = Result<Lease<R, M>, PoolError<M::Error>>> {
        self.owner
            .inner
            .take_within(Some(timeout), Location::caller())
    }

    /// Takes an idle object, if there is one, without a check.
    ///
    /// # Errors
    ///
    /// [`TryTakeError`], if none is idle, or the pool is closed. It makes none.
    #[track_caller]
    pub fn try_take(&self) -> Result<Lease<R, M>, TryTakeError> {
        self.owner.inner.try_take(Location::caller())
    }

    /// An object as a scope: `with(&rt, pool.lease(), async |object| …)` takes one, lends its [`Lease`],
    /// and gives it back, which waits for its `reset`.
    ///
    /// Its errors are those of a take. What a reset fails with, the object's
    /// [`destroy`](PoolManager::destroy) is told.
    #[track_caller]
    pub fn lease(&self) -> LeaseScope<R, M> {
        LeaseScope {
            pool: self.clone(),
            taken_at: Location::caller(),
        }
    }

    /// Makes objects, side by side, until `idle` of them are idle or there is no place for more.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it leaves nothing of what it has made: that is destroyed. So is it if one fails.
    ///
    /// # Errors
    ///
    /// That of the first one that could not be made; or the pool is closed.
    pub async fn fill(&self, idle: usize) -> Result<(), PoolError<M::Error>> {
        self.owner.inner.fill(idle).await
    }

    /// Changes how many objects there may be.
    ///
    /// What is idle and too many is destroyed, and waited for; what is leased goes when it comes back.
    ///
    /// # Cancel safety
    ///
    /// Begun, it takes effect; dropped, it leaves the destroying to whoever drops it.
    #[track_caller]
    pub fn resize(&self, max: usize) -> impl Future<Output = ()> {
        let location = Location::caller();
        async move {
            let before = self.owner.max.swap(max, Ordering::Relaxed);
            let inner = &self.owner.inner;
            if max < before {
                inner.shrink(before - max).await;
            } else {
                inner.grow(max - before, location);
            }
        }
    }

    /// Keeps those of the idle objects for which `keep` says so, and destroys the others. Gives how many
    /// those were.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it leaves the destroying to whoever drops it.
    ///
    /// # Panics
    ///
    /// If `keep` does; then nothing is destroyed.
    pub async fn retain(&self, mut keep: impl FnMut(&mut M::Object) -> bool) -> usize {
        let unwanted = self.owner.inner.doom(CleanupOrigin::here(), |slot| {
            let keeps = slot.object_mut().is_none_or(&mut keep);
            (!keeps).then_some(DestroyReason::Unwanted)
        });
        let count = unwanted.len();
        Inner::release_all(unwanted).await;
        count
    }

    /// Keeps the pool in shape while nobody takes: destroys the idle objects that are over their limits,
    /// and sees to [`min_idle`](PoolBuilder::min_idle). Ends when the pool is closed.
    ///
    /// Nothing of this runs unless it is asked for: spawn it, or run it beside what uses the pool. It
    /// does not keep the pool open. An object that could not be made is reported, and tried again.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it leaves what it destroys to whoever drops it.
    #[track_caller]
    pub fn maintain(&self) -> impl Future<Output = ()> + Send + use<R, M> {
        self.owner.inner.clone().maintain(Location::caller())
    }

    /// Closes the pool: nobody takes any more, and whoever waits is told so at once. Waits until all
    /// leases are back and all objects destroyed.
    ///
    /// For a lease that is leaked it waits for ever: see [`close_within`](Self::close_within).
    ///
    /// # Cancel safety
    ///
    /// Begun, it takes effect; dropped, it leaves the destroying to whoever drops it.
    pub async fn close(&self) -> CloseReport<M::Error> {
        self.owner.inner.close().await
    }

    /// [`close`](Self::close), which waits for no longer than `grace`, and then tells where the leases
    /// were taken that are still out. Their objects are destroyed when they come back all the same.
    pub async fn close_within(&self, grace: Duration) -> CloseReport<M::Error> {
        self.owner.inner.close_within(grace).await
    }

    /// Whether it is closed.
    pub fn is_closed(&self) -> bool {
        self.owner.inner.places.is_closed()
    }

    /// The manager.
    pub fn manager(&self) -> &M {
        &self.owner.inner.shared.manager
    }

    /// What goes on in it.
    pub fn statistics(&self) -> PoolStatistics {
        let inner = &self.owner.inner;
        let places = inner.places.statistics();
        let (idle, size) = inner.shared.objects();
        let counts = &inner.shared.counts;
        PoolStatistics {
            max: self.owner.max.load(Ordering::Relaxed),
            size,
            idle,
            leased: places.leased,
            waiting: places.waiting,
            created: counts.created.load(Ordering::Relaxed),
            destroyed: counts.all_destroyed(),
            detached: counts.detached.load(Ordering::Relaxed),
            waits: counts.waits.load(Ordering::Relaxed),
            closed: places.closed,
        }
    }
}

impl<R: Runtime, M: PoolManager> Clone for Pool<R, M> {
    fn clone(&self) -> Self {
        Self {
            owner: self.owner.clone(),
        }
    }
}

impl<R: Runtime, M: PoolManager> fmt::Debug for Pool<R, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let now = self.statistics();
        f.debug_struct("Pool")
            .field("max", &now.max)
            .field("size", &now.size)
            .field("idle", &now.idle)
            .field("leased", &now.leased)
            .field("waiting", &now.waiting)
            .field("closed", &now.closed)
            .finish_non_exhaustive()
    }
}
