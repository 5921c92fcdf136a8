use core::fmt;
use core::future::Future;
use core::ops::{Deref, DerefMut};
use core::pin::Pin;
use core::task::{Context, Poll, ready};

use super::Queue;
use super::held::Held;
use super::pop::Pop;
use super::storage::{Fifo, Storage};
use crate::flavour::{Flavour, Spin};
use crate::handle::Handle;

/// An item that reports itself as done when it is dropped: once, also when its work panics.
#[must_use = "a job that is dropped counts as done"]
pub struct Job<H, T, S = Fifo<T>, F = Spin>
where
    H: Handle<Queue<T, S, F>>,
    S: Storage<T>,
    F: Flavour,
{
    item: T,
    _done: Done<H, T, S, F>,
}

impl<H, T, S, F> Job<H, T, S, F>
where
    H: Handle<Queue<T, S, F>>,
    S: Storage<T>,
    F: Flavour,
{
    pub(super) fn new(item: T, queue: Held<H, T, S, F>) -> Self {
        Self {
            item,
            _done: Done(queue),
        }
    }

    /// The item, which counts as done from here on.
    pub fn into_item(self) -> T {
        self.item
    }
}

/// Reports an item as done when it is dropped.
struct Done<H, T, S, F>(Held<H, T, S, F>)
where
    H: Handle<Queue<T, S, F>>,
    S: Storage<T>,
    F: Flavour;

impl<H, T, S, F> Drop for Done<H, T, S, F>
where
    H: Handle<Queue<T, S, F>>,
    S: Storage<T>,
    F: Flavour,
{
    fn drop(&mut self) {
        // If it was reported by hand before, there is nothing left to report.
        let _ = self.0.task_done();
    }
}

impl<H, T, S, F> Deref for Job<H, T, S, F>
where
    H: Handle<Queue<T, S, F>>,
    S: Storage<T>,
    F: Flavour,
{
    type Target = T;

    fn deref(&self) -> &T {
        &self.item
    }
}

impl<H, T, S, F> DerefMut for Job<H, T, S, F>
where
    H: Handle<Queue<T, S, F>>,
    S: Storage<T>,
    F: Flavour,
{
    fn deref_mut(&mut self) -> &mut T {
        &mut self.item
    }
}

impl<H, T, S, F> fmt::Debug for Job<H, T, S, F>
where
    H: Handle<Queue<T, S, F>>,
    T: fmt::Debug,
    S: Storage<T>,
    F: Flavour,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Job").field(&self.item).finish()
    }
}

/// The future that [`Queue::pop_job`] returns.
#[must_use = "futures do nothing unless polled"]
pub struct PopJob<H, T, S = Fifo<T>, F = Spin>
where
    H: Handle<Queue<T, S, F>>,
    S: Storage<T>,
    F: Flavour,
{
    pop: Pop<H, T, S, F>,
}

impl<H, T, S, F> PopJob<H, T, S, F>
where
    H: Handle<Queue<T, S, F>>,
    S: Storage<T>,
    F: Flavour,
{
    pub(super) fn new(queue: H) -> Self {
        Self {
            pop: Pop::new(queue),
        }
    }
}

impl<H, T, S, F> Future for PopJob<H, T, S, F>
where
    H: Handle<Queue<T, S, F>>,
    S: Storage<T>,
    F: Flavour,
{
    type Output = Option<Job<H, T, S, F>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // SAFETY: `pop` is pinned structurally.
        let pop = unsafe { self.as_mut().map_unchecked_mut(|this| &mut this.pop) };
        let item = ready!(pop.poll(cx));
        Poll::Ready(item.map(|item| Job::new(item, self.pop.queue().clone())))
    }
}

impl<H, T, S, F> fmt::Debug for PopJob<H, T, S, F>
where
    H: Handle<Queue<T, S, F>>,
    S: Storage<T>,
    F: Flavour,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.pop.fmt(f)
    }
}
