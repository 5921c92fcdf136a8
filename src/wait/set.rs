use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;

use crate::cancel::{Branch, KeptError};
use crate::cleanup::{Kind, Sendable, ThreadBound};
use crate::join::Outcome;
use crate::sync::future_set::Key;
use crate::together::Crowd;

/// Futures that are [waited for](crate::wait()) by reference, and their outcomes.
///
/// It is also a stream of the outcomes, in the order in which they come.
///
/// # Cancel safety
///
/// Dropping it drops the futures that have not ended; they clean up side by side, and
/// [`close`](crate::close()) waits for that. A panic that was not taken is reported. Leaked, it leaks
/// them.
///
/// # Complexity
///
/// As [`FutureSet`](crate::sync::future_set::FutureSet).
#[must_use = "its futures do nothing unless they are waited for"]
pub struct WaitSet<F, T, E, K: Kind = Sendable> {
    location: &'static Location<'static>,
    running: Crowd<F, Result<T, E>, K>,
    ended: VecDeque<(Key, Ended<T, E>)>,
    failed: usize,
}

type Ended<T, E> = Result<Result<T, E>, KeptError>;

/// What is pinned is in the crowd.
impl<F, T, E, K: Kind> Unpin for WaitSet<F, T, E, K> {}

impl<F, T, E> WaitSet<F, T, E> {
    /// An empty set.
    #[track_caller]
    pub fn new() -> Self {
        Self::of_kind(Location::caller())
    }
}

impl<F, T, E> WaitSet<F, T, E, ThreadBound> {
    /// An empty set that waits for `!Send` cleanups too, and is itself `!Send`.
    #[track_caller]
    pub fn new_local() -> Self {
        Self::of_kind(Location::caller())
    }
}

impl<F, T, E, K: Kind> WaitSet<F, T, E, K> {
    fn of_kind(location: &'static Location<'static>) -> Self {
        Self {
            location,
            running: Crowd::new(0, false, |_| false),
            ended: VecDeque::new(),
            failed: 0,
        }
    }

    /// Adds a future. It is polled when the set is next waited for.
    pub fn push(&mut self, future: F) -> Key
    where
        F: Future<Output = Result<T, E>>,
    {
        self.running
            .push(0, Branch::of_kind("wait", self.location, future))
    }

    /// How many futures have not ended.
    pub fn running(&self) -> usize {
        self.running.len()
    }

    /// How many have ended, and were not taken.
    pub fn ended(&self) -> usize {
        self.ended.len()
    }

    /// Whether there is nothing in it: neither a future, nor an outcome.
    pub fn is_empty(&self) -> bool {
        self.running() + self.ended() == 0
    }

    /// Takes the outcome of one that has ended, the earliest first.
    pub fn take_next(&mut self) -> Option<(Key, Outcome<T, E>)> {
        self.take_at(0)
    }

    /// Takes the outcome of this one, if it has ended.
    ///
    /// # Complexity
    ///
    /// Linear in the number of outcomes.
    pub fn take_outcome(&mut self, key: Key) -> Option<Outcome<T, E>> {
        let position = self.ended.iter().position(|(ended, _)| *ended == key)?;
        self.take_at(position).map(|(_, outcome)| outcome)
    }

    /// Cancels this one. It ends, and its cleanup with it, while the set is waited for. Whether it had
    /// not ended.
    pub fn cancel(&mut self, key: Key) -> bool {
        self.running.stop_one(key)
    }

    /// Cancels all that have not ended.
    pub fn cancel_all(&mut self) {
        self.running.stop();
    }

    fn take_at(&mut self, position: usize) -> Option<(Key, Outcome<T, E>)> {
        let (key, ended) = self.ended.remove(position)?;
        self.failed -= usize::from(has_failed(&ended));
        Some((key, ended.map_err(KeptError::into_inner).into()))
    }

    pub(super) fn has_failed(&self) -> bool {
        self.failed > 0
    }

    /// Polls those that were woken, and keeps what comes out.
    pub(super) fn poll_running(&mut self, cx: &mut Context<'_>)
    where
        F: Future<Output = Result<T, E>>,
    {
        while let Poll::Ready(Some((key, (_, ended)))) = self.running.poll_ended(cx) {
            self.failed += usize::from(has_failed(&ended));
            self.ended.push_back((key, ended));
        }
    }
}

fn has_failed<T, E>(ended: &Ended<T, E>) -> bool {
    match ended {
        Ok(result) => result.is_err(),
        Err(error) => error.is_panic(),
    }
}

impl<F, T, E> Default for WaitSet<F, T, E> {
    #[track_caller]
    fn default() -> Self {
        Self::new()
    }
}

impl<F, T, E> FromIterator<F> for WaitSet<F, T, E>
where
    F: Future<Output = Result<T, E>>,
{
    #[track_caller]
    fn from_iter<I: IntoIterator<Item = F>>(futures: I) -> Self {
        let mut set = Self::new();
        set.extend(futures);
        set
    }
}

impl<F, T, E, K> Extend<F> for WaitSet<F, T, E, K>
where
    F: Future<Output = Result<T, E>>,
    K: Kind,
{
    fn extend<I: IntoIterator<Item = F>>(&mut self, futures: I) {
        for future in futures {
            self.push(future);
        }
    }
}

impl<F, T, E, K> Stream for WaitSet<F, T, E, K>
where
    F: Future<Output = Result<T, E>>,
    K: Kind,
{
    type Item = (Key, Outcome<T, E>);

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_running(cx);
        match self.take_next() {
            None if self.running() > 0 => Poll::Pending,
            next => Poll::Ready(next),
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.running() + self.ended();
        (left, Some(left))
    }
}

impl<F, T, E, K: Kind> fmt::Debug for WaitSet<F, T, E, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WaitSet")
            .field("running", &self.running())
            .field("ended", &self.ended())
            .finish_non_exhaustive()
    }
}
