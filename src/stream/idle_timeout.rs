//! A limit on the wait for each item.

#[cfg(test)]
mod tests;

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_core::Stream;
use futures_core::stream::FusedStream;
use pin_project_lite::pin_project;

use crate::runtime::Timer;

/// Gives the items of `stream`, and [`Idle`] whenever one takes longer than `timeout`.
///
/// An idle item is not the end: the stream goes on where it was, and whoever asks again waits for
/// the same item, for another `timeout` at most. Items of the source that are errors arrive as they
/// are, inside of `Ok`; the end stays the end.
///
/// The time is counted from when an item is asked for and there is none: what the consumer does
/// between two items does not count. An item that is ready wins a tie; with a timeout of zero the
/// source is polled once for each item. The stream is fused.
///
/// # Cancel safety
///
/// Dropping the future of a `next` loses no item, and the time goes on: the next one that is asked
/// for is the same. Dropping the stream drops the timer, and the source.
///
/// # Complexity
///
/// No allocation of its own, and no timer as long as items are ready when they are asked for.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use futures_util::{Stream, StreamExt};
/// use withal::runtime::Runtime;
/// use withal::stream::idle_timeout;
///
/// async fn listen(rt: &impl Runtime, messages: impl Stream<Item = String>) {
///     let messages = idle_timeout(rt, Duration::from_secs(30), messages);
///     let mut messages = std::pin::pin!(messages);
///     while let Some(message) = messages.next().await {
///         match message {
///             Ok(text) => println!("{text}"),
///             Err(idle) => println!("are you there? {idle}"),
///         }
///     }
/// }
/// ```
///
/// Source: tokio-stream's `timeout`; differs in that each item has its own time, from when it is
/// asked for, that every wait can time out, not only the first of a row, and in the runtime.
pub fn idle_timeout<R: Timer, S: Stream>(
    rt: &R,
    timeout: Duration,
    stream: S,
) -> IdleTimeout<'_, R, S> {
    IdleTimeout {
        rt,
        timeout,
        sleep: None,
        stream,
        ended: false,
    }
}

pin_project! {
    /// The stream that [`idle_timeout`] returns.
    #[must_use = "streams do nothing unless polled"]
    pub struct IdleTimeout<'r, R: Timer, S> {
        rt: &'r R,
        timeout: Duration,
        // While an item is waited for.
        #[pin]
        sleep: Option<R::Sleep>,
        #[pin]
        stream: S,
        ended: bool,
    }
}

impl<R: Timer, S: Stream> Stream for IdleTimeout<'_, R, S> {
    type Item = Result<S::Item, Idle>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut this = self.project();
        if *this.ended {
            return Poll::Ready(None);
        }
        if let Poll::Ready(item) = this.stream.poll_next(cx) {
            this.sleep.set(None);
            *this.ended = item.is_none();
            return Poll::Ready(item.map(Ok));
        }
        if this.sleep.is_none() {
            this.sleep.set(Some(this.rt.sleep(*this.timeout)));
        }
        if let Some(sleep) = this.sleep.as_mut().as_pin_mut() {
            ready!(sleep.poll(cx));
        }
        this.sleep.set(None);
        Poll::Ready(Some(Err(Idle {
            timeout: *this.timeout,
        })))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        if self.ended {
            return (0, Some(0));
        }
        // Idle items come on top.
        (self.stream.size_hint().0, None)
    }
}

impl<R: Timer, S: Stream> FusedStream for IdleTimeout<'_, R, S> {
    fn is_terminated(&self) -> bool {
        self.ended
    }
}

impl<R: Timer, S> fmt::Debug for IdleTimeout<'_, R, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IdleTimeout")
            .field("timeout", &self.timeout)
            .field("waits", &self.sleep.is_some())
            .field("ended", &self.ended)
            .finish_non_exhaustive()
    }
}

/// No item came in time; the stream can be asked again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Idle {
    /// How much time there was.
    pub timeout: Duration,
}

impl fmt::Display for Idle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no item within {:?}", self.timeout)
    }
}

impl Error for Idle {}
