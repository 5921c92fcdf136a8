use core::fmt;
use core::future::Future;
use core::marker::PhantomData;
use core::pin::Pin;
use core::task::{Context, Poll};

use super::Pool;
use super::state::State;
use crate::flavour::{Flavour, Spin, in_turn};
use crate::handle::Handle;
use crate::short_lock::Locked;
use crate::wait_queue::{Left, List, WaitOn, Waiter, Wakers};

/// The future that [`Pool::closed`] and [`Pool::closed_owned`] return.
#[must_use = "futures do nothing unless polled"]
pub struct UntilClosed<H: Handle<Pool<T, F>>, T, F: Flavour = Spin> {
    waiter: Waiter<On<H, T, F>>,
}

/// A place among those that wait for the end of the pool.
struct On<H, T, F> {
    pool: H,
    _pool: PhantomData<fn() -> (T, F)>,
}

// SAFETY: a handle keeps the pool where it is, and that has one list of closers.
unsafe impl<H: Handle<Pool<T, F>>, T, F: Flavour> WaitOn for On<H, T, F> {
    type State = State<T>;
    type Flavour = F;
    type Parcel = ();

    fn locked(&self) -> &Locked<State<T>, F> {
        &self.pool.get().state
    }

    fn list(state: &mut State<T>) -> &mut List<()> {
        &mut state.closers
    }

    /// Who was let go, and did not come: nobody else needs to know.
    fn pass_on(&self, _: &mut State<T>, _: Left<()>, _: &mut Wakers) -> Option<()> {
        None
    }
}

impl<H: Handle<Pool<T, F>>, T, F: Flavour> UntilClosed<H, T, F> {
    pub(super) fn new(pool: H) -> Self {
        Self {
            waiter: Waiter::new(On {
                pool,
                _pool: PhantomData,
            }),
        }
    }
}

impl<H: Handle<Pool<T, F>>, T, F: Flavour> Future for UntilClosed<H, T, F> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        // SAFETY: `waiter` is pinned structurally.
        let waiter = unsafe { self.map_unchecked_mut(|this| &mut this.waiter) };
        in_turn::<F, _>(cx, |cx| {
            if waiter.is_queued() {
                return waiter
                    .poll_served(cx, |_, _| Err::<(), _>(None))
                    .map(|_| ());
            }
            waiter.poll_enter(cx, |state| if state.is_over() { Ok(()) } else { Err(()) })
        })
    }
}

impl<H: Handle<Pool<T, F>>, T, F: Flavour> fmt::Debug for UntilClosed<H, T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UntilClosed")
            .field("waits", &self.waiter.is_queued())
            .finish_non_exhaustive()
    }
}
