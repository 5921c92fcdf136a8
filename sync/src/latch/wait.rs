use core::fmt;
use core::future::Future;
use core::marker::PhantomData;
use core::pin::Pin;
use core::task::{Context, Poll};

use super::Latch;
use crate::event::{self, Event};
use crate::flavour::{Flavour, Spin};
use crate::handle::{Get, Handle};

/// The future that [`Latch::wait`] and [`Latch::wait_owned`] return.
#[must_use = "futures do nothing unless polled"]
pub struct Wait<H: Handle<Latch<F>>, F: Flavour = Spin> {
    opened: event::Wait<Opened<H, F>, F>,
}

/// A latch's event of being opened.
struct Opened<H, F> {
    latch: H,
    _latch: PhantomData<fn() -> F>,
}

impl<H: Clone, F> Clone for Opened<H, F> {
    fn clone(&self) -> Self {
        Self {
            latch: self.latch.clone(),
            _latch: PhantomData,
        }
    }
}

impl<H: Handle<Latch<F>>, F: Flavour> Handle<Event<F>> for Opened<H, F> {}

// SAFETY: a field of what the handle keeps.
unsafe impl<H: Handle<Latch<F>>, F: Flavour> Get<Event<F>> for Opened<H, F> {
    #[inline]
    fn get(&self) -> &Event<F> {
        &self.latch.get().event
    }
}

impl<H: Handle<Latch<F>>, F: Flavour> Wait<H, F> {
    pub(super) fn new(latch: H) -> Self {
        Self {
            opened: event::Wait::new(Opened {
                latch,
                _latch: PhantomData,
            }),
        }
    }
}

impl<H: Handle<Latch<F>>, F: Flavour> Future for Wait<H, F> {
    type Output = ();

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        // SAFETY: `opened` is pinned structurally.
        unsafe { self.map_unchecked_mut(|this| &mut this.opened) }.poll(cx)
    }
}

impl<H: Handle<Latch<F>>, F: Flavour> fmt::Debug for Wait<H, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wait")
            .field("waits", &self.opened.is_queued())
            .finish_non_exhaustive()
    }
}
