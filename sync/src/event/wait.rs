use core::fmt;
use core::future::Future;
use core::marker::PhantomData;
use core::pin::Pin;
use core::sync::atomic::Ordering;
use core::task::{Context, Poll};

use super::{Event, SET, Turn, WAITERS, Waiters};
use crate::flavour::{Flavour, Spin, in_turn};
use crate::handle::Handle;
use crate::short_lock::Locked;
use crate::wait_queue::{Left, List, WaitOn, Waiter, Wakers};
use crate::word::RawWord;

/// The future that [`Event::wait`] and [`Event::wait_owned`] return.
#[must_use = "futures do nothing unless polled"]
pub struct Wait<H: Handle<Event<F>>, F: Flavour = Spin> {
    waiter: Waiter<On<H, F>>,
}

struct On<H, F> {
    event: H,
    _lock: PhantomData<fn() -> F>,
}

// SAFETY: a handle keeps the event where it is, and that has one list.
unsafe impl<H: Handle<Event<F>>, F: Flavour> WaitOn for On<H, F> {
    type State = Waiters;
    type Flavour = F;
    type Parcel = Turn;

    fn locked(&self) -> &Locked<Waiters, F> {
        &self.event.get().waiters
    }

    fn list(state: &mut Waiters) -> &mut List<Turn> {
        &mut state.list
    }

    /// Who was let go, and did not come: nobody else needs to know.
    fn pass_on(&self, waiters: &mut Waiters, _: Left<Turn>, _: &mut Wakers) -> Option<Turn> {
        self.event.get().note_empty(waiters);
        None
    }
}

impl<H: Handle<Event<F>>, F: Flavour> Wait<H, F> {
    pub(crate) fn new(event: H) -> Self {
        Self {
            waiter: Waiter::new(On {
                event,
                _lock: PhantomData,
            }),
        }
    }

    /// What it was made with.
    #[cfg(feature = "alloc")]
    pub(crate) fn event(&self) -> &H {
        &self.waiter.on().event
    }

    pub(crate) fn is_queued(&self) -> bool {
        self.waiter.is_queued()
    }

    /// Waits with the others.
    #[cold]
    fn poll_wait(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        // SAFETY: `waiter` is pinned structurally.
        let waiter = unsafe { self.map_unchecked_mut(|this| &mut this.waiter) };
        if waiter.is_queued() {
            return waiter
                .poll_served(cx, |_, _| Err::<(), _>(None))
                .map(|_| ());
        }
        let event = waiter.on().event.clone();
        waiter.poll_enter(cx, |waiters| {
            let before = event.get().word.fetch_or(WAITERS, Ordering::AcqRel);
            if before & SET != 0 {
                event.get().note_empty(waiters);
                return Ok(());
            }
            waiters.turns += 1;
            Err(Turn(waiters.turns))
        })
    }
}

impl<H: Handle<Event<F>>, F: Flavour> Future for Wait<H, F> {
    type Output = ();

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        in_turn::<F, _>(cx, |cx| {
            // One that was queued is let go by `set` alone, so that a pulse is the same for all.
            if !self.waiter.is_queued() && self.waiter.on().event.get().is_set() {
                return Poll::Ready(());
            }
            self.poll_wait(cx)
        })
    }
}

impl<H: Handle<Event<F>>, F: Flavour> fmt::Debug for Wait<H, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wait")
            .field("waits", &self.is_queued())
            .finish_non_exhaustive()
    }
}
