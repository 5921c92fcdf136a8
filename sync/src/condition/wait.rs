use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, ready};

use super::{Condition, Waiters};
use crate::flavour::{Flavour, Spin};
use crate::handle::Handle;
use crate::mutex::{Guard, Lock, Mutex};
use crate::short_lock::Locked;
use crate::wait_queue::{Left, List, WaitOn, Waiter, Wakers};

/// What a waiter has been told.
#[derive(Clone, Copy, Debug)]
pub(super) enum Note {
    /// Nothing; it is the so-many-th that waits.
    Waiting(u64),
    /// It alone: if it does not come, somebody else must.
    One,
    /// It and all others.
    All,
}

impl Note {
    pub(super) fn is_before(self, last: u64) -> bool {
        matches!(self, Self::Waiting(turn) if turn <= last)
    }
}

/// The future that [`Condition::wait`] returns.
#[must_use = "futures do nothing unless polled"]
pub struct Wait<'c, H, T, K = Spin, F = Spin>
where
    H: Handle<Mutex<T, K>>,
    K: Flavour,
    F: Flavour,
{
    /// Until it has its place.
    guard: Option<Guard<H, T, K>>,
    waiter: Waiter<On<'c, F>>,
    /// From its notification on.
    notified: Option<Notified<'c, F>>,
    lock: Option<Lock<H, T, K>>,
}

struct On<'c, F: Flavour>(&'c Condition<F>);

// SAFETY: the reference keeps the condition where it is, and that has one list.
unsafe impl<F: Flavour> WaitOn for On<'_, F> {
    type State = Waiters;
    type Flavour = F;
    type Parcel = Note;

    fn locked(&self) -> &Locked<Waiters, F> {
        &self.0.waiters
    }

    fn list(state: &mut Waiters) -> &mut List<Note> {
        &mut state.list
    }

    fn pass_on(&self, state: &mut Waiters, left: Left<Note>, wakers: &mut Wakers) -> Option<Note> {
        if let Left::Served(Note::One) = left {
            if let Some(((), waker)) = state.list.serve(|note| *note = Note::One) {
                wakers.push(waker);
            }
        }
        None
    }
}

/// A notification on its way: passed on if its waiter goes before it has the mutex again.
struct Notified<'c, F: Flavour> {
    condition: &'c Condition<F>,
    note: Note,
}

impl<F: Flavour> Drop for Notified<'_, F> {
    fn drop(&mut self) {
        if let Note::One = self.note {
            self.condition.notify_one();
        }
    }
}

impl<'c, H, T, K, F> Wait<'c, H, T, K, F>
where
    H: Handle<Mutex<T, K>>,
    K: Flavour,
    F: Flavour,
{
    pub(super) fn new(condition: &'c Condition<F>, guard: Guard<H, T, K>) -> Self {
        Self {
            guard: Some(guard),
            waiter: Waiter::new(On(condition)),
            notified: None,
            lock: None,
        }
    }

    fn poll_notified(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        // SAFETY: `waiter` and `lock` are pinned structurally, the others are not.
        let this = unsafe { self.get_unchecked_mut() };
        // SAFETY: as above.
        let waiter = unsafe { Pin::new_unchecked(&mut this.waiter) };
        if let Some(guard) = this.guard.take() {
            let mutex = guard.handle().clone();
            this.lock = Some(Lock::new(mutex));
            let placed: Poll<()> = waiter.poll_enter(cx, |waiters| {
                waiters.turns += 1;
                Err(Note::Waiting(waiters.turns))
            });
            // Only now, so that no notification can slip in between.
            drop(guard);
            return placed;
        }
        let condition = waiter.on().0;
        let served = ready!(waiter.poll_served(cx, |_, _| Err::<(), _>(None)));
        if let Err(note) = served {
            this.notified = Some(Notified { condition, note });
        }
        Poll::Ready(())
    }

    fn poll_lock(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Guard<H, T, K>> {
        // SAFETY: as above.
        let this = unsafe { self.get_unchecked_mut() };
        let Some(lock) = &mut this.lock else {
            panic!("a future was polled after completion");
        };
        // SAFETY: as above.
        let guard = ready!(unsafe { Pin::new_unchecked(lock) }.poll(cx));
        // Polled again, it must not lock again.
        this.lock = None;
        // It came: nobody else need know.
        if let Some(notified) = &mut this.notified {
            notified.note = Note::All;
        }
        Poll::Ready(guard)
    }

    /// Stops waiting for a notification, and takes one that has come: whether there was one.
    fn give_up(self: Pin<&mut Self>) {
        // SAFETY: as above; the waiter is dropped in place, and a new one put there.
        let waiter = unsafe { self.map_unchecked_mut(|this| &mut this.waiter) };
        let on = On(waiter.on().0);
        let mut waiter = waiter;
        waiter.set(Waiter::new(on));
    }
}

impl<H, T, K, F> Future for Wait<'_, H, T, K, F>
where
    H: Handle<Mutex<T, K>>,
    K: Flavour,
    F: Flavour,
{
    type Output = Guard<H, T, K>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Guard<H, T, K>> {
        if self.notified.is_none() {
            ready!(self.as_mut().poll_notified(cx));
        }
        self.poll_lock(cx)
    }
}

impl<H, T, K, F> fmt::Debug for Wait<'_, H, T, K, F>
where
    H: Handle<Mutex<T, K>>,
    K: Flavour,
    F: Flavour,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wait")
            .field("waits", &self.waiter.is_queued())
            .field("notified", &self.notified.is_some())
            .finish_non_exhaustive()
    }
}

/// Whether the time of a [`Condition::wait_timeout`] ran out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TimedOut(pub bool);

/// The future that [`Condition::wait_timeout`] returns.
#[must_use = "futures do nothing unless polled"]
pub struct WaitTimeout<'c, D, H, T, K = Spin, F = Spin>
where
    H: Handle<Mutex<T, K>>,
    K: Flavour,
    F: Flavour,
{
    wait: Wait<'c, H, T, K, F>,
    sleep: D,
    timed_out: bool,
}

impl<'c, D, H, T, K, F> WaitTimeout<'c, D, H, T, K, F>
where
    H: Handle<Mutex<T, K>>,
    K: Flavour,
    F: Flavour,
{
    pub(super) fn new(wait: Wait<'c, H, T, K, F>, sleep: D) -> Self {
        Self {
            wait,
            sleep,
            timed_out: false,
        }
    }
}

impl<D, H, T, K, F> Future for WaitTimeout<'_, D, H, T, K, F>
where
    D: Future<Output = ()>,
    H: Handle<Mutex<T, K>>,
    K: Flavour,
    F: Flavour,
{
    type Output = (Guard<H, T, K>, TimedOut);

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // SAFETY: `wait` and `sleep` are pinned structurally.
        let this = unsafe { self.get_unchecked_mut() };
        // SAFETY: as above.
        let mut wait = unsafe { Pin::new_unchecked(&mut this.wait) };
        if !this.timed_out
            && wait.notified.is_none()
            && wait.as_mut().poll_notified(cx).is_pending()
        {
            // SAFETY: as above.
            ready!(unsafe { Pin::new_unchecked(&mut this.sleep) }.poll(cx));
            this.timed_out = true;
            // A notification that comes from here on goes to somebody else.
            wait.as_mut().give_up();
        }
        let guard = ready!(wait.poll_lock(cx));
        Poll::Ready((guard, TimedOut(this.timed_out)))
    }
}

impl<D, H, T, K, F> fmt::Debug for WaitTimeout<'_, D, H, T, K, F>
where
    H: Handle<Mutex<T, K>>,
    K: Flavour,
    F: Flavour,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WaitTimeout")
            .field("wait", &self.wait)
            .field("timed_out", &self.timed_out)
            .finish_non_exhaustive()
    }
}
