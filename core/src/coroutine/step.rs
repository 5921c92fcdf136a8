use core::fmt;
use core::future::Future;
use core::mem;
use core::pin::Pin;
use core::task::{Context, Poll, ready};

use super::error::StepError;
use super::interrupt::Interrupt;
use super::{Coroutine, Event, State};

/// What a step comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "a step without an error yields or ends, and loops match on both"
)]
pub enum Step<Y, T> {
    /// The body has yielded this, and waits for an answer.
    Yielded(Y),
    /// The body has returned this. The coroutine is closed.
    Complete(T),
}

impl<Y, T> Step<Y, T> {
    /// What was yielded.
    pub fn yielded(self) -> Option<Y> {
        match self {
            Self::Yielded(item) => Some(item),
            Self::Complete(_) => None,
        }
    }

    /// What was returned.
    pub fn complete(self) -> Option<T> {
        match self {
            Self::Yielded(_) => None,
            Self::Complete(value) => Some(value),
        }
    }
}

/// Steps. Each runs the body up to its next yield, or to its end.
///
/// # Cancel safety
///
/// Dropped before its first poll, a step has done nothing, and drops what was to be given. Dropped
/// later, it leaves the body where it is, with what was given: [`proceed`](Self::proceed) goes on
/// from there, and no item is lost. Leaked: the same.
///
/// # Errors
///
/// [`StepError::Failed`] with the body's error, after which the coroutine is closed;
/// [`StepError::Refused`], with the value, where the coroutine is not in a state for the call.
///
/// # Panics
///
/// If the body does; the coroutine is closed then. A step panics if polled again after completion.
impl<Y, R, E, T, S> Coroutine<Y, R, E, T, S> {
    /// Runs the body up to its first yield. There is nothing that a value could be given to yet.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::pin::pin;
    /// use withal_core::coroutine::{Interrupt, Step, coroutine};
    ///
    /// # futures_util::FutureExt::now_or_never(async {
    /// let mut greeter = pin!(coroutine(async |y| {
    ///     let name = y.yield_("your name?").await?;
    ///     Ok::<_, Interrupt<std::fmt::Error>>(format!("hello, {name}"))
    /// }));
    /// assert_eq!(greeter.as_mut().start().await?, Step::Yielded("your name?"));
    /// let hello = greeter.as_mut().resume("world").await.unwrap();
    /// assert_eq!(hello, Step::Complete("hello, world".to_owned()));
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap().unwrap();
    /// ```
    pub fn start<'a>(self: Pin<&'a mut Self>) -> Stepping<'a, Y, R, E, T, S, ()> {
        Stepping::new(self, (), |coroutine, ()| match coroutine.state() {
            State::Created => {
                coroutine.begin();
                Ok(())
            }
            state => Err(StepError::refused((), state)),
        })
    }

    /// Gives `value` to the yield that waits, and runs the body up to its next one.
    ///
    /// Where the body has dropped that yield, it drops `value`, too.
    pub fn resume<'a>(self: Pin<&'a mut Self>, value: R) -> Stepping<'a, Y, R, E, T, S, R> {
        Stepping::new(self, value, |coroutine, value| match coroutine.state() {
            State::Suspended => {
                coroutine.answer(Ok(value));
                Ok(())
            }
            state => Err(StepError::refused(value, state)),
        })
    }

    /// Gives `error` to the yield that waits, and runs the body up to its next one.
    ///
    /// A coroutine that was not started is closed, and fails with `error`. Where the body has dropped
    /// the yield, the error comes back in [`StepError::Missed`].
    ///
    /// # Examples
    ///
    /// A body that is told of errors, and recovers:
    ///
    /// ```
    /// use std::pin::pin;
    /// use withal_core::coroutine::{Interrupt, Step, coroutine};
    ///
    /// # futures_util::FutureExt::now_or_never(async {
    /// let mut sum = pin!(coroutine(async |y| {
    ///     let (mut sum, mut bad) = (0, 0);
    ///     while sum < 10 {
    ///         match y.yield_(sum).await {
    ///             Ok(number) => sum += number,
    ///             Err(Interrupt::Thrown(_)) => bad += 1,
    ///             Err(closed) => return Err(closed),
    ///         }
    ///     }
    ///     Ok((sum, bad))
    /// }));
    /// let mut step = sum.as_mut().start().await.unwrap();
    /// for word in ["3", "four", "5", "6"] {
    ///     step = match word.parse::<u32>() {
    ///         Ok(number) => sum.as_mut().resume(number).await.unwrap(),
    ///         Err(error) => sum.as_mut().throw(error).await.unwrap(),
    ///     };
    /// }
    /// assert_eq!(step, Step::Complete((14, 1)));
    /// # }).unwrap();
    /// ```
    pub fn throw<'a>(self: Pin<&'a mut Self>, error: E) -> Stepping<'a, Y, R, E, T, S, E> {
        Stepping::new(self, error, |coroutine, error| match coroutine.state() {
            State::Suspended => {
                coroutine.answer(Err(error));
                Ok(())
            }
            State::Created => {
                coroutine.end();
                Err(StepError::Failed(error))
            }
            state => Err(StepError::refused(error, state)),
        })
    }

    /// Goes on with a step that was begun and dropped, by a timeout for example.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::cell::Cell;
    /// use std::convert::Infallible;
    /// use std::future::poll_fn;
    /// use std::pin::pin;
    /// use std::task::Poll;
    /// use futures_util::FutureExt;
    /// use withal_core::coroutine::{Interrupt, State, Step, coroutine};
    ///
    /// # async {
    /// let open = Cell::new(false);
    /// let mut length = pin!(coroutine(async |y| {
    ///     let word: &str = y.yield_(()).await?;
    ///     poll_fn(|_| if open.get() { Poll::Ready(()) } else { Poll::Pending }).await;
    ///     Ok::<_, Interrupt<Infallible>>(word.len())
    /// }));
    /// length.as_mut().start().await?;
    /// let step = length.as_mut().resume("four");
    /// assert!(step.now_or_never().is_none(), "dropped before its end");
    /// assert_eq!(length.state(), State::Running);
    /// open.set(true);
    /// assert_eq!(length.as_mut().proceed().await?, Step::Complete(4));
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }.now_or_never().unwrap().unwrap();
    /// ```
    pub fn proceed<'a>(self: Pin<&'a mut Self>) -> Stepping<'a, Y, R, E, T, S, ()> {
        Stepping::new(self, (), |coroutine, ()| match coroutine.state() {
            State::Running => Ok(()),
            state => Err(StepError::refused((), state)),
        })
    }

    /// Polls the step that was begun.
    pub(super) fn poll_step<V>(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Stepped<Y, T, V, E>> {
        Poll::Ready(match ready!(self.poll_event(cx)) {
            Event::Yielded(item) => Ok(Step::Yielded(item)),
            Event::Ended(Ok(value)) => Ok(Step::Complete(value)),
            Event::Ended(Err(Interrupt::Thrown(error))) => Err(StepError::Failed(error)),
            Event::Ended(Err(Interrupt::Closed(closed))) => Err(StepError::Closed(closed)),
            Event::Missed(error) => Err(StepError::Missed(error)),
        })
    }
}

/// One step of a coroutine: the future that [`start`](Coroutine::start),
/// [`resume`](Coroutine::resume), [`throw`](Coroutine::throw) and [`proceed`](Coroutine::proceed)
/// return. `V` is what it gives to the body.
#[must_use = "futures do nothing unless polled: the step is made by `.await`"]
pub struct Stepping<'a, Y, R, E, T, S, V> {
    coroutine: Pin<&'a mut Coroutine<Y, R, E, T, S>>,
    stage: Stage<V, Give<Y, R, E, T, S, V>>,
}

type Stepped<Y, T, V, E> = Result<Step<Y, T>, StepError<V, E>>;

/// Begins the step.
type Give<Y, R, E, T, S, V> =
    fn(Pin<&mut Coroutine<Y, R, E, T, S>>, V) -> Result<(), StepError<V, E>>;

enum Stage<V, G> {
    Fresh(V, G),
    Begun,
    Done,
}

impl<'a, Y, R, E, T, S, V> Stepping<'a, Y, R, E, T, S, V> {
    fn new(
        coroutine: Pin<&'a mut Coroutine<Y, R, E, T, S>>,
        value: V,
        give: Give<Y, R, E, T, S, V>,
    ) -> Self {
        Self {
            coroutine,
            stage: Stage::Fresh(value, give),
        }
    }
}

// The value is moved, never pinned.
impl<Y, R, E, T, S, V> Unpin for Stepping<'_, Y, R, E, T, S, V> {}

impl<Y, R, E, T, S, V> Future for Stepping<'_, Y, R, E, T, S, V> {
    type Output = Stepped<Y, T, V, E>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        match mem::replace(&mut this.stage, Stage::Done) {
            Stage::Fresh(value, give) => give(this.coroutine.as_mut(), value)?,
            Stage::Begun => {}
            Stage::Done => panic!("a step was polled after completion"),
        }
        let step = this.coroutine.as_mut().poll_step(cx);
        if step.is_pending() {
            this.stage = Stage::Begun;
        }
        step
    }
}

impl<Y, R, E, T, S, V> fmt::Debug for Stepping<'_, Y, R, E, T, S, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stepping")
            .field("coroutine", &self.coroutine)
            .field("begun", &!matches!(self.stage, Stage::Fresh(..)))
            .finish_non_exhaustive()
    }
}
