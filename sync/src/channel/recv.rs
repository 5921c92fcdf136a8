use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};

use crate::flavour::{Flavour, Spin};
use crate::handle::Handle;
use crate::queue::{Fifo, Pop, Queue};

/// The future that [`Receiver::recv`](super::Receiver::recv) and its kin return.
#[must_use = "futures do nothing unless polled"]
pub struct Recv<H, T, F = Spin>
where
    H: Handle<Queue<T, Fifo<T>, F>>,
    F: Flavour,
{
    pop: Pop<H, T, Fifo<T>, F>,
}

impl<H, T, F> Recv<H, T, F>
where
    H: Handle<Queue<T, Fifo<T>, F>>,
    F: Flavour,
{
    pub(super) fn new(receiver: H) -> Self {
        Self {
            pop: Pop::new(receiver),
        }
    }

    /// Whether it has its place among those that wait, or was handed a value.
    pub(super) fn is_queued(&self) -> bool {
        self.pop.is_queued()
    }
}

impl<H, T, F> Future for Recv<H, T, F>
where
    H: Handle<Queue<T, Fifo<T>, F>>,
    F: Flavour,
{
    type Output = Option<T>;

    /// Polled again after a value, it waits for the next one.
    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        // SAFETY: `pop` is pinned structurally.
        unsafe { self.map_unchecked_mut(|this| &mut this.pop) }.poll(cx)
    }
}

impl<H, T, F> fmt::Debug for Recv<H, T, F>
where
    H: Handle<Queue<T, Fifo<T>, F>>,
    F: Flavour,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recv")
            .field("waits", &self.is_queued())
            .finish_non_exhaustive()
    }
}
