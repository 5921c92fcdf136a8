use std::sync::atomic::{AtomicU64, Ordering};

/// Why an object of a pool is destroyed: what [`PoolManager::destroy`](super::PoolManager::destroy) is
/// told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DestroyReason<E> {
    /// Its user [marked](super::Lease::mark_broken) it, or the manager found it
    /// [broken](super::PoolManager::is_broken).
    Broken,
    /// An [exchange](super::Lease::exchange) was begun and not completed.
    Unfinished,
    /// Its user panicked, and there is no `reset` that would set it right.
    Panicked,
    /// The check said so, with this error.
    CheckFailed(E),
    /// The reset failed, with this error.
    ResetFailed(E),
    /// Its check or its reset took longer than the pool's
    /// [`hook_timeout`](super::PoolBuilder::hook_timeout).
    HookElapsed,
    /// The take that checked it was dropped in the middle.
    CheckCancelled,
    /// It was idle for too long.
    IdleTimeout,
    /// It had reached its lifetime.
    MaxLifetime,
    /// The pool was [resized](super::Pool::resize), or its owner did not [retain](super::Pool::retain)
    /// it.
    Unwanted,
    /// It was made with others by [`fill`](super::Pool::fill), of which one failed.
    NotFilled,
    /// The pool is closed.
    Closed,
}

/// How many objects were destroyed, by reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Destroyed {
    /// [`DestroyReason::Broken`], [`Unfinished`](DestroyReason::Unfinished) and
    /// [`Panicked`](DestroyReason::Panicked).
    pub broken: u64,
    /// [`DestroyReason::CheckFailed`].
    pub check_failed: u64,
    /// [`DestroyReason::ResetFailed`].
    pub reset_failed: u64,
    /// [`DestroyReason::HookElapsed`].
    pub hook_elapsed: u64,
    /// [`DestroyReason::CheckCancelled`].
    pub check_cancelled: u64,
    /// [`DestroyReason::IdleTimeout`].
    pub idle_timeout: u64,
    /// [`DestroyReason::MaxLifetime`].
    pub max_lifetime: u64,
    /// [`DestroyReason::Unwanted`] and [`NotFilled`](DestroyReason::NotFilled).
    pub unwanted: u64,
    /// [`DestroyReason::Closed`].
    pub closed: u64,
    /// Dropped without the hook: a `reset` or an `is_broken` panicked, or its cleanup was discarded.
    pub without_hook: u64,
}

impl Destroyed {
    /// How many it were for any reason.
    pub fn total(&self) -> u64 {
        let Self {
            broken,
            check_failed,
            reset_failed,
            hook_elapsed,
            check_cancelled,
            idle_timeout,
            max_lifetime,
            unwanted,
            closed,
            without_hook,
        } = *self;
        broken
            + check_failed
            + reset_failed
            + hook_elapsed
            + check_cancelled
            + idle_timeout
            + max_lifetime
            + unwanted
            + closed
            + without_hook
    }
}

/// What a pool counts. None of it on the way of an object that is taken and comes back.
#[derive(Default)]
pub(super) struct Counts {
    pub(super) created: AtomicU64,
    pub(super) detached: AtomicU64,
    pub(super) waits: AtomicU64,
    destroyed: [AtomicU64; 10],
}

impl Counts {
    pub(super) fn destroyed<E>(&self, why: &DestroyReason<E>) {
        let index = match why {
            DestroyReason::Broken | DestroyReason::Unfinished | DestroyReason::Panicked => 0,
            DestroyReason::CheckFailed(_) => 1,
            DestroyReason::ResetFailed(_) => 2,
            DestroyReason::HookElapsed => 3,
            DestroyReason::CheckCancelled => 4,
            DestroyReason::IdleTimeout => 5,
            DestroyReason::MaxLifetime => 6,
            DestroyReason::Unwanted | DestroyReason::NotFilled => 7,
            DestroyReason::Closed => 8,
        };
        self.destroyed[index].fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn dropped(&self) {
        self.destroyed[9].fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn all_destroyed(&self) -> Destroyed {
        let of = |index: usize| self.destroyed[index].load(Ordering::Relaxed);
        Destroyed {
            broken: of(0),
            check_failed: of(1),
            reset_failed: of(2),
            hook_elapsed: of(3),
            check_cancelled: of(4),
            idle_timeout: of(5),
            max_lifetime: of(6),
            unwanted: of(7),
            closed: of(8),
            without_hook: of(9),
        }
    }
}
