//! Where the frame, the scope and the body meet.
//!
//! # Invariants
//!
//! 1. The resource of a lending is borrowed for as long as its `LendingMut` is polled or dropped, and
//!    nobody else has it then. At no other time is anything known of it: a lending that is leaked
//!    ends its borrow without a word.
//! 2. So the body, which uses the resource, is polled and dropped only inside of a poll or a drop of
//!    the lending. If the lending is not reached any more, the body is leaked. What holds the body leaks
//!    it by default, so that no panic on the way gets it dropped elsewhere.
//! 3. The body is pinned in a box of its own, since one that is leaked must keep its place.
//! 4. The lending finds the body by a [`Call`], which is here only while the scope polls the frame
//!    (or drops it), and which points to a `Running` that the scope does not touch meanwhile.
//! 5. A call is answered only by the thread that it was made on: the body may be bound to that one, as
//!    scoped threads could reach a lending from another.
//! 6. At most one call is answered at a time: there is one lending, which is borrowed while it answers.
//! 7. A slot is made for one `L`, by which the lending and the body name the type of the resource. All
//!    that has the slot is invariant in it: a `for<'a> fn(&'a str)` is a `fn(&'static str)` too, but a
//!    reference to the one must not become a reference to the other.

#![expect(
    unnameable_types,
    missing_debug_implementations,
    reason = "public only in a sealed trait, which nobody can call"
)]

use alloc::boxed::Box;
use core::ptr::NonNull;
use core::task::{Context, Waker};

use super::super::Look;
use crate::lock::Mutex;
use crate::mutants::mutant;
use crate::panic::{Payload, catch, wake, wake_if_any};
use crate::primitives::per_thread;
use crate::scope::reason::{ExitKind, ExitReason};

pub struct Slot {
    inner: Mutex<Inner>,
}

struct Inner {
    state: State,
    call: Option<Call>,
    look: Option<Look>,
}

enum State {
    /// The closure sets up.
    Closure,
    /// The closure has lent, and waits. Whom to wake, if that was not done since.
    Lent(Option<Waker>),
    /// The body has ended; the closure was not told yet. Whom to wake if it does not ask by itself.
    Ended(ExitKind, Option<Waker>),
    /// The closure was told, or has dropped the lending.
    Over,
}

/// What a lending does with the body.
#[derive(Clone, Copy)]
pub struct Call {
    /// A `Running`, of the type that the functions are of.
    pub(super) running: NonNull<()>,
    pub(super) polled: Polled,
    pub(super) dropped: Dropped,
    thread: Thread,
}

/// The lending of this resource is polled. Called with the `running` of its call (4), inside of the
/// lending's poll (2).
pub(super) type Polled =
    unsafe fn(running: NonNull<()>, resource: NonNull<()>, cx: &mut Context<'_>);

/// The lending is dropped. Called with the `running` of its call (4), inside of the lending's drop (2).
pub(super) type Dropped = unsafe fn(running: NonNull<()>);

// SAFETY: its pointer is used on the thread that made it only (5).
unsafe impl Send for Call {}

impl Call {
    pub(super) fn new(running: NonNull<()>, polled: Polled, dropped: Dropped) -> Self {
        Self {
            running,
            polled,
            dropped,
            thread: Thread::current(),
        }
    }
}

per_thread! {
    static PLACE: u8 = 0;
}

/// A thread that lives, by the place of something of its own.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Thread(usize);

impl Thread {
    fn current() -> Self {
        Self(PLACE.with(|place| core::ptr::from_ref(place).addr()))
    }
}

/// What a lending is to do.
pub(super) enum Answer {
    Told(ExitKind),
    Wait(Option<Call>),
}

impl Slot {
    pub(super) fn new() -> Self {
        Self {
            inner: Mutex::new(Inner {
                state: State::Closure,
                call: None,
                look: None,
            }),
        }
    }

    pub(super) fn set_look(&self, look: Look) {
        self.inner.with(|inner| inner.look = Some(look));
    }

    /// The lending is polled.
    pub(super) fn poll_lending(&self, waker: &Waker) -> Answer {
        let lent = State::Lent(Some(waker.clone()));
        // Wakers are dropped outside the lock.
        let (answer, _stale) = self.inner.with(|inner| match inner.state {
            State::Ended(kind, _) => {
                let ended = core::mem::replace(&mut inner.state, State::Over);
                (Answer::Told(kind), (ended, Some(lent)))
            }
            State::Closure | State::Lent(_) => {
                let before = core::mem::replace(&mut inner.state, lent);
                (Answer::Wait(inner.call()), (before, None))
            }
            State::Over => (Answer::Wait(None), (lent, None)),
        });
        answer
    }

    /// The lending is dropped.
    pub(super) fn drop_lending(&self) -> Option<Call> {
        let (call, _before) = self.inner.with(|inner| {
            let before = core::mem::replace(&mut inner.state, State::Over);
            (inner.call(), before)
        });
        call
    }

    pub(super) fn is_lent(&self) -> bool {
        self.inner
            .with(|inner| matches!(inner.state, State::Lent(_)))
    }

    /// Lets the lending find its body until the guard is dropped.
    pub(super) fn call(&self, call: Call) -> Calling<'_> {
        self.inner.with(|inner| inner.call = Some(call));
        Calling(self)
    }

    /// Makes a set of futures that polls what was woken poll the lending.
    pub(super) fn wake(&self) {
        wake_if_any(self.inner.with(|inner| match &mut inner.state {
            State::Lent(waker) => waker.take(),
            _ => None,
        }));
    }

    /// The body has ended, and the closure is to be told: also when the look at the reason panics,
    /// with which the exit goes on when the closure has ended.
    pub(super) fn end(&self, reason: ExitReason<'_>) -> Result<(), Payload> {
        let looked = match self.inner.with(|inner| inner.look.take()) {
            Some(look) => catch(|| look(reason)),
            None => Ok(()),
        };
        let kind = if mutant("closure_told_completed") {
            ExitKind::Completed
        } else {
            reason.kind()
        };
        self.inner.with(|inner| {
            inner.state = match core::mem::replace(&mut inner.state, State::Over) {
                State::Lent(waker) => State::Ended(kind, waker),
                other => other,
            };
        });
        looked
    }

    /// The closure was polled. If it has not asked how the body ended, it may await the lending inside
    /// of a set of futures that polls only what was woken. Tells whether it was woken now.
    pub(super) fn wake_untold(&self) -> bool {
        let waker = self.inner.with(|inner| match &mut inner.state {
            State::Ended(_, waker) => waker.take(),
            _ => None,
        });
        waker.map(wake).is_some()
    }
}

impl Inner {
    fn call(&self) -> Option<Call> {
        self.call.filter(|call| call.thread == Thread::current())
    }
}

/// A call that may be answered.
pub(super) struct Calling<'s>(&'s Slot);

impl Drop for Calling<'_> {
    fn drop(&mut self) {
        self.0.inner.with(|inner| inner.call = None);
    }
}

/// A [`Look`] that keeps what it sees, or what it panics with.
pub(super) fn keeping<L, V>(look: L) -> (Look, impl Fn() -> Option<Result<V, Payload>> + Send)
where
    L: FnOnce(ExitReason<'_>) -> V + Send + 'static,
    V: Send + 'static,
{
    let seen = alloc::sync::Arc::new(Mutex::new(None));
    let keep = seen.clone();
    let look = Box::new(move |reason: ExitReason<'_>| {
        let value = catch(|| look(reason));
        keep.with(|seen| *seen = Some(value));
    });
    (look, move || seen.with(Option::take))
}
