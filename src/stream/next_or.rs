//! One item, or a default at the end.

#[cfg(test)]
mod tests;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use pin_project_lite::pin_project;

/// Waits for the next item of `stream`, which is `default` where the stream has ended.
///
/// The default takes the place of the end and of nothing else: an item that is an error comes out
/// as it is. Pass `&mut stream`, or `stream.as_mut()` where it is pinned, to go on with it
/// afterwards. `next()` itself is
/// [`StreamExt::next`](https://docs.rs/futures-util/latest/futures_util/stream/trait.StreamExt.html).
///
/// # Cancel safety
///
/// Dropped or leaked, it loses no item; `default` goes with it.
///
/// # Panics
///
/// If polled again after completion.
///
/// # Complexity
///
/// No allocation.
///
/// # Examples
///
/// ```
/// use futures_util::stream;
/// use withal::stream::next_or;
///
/// # futures_util::FutureExt::now_or_never(async {
/// let mut numbers = stream::iter([1]);
/// assert_eq!(next_or(&mut numbers, 0).await, 1);
/// assert_eq!(next_or(&mut numbers, 0).await, 0);
/// # }).unwrap();
/// ```
///
/// Source: Python's `anext(iterator, default)`.
pub fn next_or<S: Stream>(stream: S, default: S::Item) -> NextOr<S, S::Item> {
    NextOr {
        stream,
        default: Some(default),
    }
}

pin_project! {
    /// The future that [`next_or`] returns.
    #[must_use = "futures do nothing unless polled"]
    pub struct NextOr<S, T> {
        #[pin]
        stream: S,
        // Taken with the output.
        default: Option<T>,
    }
}

impl<S: Stream<Item = T>, T> Future for NextOr<S, T> {
    type Output = T;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        let this = self.project();
        let Some(default) = this.default.take() else {
            panic!("a `next_or` was polled after completion");
        };
        match this.stream.poll_next(cx) {
            Poll::Ready(item) => Poll::Ready(item.unwrap_or(default)),
            Poll::Pending => {
                *this.default = Some(default);
                Poll::Pending
            }
        }
    }
}

impl<S, T> fmt::Debug for NextOr<S, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NextOr")
            .field("ended", &self.default.is_none())
            .finish_non_exhaustive()
    }
}
