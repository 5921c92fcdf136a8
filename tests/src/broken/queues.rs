//! Queues that are broken, beside the plain sound one that they are made from.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::future::poll_fn;
use std::marker::PhantomData;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use crate::QueueUnderTest;

/// What a queue keeps, or does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Promise {
    All,
    Order,
    Room,
    EachWake,
    Turns,
    NoOvertaking,
    ItemsOfTheDropped,
    NothingOfTheDropped,
    NoGhosts,
    WakesAtClose,
}

use Promise::*;

/// Which promise a [`Plain`] queue breaks.
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
    /// Gives out what came in last.
    LastFirst, LosesOrder: Order;
    /// Takes in whatever comes.
    Overfills, LosesRoom: Room;
    /// Wakes a popper only if it has nothing for one yet: the second of two items in a row wakes
    /// nobody.
    LosesWakes, LosesEachWake: EachWake;
    /// Serves who came last.
    ServesTheLast, LosesTurns: Turns;
    /// Lets newcomers have what a waiter was woken for.
    Barges, LosesHandOver: NoOvertaking;
    /// Drops the item of a waiter that is dropped.
    LosesItems, LosesReturn: ItemsOfTheDropped;
    /// Puts the item of a dropped waiter in all the same.
    PutsInAnyway, LosesRetreat: NothingOfTheDropped;
    /// Keeps a dropped popper in line.
    KeepsGhosts, LosesUnlinking: NoGhosts;
    /// Leaves those that wait asleep when it is closed.
    ClosesQuietly, LosesGoodbye: WakesAtClose;
}

/// A queue with hand-over, as one writes it for a day: a lock around everything, and a list of
/// who waits.
pub struct Plain<B> {
    state: Mutex<State>,
    _breach: PhantomData<fn() -> B>,
}

#[derive(Default)]
struct State {
    items: VecDeque<u32>,
    capacity: usize,
    closed: bool,
    /// The number of the next one to wait.
    next: u64,
    poppers: VecDeque<(u64, Waker)>,
    pushers: VecDeque<(u64, Waker, u32)>,
    /// What those that wait no longer were given.
    served: BTreeMap<u64, Served>,
}

#[derive(Clone, Copy)]
enum Served {
    /// A popper got this.
    Item(u32),
    /// The pusher's item is in.
    In,
    /// The queue is closed; the pusher's item.
    Closed(u32),
}

/// Whom to wake, outside of the lock.
type Wakes = Vec<Waker>;

impl State {
    fn push<B: Breach>(&mut self, item: u32, wakes: &mut Wakes) -> Result<(), u32> {
        let has_room = self.items.len() < self.capacity && self.pushers.is_empty();
        if self.closed || !has_room && B::PROMISE != Room {
            return Err(item);
        }
        self.insert::<B>(item, wakes);
        Ok(())
    }

    /// Hands an item over, or stores it.
    fn insert<B: Breach>(&mut self, item: u32, wakes: &mut Wakes) {
        let popper = if B::PROMISE == Turns {
            self.poppers.pop_back()
        } else {
            self.poppers.pop_front()
        };
        let Some((popper, waker)) = popper else {
            self.items.push_back(item);
            return;
        };
        let others_woken = self.served.values().any(|s| matches!(s, Served::Item(_)));
        if B::PROMISE == NoOvertaking {
            // Woken to look for itself.
            self.items.push_back(item);
        } else {
            self.served.insert(popper, Served::Item(item));
        }
        if B::PROMISE != EachWake || !others_woken {
            wakes.push(waker);
        }
    }

    fn pop<B: Breach>(&mut self, wakes: &mut Wakes) -> Option<u32> {
        let item = if B::PROMISE == Order {
            self.items.pop_back()
        } else {
            self.items.pop_front()
        }?;
        if let Some((pusher, waker, item)) = self.pushers.pop_front() {
            self.insert::<B>(item, wakes);
            self.served.insert(pusher, Served::In);
            wakes.push(waker);
        }
        Some(item)
    }

    fn close<B: Breach>(&mut self, wakes: &mut Wakes) {
        self.closed = true;
        if B::PROMISE == WakesAtClose {
            return;
        }
        wakes.extend(self.poppers.drain(..).map(|(_, waker)| waker));
        for (pusher, waker, item) in self.pushers.drain(..) {
            self.served.insert(pusher, Served::Closed(item));
            wakes.push(waker);
        }
    }

    /// One that waits is polled by another task.
    fn replace(&mut self, id: u64, waker: &Waker) {
        let poppers = self
            .poppers
            .iter_mut()
            .map(|(popper, waker)| (*popper, waker));
        let pushers = self
            .pushers
            .iter_mut()
            .map(|(pusher, waker, _)| (*pusher, waker));
        if let Some((_, place)) = poppers.chain(pushers).find(|(waits, _)| *waits == id) {
            place.clone_from(waker);
        }
    }

    /// One that waited is gone.
    fn leave<B: Breach>(&mut self, id: u64, wakes: &mut Wakes) {
        if let Some(Served::Item(item)) = self.served.remove(&id)
            && B::PROMISE != ItemsOfTheDropped
        {
            match self.poppers.pop_front() {
                Some((popper, waker)) => {
                    self.served.insert(popper, Served::Item(item));
                    wakes.push(waker);
                }
                None => self.items.push_front(item),
            }
        }
        if B::PROMISE != NoGhosts {
            self.poppers.retain(|(popper, _)| *popper != id);
        }
        if B::PROMISE != NothingOfTheDropped {
            self.pushers.retain(|(pusher, ..)| *pusher != id);
        }
    }
}

/// A place in the line.
struct Turn<'q, B: Breach> {
    queue: &'q Plain<B>,
    id: Option<u64>,
}

impl<B: Breach> Turn<'_, B> {
    /// What it was given; it takes its place first, if it has none.
    fn poll<T>(
        &mut self,
        cx: &mut Context<'_>,
        now: impl FnOnce(&mut State, Option<Served>, &mut Wakes) -> Option<T>,
        wait: impl FnOnce(&mut State, u64, Waker),
    ) -> Poll<T> {
        let id = &mut self.id;
        self.queue.with(|state, wakes| {
            let served = id.and_then(|id| state.served.remove(&id));
            if id.is_none() || served.is_some() || B::PROMISE == NoOvertaking || state.closed {
                if let Some(done) = now(state, served, wakes) {
                    *id = None;
                    return Poll::Ready(done);
                }
            }
            if let Some(id) = *id {
                state.replace(id, cx.waker());
            } else {
                let new = state.next;
                state.next += 1;
                *id = Some(new);
                wait(state, new, cx.waker().clone());
            }
            Poll::Pending
        })
    }
}

impl<B: Breach> Drop for Turn<'_, B> {
    fn drop(&mut self) {
        if let Some(id) = self.id {
            self.queue.with(|state, wakes| state.leave::<B>(id, wakes));
        }
    }
}

impl<B: Breach> Plain<B> {
    fn turn(&self) -> Turn<'_, B> {
        Turn {
            queue: self,
            id: None,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A case that fails must not hide how.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes after the lock is open again.
    fn with<T>(&self, change: impl FnOnce(&mut State, &mut Wakes) -> T) -> T {
        let mut wakes = Wakes::new();
        let changed = change(&mut self.lock(), &mut wakes);
        wakes.into_iter().for_each(Waker::wake);
        changed
    }
}

impl<B: Breach> QueueUnderTest for Plain<B> {
    fn bounded(capacity: usize) -> Self {
        Self {
            state: Mutex::new(State {
                capacity,
                ..State::default()
            }),
            _breach: PhantomData,
        }
    }

    fn try_push(&self, item: u32) -> Result<(), u32> {
        self.with(|state, wakes| state.push::<B>(item, wakes))
    }

    async fn push(&self, item: u32) -> Result<(), u32> {
        let mut turn = self.turn();
        poll_fn(|cx| {
            let now = |state: &mut State, served, wakes: &mut Wakes| match served {
                Some(Served::Closed(item)) => Some(Err(item)),
                Some(_) => Some(Ok(())),
                None => match state.push::<B>(item, wakes) {
                    Err(item) if state.closed => Some(Err(item)),
                    pushed => pushed.ok().map(Ok),
                },
            };
            let wait = |state: &mut State, id, waker| state.pushers.push_back((id, waker, item));
            turn.poll(cx, now, wait)
        })
        .await
    }

    fn try_pop(&self) -> Option<u32> {
        self.with(|state, wakes| state.pop::<B>(wakes))
    }

    async fn pop(&self) -> Option<u32> {
        let mut turn = self.turn();
        poll_fn(|cx| {
            let now = |state: &mut State, served, wakes: &mut Wakes| match served {
                Some(Served::Item(item)) => Some(Some(item)),
                _ => match state.pop::<B>(wakes) {
                    None if state.closed => Some(None),
                    popped => popped.map(Some),
                },
            };
            let wait = |state: &mut State, id, waker| state.poppers.push_back((id, waker));
            turn.poll(cx, now, wait)
        })
        .await
    }

    fn close(&self) {
        self.with(|state, wakes| state.close::<B>(wakes));
    }
}

impl<B> fmt::Debug for Plain<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plain").finish_non_exhaustive()
    }
}
