use core::marker::PhantomData;
use core::ops::Deref;

use super::Queue;
use super::storage::Storage;
use crate::event::Event;
use crate::flavour::Flavour;
use crate::handle::{Get, Handle};

/// A queue, by a handle: what its futures and guards hold.
pub(super) struct Held<H, T, S, F> {
    handle: H,
    _queue: PhantomData<Of<T, S, F>>,
}

/// Which queue it leads to: nothing of that is owned.
type Of<T, S, F> = fn() -> (T, S, F);

impl<H, T, S, F> Held<H, T, S, F> {
    #[inline]
    pub(super) fn new(handle: H) -> Self {
        Self {
            handle,
            _queue: PhantomData,
        }
    }
}

impl<H: Clone, T, S, F> Clone for Held<H, T, S, F> {
    #[inline]
    fn clone(&self) -> Self {
        Self::new(self.handle.clone())
    }
}

impl<H, T, S, F> Deref for Held<H, T, S, F>
where
    H: Handle<Queue<T, S, F>>,
    S: Storage<T>,
    F: Flavour,
{
    type Target = Queue<T, S, F>;

    #[inline]
    fn deref(&self) -> &Queue<T, S, F> {
        self.handle.get()
    }
}

/// A queue's event of having nothing unfinished.
impl<H, T, S, F> Handle<Event<F>> for Held<H, T, S, F>
where
    H: Handle<Queue<T, S, F>>,
    S: Storage<T>,
    F: Flavour,
{
}

// SAFETY: a field of what the handle keeps.
unsafe impl<H, T, S, F> Get<Event<F>> for Held<H, T, S, F>
where
    H: Handle<Queue<T, S, F>>,
    S: Storage<T>,
    F: Flavour,
{
    fn get(&self) -> &Event<F> {
        &self.idle
    }
}
