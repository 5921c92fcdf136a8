use core::fmt;
use core::marker::PhantomData;

use super::Semaphore;
use crate::flavour::{Flavour, Spin};
use crate::handle::Handle;

/// Some permits of a [`Semaphore`], which go back when this is dropped.
#[must_use = "a permit that is dropped goes back at once"]
pub struct Permit<H: Handle<Semaphore<F>>, F: Flavour = Spin> {
    semaphore: H,
    permits: usize,
    _lock: PhantomData<fn() -> F>,
}

impl<H: Handle<Semaphore<F>>, F: Flavour> Permit<H, F> {
    #[inline]
    pub(super) fn new(semaphore: H, permits: usize) -> Self {
        Self {
            semaphore,
            permits,
            _lock: PhantomData,
        }
    }

    /// How many permits these are.
    pub fn permits(&self) -> usize {
        self.permits
    }

    /// Keeps the permits from going back: there are fewer from now on.
    pub fn forget(mut self) {
        self.permits = 0;
    }

    /// Takes `permits` permits out of these: the rest, and those.
    ///
    /// # Errors
    ///
    /// `self`, if there are not so many in it.
    pub fn split(mut self, permits: usize) -> Result<(Self, Self), Self> {
        match self.permits.checked_sub(permits) {
            Some(rest) => {
                self.permits = rest;
                let split = Self::new(self.semaphore.clone(), permits);
                Ok((self, split))
            }
            None => Err(self),
        }
    }
}

impl<H: Handle<Semaphore<F>>, F: Flavour> Drop for Permit<H, F> {
    #[inline]
    fn drop(&mut self) {
        if self.permits > 0 {
            self.semaphore.get().add_permits(self.permits);
        }
    }
}

impl<H: Handle<Semaphore<F>>, F: Flavour> fmt::Debug for Permit<H, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permit")
            .field("permits", &self.permits)
            .finish_non_exhaustive()
    }
}

/// The semaphore is closed: it gives no permits any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Closed;

impl Closed {
    pub(super) fn new() -> Self {
        Self
    }
}

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the semaphore is closed")
    }
}

impl core::error::Error for Closed {}

/// Why a permit was not to be had at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TryAcquireError {
    /// There are not enough free permits, or others wait for them already.
    NoPermits,
    /// The semaphore is closed.
    Closed,
}

impl fmt::Display for TryAcquireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoPermits => "no permit is free: wait for one with `acquire`",
            Self::Closed => "the semaphore is closed",
        })
    }
}

impl core::error::Error for TryAcquireError {}
