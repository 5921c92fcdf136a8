//! Coroutines: generators that are answered, thrown errors at, and that return a value.

mod close;
mod delegate;
mod desk;
mod error;
mod interrupt;
mod stage;
mod step;
#[cfg(test)]
mod tests;
mod turn;
mod yielder;

use core::cell::UnsafeCell;
use core::fmt;
use core::future::Future;
use core::marker::PhantomPinned;
use core::mem;
use core::panic::Location;
use core::pin::Pin;
use core::task::{Context, Poll};

pub use self::close::Close;
pub use self::delegate::Delegate;
use self::desk::Desk;
pub use self::error::{CloseError, Refused, StepError};
pub use self::interrupt::{Closed, Interrupt};
use self::stage::{EndsWithPanic, Stage};
pub use self::step::{Step, Stepping};
pub use self::yielder::{Yield, Yielder};
use crate::body::Body;
use crate::cleanup::Subject;
use crate::cleanup::live::LiveBody;

/// Makes a coroutine of `body`, which yields items, is answered, and returns a value.
///
/// The body is an async closure that is lent a [`Yielder`]; it may borrow what surrounds it, and use
/// scopes, timeouts and streams of its own. `y.yield_(item).await` gives `item` to the consumer, and
/// evaluates to what that gives back: the value of [`resume`](Coroutine::resume), or an
/// [`Interrupt`], which `?` passes on: an error that was [thrown](Coroutine::throw) in, or the sign
/// that the consumer [closes](Coroutine::close) the coroutine. The body runs only while such a call
/// is polled, in the consumer's task, with the consumer's waker: nothing is spawned, boxed or kept
/// in a thread-local.
///
/// Where nothing goes in and nothing is returned, a [`generator`](crate::generator()) does, which is
/// a stream.
///
/// # Cancel safety
///
/// A step that is dropped suspends the body where it is, and [`proceed`](Coroutine::proceed) goes on
/// from there. Dropping the coroutine drops the body where it is suspended: scopes that are open in
/// there are exited as anywhere.
///
/// # Complexity
///
/// No allocation. The coroutine holds the body's future, and one item or answer.
///
/// # Examples
///
/// A running average:
///
/// ```
/// use std::convert::Infallible;
/// use std::pin::pin;
/// use withal_core::coroutine::{Interrupt, Step, coroutine};
///
/// # futures_util::FutureExt::now_or_never(async {
/// let mut average = pin!(coroutine(async |y| -> Result<Infallible, Interrupt<Infallible>> {
///     let (mut sum, mut count) = (0.0, 0.0);
///     let mut average = 0.0;
///     loop {
///         sum += y.yield_(average).await?;
///         count += 1.0;
///         average = sum / count;
///     }
/// }));
/// average.as_mut().start().await?;
/// assert_eq!(average.as_mut().resume(10.0).await.unwrap(), Step::Yielded(10.0));
/// assert_eq!(average.as_mut().resume(30.0).await.unwrap(), Step::Yielded(20.0));
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// # }).unwrap().unwrap();
/// ```
///
/// Source: PEP 342 and PEP 525, with the return value of PEP 828; differs in that a step that is
/// dropped does not end the coroutine.
#[track_caller]
pub fn coroutine<'g, Y, R, E, T, F>(body: F) -> Coroutine<'g, Y, R, E, F>
where
    F: for<'a> Body<Yielder<'a, Y, R, E>, Out = Result<T, Interrupt<E>>>
        + for<'a> AsyncFnOnce(Yielder<'a, Y, R, E>) -> Result<T, Interrupt<E>>,
{
    Coroutine {
        stage: Stage::Created(body, Location::caller()),
        doing: Doing::Nothing,
        live: LiveBody::new(),
        desk: UnsafeCell::new(Desk::new()),
        _pinned: PhantomPinned,
    }
}

/// What can be the body of a coroutine: an async closure that is lent a [`Yielder`] and returns a
/// `Result<_, Interrupt<E>>`.
///
/// Implemented for each of them; there is nothing to implement by hand.
pub trait Routine<'g, Y: 'g, R: 'g, E: 'g>:
    Body<Yielder<'g, Y, R, E>, Out = Result<<Self as Routine<'g, Y, R, E>>::Value, Interrupt<E>>>
{
    /// What the body returns in the end.
    type Value;
}

#[diagnostic::do_not_recommend]
impl<'g, Y: 'g, R: 'g, E: 'g, T, F> Routine<'g, Y, R, E> for F
where
    F: Body<Yielder<'g, Y, R, E>, Out = Result<T, Interrupt<E>>>,
{
    type Value = T;
}

/// What [`coroutine`] returns. It is pinned, and driven by [`start`](Self::start), then
/// [`resume`](Self::resume) or [`throw`](Self::throw) for each item, up to its end or to
/// [`close`](Self::close).
///
/// # Invariants
///
/// 1. The body borrows `desk`, which stays where it is (the struct is `!Unpin`) and to which no other
///    reference is made while the body is polled or dropped.
/// 2. The body is pinned structurally: dropped in place, never moved.
#[must_use = "a coroutine does nothing unless it is started"]
pub struct Coroutine<'g, Y: 'g, R: 'g, E: 'g, F: Routine<'g, Y, R, E>> {
    // Above the others, so that it is dropped first.
    stage: Stage<F, F::Fut, F::Out>,
    doing: Doing,
    live: LiveBody,
    desk: UnsafeCell<Desk<Y, R, E>>,
    _pinned: PhantomPinned,
}

/// What the consumer has begun and did not see the end of.
#[derive(Clone, Copy)]
enum Doing {
    Nothing,
    Step,
    Close,
}

/// How far a coroutine is.
///
/// While the future of a step or of a close is there, it borrows the coroutine, so that nobody can
/// look: a coroutine that is seen running was left in the middle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum State {
    /// It was not started: nothing of its body has run.
    Created,
    /// It has yielded, and waits for an answer.
    Suspended,
    /// A step was begun, and dropped before its end: [`proceed`](Coroutine::proceed) goes on with it.
    Running,
    /// A close was begun, and dropped before its end: [`close`](Coroutine::close) goes on with it.
    Closing,
    /// It has ended.
    Closed,
}

/// What a poll of the body comes to.
enum Event<Y, T, E> {
    Yielded(Y),
    Ended(T),
    Missed(E),
}

impl<'g, Y, R, E, F: Routine<'g, Y, R, E>> Coroutine<'g, Y, R, E, F> {
    /// How far it is.
    pub fn state(&self) -> State {
        match (&self.stage, self.doing) {
            (Stage::Created(..), _) => State::Created,
            (Stage::Closed, _) => State::Closed,
            (_, Doing::Nothing) => State::Suspended,
            (_, Doing::Step) => State::Running,
            (_, Doing::Close) => State::Closing,
        }
    }

    fn desk(&self) -> &Desk<Y, R, E> {
        // SAFETY: the body shares the desk (1).
        unsafe { &*self.desk.get() }
    }

    /// Makes the body, unless that was done.
    fn begin(self: Pin<&mut Self>) {
        // SAFETY: the body is not moved once it is there (2).
        let this = unsafe { self.get_unchecked_mut() };
        let Some((make, location)) = this.stage.take_maker() else {
            return;
        };
        // SAFETY: the desk stays where it is for as long as the body (1). The body cannot keep the
        // yielder, as `coroutine` takes only bodies that accept one of any lifetime.
        let body = make(Yielder::new(unsafe { &*this.desk.get() }));
        this.stage = Stage::Begun(body);
        this.live.begin::<F>(Subject::Coroutine, location);
        this.doing = Doing::Step;
    }

    /// Answers the yield that waits: the step begins.
    fn answer(self: Pin<&mut Self>, answer: Result<R, E>) {
        // SAFETY: the body is not touched.
        let this = unsafe { self.get_unchecked_mut() };
        this.doing = Doing::Step;
        this.desk().answer(answer);
    }

    /// Asks the yield that waits to end: the close begins.
    fn ask_to_close(self: Pin<&mut Self>) {
        // SAFETY: the body is not touched.
        let this = unsafe { self.get_unchecked_mut() };
        this.doing = Doing::Close;
        this.desk().close();
    }

    /// Drops the body, or its outcome, where it is.
    fn end(self: Pin<&mut Self>) {
        // SAFETY: the body is dropped in place (2).
        let this = unsafe { self.get_unchecked_mut() };
        this.stage = Stage::Closed;
        this.live = LiveBody::new();
    }

    /// What is left of a step that is not gone on with: an error that was thrown in and not taken, and
    /// the outcome of a body that has ended.
    fn cut_short(self: Pin<&mut Self>) -> (Option<E>, Option<F::Out>) {
        // SAFETY: the body is not moved: it has ended where its outcome is (2).
        let this = unsafe { self.get_unchecked_mut() };
        let missed = this.desk().take_missed(true);
        (missed, this.stage.take_end())
    }

    /// Polls the body, unless there is something to tell already.
    fn poll_event(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Event<Y, F::Out, E>> {
        // SAFETY: nothing is moved out of the body (2).
        let this = unsafe { self.get_unchecked_mut() };
        if !this.desk().has_item() {
            this.poll_body(cx);
        }
        let ended = matches!(this.stage, Stage::Ending(_));
        if let Some(error) = this.desk().take_missed(ended) {
            return Poll::Ready(Event::Missed(error));
        }
        if let Some(item) = this.desk().take_item() {
            this.doing = Doing::Nothing;
            return Poll::Ready(Event::Yielded(item));
        }
        match this.stage.take_end() {
            Some(end) => Poll::Ready(Event::Ended(end)),
            None => Poll::Pending,
        }
    }

    /// Polls the body, if it is not at its end.
    fn poll_body(&mut self, cx: &mut Context<'_>) {
        let Stage::Begun(_) = self.stage else {
            return;
        };
        let ends = EndsWithPanic {
            stage: &mut self.stage,
            live: &mut self.live,
        };
        // SAFETY: the body shares the desk (1).
        let open = unsafe { &*self.desk.get() }.open(cx.waker());
        let Stage::Begun(body) = &mut *ends.stage else {
            return;
        };
        // SAFETY: pinned structurally (2).
        let polled = unsafe { Pin::new_unchecked(body) }.poll(cx);
        drop(open);
        mem::forget(ends);
        if let Poll::Ready(end) = polled {
            self.live.end();
            self.stage = Stage::Ending(end);
        }
    }
}

impl<'g, Y, R, E, F: Routine<'g, Y, R, E>> fmt::Debug for Coroutine<'g, Y, R, E, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Coroutine")
            .field("state", &self.state())
            .finish_non_exhaustive()
    }
}
