//! A stream that runs in a task of its own for as long as a scope is open.

mod driven;
mod link;
mod steps;

use std::convert::Infallible;
use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_core::stream::{FusedStream, Stream};
use pin_project_lite::pin_project;

use self::driven::{Driven, Source, Task};
use crate::runtime::{Cleanup, Spawn};
use crate::{ExitReason, HandOver, Scope};

/// A scope around `stream`, which runs in a task of its own on `rt`; the body receives its items.
///
/// Plain iteration needs no task: there, `stream` is polled by whoever wants an item. In a task, the
/// step to the next item goes on while its consumer does something else, or has given up waiting for
/// it; and what the stream does happens on the runtime it was written for, whichever the consumer
/// runs on.
///
/// The stream stays in step with the body: it makes an item when one is asked for, and not before. A
/// body that never asks never polls it. Nothing in the stream cancels the body.
///
/// When the body has ended, however it did, the stream is dropped at once where it stands, unless a
/// scope in it is being exited, which then ends first. What this leaves behind is waited for: when
/// the scope has ended, so has all that ran in the stream. An item that was made and not received is
/// dropped.
///
/// Where the executor drops the task, as one that shuts down does, the body's task and the exit poll
/// the stream in place of it: nothing is lost, and nobody waits for an executor that is gone.
///
/// # Cancel safety
///
/// As any scope that is [handed over](HandOver). Leaked, the stream stays as it is, for ever.
///
/// # Panics
///
/// A panic of the stream goes on where the body asks for the next item; or in the exit, if the body
/// does not ask any more.
///
/// # Complexity
///
/// Three allocations and a task; none for each item. It clones `rt` once.
///
/// # Examples
///
/// ```
/// # #[cfg(feature = "smol")] {
/// use futures_util::StreamExt;
/// use std::convert::Infallible;
/// use withal::generator;
/// use withal::smol::SmolRuntime;
/// use withal::stream::channel_scope;
///
/// let ran = withal::run(&SmolRuntime::global(), async |rt| {
///     let squares = generator(async |y| {
///         for n in 1_u32.. {
///             y.yield_(n * n).await;
///         }
///     });
///     withal::with(rt, channel_scope(rt, squares), async |squares| {
///         Ok::<_, Infallible>(squares.take(3).collect::<Vec<_>>().await)
///     })
///     .await
/// });
/// assert_eq!(ran.output.unwrap(), [1, 4, 9]);
/// # }
/// ```
///
/// Source: `trio.as_safe_channel`; differs in that it takes any stream, and that the stream goes on
/// without its task.
#[track_caller]
pub fn channel_scope<R, S>(rt: &R, stream: S) -> ChannelScope<R, S::Item>
where
    R: Spawn + Cleanup,
    S: Stream<Item: Send> + Send + 'static,
{
    try_channel_scope(rt, NeverFails { stream })
}

/// [`channel_scope`] for a stream that may fail: the body receives the values, and an error, which is
/// the last item, is the exit's.
///
/// For the body, an error is the end of the items. It comes out when the scope ends: alone, or beside
/// the body's own, as [`ScopeError::Both`](crate::ScopeError). So does one with which the stream ends
/// while it is being closed.
///
/// Cancel safety, panics and complexity are those of [`channel_scope`].
///
/// # Examples
///
/// ```
/// # #[cfg(feature = "smol")] {
/// use futures_util::StreamExt;
/// use std::convert::Infallible;
/// use std::num::ParseIntError;
/// use withal::ScopeError;
/// use withal::scope::ExitError;
/// use withal::smol::SmolRuntime;
/// use withal::stream::try_channel_scope;
///
/// let ran = withal::run(&SmolRuntime::global(), async |rt| {
///     let numbers = withal::generator(async |y| {
///         for word in ["1", "2", "three"] {
///             y.yield_(word.parse::<u32>()?).await;
///         }
///         Ok::<(), ParseIntError>(())
///     });
///     withal::with(rt, try_channel_scope(rt, numbers), async |numbers| {
///         Ok::<_, Infallible>(numbers.collect::<Vec<_>>().await)
///     })
///     .await
/// });
/// let Err(ScopeError::Exit { error: ExitError::Failed(error), value }) = ran.output else {
///     panic!("the stream fails, and the body does not");
/// };
/// assert_eq!(error.to_string(), "invalid digit found in string");
/// assert_eq!(value, [1, 2]);
/// # }
/// ```
#[track_caller]
pub fn try_channel_scope<R, S, T, E>(rt: &R, stream: S) -> ChannelScope<R, T, E>
where
    R: Spawn + Cleanup,
    S: Stream<Item = Result<T, E>> + Send + 'static,
    T: Send + 'static,
    E: fmt::Debug + Send + 'static,
{
    ChannelScope {
        driven: Driven::new(rt.clone(), stream),
    }
}

/// The scope that [`channel_scope`] and [`try_channel_scope`] make.
#[must_use = "a scope does nothing unless it is entered"]
pub struct ChannelScope<R, T, E = Infallible> {
    driven: Arc<Driven<R, T, E>>,
}

impl<R, T, E> Scope for ChannelScope<R, T, E>
where
    R: Spawn + Cleanup,
    T: Send + 'static,
    E: fmt::Debug + Send + 'static,
{
    type Resource = Items<T>;
    type Error = E;
    type OnDrop = HandOver;

    async fn enter(&mut self) -> Result<Items<T>, E> {
        // Detached: the exit waits for the stream, not for the executor.
        drop(self.driven.runtime().spawn(Task::new(&self.driven)));
        Ok(Items {
            source: self.driven.clone(),
        })
    }

    async fn exit(self, items: Items<T>, _: ExitReason<'_>) -> Result<(), E> {
        let ended = poll_fn(|cx| self.driven.poll_end(cx)).await;
        drop(items);
        ended.unwrap_or_else(|panicked| panicked.resume())
    }
}

impl<R, T, E> fmt::Debug for ChannelScope<R, T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChannelScope").finish_non_exhaustive()
    }
}

/// The items of a [`channel_scope`], as its body gets them: a stream, which is fused.
///
/// # Cancel safety
///
/// Dropping the future of a `next` loses no item: the one that was asked for is the next to come.
#[must_use = "streams do nothing unless polled"]
pub struct Items<T> {
    source: Arc<dyn Source<T>>,
}

impl<T> Stream for Items<T> {
    type Item = T;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        self.source.poll_item(cx)
    }
}

impl<T> FusedStream for Items<T> {
    fn is_terminated(&self) -> bool {
        self.source.has_ended()
    }
}

impl<T> fmt::Debug for Items<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Items")
            .field("ended", &self.source.has_ended())
            .finish_non_exhaustive()
    }
}

pin_project! {
    struct NeverFails<S> {
        #[pin]
        stream: S,
    }
}

impl<S: Stream> Stream for NeverFails<S> {
    type Item = Result<S::Item, Infallible>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.project().stream.poll_next(cx).map(|item| item.map(Ok))
    }
}
