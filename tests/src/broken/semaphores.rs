//! Semaphores that are broken, beside the plain sound one that they are made from.

use std::collections::{BTreeSet, VecDeque};
use std::fmt;
use std::future::poll_fn;
use std::marker::PhantomData;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

use crate::SemaphoreUnderTest;

/// What a semaphore keeps, or does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Promise {
    All,
    Count,
    EachWake,
    Turns,
    NoOvertaking,
    PermitsOfTheDropped,
    NoGhosts,
}

use Promise::*;

/// Which promise a [`Plain`] semaphore breaks.
#[expect(
    private_bounds,
    reason = "sealed: the ways to break it are those below"
)]
pub trait Breach: Breaks {}

trait Breaks: Send + Sync + 'static {
    const PROMISE: Promise;
}

breaches! {
    /// Breaks nothing.
    Sound, Nothing: All;
    /// Has one permit more than it says.
    Overbooks, LosesCount: Count;
    /// Wakes a waiter only if no other has been woken and not run yet.
    LosesWakes, LosesEachWake: EachWake;
    /// Serves who came last.
    ServesTheLast, LosesTurns: Turns;
    /// Lets newcomers have what a waiter was woken for.
    Barges, LosesHandOver: NoOvertaking;
    /// Loses the permit of a waiter that is dropped.
    LeaksPermits, LosesReturn: PermitsOfTheDropped;
    /// Keeps a dropped waiter in line.
    KeepsGhosts, LosesUnlinking: NoGhosts;
}

/// A semaphore with hand-over, as one writes it for a day: a lock around everything, and a list of
/// who waits.
pub struct Plain<B> {
    state: Mutex<State>,
    _breach: PhantomData<fn() -> B>,
}

#[derive(Default)]
struct State {
    free: usize,
    /// The number of the next one to wait.
    next: u64,
    waiting: VecDeque<(u64, Waker)>,
    /// Those that have their permit, and do not know it yet.
    served: BTreeSet<u64>,
}

impl State {
    fn take(&mut self) -> bool {
        let has_one = self.free > 0 && self.waiting.is_empty();
        self.free -= usize::from(has_one);
        has_one
    }

    /// A permit comes back. Whom to wake, outside of the lock.
    fn give<B: Breach>(&mut self) -> Option<Waker> {
        let waiter = if B::PROMISE == Turns {
            self.waiting.pop_back()
        } else {
            self.waiting.pop_front()
        };
        let Some((id, waker)) = waiter else {
            self.free += 1;
            return None;
        };
        let others_woken = !self.served.is_empty();
        if B::PROMISE == NoOvertaking {
            // Woken to look for itself.
            self.free += 1;
        } else {
            self.served.insert(id);
        }
        (B::PROMISE != EachWake || !others_woken).then_some(waker)
    }

    /// One that waited is gone.
    fn leave<B: Breach>(&mut self, id: u64) -> Option<Waker> {
        if B::PROMISE != NoGhosts {
            self.waiting.retain(|(waiter, _)| *waiter != id);
        }
        if self.served.remove(&id) && B::PROMISE != PermitsOfTheDropped {
            return self.give::<B>();
        }
        None
    }
}

/// A permit of a [`Plain`] semaphore.
#[derive(Debug)]
#[must_use = "it goes back when it is dropped"]
pub struct Permit<'s, B: Breach>(&'s Plain<B>);

impl<B: Breach> Drop for Permit<'_, B> {
    fn drop(&mut self) {
        self.0.with(State::give::<B>);
    }
}

/// A place in the line.
struct Turn<'s, B: Breach> {
    semaphore: &'s Plain<B>,
    id: Option<u64>,
}

impl<B: Breach> Turn<'_, B> {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = self.semaphore.lock();
        let has_one = match self.id {
            Some(id) => {
                let served = state.served.remove(&id);
                served || B::PROMISE == NoOvertaking && state.take()
            }
            None => state.take(),
        };
        if has_one {
            self.id = None;
            return Poll::Ready(());
        }
        if let Some(id) = self.id {
            let mut waiting = state.waiting.iter_mut();
            if let Some((_, waker)) = waiting.find(|(waits, _)| *waits == id) {
                waker.clone_from(cx.waker());
            }
        } else {
            let id = state.next;
            state.next += 1;
            state.waiting.push_back((id, cx.waker().clone()));
            self.id = Some(id);
        }
        Poll::Pending
    }
}

impl<B: Breach> Drop for Turn<'_, B> {
    fn drop(&mut self) {
        if let Some(id) = self.id {
            self.semaphore.with(|state| state.leave::<B>(id));
        }
    }
}

impl<B: Breach> Plain<B> {
    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        // A case that fails must not hide how.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes after the lock is open again.
    fn with(&self, change: impl FnOnce(&mut State) -> Option<Waker>) {
        let waker = change(&mut self.lock());
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl<B: Breach> SemaphoreUnderTest for Plain<B> {
    type Permit<'a> = Permit<'a, B>;

    fn new(permits: usize) -> Self {
        Self {
            state: Mutex::new(State {
                free: permits + usize::from(B::PROMISE == Count),
                ..State::default()
            }),
            _breach: PhantomData,
        }
    }

    fn try_acquire(&self) -> Option<Permit<'_, B>> {
        let has_one = self.lock().take();
        has_one.then(|| Permit(self))
    }

    async fn acquire(&self) -> Permit<'_, B> {
        let mut turn = Turn {
            semaphore: self,
            id: None,
        };
        poll_fn(|cx| turn.poll(cx)).await;
        Permit(self)
    }
}

impl<B> fmt::Debug for Plain<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plain").finish_non_exhaustive()
    }
}
