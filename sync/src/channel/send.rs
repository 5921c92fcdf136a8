use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};

use super::error::SendError;
use crate::flavour::{Flavour, Spin};
use crate::handle::Handle;
use crate::queue::{Fifo, Push, Queue};

/// The future that [`Sender::send`](super::Sender::send) and its kin return. (`Send` is a word of the
/// language.)
#[must_use = "futures do nothing unless polled"]
pub struct Sending<H, T, F = Spin>
where
    H: Handle<Queue<T, Fifo<T>, F>>,
    F: Flavour,
{
    push: Push<H, T, Fifo<T>, F>,
}

impl<H, T, F> Sending<H, T, F>
where
    H: Handle<Queue<T, Fifo<T>, F>>,
    F: Flavour,
{
    pub(super) fn new(sender: H, value: T) -> Self {
        Self {
            push: Push::new(sender, value),
        }
    }
}

impl<H, T, F> Future for Sending<H, T, F>
where
    H: Handle<Queue<T, Fifo<T>, F>>,
    F: Flavour,
{
    type Output = Result<(), SendError<T>>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // SAFETY: `push` is pinned structurally.
        let push = unsafe { self.map_unchecked_mut(|this| &mut this.push) };
        push.poll(cx).map_err(SendError::from)
    }
}

impl<H, T, F> fmt::Debug for Sending<H, T, F>
where
    H: Handle<Queue<T, Fifo<T>, F>>,
    F: Flavour,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sending")
            .field("waits", &self.push.is_queued())
            .finish_non_exhaustive()
    }
}
