//! A future that a task polls, and that somebody else polls in its place when the task is gone.

use std::future::{Future, poll_fn};
use std::mem;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use pin_project_lite::pin_project;

use crate::cancel::Branch;
use crate::runtime::{Cleanup, Cleared, TaskError};
use crate::sync::Turn;

/// It is to be cancelled.
const CANCEL: usize = 1;
/// The executor has dropped its task.
const GONE: usize = 2;
/// It has ended, and its owner knows.
const ENDED: usize = 4;

pin_project! {
    /// The future, pinned where it is: the task has only a share of it. So an executor that goes takes
    /// nothing with it.
    pub(crate) struct Node<F, O, W> {
        // `None` once it has ended.
        #[pin]
        turn: Turn<Option<Branch<F, O>>>,
        // Who is woken to poll it: the task, and then who takes over.
        driver: Mutex<Option<Waker>>,
        pub(crate) owner: W,
    }
}

/// Who the future belongs to.
pub(crate) trait Owner<O>: Send + Sync + 'static {
    /// The future has ended, and so has its cleanup; it may have been cancelled meanwhile.
    fn ended(&self, result: Result<O, TaskError>, cancelled: bool);
}

/// A node, whatever runs in it.
pub(crate) trait Run: Send + Sync {
    /// Polls the future. Ready when it has ended, also if it did so earlier.
    fn poll_run(self: Pin<&Self>, cx: &mut Context<'_>) -> Poll<()>;

    /// Has it dropped where it lies, and its cleanup awaited, by whoever polls it.
    fn cancel(&self);

    /// Whether it was cancelled.
    fn is_cancelled(&self) -> bool;

    /// Whether the task is gone, so that it is for somebody else to poll it.
    fn is_gone(&self) -> bool;

    /// Whether it has ended, or is about to say so.
    fn has_ended(&self) -> bool;
}

/// A node that a task polls.
pub(crate) trait Hosted: Run {
    /// The executor has dropped the task before the future's end.
    fn discarded(self: Pin<Arc<Self>>);
}

impl<F: Future<Output = O>, O, W> Node<F, O, W> {
    #[track_caller]
    pub(crate) fn new(name: &'static str, future: F, owner: W) -> Pin<Arc<Self>> {
        Arc::pin(Self {
            turn: Turn::new(Some(Branch::new(name, future))),
            driver: Mutex::new(None),
            owner,
        })
    }
}

impl<F, O, W> Node<F, O, W> {
    /// Notes that there is no task any more.
    pub(crate) fn mark_gone(&self) {
        self.turn.mark(GONE);
    }
}

impl<F, O, W> Run for Node<F, O, W>
where
    F: Future<Output = O> + Send,
    O: Send,
    W: Owner<O>,
{
    fn poll_run(self: Pin<&Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.project_ref();
        loop {
            let Some(mut mine) = this.turn.take() else {
                // The task is in its last poll, and the one who takes over is told afterwards.
                return Poll::Pending;
            };
            let cancel = mine.marks() & CANCEL;
            let Some(branch) = mine.get().as_pin_mut() else {
                return Poll::Ready(());
            };
            if let Poll::Ready(result) = branch.poll_branch(cx, cancel != 0) {
                mine.get().set(None);
                drop(mine);
                this.turn.mark(ENDED);
                let _waker = mem::take(&mut *lock(this.driver));
                this.owner.ended(result, cancel != 0);
                return Poll::Ready(());
            }
            keep_waker(this.driver, cx.waker(), |driver| Some(driver));
            if mine.end() & CANCEL == cancel {
                return Poll::Pending;
            }
        }
    }

    fn cancel(&self) {
        let marked = self.turn.mark(CANCEL);
        // Whoever polls it at this moment finds the mark at its end.
        if marked.before() & CANCEL == 0 && !marked.was_taken() {
            let driver = lock(&self.driver).take();
            driver.into_iter().for_each(Waker::wake);
        }
    }

    fn is_cancelled(&self) -> bool {
        self.turn.marks() & CANCEL != 0
    }

    fn is_gone(&self) -> bool {
        self.turn.marks() & GONE != 0
    }

    fn has_ended(&self) -> bool {
        self.turn.marks() & ENDED != 0
    }
}

/// Polls a node outside of its task, and so inside of its runtime's context; it is nobody's body there
/// either.
pub(crate) fn poll_here<N: Run + ?Sized>(
    rt: &impl Cleanup,
    node: Pin<&N>,
    cx: &mut Context<'_>,
) -> Poll<()> {
    rt.in_context(|| pin!(Cleared::new(poll_fn(|cx| node.poll_run(cx)))).poll(cx))
}

/// What the executor gets.
pub(crate) struct Driver<N: Hosted + ?Sized> {
    // `None` once the future has ended.
    node: Option<Pin<Arc<N>>>,
}

impl<N: Hosted + ?Sized> Driver<N> {
    pub(crate) fn new(node: Pin<Arc<N>>) -> Self {
        Self { node: Some(node) }
    }
}

impl<N: Hosted + ?Sized> Future for Driver<N> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let ended = match &self.node {
            Some(node) => node.as_ref().poll_run(cx),
            None => Poll::Ready(()),
        };
        if ended.is_ready() {
            self.node = None;
        }
        ended
    }
}

impl<N: Hosted + ?Sized> Drop for Driver<N> {
    fn drop(&mut self) {
        if let Some(node) = self.node.take() {
            node.discarded();
        }
    }
}

/// Keeps `waker` in the slot that there is in `state`, if there is one; whether there was. A waker is
/// cloned and dropped outside of the lock.
pub(crate) fn keep_waker<S>(
    state: &Mutex<S>,
    waker: &Waker,
    mut slot: impl FnMut(&mut S) -> Option<&mut Option<Waker>>,
) -> bool {
    let mut fresh = None;
    loop {
        let mut state = lock(state);
        let Some(slot) = slot(&mut state) else {
            return false;
        };
        if slot.as_ref().is_some_and(|kept| kept.will_wake(waker)) {
            return true;
        }
        if let Some(fresh) = fresh.take() {
            let stale = slot.replace(fresh);
            drop(state);
            drop(stale);
            return true;
        }
        drop(state);
        fresh = Some(waker.clone());
    }
}

/// Locks what no user code runs under.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
