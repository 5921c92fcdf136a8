use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, ready};

#[cfg(not(feature = "alloc"))]
use self::no_cleanup::Cancellable;
use super::error::CloseError;
use super::interrupt::Interrupt;
use super::{Coroutine, Event, State};
#[cfg(feature = "alloc")]
use crate::cancel::Cancellable;
#[cfg(feature = "std")]
use crate::cleanup::kind::ThreadBound;
use crate::cleanup::kind::{Kind, Sendable};

impl<Y, R, E, T, S> Coroutine<Y, R, E, T, S> {
    /// Ends the body, and waits for that. Gives what the body returned, if it answered by returning.
    ///
    /// The yield that waits gets [`Interrupt::Closed`]; the body may clean up, for as long as it
    /// takes, and ends: by passing that on, by returning a value, or by failing. Where no yield waits
    /// (the step was dropped half-way) the body is dropped where it is. One that was not started is
    /// dropped, too, and one that has ended is left alone.
    ///
    /// Scopes in a body that passes the sign on see it fail with an [`Interrupt`]; in one that is
    /// dropped, they are cancelled.
    ///
    /// With `alloc`, what a dropped body leaves to clean up is waited for. `!Send` cleanups are left
    /// to the thread, unless you call [`local`](Close::local).
    ///
    /// # Cancel safety
    ///
    /// Dropped before its first poll, it has done nothing. Dropped later, it leaves the body where it
    /// is, on its way out, and another `close` goes on with that; cleanups that it waits for are
    /// handed to whoever drops it. Leaked, those are leaked with it.
    ///
    /// # Errors
    ///
    /// [`CloseError::Failed`] if the body fails on its way out, or has not taken what was thrown at
    /// it; [`CloseError::YieldedDuringClose`], with the item, if it yields once more: it is dropped
    /// there. The coroutine is closed, either way.
    ///
    /// # Panics
    ///
    /// If the body does; with std, after the cleanup. If polled again after completion.
    ///
    /// # Complexity
    ///
    /// No allocation, unless there is something to wait for.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::convert::Infallible;
    /// use std::pin::pin;
    /// use withal_core::coroutine::{Interrupt, coroutine};
    ///
    /// # futures_util::FutureExt::now_or_never(async {
    /// let mut total = pin!(coroutine(async |y| {
    ///     let mut total = 0;
    ///     loop {
    ///         match y.yield_(()).await {
    ///             Ok(amount) => total += amount,
    ///             Err(Interrupt::Closed(_)) => return Ok::<u32, Interrupt<Infallible>>(total),
    ///             Err(thrown) => return Err(thrown),
    ///         }
    ///     }
    /// }));
    /// total.as_mut().start().await?;
    /// total.as_mut().resume(3).await.unwrap();
    /// total.as_mut().resume(4).await.unwrap();
    /// assert_eq!(total.as_mut().close().await, Ok(Some(7)));
    /// assert_eq!(total.as_mut().close().await, Ok(None));
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap().unwrap();
    /// ```
    ///
    /// Source: PEP 342 and PEP 525, `close` and `aclose`; differs in that a body which yields is ended
    /// all the same.
    #[track_caller]
    pub fn close<'a>(self: Pin<&'a mut Self>) -> Close<'a, Y, R, E, T, S> {
        Close {
            outcome: None,
            inner: Cancellable::new(
                "close",
                CloseBody {
                    coroutine: self,
                    drops_body: false,
                },
            ),
        }
    }

    /// Polls the close that was begun. After an item, the body is still there.
    pub(super) fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Outcome<Y, T, E>> {
        Poll::Ready(match ready!(self.poll_event(cx)) {
            Event::Yielded(item) => Err(CloseError::YieldedDuringClose(item)),
            Event::Ended(end) => closed_by(end),
            Event::Missed(error) => Err(CloseError::Failed(error)),
        })
    }
}

type Outcome<Y, T, E> = Result<Option<T>, CloseError<Y, E>>;

fn closed_by<Y, T, E>(end: Result<T, Interrupt<E>>) -> Outcome<Y, T, E> {
    match end {
        Ok(value) => Ok(Some(value)),
        Err(Interrupt::Closed(_)) => Ok(None),
        Err(Interrupt::Thrown(error)) => Err(CloseError::Failed(error)),
    }
}

/// The future that [`Coroutine::close`] returns.
#[must_use = "nothing is closed unless this is awaited"]
pub struct Close<'a, Y, R, E, T, S, K: Kind = Sendable> {
    outcome: Option<Outcome<Y, T, E>>,
    inner: Cancellable<CloseBody<'a, Y, R, E, T, S>, K>,
}

#[cfg(feature = "std")]
impl<'a, Y, R, E, T, S> Close<'a, Y, R, E, T, S> {
    /// Waits for `!Send` cleanups too, and becomes `!Send` itself. Those inside of a `Send` scope are
    /// out of its sight.
    pub fn local(self) -> Close<'a, Y, R, E, T, S, ThreadBound> {
        Close {
            outcome: self.outcome,
            inner: self.inner.local(),
        }
    }
}

impl<Y, R, E, T, S, K: Kind> Future for Close<'_, Y, R, E, T, S, K> {
    type Output = Outcome<Y, T, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // SAFETY: `inner` alone is pinned, structurally; `outcome` is moved freely.
        let this = unsafe { self.get_unchecked_mut() };
        // SAFETY: as above.
        let inner = unsafe { Pin::new_unchecked(&mut this.inner) };
        inner.poll_through(cx, &mut this.outcome)
    }
}

impl<Y, R, E, T, S, K: Kind> fmt::Debug for Close<'_, Y, R, E, T, S, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Close").finish_non_exhaustive()
    }
}

/// The close without the wait for what a dropped body leaves: that begins when this is dropped.
struct CloseBody<'a, Y, R, E, T, S> {
    coroutine: Pin<&'a mut Coroutine<Y, R, E, T, S>>,
    /// The body is dropped with this. Not while it is on its way out.
    drops_body: bool,
}

impl<Y, R, E, T, S> Future for CloseBody<'_, Y, R, E, T, S> {
    type Output = Outcome<Y, T, E>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        match this.coroutine.state() {
            State::Closed => return Poll::Ready(Ok(None)),
            State::Created => {
                this.drops_body = true;
                return Poll::Ready(Ok(None));
            }
            State::Running => {
                this.drops_body = true;
                let (missed, end) = this.coroutine.as_mut().cut_short();
                return Poll::Ready(match (missed, end) {
                    (Some(error), _) => Err(CloseError::Failed(error)),
                    (None, Some(end)) => closed_by(end),
                    (None, None) => Ok(None),
                });
            }
            State::Suspended => this.coroutine.as_mut().ask_to_close(),
            State::Closing => {}
        }
        let closed = ready!(this.coroutine.as_mut().poll_close(cx));
        this.drops_body = true;
        Poll::Ready(closed)
    }
}

impl<Y, R, E, T, S> Drop for CloseBody<'_, Y, R, E, T, S> {
    fn drop(&mut self) {
        if self.drops_body {
            self.coroutine.as_mut().end();
        }
    }
}

/// Without an allocator nothing is handed over, so there is nothing to wait for.
#[cfg(not(feature = "alloc"))]
mod no_cleanup {
    use core::future::Future;
    use core::marker::PhantomData;
    use core::pin::Pin;
    use core::task::{Context, Poll, ready};

    pub(super) struct Cancellable<F, K> {
        /// Pinned structurally: dropped in place, never moved.
        future: Option<F>,
        _kind: PhantomData<fn() -> K>,
    }

    impl<F, K> Cancellable<F, K> {
        pub(super) fn new(_name: &'static str, future: F) -> Self {
            Self {
                future: Some(future),
                _kind: PhantomData,
            }
        }
    }

    impl<F: Future, K> Cancellable<F, K> {
        pub(super) fn poll_through(
            self: Pin<&mut Self>,
            cx: &mut Context<'_>,
            _output: &mut Option<F::Output>,
        ) -> Poll<F::Output> {
            // SAFETY: as said at the field; nothing else is pinned.
            let this = unsafe { self.get_unchecked_mut() };
            let Some(future) = &mut this.future else {
                panic!("a future was polled after completion");
            };
            // SAFETY: as above.
            let output = ready!(unsafe { Pin::new_unchecked(future) }.poll(cx));
            this.future = None;
            Poll::Ready(output)
        }
    }
}
