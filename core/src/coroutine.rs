//! Coroutines: generators that are answered, thrown errors at, and that return a value.

mod close;
mod delegate;
mod desk;
mod error;
mod interrupt;
mod routine;
mod stage;
mod step;
// They are no models, and what they touch is one under loom.
#[cfg(all(test, not(loom)))]
mod tests;
mod turn;
mod yielder;

use core::cell::UnsafeCell;
use core::fmt;
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
pub use self::routine::Routine;
use self::routine::Run;
pub use self::stage::State;
use self::stage::{Doing, EndsWithPanic, Stage};
pub use self::step::{Step, Stepping};
pub use self::yielder::{Yield, Yielder};
use crate::body::Body;
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
#[expect(
    clippy::type_complexity,
    reason = "an alias would be one more name, and says no more"
)]
#[track_caller]
pub fn coroutine<'g, Y, R, E, T, F>(
    body: F,
) -> Coroutine<Y, R, E, T, Routine<F, <F as Body<Yielder<'g, Y, R, E>>>::Fut>>
where
    F: for<'a> Body<Yielder<'a, Y, R, E>, Out = Result<T, Interrupt<E>>>
        + for<'a> AsyncFnOnce(Yielder<'a, Y, R, E>) -> Result<T, Interrupt<E>>,
{
    Coroutine {
        stage: Stage::Open(Routine::new(body, Location::caller())),
        run: Routine::run(),
        doing: Doing::NotBegun,
        live: LiveBody::new(),
        desk: UnsafeCell::new(Desk::new()),
        _pinned: PhantomPinned,
    }
}

/// What [`coroutine`] returns. It is pinned, and driven by [`start`](Self::start), then
/// [`resume`](Self::resume) or [`throw`](Self::throw) for each item, up to its end or to
/// [`close`](Self::close).
///
/// `Y` is what it yields, `R` what it is answered, `E` what it is thrown and fails with, `T` what it
/// returns, and `S` its body, of which nothing need be known: a function that returns a coroutine has
/// `impl Sized` there, or `impl Send`. No bound relates them: the compiler forgets lifetimes where it
/// looks whether a task is `Send`, and could not prove it of borrowed items.
///
/// # Examples
///
/// ```
/// use std::fmt::Error;
/// use std::pin::{Pin, pin};
/// use withal_core::coroutine::{Coroutine, Step, coroutine};
///
/// type Talk<S> = Coroutine<&'static str, u32, Error, u32, S>;
///
/// fn area() -> Talk<impl Send> {
///     coroutine(async |y| Ok(y.yield_("width?").await? * y.yield_("height?").await?))
/// }
///
/// async fn always<S>(mut talk: Pin<&mut Talk<S>>, answer: u32) -> u32 {
///     let mut step = talk.as_mut().start().await.unwrap();
///     while let Step::Yielded(_) = step {
///         step = talk.as_mut().resume(answer).await.unwrap();
///     }
///     step.complete().unwrap()
/// }
/// # futures_util::FutureExt::now_or_never(async {
/// assert_eq!(always(pin!(area()), 3).await, 9);
/// # }).unwrap();
/// ```
///
/// # Invariants
///
/// 1. The body borrows `desk`, which stays where it is (the struct is `!Unpin`) and to which no other
///    reference is made while the body is polled or dropped.
/// 2. The body is pinned structurally: dropped in place, never moved.
#[must_use = "a coroutine does nothing unless it is started"]
pub struct Coroutine<Y, R, E, T, S> {
    // Above the others, so that it is dropped first.
    stage: Stage<S, Result<T, Interrupt<E>>>,
    run: Run<Y, R, E, T, S>,
    doing: Doing,
    live: LiveBody,
    desk: UnsafeCell<Desk<Y, R, E>>,
    _pinned: PhantomPinned,
}

/// What a poll of the body comes to.
enum Event<Y, T, E> {
    Yielded(Y),
    Ended(T),
    Missed(E),
}

impl<Y, R, E, T, S> Coroutine<Y, R, E, T, S> {
    /// How far it is.
    pub fn state(&self) -> State {
        match (&self.stage, self.doing) {
            (Stage::Closed, _) => State::Closed,
            (_, Doing::NotBegun) => State::Created,
            (_, Doing::Nothing) => State::Suspended,
            (_, Doing::Step) => State::Running,
            (_, Doing::Close) => State::Closing,
        }
    }

    /// Makes the body, unless that was done.
    fn begin(self: Pin<&mut Self>) {
        if self.state() != State::Created {
            return;
        }
        // SAFETY: the body is not moved once it is there (2).
        let this = unsafe { self.get_unchecked_mut() };
        let ends = EndsWithPanic {
            stage: &mut this.stage,
            live: &mut this.live,
        };
        let Stage::Open(routine) = &mut *ends.stage else {
            unreachable!("it was seen not to have begun");
        };
        // SAFETY: the desk stays where it is for as long as the body (1).
        unsafe { (this.run.begin)(routine, this.desk.get(), ends.live) };
        mem::forget(ends);
        this.doing = Doing::Step;
    }

    /// Polls the body, unless there is something to tell already.
    fn poll_event(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Event<Y, Result<T, Interrupt<E>>, E>> {
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
        let Stage::Open(_) = self.stage else {
            return;
        };
        let watch = self.live.watch();
        let ends = EndsWithPanic {
            stage: &mut self.stage,
            live: &mut self.live,
        };
        // SAFETY: the body shares the desk (1).
        let open = unsafe { &*self.desk.get() }.open(cx.waker());
        let Stage::Open(routine) = &mut *ends.stage else {
            return;
        };
        // SAFETY: pinned structurally (2).
        let routine = unsafe { Pin::new_unchecked(routine) };
        let polled = (self.run.poll)(routine, cx);
        drop(open);
        mem::forget(ends);
        self.live.step_over(watch);
        if let Poll::Ready(end) = polled {
            self.live.end();
            self.stage = Stage::Ending(end);
        }
    }

    fn desk(&self) -> &Desk<Y, R, E> {
        // SAFETY: the body shares the desk (1).
        unsafe { &*self.desk.get() }
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
    fn cut_short(self: Pin<&mut Self>) -> (Option<E>, Option<Result<T, Interrupt<E>>>) {
        // SAFETY: the body is not moved: it has ended where its outcome is (2).
        let this = unsafe { self.get_unchecked_mut() };
        let missed = this.desk().take_missed(true);
        (missed, this.stage.take_end())
    }
}

impl<Y, R, E, T, S> fmt::Debug for Coroutine<Y, R, E, T, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Coroutine")
            .field("state", &self.state())
            .finish_non_exhaustive()
    }
}
