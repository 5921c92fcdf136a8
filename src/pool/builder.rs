use std::fmt;
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use super::Pool;
use super::destroyed::DestroyReason;
use super::inner::{Inner, Owner};
use super::manager::PoolManager;
use super::place::{Entry, Places, Shared, Slot};
use super::scopes::PoolScope;
use crate::cleanup::CleanupOrigin;
use crate::runtime::Runtime;

/// How many objects there may be at most, unless it is said.
const DEFAULT_MAX: usize = 10;

/// How long `check`, `reset` and `destroy` may take, unless it is said. Long for a round trip in a
/// network, short for somebody who waits behind a connection whose other end is gone without a word.
const DEFAULT_HOOK_TIMEOUT: Duration = Duration::from_secs(5);

/// How often [`Pool::maintain`] looks after the pool, at least, unless it is said.
const DEFAULT_MAINTAIN_EVERY: Duration = Duration::from_secs(30);

/// A pool in the making: see [`Pool::builder`].
#[must_use = "a pool is made by `build`"]
pub struct PoolBuilder<R, M> {
    rt: R,
    manager: M,
    max: usize,
    fair: bool,
    limits: Limits,
}

/// What a pool allows for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) min_idle: usize,
    pub(super) idle_timeout: Option<Duration>,
    pub(super) max_lifetime: Option<Duration>,
    pub(super) check_after_idle: Option<Duration>,
    pub(super) take_timeout: Option<Duration>,
    pub(super) hook_timeout: Duration,
    pub(super) maintain_every: Duration,
}

impl Limits {
    /// Whether it matters since when an object is idle.
    pub(super) fn looks_at_idle(&self) -> bool {
        self.idle_timeout.is_some() || self.check_after_idle.is_some()
    }

    /// Why an idle object must not be taken, if there is a reason.
    pub(super) fn expired<R: Runtime, E, O>(
        &self,
        rt: &R,
        entry: &Entry<O, R::Instant>,
    ) -> Option<DestroyReason<E>> {
        if over(rt, entry.created, self.max_lifetime) {
            Some(DestroyReason::MaxLifetime)
        } else if over(rt, entry.idle_since, self.idle_timeout) {
            Some(DestroyReason::IdleTimeout)
        } else {
            None
        }
    }

    /// Whether an idle object is to be checked.
    pub(super) fn wants_check<R: Runtime, O>(&self, rt: &R, entry: &Entry<O, R::Instant>) -> bool {
        match self.check_after_idle {
            Some(span) => entry.idle_since.is_none() || over(rt, entry.idle_since, Some(span)),
            None => true,
        }
    }
}

/// Whether `limit` has passed since then.
fn over<R: Runtime>(rt: &R, since: Option<R::Instant>, limit: Option<Duration>) -> bool {
    match (since, limit) {
        (Some(since), Some(limit)) => rt.elapsed(since, rt.now()) >= limit,
        _ => false,
    }
}

impl<R: Runtime, M: PoolManager> PoolBuilder<R, M> {
    pub(super) fn new(rt: &R, manager: M) -> Self {
        Self {
            rt: rt.clone(),
            manager,
            max: DEFAULT_MAX,
            fair: false,
            limits: Limits {
                min_idle: 0,
                idle_timeout: None,
                max_lifetime: None,
                check_after_idle: None,
                take_timeout: None,
                hook_timeout: DEFAULT_HOOK_TIMEOUT,
                maintain_every: DEFAULT_MAINTAIN_EVERY,
            },
        }
    }

    /// How many objects there are at most; 10 unless it is said. None at all is legal: see
    /// [`Pool::resize`].
    pub fn max(mut self, objects: usize) -> Self {
        self.max = objects;
        self
    }

    /// How many objects [`Pool::maintain`] and [`PoolScope`] see to it that there are idle.
    pub fn min_idle(mut self, objects: usize) -> Self {
        self.limits.min_idle = objects;
        self
    }

    /// Destroys objects that nobody has used for so long, when they would be taken, and in
    /// [`Pool::maintain`].
    pub fn idle_timeout(mut self, timeout: Duration) -> Self {
        self.limits.idle_timeout = Some(timeout);
        self
    }

    /// Destroys objects that are so old, when they would be taken, and in [`Pool::maintain`].
    pub fn max_lifetime(mut self, lifetime: Duration) -> Self {
        self.limits.max_lifetime = Some(lifetime);
        self
    }

    /// Checks an object only if nobody has used it for so long. Without this, each that is taken is
    /// checked.
    pub fn check_after_idle(mut self, span: Duration) -> Self {
        self.limits.check_after_idle = Some(span);
        self
    }

    /// How long a take may take, with all that it waits for; for ever unless it is said.
    pub fn take_timeout(mut self, timeout: Duration) -> Self {
        self.limits.take_timeout = Some(timeout);
        self
    }

    /// How long a `check`, a `reset` and a `destroy` may take; 5 s unless it is said. What takes longer
    /// is dropped, and the object with it: its place must not be lost to a peer that is silent.
    pub fn hook_timeout(mut self, timeout: Duration) -> Self {
        self.limits.hook_timeout = timeout;
        self
    }

    /// How often [`Pool::maintain`] looks after the pool, at least; every 30 s unless it is said.
    pub fn maintain_every(mut self, period: Duration) -> Self {
        self.limits.maintain_every = period;
        self
    }

    /// Lets nobody overtake: takes are served strictly first in, first out. See [`Pool`] for what is
    /// usual.
    pub fn strict_fair(mut self) -> Self {
        self.fair = true;
        self
    }

    /// The pool. It makes nothing yet: see [`Pool::fill`].
    #[track_caller]
    pub fn build(self) -> Pool<R, M> {
        self.build_at(Location::caller())
    }

    /// The pool as a scope, which closes it: see [`PoolScope`].
    #[track_caller]
    pub fn scope(self) -> PoolScope<R, M> {
        PoolScope::new(self, Location::caller())
    }

    pub(super) fn build_at(self, location: &'static Location<'static>) -> Pool<R, M> {
        let shared = Arc::new(Shared::new(self.rt, self.manager, self.limits));
        let slots = (0..self.max).map(|_| Slot::new(&shared, location));
        let places = if self.fair {
            Places::fair(slots)
        } else {
            Places::new(slots)
        };
        let inner = Inner {
            places: Arc::new(places),
            shared,
        };
        Pool {
            owner: Arc::new(Owner {
                inner,
                max: self.max.into(),
                origin: CleanupOrigin::here(),
                made_at: location,
            }),
        }
    }

    pub(super) fn min_idle_set(&self) -> usize {
        self.limits.min_idle
    }
}

impl<R, M> fmt::Debug for PoolBuilder<R, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PoolBuilder")
            .field("max", &self.max)
            .field("strict_fair", &self.fair)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}
