use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, ready};

use super::Coroutine;
use super::error::{CloseError, StepError};
use super::interrupt::{Closed, Interrupt};
use super::step::Step;
use super::yielder::{Yield, Yielder};

impl<'g, Y, R, E> Yielder<'g, Y, R, E> {
    /// Runs `inner` in place of this body, up to its end, and gives what it returns.
    ///
    /// What it yields goes to the consumer; what that answers, by value or by error, goes in there. A
    /// close closes `inner` first, and then goes on here.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it drops `inner`; an item that this has yielded is delivered all the same. Leaked:
    /// `inner` is leaked with it; if it waits for an answer, what is said of
    /// [`yield_`](Yielder::yield_) holds.
    ///
    /// # Errors
    ///
    /// What `inner` fails with; the sign to close, once `inner` is closed. An error that `inner` has
    /// missed, since it had dropped the yield, ends the delegation.
    ///
    /// # Panics
    ///
    /// If `inner` does. If polled again after completion.
    ///
    /// # Complexity
    ///
    /// A few instructions for each item; no allocation.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::convert::Infallible;
    /// use std::pin::pin;
    /// use withal_core::coroutine::{Interrupt, Step, Yielder, coroutine};
    ///
    /// type Asks<'g> = Yielder<'g, &'static str, u32, Infallible>;
    ///
    /// async fn date(y: Asks<'_>) -> Result<(u32, u32), Interrupt<Infallible>> {
    ///     Ok((y.yield_("month?").await?, y.yield_("day?").await?))
    /// }
    ///
    /// # futures_util::FutureExt::now_or_never(async {
    /// let mut stay = pin!(coroutine(async |y: Asks<'_>| {
    ///     let arrival = y.delegate(coroutine(date)).await?;
    ///     let departure = y.delegate(coroutine(date)).await?;
    ///     Ok::<_, Interrupt<_>>((arrival, departure))
    /// }));
    /// let mut step = stay.as_mut().start().await?;
    /// let mut answers = [6, 21, 7, 2].into_iter();
    /// while let Step::Yielded(_) = step {
    ///     step = stay.as_mut().resume(answers.next().unwrap()).await.unwrap();
    /// }
    /// assert_eq!(step.complete(), Some(((6, 21), (7, 2))));
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap().unwrap();
    /// ```
    ///
    /// Source: PEP 380 and PEP 828, `yield from`.
    pub fn delegate<T, S>(&self, inner: Coroutine<Y, R, E, T, S>) -> Delegate<'g, Y, R, E, T, S> {
        Delegate {
            yielder: self.reborrow(),
            inner: Some(inner),
            stage: Stage::Fresh,
        }
    }
}

/// The future that [`Yielder::delegate`] returns.
#[must_use = "futures do nothing unless polled: the coroutine runs by `.await`"]
pub struct Delegate<'g, Y, R, E, T, S> {
    yielder: Yielder<'g, Y, R, E>,
    /// Pinned structurally: dropped in place, never moved. `None` after its end.
    inner: Option<Coroutine<Y, R, E, T, S>>,
    stage: Stage<'g, Y, R, E>,
}

enum Stage<'g, Y, R, E> {
    Fresh,
    /// The inner body makes a step.
    Steps,
    /// Its item is on its way out, and the answer to it on its way in.
    Yields(Yield<'g, Y, R, E>),
    /// The inner body is on its way out.
    Closes,
    /// It has yielded on its way out: this item ends the close, and both bodies with it.
    Breaks(Yield<'g, Y, R, E>),
}

impl<Y, R, E, T, S> Future for Delegate<'_, Y, R, E, T, S> {
    type Output = Result<T, Interrupt<E>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // SAFETY: the inner coroutine is not moved; nothing else is pinned.
        let this = unsafe { self.get_unchecked_mut() };
        let ended = loop {
            let Some(inner) = &mut this.inner else {
                panic!("a delegation was polled after completion");
            };
            // SAFETY: pinned structurally.
            let inner = unsafe { Pin::new_unchecked(inner) };
            match &mut this.stage {
                Stage::Fresh => {
                    inner.begin();
                    this.stage = Stage::Steps;
                }
                Stage::Steps => match ready!(inner.poll_step::<()>(cx)) {
                    Ok(Step::Yielded(item)) => {
                        this.stage = Stage::Yields(this.yielder.yield_(item));
                    }
                    Ok(Step::Complete(value)) => break Ok(value),
                    Err(StepError::Failed(error) | StepError::Missed(error)) => {
                        break Err(Interrupt::Thrown(error));
                    }
                    Err(StepError::Closed(closed)) => break Err(Interrupt::Closed(closed)),
                    Err(StepError::Refused(_)) => unreachable!("a step is under way"),
                },
                Stage::Yields(yields) => {
                    this.stage = match ready!(Pin::new(yields).poll(cx)) {
                        Ok(value) => {
                            inner.answer(Ok(value));
                            Stage::Steps
                        }
                        Err(Interrupt::Thrown(error)) => {
                            inner.answer(Err(error));
                            Stage::Steps
                        }
                        Err(Interrupt::Closed(_)) => {
                            inner.ask_to_close();
                            Stage::Closes
                        }
                    };
                }
                Stage::Closes => match ready!(inner.poll_close(cx)) {
                    Ok(_) => break Err(Interrupt::Closed(Closed(()))),
                    Err(CloseError::Failed(error)) => break Err(Interrupt::Thrown(error)),
                    Err(CloseError::YieldedDuringClose(item)) => {
                        this.stage = Stage::Breaks(this.yielder.yield_(item));
                    }
                },
                Stage::Breaks(yields) => {
                    // There is no other answer during a close.
                    let _closed = ready!(Pin::new(yields).poll(cx));
                    break Err(Interrupt::Closed(Closed(())));
                }
            }
        };
        this.inner = None;
        Poll::Ready(ended)
    }
}

impl<Y, R, E, T, S> fmt::Debug for Delegate<'_, Y, R, E, T, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delegate")
            .field("ended", &self.inner.is_none())
            .finish_non_exhaustive()
    }
}
