//! A lease, and a pool, as scopes.

use std::fmt;
use std::panic::Location;
use std::time::Duration;

use super::Pool;
use super::builder::PoolBuilder;
use super::close::CloseReport;
use super::error::PoolError;
use super::lease::Lease;
use super::manager::PoolManager;
use crate::runtime::Runtime;
use crate::{ExitReason, HandOver, Scope};

/// A lease as a scope: what [`Pool::lease`] makes.
#[must_use = "a scope does nothing unless it is entered"]
pub struct LeaseScope<R: Runtime, M: PoolManager> {
    // Not its inside: it keeps the pool open.
    pub(super) pool: Pool<R, M>,
    pub(super) taken_at: &'static Location<'static>,
}

impl<R: Runtime, M: PoolManager> Scope for LeaseScope<R, M> {
    type Resource = Lease<R, M>;
    type Error = PoolError<M::Error>;
    type OnDrop = HandOver;

    async fn enter(&mut self) -> Result<Lease<R, M>, Self::Error> {
        let inner = &self.pool.owner.inner;
        let limit = inner.shared.limits.take_timeout;
        inner.take_within(limit, self.taken_at).await
    }

    async fn exit(self, mut lease: Lease<R, M>, reason: ExitReason<'_>) -> Result<(), Self::Error> {
        let panicked = matches!(reason, ExitReason::Panicked);
        if let Some(returning) = lease.begin_return(panicked) {
            returning.finish().await;
        }
        Ok(())
    }
}

impl<R: Runtime, M: PoolManager> fmt::Debug for LeaseScope<R, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LeaseScope")
            .field("taken_at", &self.taken_at)
            .finish_non_exhaustive()
    }
}

/// A pool as a scope, for the life of a program or a part of it: what
/// [`PoolBuilder::scope`](super::PoolBuilder::scope) makes.
///
/// It makes the objects that the builder's [`min_idle`](PoolBuilder::min_idle) asks for, lends the pool,
/// and closes it, also for those who have cloned it.
///
/// # Errors
///
/// To enter: [`PoolScopeError::Fill`]; then nothing is left of the pool. To exit:
/// [`PoolScopeError::NotClean`].
///
/// # Cancel safety
///
/// As any scope that is [handed over](HandOver).
///
/// # Examples
///
/// ```
/// use std::convert::Infallible;
/// use std::time::Duration;
/// use withal::Pool;
/// use withal::pool::create_with;
/// use withal::runtime::Runtime;
/// # async fn serve(_: impl Sized) -> Result<(), Infallible> { Ok(()) }
///
/// async fn lifespan(rt: &impl Runtime) {
///     let connect = create_with(async || Ok::<_, Infallible>(String::from("a connection")));
///     let pool = Pool::builder(rt, connect).max(8).min_idle(2).scope();
///     let served = withal::with(rt, pool.grace(Duration::from_secs(10)), async |pool| {
///         serve(pool.clone()).await
///     });
///     served.await.unwrap();
/// }
/// ```
#[must_use = "a scope does nothing unless it is entered"]
pub struct PoolScope<R, M> {
    builder: Option<PoolBuilder<R, M>>,
    grace: Option<Duration>,
    made_at: &'static Location<'static>,
}

impl<R: Runtime, M: PoolManager> PoolScope<R, M> {
    pub(super) fn new(builder: PoolBuilder<R, M>, made_at: &'static Location<'static>) -> Self {
        Self {
            builder: Some(builder),
            grace: None,
            made_at,
        }
    }

    /// How long the exit waits for leases that are out. For ever unless it is said.
    pub fn grace(mut self, grace: Duration) -> Self {
        self.grace = Some(grace);
        self
    }
}

impl<R: Runtime, M: PoolManager> Scope for PoolScope<R, M> {
    type Resource = Pool<R, M>;
    type Error = PoolScopeError<M::Error>;
    type OnDrop = HandOver;

    async fn enter(&mut self) -> Result<Pool<R, M>, Self::Error> {
        let Some(builder) = self.builder.take() else {
            return Err(PoolScopeError::Fill(PoolError::Closed));
        };
        let min_idle = builder.min_idle_set();
        let pool = builder.build_at(self.made_at);
        match pool.fill(min_idle).await {
            Ok(()) => Ok(pool),
            Err(error) => Err(PoolScopeError::Fill(error)),
        }
    }

    async fn exit(self, pool: Pool<R, M>, _: ExitReason<'_>) -> Result<(), Self::Error> {
        let closed = match self.grace {
            Some(grace) => pool.close_within(grace).await,
            None => pool.close().await,
        };
        if closed.is_clean() {
            Ok(())
        } else {
            Err(PoolScopeError::NotClean(closed))
        }
    }
}

impl<R, M> fmt::Debug for PoolScope<R, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PoolScope")
            .field("builder", &self.builder)
            .field("grace", &self.grace)
            .finish_non_exhaustive()
    }
}

/// What went wrong around the body of a [`PoolScope`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PoolScopeError<E> {
    /// The first objects could not be made.
    Fill(PoolError<E>),
    /// Leases stayed out for too long, or objects failed to be destroyed.
    NotClean(CloseReport<E>),
}

impl<E> fmt::Display for PoolScopeError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Fill(_) => "the pool could not be filled",
            Self::NotClean(_) => "the pool was not closed cleanly",
        })
    }
}

impl<E: std::error::Error + 'static> std::error::Error for PoolScopeError<E> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Fill(error) => Some(error),
            Self::NotClean(report) => Some(report),
        }
    }
}
