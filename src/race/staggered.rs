use std::fmt;
use std::future::Future;
use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use pin_project_lite::pin_project;

use super::AllFailed;
use crate::cancel::{Branch, KeptError};
use crate::cleanup::{Kind, Sendable, ThreadBound};
use crate::runtime::{TaskError, Timer};
use crate::together::Crowd;

/// Starts the first of `candidates`, and the next one each time that `delay` has passed or the latest has
/// failed, until one succeeds; then cancels the others and waits for their cleanup.
///
/// This is how one connects to one of several addresses, of which the first is the best ("happy
/// eyeballs"). A candidate is a closure; it is called when its turn comes, and those whose turn does not
/// come are dropped uncalled. All run in the caller's task, may borrow, and need not be `Send`; each is
/// polled only when it was woken. The time begins at the first poll.
///
/// # Cancel safety
///
/// Dropped, it drops all that was started and hands the cleanup to whoever drops it. Leaked, it leaks
/// them, whose scopes are then never exited.
///
/// # Errors
///
/// [`AllFailed`], with all errors in the order of the candidates, and none if there were no candidates.
///
/// # Panics
///
/// The first panic of a candidate, or of `candidates`, goes on, after the others were cancelled and their
/// cleanup has ended. If polled again after completion.
///
/// # Complexity
///
/// An allocation for the set, one for each doubling of it, and those of the timer.
///
/// # Examples
///
/// ```
/// use std::io;
/// use std::time::Duration;
/// use withal::race_staggered;
/// use withal::runtime::Runtime;
/// # struct Connection;
/// # async fn connect(_: &str) -> io::Result<Connection> { Ok(Connection) }
///
/// async fn first_of(rt: &impl Runtime, addresses: &[&str]) -> io::Result<Connection> {
///     let candidates = addresses.iter().map(|address| async move || connect(address).await);
///     let won = race_staggered(rt, Duration::from_millis(250), candidates).await;
///     won.map(|won| won.value).map_err(io::Error::other)
/// }
/// ```
///
/// Source: RFC 8305, section 5; CPython's `staggered_race`.
#[track_caller]
pub fn race_staggered<R, I, C, F, T, E>(
    rt: &R,
    delay: Duration,
    candidates: I,
) -> RaceStaggered<'_, R, R::Sleep, I::IntoIter, F, T, E>
where
    R: Timer,
    I: IntoIterator<Item = C>,
    C: FnOnce() -> F,
    F: Future<Output = Result<T, E>>,
{
    RaceStaggered {
        rt,
        delay,
        location: Location::caller(),
        candidates: Some(candidates.into_iter()),
        start: |candidates| candidates.next().map(|candidate| candidate()),
        sleep: None,
        running: Crowd::new(0, true, Result::is_ok),
        failed: Vec::new(),
        latest_failed: true,
        is_over: false,
        end: None,
    }
}

pin_project! {
    /// The future that [`race_staggered`] returns.
    #[must_use = "futures do nothing unless polled"]
    pub struct RaceStaggered<'r, R, S, I, F, T, E, K: Kind = Sendable> {
        rt: &'r R,
        delay: Duration,
        location: &'static Location<'static>,
        // `None` when there are no more, or no more are wanted.
        candidates: Option<I>,
        // Calls the next one. A bound that says that it can be called so would relate `I` and `F`.
        start: fn(&mut I) -> Option<F>,
        #[pin]
        sleep: Option<S>,
        running: Crowd<F, Result<T, E>, K>,
        // In the order of the candidates, each of which has a place here from its start on.
        failed: Vec<Option<E>>,
        latest_failed: bool,
        is_over: bool,
        end: Option<Result<(usize, T), KeptError>>,
    }
}

/// Who won a [`race_staggered`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Won<T, E> {
    /// What the winner has returned.
    pub value: T,
    /// Which candidate that is, from zero.
    pub index: usize,
    /// The errors of those that had failed before, each with the candidate's index.
    pub failed: Vec<(usize, E)>,
}

impl<'r, R, S, I, F, T, E> RaceStaggered<'r, R, S, I, F, T, E> {
    /// Waits for `!Send` cleanups too, and becomes `!Send` itself.
    pub fn local(self) -> RaceStaggered<'r, R, S, I, F, T, E, ThreadBound> {
        RaceStaggered {
            rt: self.rt,
            delay: self.delay,
            location: self.location,
            candidates: self.candidates,
            start: self.start,
            sleep: self.sleep,
            // Nothing was started yet.
            running: Crowd::new(0, true, Result::is_ok),
            failed: self.failed,
            latest_failed: self.latest_failed,
            is_over: self.is_over,
            end: self.end,
        }
    }
}

impl<R, S, I, F, T, E, K> Future for RaceStaggered<'_, R, S, I, F, T, E, K>
where
    R: Timer<Sleep = S>,
    S: Future<Output = ()>,
    F: Future<Output = Result<T, E>>,
    K: Kind,
{
    type Output = Result<Won<T, E>, AllFailed<E>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        assert!(!*this.is_over, "a race was polled after completion");
        loop {
            let polled = this.running.poll_ended(cx);
            if this.running.decided().is_some() && !this.running.is_stopped() {
                this.running.stop();
                *this.candidates = None;
                this.sleep.set(None);
                if polled.is_pending() {
                    continue;
                }
            }
            match polled {
                Poll::Ready(Some((_, (index, ended)))) => {
                    let is_first = this.running.decided() == Some(index);
                    match ended {
                        Ok(Ok(value)) if is_first && !is_panicking(this.end) => {
                            *this.end = Some(Ok((index, value)));
                        }
                        Err(error) if is_first || error.is_panic() && !is_panicking(this.end) => {
                            *this.end = Some(Err(error));
                        }
                        Ok(Err(error)) => {
                            *this.latest_failed |= index + 1 == this.failed.len();
                            this.failed[index] = Some(error);
                        }
                        // It was cancelled, or comes too late.
                        Ok(Ok(_)) | Err(_) => {}
                    }
                    continue;
                }
                Poll::Ready(None) if this.candidates.is_none() => break,
                Poll::Pending if this.candidates.is_none() => return Poll::Pending,
                Poll::Ready(None) | Poll::Pending => {}
            }
            if !*this.latest_failed {
                let Some(sleep) = this.sleep.as_mut().as_pin_mut() else {
                    unreachable!("the time is set when a candidate is started");
                };
                ready!(sleep.poll(cx));
            }
            *this.latest_failed = false;
            this.sleep.set(None);
            let Some(candidates) = this.candidates else {
                unreachable!("there may be more, see above");
            };
            // What panics is not used again.
            match catch_unwind(AssertUnwindSafe(|| (this.start)(candidates))) {
                Ok(Some(future)) => {
                    let branch = Branch::of_kind("race_staggered", this.location, future);
                    this.running.push(this.failed.len(), branch);
                    this.failed.push(None);
                    this.sleep.set(Some(this.rt.sleep(*this.delay)));
                }
                Ok(None) => *this.candidates = None,
                Err(payload) => {
                    let error = TaskError::panicked(payload);
                    *this.end = Some(Err(KeptError::of("race_staggered", this.location, error)));
                    *this.candidates = None;
                    this.running.stop();
                }
            }
        }
        *this.is_over = true;
        let failed = std::mem::take(this.failed).into_iter();
        match this.end.take() {
            Some(Ok((index, value))) => {
                let failed = (0..).zip(failed);
                Poll::Ready(Ok(Won {
                    value,
                    index,
                    failed: failed
                        .filter_map(|(index, error)| Some((index, error?)))
                        .collect(),
                }))
            }
            Some(Err(panic)) => panic.into_inner().resume(),
            None => Poll::Ready(Err(AllFailed::new(failed.flatten().collect()))),
        }
    }
}

fn is_panicking<T>(end: &Option<Result<T, KeptError>>) -> bool {
    matches!(end, Some(Err(_)))
}

impl<R, S, I, F, T, E, K: Kind> fmt::Debug for RaceStaggered<'_, R, S, I, F, T, E, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RaceStaggered")
            .field("delay", &self.delay)
            .field("started", &self.failed.len())
            .field("running", &self.running.len())
            .finish_non_exhaustive()
    }
}
