//! Borrowed and owned handles: each future and guard is written once for both.

#[cfg(feature = "alloc")]
use alloc::sync::Arc;

/// What futures and guards hold a primitive by: `&P`, or `Arc<P>`; the queue of a channel, by its
/// handles. Sealed.
#[expect(
    private_bounds,
    reason = "sealed: the safety of every wait rests on it"
)]
pub trait Handle<P>: Get<P> + Clone {}

/// # Safety
///
/// `get` gives the same value each time, also of a clone; and it stays alive and where it is for
/// as long as the handle or a clone of it lives, wherever that moves.
pub(crate) unsafe trait Get<P> {
    fn get(&self) -> &P;
}

impl<P> Handle<P> for &P {}

// SAFETY: what is borrowed stays.
unsafe impl<P> Get<P> for &P {
    #[inline]
    fn get(&self) -> &P {
        self
    }
}

#[cfg(feature = "alloc")]
impl<P> Handle<P> for Arc<P> {}

// SAFETY: what is shared stays, in its own allocation.
#[cfg(feature = "alloc")]
unsafe impl<P> Get<P> for Arc<P> {
    #[inline]
    fn get(&self) -> &P {
        self
    }
}
