//! A loop whose source works ahead while its body runs.

mod buffer;
mod buffered;
mod items;
mod sequential;
#[cfg(test)]
mod tests;
mod woken;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_core::Stream;
use pin_project_lite::pin_project;

use self::buffer::Buffer;
pub use self::buffered::{Buffered, buffered};
pub use self::items::Prefetched;
pub use self::sequential::Sequential;
use super::closing::Closing;
use crate::cancel::OwnsWhatItPolls;
use crate::cleanup::{Kind, Sendable, ThreadBound};

/// Runs `body` with the items of `stream`, of which up to `n` are made ahead while the body is busy,
/// and then closes the stream.
///
/// The body is an async closure that is given the items as a stream, [`Prefetched`]. Both run in the
/// consumer's task: nothing is spawned, both may borrow, and neither need be `Send`. Body and stream
/// take turns, in each poll: the stream, the body, and the stream again if the body took something.
/// `stream` is not polled when `n` items wait to be taken, nor once the body has ended.
///
/// `stream` owns what it polls: a reference is refused, as by [`close`](crate::close()). When the loop
/// returns, the stream is closed: the cleanup of every scope that it held open has ended, however the
/// body came to its end. Items that were made and not taken are dropped with the [`Prefetched`]; a
/// body that wants them returns it, and what is in there can still be taken.
///
/// A stream that has work of its own under way, as `StreamExt::buffered` has, stands still with it
/// while there is no room. For such work use [`buffered`].
///
/// # Cancel safety
///
/// Dropped, it drops the body first and then the stream, and leaves their cleanup to whoever drops
/// it. Leaked, it leaks both, whose scopes are then never exited.
///
/// # Panics
///
/// If `n` is zero. A panic of the body or of the stream goes on, after both were dropped and their
/// cleanup has ended. If polled again after completion.
///
/// # Complexity
///
/// One allocation, which is shared with the [`Prefetched`], and room for `n` items, twice. An item
/// costs a lock that is hardly ever contended; each poll of the loop costs three more, and polls the
/// body, and also the stream if there is room.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use futures_util::{Stream, StreamExt};
/// use withal::runtime::Runtime;
/// use withal::stream::prefetch;
///
/// async fn copy(rt: &impl Runtime, pages: impl Stream<Item = String>) -> usize {
///     prefetch(pages, 2, async |mut pages| {
///         let mut bytes = 0;
///         while let Some(page) = pages.next().await {
///             // The next two pages are on their way meanwhile.
///             rt.sleep(Duration::from_millis(10)).await;
///             bytes += page.len();
///         }
///         bytes
///     })
///     .await
/// }
/// ```
#[track_caller]
pub fn prefetch<S, F, B, NotAReference>(
    stream: S,
    n: usize,
    body: F,
) -> Prefetch<Sequential<S, S::Item>, B, S::Item, B::Output>
where
    S: Stream + OwnsWhatItPolls<NotAReference>,
    F: FnOnce(Prefetched<S::Item>) -> B,
    B: Future,
{
    Prefetch::new("prefetch", Sequential::new(stream), n, body)
}

pin_project! {
    /// The future that [`prefetch`] and [`buffered`] return.
    ///
    /// No bound relates two of its parameters, nor those of what it holds: the compiler forgets
    /// lifetimes where it looks whether a task is `Send`, and could not prove it over borrowed items.
    #[must_use = "futures do nothing unless polled"]
    pub struct Prefetch<W, B, T, O, K: Kind = Sendable> {
        #[pin]
        inner: Closing<Turns<W, B, T>, O, K>,
    }
}

impl<W, B, T, O> Prefetch<W, B, T, O> {
    #[track_caller]
    fn new(name: &'static str, work: W, n: usize, body: impl FnOnce(Prefetched<T>) -> B) -> Self {
        assert!(n > 0, "nothing can be made ahead: the number is zero");
        let buffer = Arc::new(Buffer::new(n));
        let turns = Turns {
            body: body(Prefetched::new(buffer.clone())),
            work,
            made: Made(buffer),
        };
        Self {
            inner: Closing::new(name, turns),
        }
    }

    /// Waits for `!Send` cleanups too, and becomes `!Send` itself.
    pub fn local(self) -> Prefetch<W, B, T, O, ThreadBound> {
        Prefetch {
            inner: self.inner.local(),
        }
    }
}

impl<W: Work<T>, B: Future<Output = O>, T, O, K: Kind> Future for Prefetch<W, B, T, O, K> {
    type Output = O;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<O> {
        self.project().inner.poll(cx)
    }
}

impl<W, B, T, O, K: Kind> fmt::Debug for Prefetch<W, B, T, O, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Prefetch").finish_non_exhaustive()
    }
}

/// What makes items ahead. Sealed.
pub trait Work<T>: sealed::Work<T> {}

impl<T, W: sealed::Work<T>> Work<T> for W {}

mod sealed {
    use std::pin::Pin;
    use std::task::Context;

    use super::buffer::Buffer;

    #[expect(unnameable_types, reason = "seals the public trait")]
    pub trait Work<T> {
        /// Works as far as it can, and puts what comes out into `buffer`. Also after the end.
        fn poll_work(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &Buffer<T>);
    }
}

pin_project! {
    /// Body and work, in turns, until the body ends.
    struct Turns<W, B, T> {
        // In the order of their drops: the consumer comes first.
        #[pin]
        body: B,
        #[pin]
        work: W,
        made: Made<T>,
    }
}

/// Where the items go: nothing more comes when this is dropped.
struct Made<T>(Arc<Buffer<T>>);

impl<T> Drop for Made<T> {
    fn drop(&mut self) {
        self.0.end();
    }
}

impl<W: Work<T>, B: Future, T> Future for Turns<W, B, T> {
    type Output = B::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<B::Output> {
        let mut this = self.project();
        let buffer = &*this.made.0;
        this.work.as_mut().poll_work(cx, buffer);
        if let Poll::Ready(output) = this.body.poll(cx) {
            return Poll::Ready(output);
        }
        if buffer.end_body() {
            this.work.poll_work(cx, buffer);
            buffer.end_poll();
        }
        Poll::Pending
    }
}
