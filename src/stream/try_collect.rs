//! Collecting, until an error.

mod partial;
#[cfg(test)]
mod tests;

use std::fmt;
use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use pin_project_lite::pin_project;

pub use self::partial::{Partial, TryCollectPartial};
use super::closing::Closing;
use crate::cancel::OwnsWhatItPolls;
use crate::cleanup::{Kind, Sendable, ThreadBound};

/// Collects the items of `stream` up to its end or its first error, and closes it.
///
/// When it returns, the cleanup of every scope that the stream held open has ended. `stream` owns what
/// it polls: a reference is refused, as by [`close`](crate::close()). To collect from a stream that is
/// to stay open, use
/// [`TryStreamExt::try_collect`](https://docs.rs/futures-util/latest/futures_util/stream/trait.TryStreamExt.html#method.try_collect)
/// on `&mut stream`; for one that cannot fail,
/// [`StreamExt::collect`](https://docs.rs/futures-util/latest/futures_util/stream/trait.StreamExt.html#method.collect).
///
/// # Cancel safety
///
/// Dropped, it drops what it has collected, and leaves the stream's cleanup to whoever drops it.
/// Leaked, it leaks the stream, whose scopes are then never exited.
///
/// # Errors
///
/// The first error of the stream; what was collected is dropped, unless you ask for it by
/// [`partial`](TryCollect::partial).
///
/// # Panics
///
/// A panic of the stream, or of the collection, goes on after the cleanup. If polled again after
/// completion.
///
/// # Complexity
///
/// One `extend` for each item; no allocation of its own, unless there is something to wait for.
///
/// # Examples
///
/// ```
/// use futures_util::stream;
/// use withal::stream::try_collect;
///
/// # futures_util::FutureExt::now_or_never(async {
/// let words = stream::iter(["1", "2", "three"]);
/// let numbers = futures_util::StreamExt::map(words, str::parse::<u32>);
/// let all: Result<Vec<_>, _> = try_collect(numbers).await;
/// assert_eq!(all.unwrap_err().to_string(), "invalid digit found in string");
/// # }).unwrap();
/// ```
///
/// Source: Python's asynchronous comprehensions; differs in that it closes its source, and in that
/// what was collected can be had.
#[track_caller]
pub fn try_collect<S, C, T, E, NotAReference>(stream: S) -> TryCollect<S, C, E>
where
    S: Stream<Item = Result<T, E>> + OwnsWhatItPolls<NotAReference>,
    C: Default + Extend<T>,
{
    let collecting = Collecting {
        items: C::default(),
        stream,
    };
    TryCollect {
        inner: Closing::new("try_collect", collecting),
    }
}

pin_project! {
    /// The future that [`try_collect`] returns.
    #[must_use = "futures do nothing unless polled"]
    pub struct TryCollect<S, C, E, K: Kind = Sendable> {
        #[pin]
        inner: Inner<S, C, E, K>,
    }
}

type Inner<S, C, E, K> = Closing<Collecting<S, C>, Result<C, Partial<C, E>>, K>;

impl<S, C, E> TryCollect<S, C, E> {
    /// Gives what was collected before the error along with it.
    ///
    /// # Examples
    ///
    /// ```
    /// use futures_util::stream;
    /// use withal::stream::try_collect;
    ///
    /// # futures_util::FutureExt::now_or_never(async {
    /// let numbers = stream::iter([Ok(1), Ok(2), Err("line is dead")]);
    /// let ended = try_collect::<_, Vec<_>, _, _, _>(numbers).partial().await.unwrap_err();
    /// assert_eq!((ended.items, ended.error), (vec![1, 2], "line is dead"));
    /// # }).unwrap();
    /// ```
    pub fn partial(self) -> TryCollectPartial<S, C, E> {
        TryCollectPartial::new(self.inner)
    }

    /// Waits for `!Send` cleanups too, and becomes `!Send` itself.
    pub fn local(self) -> TryCollect<S, C, E, ThreadBound> {
        TryCollect {
            inner: self.inner.local(),
        }
    }
}

impl<S, C, T, E, K> Future for TryCollect<S, C, E, K>
where
    S: Stream<Item = Result<T, E>>,
    C: Default + Extend<T>,
    K: Kind,
{
    type Output = Result<C, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let ended = ready!(self.project().inner.poll(cx));
        Poll::Ready(ended.map_err(|partial| partial.error))
    }
}

impl<S, C, E, K: Kind> fmt::Debug for TryCollect<S, C, E, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TryCollect").finish_non_exhaustive()
    }
}

pin_project! {
    /// Collects, and closes nothing.
    struct Collecting<S, C> {
        items: C,
        #[pin]
        stream: S,
    }
}

impl<S, C, T, E> Future for Collecting<S, C>
where
    S: Stream<Item = Result<T, E>>,
    C: Default + Extend<T>,
{
    type Output = Result<C, Partial<C, E>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        loop {
            match ready!(this.stream.as_mut().poll_next(cx)) {
                Some(Ok(item)) => this.items.extend([item]),
                Some(Err(error)) => {
                    let items = mem::take(this.items);
                    return Poll::Ready(Err(Partial { items, error }));
                }
                None => return Poll::Ready(Ok(mem::take(this.items))),
            }
        }
    }
}
