use alloc::sync::Arc;
use core::fmt::{self, Debug};
use core::future::Future;
use core::marker::PhantomData;
use core::pin::Pin;
use core::ptr::NonNull;
use core::task::{Context, Poll};

use super::super::Ended;
use super::ForLt;
use super::slot::{Answer, Slot, keeping};
use crate::scope::reason::ExitReason;

/// The token by which a closure scope lends a reference to something of its frame, once.
///
/// It is taken by value, so lending twice does not compile; and the closure must return the [`Ended`]
/// that lending gives, so neither does not lending. It belongs to its closure: it cannot be given to
/// a task or kept elsewhere.
#[must_use = "a closure scope must lend its resource: `let ended = lend.lend(&mut resource).await`"]
pub struct LendMut<'l, L> {
    slot: Arc<Slot>,
    _frame: PhantomData<fn(&'l ()) -> &'l ()>,
    /// Invariant: it must stay the `L` of its slot (7).
    _lends: PhantomData<fn(L) -> L>,
}

impl<'l, L: ForLt> LendMut<'l, L> {
    pub(super) fn new(slot: Arc<Slot>) -> Self {
        Self {
            slot,
            _frame: PhantomData,
            _lends: PhantomData,
        }
    }

    /// Lends `resource` to the body, which runs inside of this future, and gives the reason that the
    /// body ended.
    ///
    /// What stands after it in the closure runs whatever happened, if it is not skipped by a `?` of
    /// the closure's own.
    ///
    /// # Cancel safety
    ///
    /// When the body is cancelled, this is not dropped, but resumed with
    /// [`ExitKind::Cancelled`](crate::scope::ExitKind). Dropped by the closure, it cancels the body;
    /// leaked, it leaks it.
    pub fn lend<'x, 'c>(self, resource: &'x mut L::Of<'c>) -> LendingMut<'l, 'x, L::Of<'c>> {
        LendingMut {
            slot: self.slot,
            resource: NonNull::from(resource),
            is_told: false,
            _frame: PhantomData,
            _borrow: PhantomData,
        }
    }

    /// [`lend`](Self::lend), with a `look` at the whole reason, the error of a failed body included.
    /// `look` is called in the exit; what it returns comes with the reason.
    ///
    /// # Cancel safety
    ///
    /// As [`lend`](Self::lend).
    ///
    /// # Panics
    ///
    /// With what `look` panics with.
    pub async fn lend_with_look<'c, K, V>(self, resource: &mut L::Of<'c>, look: K) -> (Ended, V)
    where
        K: FnOnce(ExitReason<'_>) -> V + Send + 'static,
        V: Send + 'static,
    {
        let (look, seen) = keeping(look);
        self.slot.set_look(look);
        let ended = self.lend(resource).await;
        match seen() {
            Some(Ok(value)) => (ended, value),
            Some(Err(payload)) => payload.resume(),
            None => unreachable!("the exit looks before it tells of the end"),
        }
    }
}

impl<L> Debug for LendMut<'_, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LendMut").finish_non_exhaustive()
    }
}

/// The future that [`LendMut::lend`] returns. The body runs inside of its polls.
#[must_use = "nothing is lent unless this is awaited"]
pub struct LendingMut<'l, 'x, T> {
    slot: Arc<Slot>,
    /// Of the `&'x mut T`: a pointer, since a reference would be renewed by each move, and the body's
    /// would end by that.
    resource: NonNull<T>,
    is_told: bool,
    _frame: PhantomData<fn(&'l ()) -> &'l ()>,
    _borrow: PhantomData<&'x mut T>,
}

// SAFETY: it stands for an `&mut T`, and the rest of it is `Send`.
unsafe impl<T: Send> Send for LendingMut<'_, '_, T> {}

// SAFETY: a shared reference to it gives access to nothing.
unsafe impl<T> Sync for LendingMut<'_, '_, T> {}

impl<T> Unpin for LendingMut<'_, '_, T> {}

impl<T> Future for LendingMut<'_, '_, T> {
    type Output = Ended;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Ended> {
        assert!(!self.is_told, "a lending was polled after completion");
        match self.slot.poll_lending(cx.waker()) {
            Answer::Told(kind) => {
                self.is_told = true;
                Poll::Ready(Ended { kind })
            }
            Answer::Wait(call) => {
                if let Some(call) = call {
                    // SAFETY: the call is there, and of this thread (4, 5); this is a poll of the
                    // lending, whose resource nobody else has (1).
                    unsafe { (call.polled)(call.running, self.resource.cast(), cx) };
                }
                Poll::Pending
            }
        }
    }
}

impl<T> Drop for LendingMut<'_, '_, T> {
    fn drop(&mut self) {
        if self.is_told {
            return;
        }
        if let Some(call) = self.slot.drop_lending() {
            // SAFETY: the call is there, and of this thread (4, 5); this is the drop of the lending,
            // whose resource nobody else has (1).
            unsafe { (call.dropped)(call.running) };
        }
    }
}

impl<T> Debug for LendingMut<'_, '_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LendingMut").finish_non_exhaustive()
    }
}
