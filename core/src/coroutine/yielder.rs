use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};

use super::desk::{Desk, Offer, Ticket};
use super::interrupt::{Closed, Interrupt};

/// What a coroutine's body yields by: it is lent to the body, and lives no longer.
///
/// `Y` is what goes out, `R` what comes back, `E` what may be thrown in. A function that takes a
/// `&Yielder` can yield on behalf of the coroutine. Several yields may wait at once, in `join!` or in
/// a `FuturesUnordered`: their items come one after the other, and each gets the answer to its own.
pub struct Yielder<'g, Y, R, E> {
    desk: &'g Desk<Y, R, E>,
}

impl<'g, Y, R, E> Yielder<'g, Y, R, E> {
    pub(super) fn new(desk: &'g Desk<Y, R, E>) -> Self {
        Self { desk }
    }

    pub(super) fn reborrow(&self) -> Self {
        Self { desk: self.desk }
    }

    /// Gives `item` to the consumer, and waits for the answer.
    ///
    /// # Cancel safety
    ///
    /// Dropped before it has stored its item, which takes one poll unless others are before it, it
    /// drops the item. Dropped afterwards, the item is delivered all the same; a value that comes in
    /// answer to it is dropped, an error goes back to where it was thrown. Leaked then, it takes its
    /// answer with it, and no other yield gets its turn behind it.
    ///
    /// # Errors
    ///
    /// What the consumer has thrown; or the sign that it closes the coroutine. A yield that begins
    /// after one was given that sign ends the close: the body is dropped there.
    ///
    /// # Panics
    ///
    /// If polled again after completion.
    ///
    /// # Complexity
    ///
    /// A few instructions; no allocation.
    pub fn yield_(&self, item: Y) -> Yield<'g, Y, R, E> {
        Yield {
            desk: self.desk,
            stage: Stage::Offers {
                item: Some(item),
                waits: false,
            },
        }
    }
}

impl<Y, R, E> fmt::Debug for Yielder<'_, Y, R, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Yielder").finish_non_exhaustive()
    }
}

/// The future that [`Yielder::yield_`] returns.
#[must_use = "futures do nothing unless polled: the item is given by `.await`"]
pub struct Yield<'g, Y, R, E> {
    desk: &'g Desk<Y, R, E>,
    stage: Stage<Y>,
}

enum Stage<Y> {
    /// The item is here. `waits` says that it was offered before.
    Offers {
        item: Option<Y>,
        waits: bool,
    },
    /// The item is on the desk, or the consumer has it.
    Stored(Ticket),
    Done,
}

// The item is moved, never pinned.
impl<Y, R, E> Unpin for Yield<'_, Y, R, E> {}

impl<Y, R, E> Future for Yield<'_, Y, R, E> {
    type Output = Result<R, Interrupt<E>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        match &mut this.stage {
            Stage::Offers { item, waits } => match this.desk.offer(item, *waits) {
                Offer::Accepted(ticket) => this.stage = Stage::Stored(ticket),
                Offer::Wait => *waits = true,
                Offer::Closed => {
                    this.stage = Stage::Done;
                    return Poll::Ready(Err(Interrupt::Closed(Closed(()))));
                }
            },
            Stage::Stored(_) => {
                if let Some(answer) = this.desk.collect() {
                    this.stage = Stage::Done;
                    return Poll::Ready(answer);
                }
            }
            Stage::Done => panic!("a yield was polled after completion"),
        }
        this.desk.keep_awake(cx);
        Poll::Pending
    }
}

impl<Y, R, E> Drop for Yield<'_, Y, R, E> {
    fn drop(&mut self) {
        if let Stage::Stored(ticket) = self.stage {
            self.desk.abandon(ticket);
        }
    }
}

impl<Y, R, E> fmt::Debug for Yield<'_, Y, R, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stored = !matches!(self.stage, Stage::Offers { .. });
        f.debug_struct("Yield")
            .field("stored", &stored)
            .finish_non_exhaustive()
    }
}
