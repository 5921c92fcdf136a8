//! What a coroutine and its yields pass across: an item out, the answer to it in.
//!
//! # Invariants
//!
//! 1. The coroutine touches the desk only outside of its polls and drops of the body, when nobody
//!    else does: a yielder lives no longer than the body it was lent to, whatever that does with it.
//!    So another thread can have one only while a poll or a drop of the body waits for that thread.
//! 2. Yields touch `inner` only within a poll of the body, on the thread that polls it, as [`Turn`]
//!    sees to. What else there is they only read, but for `dropped`, which is atomic.
//! 3. Nothing that is called while `inner` is borrowed is code of users: what they gave is moved in
//!    and out, and dropped elsewhere.

use core::cell::{Cell, UnsafeCell};
use core::mem;
use core::ptr;
use core::sync::atomic::{AtomicUsize, Ordering};
use core::task::{Context, Waker};

use super::interrupt::{Closed, Interrupt};
use super::turn::Turn;

pub(super) struct Desk<Y, R, E> {
    turn: Turn,
    /// Where the waker of the consumer was in the latest poll: compared, and never followed.
    consumer: Cell<*const Waker>,
    /// The ticket of the latest yield that was dropped before it had its answer.
    dropped: AtomicUsize,
    inner: UnsafeCell<Inner<Y, R, E>>,
}

// SAFETY: what is in it is touched on one thread at a time (1, 2); items, answers and errors move
// between threads by it.
unsafe impl<Y: Send, R: Send, E: Send> Sync for Desk<Y, R, E> {}
// SAFETY: as above; the pointer is never followed.
unsafe impl<Y: Send, R: Send, E: Send> Send for Desk<Y, R, E> {}

struct Inner<Y, R, E> {
    phase: Phase<Y, R, E>,
    /// Of the yield whose item was put here last.
    ticket: Ticket,
    /// What was thrown at a yield that did not come for it.
    missed: Option<E>,
    /// To close.
    sign: Sign,
}

enum Phase<Y, R, E> {
    /// A yield may put its item here.
    Free,
    Offered(Y),
    /// The consumer has the item.
    Taken,
    /// The yield has not come for it yet.
    Answered(Result<R, E>),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Sign {
    No,
    /// No yield knows of it yet.
    Asked,
    /// A yield was told.
    Told,
}

/// The number of a yield whose item was put on the desk; the first one's is 1.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Ticket(usize);

/// What comes of an offer.
pub(super) enum Offer {
    Accepted(Ticket),
    /// Another yield is before it, or it is not this thread's turn.
    Wait,
    Closed,
}

impl<Y, R, E> Desk<Y, R, E> {
    pub(super) const fn new() -> Self {
        Self {
            turn: Turn::new(),
            consumer: Cell::new(ptr::null()),
            dropped: AtomicUsize::new(0),
            inner: UnsafeCell::new(Inner {
                phase: Phase::Free,
                ticket: Ticket(0),
                missed: None,
                sign: Sign::No,
            }),
        }
    }

    fn is_dropped(&self, ticket: Ticket) -> bool {
        self.dropped.load(Ordering::Acquire) == ticket.0
    }
}

/// The coroutine's side.
impl<Y, R, E> Desk<Y, R, E> {
    /// `f` runs no code of users (3).
    fn own<T>(&self, f: impl FnOnce(&mut Inner<Y, R, E>) -> T) -> T {
        // SAFETY: nobody else touches it at this time (1), `f` included (3).
        f(unsafe { &mut *self.inner.get() })
    }

    /// Opens the desk for the yields of one poll of the body.
    pub(super) fn open(&self, consumer: &Waker) -> Open<'_> {
        self.consumer.set(consumer);
        self.turn.begin();
        Open(&self.turn)
    }

    /// Answers the yield whose item was taken last.
    pub(super) fn answer(&self, answer: Result<R, E>) {
        let before = self.own(|inner| mem::replace(&mut inner.phase, Phase::Answered(answer)));
        drop(before);
    }

    /// Answers every yield by [`Closed`] from now on, but for those that begin after one was told.
    pub(super) fn close(&self) {
        self.own(|inner| inner.sign = Sign::Asked);
    }

    /// Whether there is an item to take.
    pub(super) fn has_item(&self) -> bool {
        self.own(|inner| matches!(inner.phase, Phase::Offered(_)))
    }

    pub(super) fn take_item(&self) -> Option<Y> {
        self.own(|inner| match mem::replace(&mut inner.phase, Phase::Taken) {
            Phase::Offered(item) => Some(item),
            other => {
                inner.phase = other;
                None
            }
        })
    }

    /// What was thrown at a yield that was dropped, or at any if the body has `ended`. A value for
    /// such a yield is dropped.
    pub(super) fn take_missed(&self, ended: bool) -> Option<E> {
        let (missed, answer) = self.own(|inner| {
            let answer = match &inner.phase {
                Phase::Answered(_) if ended || self.is_dropped(inner.ticket) => {
                    mem::replace(&mut inner.phase, Phase::Free)
                }
                _ => Phase::Free,
            };
            (inner.missed.take(), answer)
        });
        match answer {
            Phase::Answered(Err(error)) => Some(error),
            _ => missed,
        }
    }
}

/// The side of the yields.
impl<Y, R, E> Desk<Y, R, E> {
    /// `f` runs no code of users (3). `None` if it is not this thread's turn.
    fn lend<T>(&self, f: impl FnOnce(&mut Inner<Y, R, E>) -> T) -> Option<T> {
        self.turn.take(|| {
            // SAFETY: within a poll of the body, on its thread (2), and `f` touches it only so (3).
            f(unsafe { &mut *self.inner.get() })
        })
    }

    /// Puts the item here if there is room. `waits` says that this is not the yield's first attempt.
    pub(super) fn offer(&self, item: &mut Option<Y>, waits: bool) -> Offer {
        // Whatever was here before is dropped behind the turn.
        let offered = self.lend(|inner| {
            let closed = match inner.sign {
                Sign::No => false,
                Sign::Asked => true,
                Sign::Told => waits,
            };
            if closed {
                inner.sign = Sign::Told;
                return (Offer::Closed, None);
            }
            let free = match &inner.phase {
                Phase::Free => true,
                Phase::Offered(_) => false,
                Phase::Taken | Phase::Answered(_) => self.is_dropped(inner.ticket),
            };
            let Some(item) = item.take_if(|_| free) else {
                return (Offer::Wait, None);
            };
            inner.ticket = inner.ticket.next();
            let answer = match mem::replace(&mut inner.phase, Phase::Offered(item)) {
                Phase::Answered(Ok(value)) => Some(value),
                Phase::Answered(Err(error)) => {
                    inner.missed = Some(error);
                    None
                }
                _ => None,
            };
            (Offer::Accepted(inner.ticket), answer)
        });
        offered.map_or(Offer::Wait, |(offer, _)| offer)
    }

    /// The answer, once it is there, to the yield whose item was accepted last: no other is, until it
    /// has its answer or is dropped.
    pub(super) fn collect(&self) -> Option<Result<R, Interrupt<E>>> {
        self.lend(|inner| match mem::replace(&mut inner.phase, Phase::Free) {
            Phase::Answered(answer) => Some(answer.map_err(Interrupt::Thrown)),
            Phase::Taken if inner.sign != Sign::No => {
                inner.sign = Sign::Told;
                Some(Err(Interrupt::Closed(Closed(()))))
            }
            other => {
                inner.phase = other;
                None
            }
        })?
    }

    /// Says that nobody comes for the answer of that ticket any more.
    pub(super) fn abandon(&self, ticket: Ticket) {
        self.dropped.store(ticket.0, Ordering::Release);
    }

    /// Wakes a yield that is polled on behalf of somebody else than the consumer: the consumer's next
    /// step does not come by there by itself.
    pub(super) fn keep_awake(&self, cx: &Context<'_>) {
        if !ptr::eq(self.consumer.get(), cx.waker()) {
            cx.waker().wake_by_ref();
        }
    }
}

impl Ticket {
    fn next(self) -> Self {
        Self(self.0.wrapping_add(1))
    }
}

/// The desk is open; it is closed when this is dropped, also by a panic.
pub(super) struct Open<'d>(&'d Turn);

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.0.end();
    }
}
