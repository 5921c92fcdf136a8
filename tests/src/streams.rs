//! Streams that are held against the rules: those of withal, or your own.

mod feed;
mod read;

use std::fmt;
use std::future::Future;

use futures_util::stream::{BoxStream, StreamExt, TryStreamExt};
use withal::runtime::Runtime;
use withal::{await_cleanup, generator};

pub use self::feed::{Feed, Feeder, Item, feed};
pub(crate) use self::read::Read;
use crate::probe::Failed;

/// A source or an adapter, over what it reads from.
///
/// It gives every item of its [`Feed`], in order, and ends with it. The feed is what a socket is to
/// the lines of a protocol: it has an item now or later, it may fail, and it holds a scope open.
///
/// Implement it for yours, and [`stream_conformance!`](crate::stream_conformance) tells whether that
/// loses nothing when a step is given up, wakes who waits for it, and closes what it reads from.
///
/// # Examples
///
/// An adapter, and a generator that holds a scope of its own:
///
/// ```
/// use std::convert::Infallible;
/// use futures_util::stream::{BoxStream, StreamExt};
/// use withal::runtime::Runtime;
/// use withal::scope::{Lend, scope_fn};
/// use withal::{generator, with};
/// use withal_tests::StreamUnderTest;
/// use withal_tests::streams::{Feed, Item};
///
/// struct Mapped(BoxStream<'static, Item>);
///
/// impl StreamUnderTest for Mapped {
///     fn over<R: Runtime>(_: &R, feed: Feed) -> Self {
///         Self(feed.map(|item| item).boxed())
///     }
///
///     async fn next(&mut self) -> Option<Item> {
///         self.0.next().await
///     }
/// }
///
/// struct Lines(BoxStream<'static, Item>);
///
/// impl StreamUnderTest for Lines {
///     fn over<R: Runtime>(rt: &R, mut feed: Feed) -> Self {
///         let rt = rt.clone();
///         let lines = generator(async move |y| {
///             let file = scope_fn(async |lend: Lend<()>| Ok::<_, Infallible>(lend.lend(()).await.1));
///             let read = with(&rt, file, async |()| {
///                 while let Some(line) = feed.next().await {
///                     y.yield_(line).await;
///                 }
///                 Ok::<_, Infallible>(())
///             });
///             read.await.expect("it cannot fail");
///         });
///         Self(lines.boxed())
///     }
///
///     async fn next(&mut self) -> Option<Item> {
///         self.0.next().await
///     }
/// }
/// ```
pub trait StreamUnderTest: Sized + Send + 'static {
    /// How many items it may take from its feed before its consumer asks for them. None, unless it
    /// says so.
    const AHEAD: usize = 0;

    /// One that reads from `feed`.
    fn over<R: Runtime>(rt: &R, feed: Feed) -> Self;

    /// The next item, as soon as there is one; `None` at the end.
    fn next(&mut self) -> impl Future<Output = Option<Item>> + Send;

    /// Ends it, and returns when everything that it held has been cleaned up. If that is not said,
    /// it is dropped, as [`close`](withal::close) does it.
    fn close(self) -> impl Future<Output = ()> + Send {
        await_cleanup(async move { drop(self) })
    }
}

/// The generator of withal.
pub struct Generated(BoxStream<'static, Item>);

impl StreamUnderTest for Generated {
    fn over<R: Runtime>(_: &R, mut feed: Feed) -> Self {
        let items = generator(async move |y| {
            while let Some(item) = feed.try_next().await? {
                y.yield_(item).await;
            }
            Ok::<(), Failed>(())
        });
        Self(items.boxed())
    }

    fn next(&mut self) -> impl Future<Output = Option<Item>> + Send {
        self.0.next()
    }
}

impl fmt::Debug for Generated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Generated").finish_non_exhaustive()
    }
}
