//! The outputs of several futures, as they come.

use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::stream::{FusedStream, Stream};

use crate::cancel::{Branch, KeptError};
use crate::cleanup::{Kind, Sendable, ThreadBound};
use crate::together::Crowd;

/// The outputs of `futures` in the order in which they come, each with the index of its future.
///
/// They run side by side in the consumer's task, while it waits for an item: nothing is spawned, they
/// may borrow, and need not be `Send`. Each is polled only when it was woken. A future counts as ended
/// when the cleanup of what it has dropped has ended.
///
/// A loop that is left early leaves the rest where it is: looped over by reference, the stream goes on
/// later. A limit on the time for one item is a timeout around `next`; what is missing then is still to
/// come.
///
/// # Cancel safety
///
/// Dropping the future of a `next` loses nothing. Dropping the stream drops the futures that have not
/// ended; they clean up side by side, and [`close`](crate::close()) waits for that. Leaked, it leaks
/// them, whose scopes are then never exited.
///
/// # Panics
///
/// The first panic of a future goes on, after the others were cancelled and their cleanup has ended. The
/// stream is at its end after that.
///
/// # Complexity
///
/// Two allocations for a given number of futures; none for each item.
///
/// # Examples
///
/// ```
/// use futures_util::StreamExt;
/// use withal::as_completed;
/// # use withal::runtime::Runtime;
/// # use std::time::Duration;
///
/// async fn quickest_first(rt: &impl Runtime) -> Vec<usize> {
///     let millis = [30, 10, 20];
///     let sleeps = millis.map(|millis| rt.sleep(Duration::from_millis(millis)));
///     as_completed(sleeps).map(|(index, ())| index).collect().await // 1, 2, 0
/// }
/// ```
///
/// Source: `asyncio.as_completed`; differs in that what is left of it when it is given up is cancelled,
/// and does not run on unseen.
#[track_caller]
pub fn as_completed<I>(futures: I) -> AsCompleted<I::Item, <I::Item as Future>::Output>
where
    I: IntoIterator<Item: Future>,
{
    AsCompleted {
        stage: Stage::Created(futures.into_iter().collect()),
        location: Location::caller(),
        panic: None,
    }
}

/// The stream that [`as_completed`] returns.
#[must_use = "streams do nothing unless polled"]
pub struct AsCompleted<F, T, K: Kind = Sendable> {
    stage: Stage<F, T, K>,
    location: &'static Location<'static>,
    panic: Option<KeptError>,
}

enum Stage<F, T, K: Kind> {
    /// Never polled.
    Created(Vec<F>),
    Running(Crowd<F, T, K>),
}

/// What is pinned is in the crowd.
impl<F, T, K: Kind> Unpin for AsCompleted<F, T, K> {}

impl<F, T> AsCompleted<F, T> {
    /// Waits for `!Send` cleanups too, and becomes `!Send` itself.
    ///
    /// # Panics
    ///
    /// If it was polled before.
    pub fn local(self) -> AsCompleted<F, T, ThreadBound> {
        let Stage::Created(futures) = self.stage else {
            panic!("a stream that was polled cannot be made local any more");
        };
        AsCompleted {
            stage: Stage::Created(futures),
            location: self.location,
            panic: None,
        }
    }
}

impl<F, T, K: Kind> AsCompleted<F, T, K> {
    /// How many items are still to come.
    pub fn len(&self) -> usize {
        match &self.stage {
            Stage::Created(futures) => futures.len(),
            Stage::Running(crowd) => crowd.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<F: Future<Output = T>, T, K: Kind> Stream for AsCompleted<F, T, K> {
    type Item = (usize, T);

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<(usize, T)>> {
        let this = self.get_mut();
        if let Stage::Created(futures) = &mut this.stage {
            let futures = std::mem::take(futures);
            let mut crowd = Crowd::new(futures.len(), true, |_| false);
            for (index, future) in futures.into_iter().enumerate() {
                crowd.push(
                    index,
                    Branch::of_kind("as_completed", this.location, future),
                );
            }
            this.stage = Stage::Running(crowd);
        }
        let Stage::Running(crowd) = &mut this.stage else {
            unreachable!("it was begun above");
        };
        loop {
            let polled = crowd.poll_ended(cx);
            if crowd.decided().is_some() && !crowd.is_stopped() {
                crowd.stop();
                if polled.is_pending() {
                    continue;
                }
            }
            match ready!(polled) {
                Some((_, (index, Ok(output)))) if !crowd.is_stopped() => {
                    return Poll::Ready(Some((index, output)));
                }
                Some((_, (index, Err(error)))) if crowd.decided() == Some(index) => {
                    this.panic = Some(error);
                }
                // Too late: a panic goes on. Another one is reported.
                Some(_) => {}
                None => match this.panic.take() {
                    Some(panic) => panic.into_inner().resume(),
                    None => return Poll::Ready(None),
                },
            }
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.len(), Some(self.len()))
    }
}

impl<F: Future<Output = T>, T, K: Kind> FusedStream for AsCompleted<F, T, K> {
    fn is_terminated(&self) -> bool {
        self.is_empty() && self.panic.is_none()
    }
}

impl<F, T, K: Kind> fmt::Debug for AsCompleted<F, T, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsCompleted")
            .field("left", &self.len())
            .finish_non_exhaustive()
    }
}
