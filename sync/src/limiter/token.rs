use core::fmt;
use core::marker::PhantomData;

use super::Limiter;
use crate::flavour::{Flavour, Spin};
use crate::handle::Handle;

/// A token that a [`Limiter`] has lent to a key, and that goes back when this is dropped.
#[must_use = "a token that is dropped goes back at once"]
pub struct Token<H: Handle<Limiter<K, F>>, K: Copy + Ord, F: Flavour = Spin> {
    limiter: H,
    key: K,
    _flavour: PhantomData<fn() -> F>,
}

impl<H: Handle<Limiter<K, F>>, K: Copy + Ord, F: Flavour> Token<H, K, F> {
    /// Made by whoever has just borrowed it.
    pub(super) fn new(limiter: H, key: K) -> Self {
        Self {
            limiter,
            key,
            _flavour: PhantomData,
        }
    }

    /// Who has borrowed it.
    pub fn key(&self) -> K {
        self.key
    }
}

impl<H: Handle<Limiter<K, F>>, K: Copy + Ord, F: Flavour> Drop for Token<H, K, F> {
    fn drop(&mut self) {
        let key = self.key;
        self.limiter.get().change(|state| state.take_back(key));
    }
}

impl<H, K, F> fmt::Debug for Token<H, K, F>
where
    H: Handle<Limiter<K, F>>,
    K: Copy + Ord + fmt::Debug,
    F: Flavour,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token")
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}
