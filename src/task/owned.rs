//! What its node knows of a task that has a handle.

use std::future::{Future, poll_fn};
use std::mem;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use super::node::{Hosted, Node, Owner, Run, keep_waker, lock, poll_here};
use super::registry;
use crate::cleanup::{About, CleanupOrigin, Report, report};
use crate::runtime::{Cleanup, Cleared, TaskError};

pub(super) struct TaskOwner<R, T> {
    rt: R,
    about: About,
    origin: CleanupOrigin,
    slot: Mutex<Slot<T>>,
}

/// Between the task and its handle.
enum Slot<T> {
    /// There is a handle.
    Awaited(Option<Waker>),
    /// Nobody waits, and it is in the registry by this number.
    Detached(u64),
    /// Nobody is to hear of the result; somebody may wait for the end.
    Unheard(Option<Waker>),
    Ended(Result<T, TaskError>),
    /// And whoever was to hear of it has done so.
    Told,
}

type TaskNode<R, F, T> = Node<F, T, TaskOwner<R, T>>;

/// What its handle asks of a node.
pub(super) trait Joined<T>: Run {
    /// Waits for the end, and polls the task where its executor does not. Gives the result, unless
    /// nobody is to hear of it.
    fn poll_join(self: Pin<&Self>, cx: &mut Context<'_>) -> Poll<Option<Result<T, TaskError>>>;

    /// The handle is dropped: the task is cancelled, and its end is the dropper's to wait for.
    fn leave(self: Pin<Arc<Self>>);

    /// The handle is given up.
    fn detach(self: Pin<Arc<Self>>);

    fn about(&self) -> About;
}

impl<R, T> TaskOwner<R, T> {
    pub(super) fn new(rt: R, about: About) -> Self {
        Self {
            rt,
            about,
            origin: CleanupOrigin::here(),
            slot: Mutex::new(Slot::Awaited(None)),
        }
    }

    /// The result, if it is there; else `waker` will hear of it.
    fn look(&self, waker: &Waker) -> Poll<Option<Result<T, TaskError>>> {
        let mut result = None;
        let waits = keep_waker(&self.slot, waker, |slot| match slot {
            Slot::Awaited(waiting) | Slot::Unheard(waiting) => Some(waiting),
            Slot::Ended(_) => {
                if let Slot::Ended(ended) = mem::replace(slot, Slot::Told) {
                    result = Some(ended);
                }
                None
            }
            Slot::Detached(_) | Slot::Told => None,
        });
        if waits {
            Poll::Pending
        } else {
            Poll::Ready(result)
        }
    }

    fn unheard(&self, result: Result<T, TaskError>) {
        if let Err(error) = result {
            if error.is_panic() {
                report(&Report::PanicUnseen(self.about, &error));
            }
        }
    }
}

impl<R, T> Owner<T> for TaskOwner<R, T>
where
    R: Send + Sync + 'static,
    T: Send + 'static,
{
    fn ended(&self, result: Result<T, TaskError>, _cancelled: bool) {
        let mut slot = lock(&self.slot);
        match mem::replace(&mut *slot, Slot::Told) {
            Slot::Awaited(waiting) => {
                *slot = Slot::Ended(result);
                drop(slot);
                waiting.into_iter().for_each(Waker::wake);
            }
            Slot::Unheard(waiting) => {
                drop(slot);
                self.unheard(result);
                waiting.into_iter().for_each(Waker::wake);
            }
            Slot::Detached(number) => {
                drop(slot);
                self.unheard(result);
                registry::remove(number);
            }
            Slot::Ended(_) | Slot::Told => unreachable!("a task ends once"),
        }
    }
}

impl<R, F, T> Joined<T> for TaskNode<R, F, T>
where
    R: Cleanup,
    F: Future<Output = T> + Send + 'static,
    T: Send + 'static,
{
    fn poll_join(self: Pin<&Self>, cx: &mut Context<'_>) -> Poll<Option<Result<T, TaskError>>> {
        // Registered before the look at who polls it, so that a task that goes after it wakes.
        let looked = self.owner.look(cx.waker());
        if looked.is_ready() || !self.is_gone() {
            return looked;
        }
        let _ended = poll_here(&self.owner.rt, self, cx);
        self.owner.look(cx.waker())
    }

    fn leave(self: Pin<Arc<Self>>) {
        let mut slot = lock(&self.owner.slot);
        match mem::replace(&mut *slot, Slot::Told) {
            Slot::Awaited(waiting) => {
                *slot = Slot::Unheard(None);
                drop(slot);
                drop(waiting);
                self.cancel();
                self.hand_over();
            }
            Slot::Ended(result) => {
                drop(slot);
                self.owner.unheard(result);
            }
            other => *slot = other,
        }
    }

    fn detach(self: Pin<Arc<Self>>) {
        // First, so that its end finds it there.
        let number = registry::insert(self.owner.about, self.clone());
        let mut slot = lock(&self.owner.slot);
        match mem::replace(&mut *slot, Slot::Told) {
            Slot::Awaited(waiting) => {
                *slot = Slot::Detached(number);
                drop(slot);
                drop(waiting);
                if self.is_gone() {
                    self.orphaned();
                }
                return;
            }
            Slot::Ended(result) => {
                drop(slot);
                self.owner.unheard(result);
            }
            other => *slot = other,
        }
        registry::remove(number);
    }

    fn about(&self) -> About {
        self.owner.about
    }
}

impl<R, F, T> TaskNode<R, F, T>
where
    R: Cleanup,
    F: Future<Output = T> + Send + 'static,
    T: Send + 'static,
{
    /// Leaves the end to whoever drops something at this moment, or else to the runtime.
    fn hand_over(self: &Pin<Arc<Self>>) {
        let (owner, node) = (&self.owner, self.clone());
        owner.origin.hand_over(&owner.rt, owner.about, async move {
            poll_fn(|cx| node.as_ref().poll_join(cx)).await;
        });
    }

    /// Nobody polls it any more, if it is detached: it is cancelled, and what it leaves is handed over.
    fn orphaned(self: &Pin<Arc<Self>>) {
        let mut slot = lock(&self.owner.slot);
        let Slot::Detached(number) = *slot else {
            return;
        };
        *slot = Slot::Unheard(None);
        drop(slot);
        registry::remove(number);
        self.cancel();
        // Most have nothing to wait for.
        let mut cx = Context::from_waker(Waker::noop());
        let ended = pin!(Cleared::new(poll_fn(|cx| self.as_ref().poll_run(cx)))).poll(&mut cx);
        if ended.is_pending() {
            self.hand_over();
        }
    }
}

impl<R, F, T> Hosted for TaskNode<R, F, T>
where
    R: Cleanup,
    F: Future<Output = T> + Send + 'static,
    T: Send + 'static,
{
    fn discarded(self: Pin<Arc<Self>>) {
        self.mark_gone();
        let waiting = match &mut *lock(&self.owner.slot) {
            Slot::Awaited(waiting) | Slot::Unheard(waiting) => waiting.take(),
            _ => None,
        };
        waiting.into_iter().for_each(Waker::wake);
        self.orphaned();
    }
}
