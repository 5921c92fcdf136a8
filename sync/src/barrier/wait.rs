use core::fmt;
use core::future::Future;
use core::marker::PhantomData;
use core::pin::Pin;
use core::sync::atomic::Ordering;
use core::task::{Context, Poll};

use super::{Barrier, State};
use crate::flavour::{Flavour, Spin, in_turn};
use crate::handle::Handle;
use crate::short_lock::Locked;
use crate::wait_queue::{Left, List, WaitOn, Waiter, Wakers};
use crate::word::RawWord;

/// What a waiter has come to.
#[derive(Clone, Copy, Debug)]
pub(super) enum Place {
    /// It waits for the others of this generation.
    Gathered {
        generation: u64,
    },
    /// All have come. If the barrier was broken more often since, this one is sent away all the same.
    LetGo {
        index: usize,
        breaks: usize,
    },
    SentAway,
}

impl Place {
    /// The generation of a waiter, if it is before `until`.
    pub(super) fn generation(&self, until: u64) -> Option<u64> {
        match *self {
            Self::Gathered { generation } if generation < until => Some(generation),
            _ => None,
        }
    }
}

/// The future that [`Barrier::wait`] and [`Barrier::wait_owned`] return.
#[must_use = "futures do nothing unless polled"]
pub struct Wait<H: Handle<Barrier<F>>, F: Flavour = Spin> {
    waiter: Waiter<On<H, F>>,
}

struct On<H, F> {
    barrier: H,
    _barrier: PhantomData<fn() -> F>,
}

// SAFETY: a handle keeps the barrier where it is, and that has one list.
unsafe impl<H: Handle<Barrier<F>>, F: Flavour> WaitOn for On<H, F> {
    type State = State;
    type Flavour = F;
    type Parcel = Place;

    fn locked(&self) -> &Locked<State, F> {
        &self.barrier.get().state
    }

    fn list(state: &mut State) -> &mut List<Place> {
        &mut state.list
    }

    /// Who leaves while its generation gathers did not come. Nobody goes by that.
    fn pass_on(&self, state: &mut State, left: Left<Place>, _: &mut Wakers) -> Option<Place> {
        if let Left::Waiting { parcel, .. } = left {
            // If not, its generation is just about to be served.
            let gathers = parcel.generation(state.generation).is_none();
            state.gathered -= usize::from(gathers);
        }
        None
    }
}

impl<H: Handle<Barrier<F>>, F: Flavour> Wait<H, F> {
    pub(super) fn new(barrier: H) -> Self {
        Self {
            waiter: Waiter::new(On {
                barrier,
                _barrier: PhantomData,
            }),
        }
    }

    /// The same wait, from its begin.
    pub(crate) fn anew(&self) -> Self {
        Self::new(self.waiter.on().barrier.clone())
    }

    /// Comes to the barrier: waits with the others, or lets them go.
    fn poll_come(
        waiter: Pin<&mut Waiter<On<H, F>>>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<usize, BrokenBarrier>> {
        let handle = waiter.on().barrier.clone();
        let barrier = handle.get();
        let mut let_go = None;
        let come = waiter.poll_enter(cx, |state| {
            if state.aborted {
                return Ok(Err(BrokenBarrier::new()));
            }
            if state.gathered < barrier.parties.get() - 1 {
                state.gathered += 1;
                return Err(Place::Gathered {
                    generation: state.generation,
                });
            }
            let index = state.gathered;
            state.begin_generation();
            // One alone lets nobody else go.
            let_go = (index > 0).then_some(state.generation);
            Ok(Ok(index))
        });
        if let Some(until) = let_go {
            barrier.serve(until);
        }
        come
    }
}

impl<H: Handle<Barrier<F>>, F: Flavour> Future for Wait<H, F> {
    type Output = Result<usize, BrokenBarrier>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // SAFETY: `waiter` is pinned structurally.
        let mut waiter = unsafe { self.map_unchecked_mut(|this| &mut this.waiter) };
        in_turn::<F, _>(cx, |cx| {
            if !waiter.is_queued() {
                return Self::poll_come(waiter.as_mut(), cx);
            }
            let served = waiter
                .as_mut()
                .poll_served(cx, |_, _| Err::<Place, _>(None));
            let barrier = waiter.on().barrier.get();
            served.map(|(Ok(place) | Err(place))| match place {
                Place::LetGo { index, breaks }
                    if breaks == barrier.breaks.load(Ordering::Acquire) =>
                {
                    Ok(index)
                }
                _ => Err(BrokenBarrier::new()),
            })
        })
    }
}

impl<H: Handle<Barrier<F>>, F: Flavour> fmt::Debug for Wait<H, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wait")
            .field("waits", &self.waiter.is_queued())
            .finish_non_exhaustive()
    }
}

/// The barrier was reset or aborted before this one came through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BrokenBarrier;

impl BrokenBarrier {
    pub(super) fn new() -> Self {
        Self
    }
}

impl fmt::Display for BrokenBarrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the barrier was reset or aborted: if aborted, it works again after `reset`")
    }
}

impl core::error::Error for BrokenBarrier {}
