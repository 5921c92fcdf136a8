//! Async generators: streams written as async closures that yield.

mod claim;
mod delegate;
mod end;
mod slot;
// They are no models, and what they touch is one under loom.
#[cfg(all(test, not(loom)))]
mod tests;
mod yielder;

use core::cell::UnsafeCell;
use core::fmt;
use core::future::Future;
use core::marker::PhantomPinned;
use core::mem;
use core::panic::Location;
use core::pin::Pin;
use core::task::{Context, Poll};

use futures_core::Stream;
use futures_core::stream::FusedStream;

pub use self::delegate::Delegate;
pub use self::end::End;
use self::slot::Slot;
pub use self::yielder::{Yield, Yielder};
use crate::body::Body;
use crate::cleanup::Subject;
use crate::cleanup::live::LiveBody;

/// Makes a stream of what `body` yields.
///
/// The body is an async closure that is lent a [`Yielder`]; it may borrow what surrounds it, and use
/// scopes, timeouts and streams of its own. It runs only while the stream is polled, in the consumer's
/// task, with the consumer's waker: nothing is spawned, boxed or kept in a thread-local. A body that
/// may fail returns a `Result<(), E>`: the items are results then, of which an error is the last.
///
/// # Order
///
/// The next item is made when the consumer asks for it, and not before. The stream is fused: after the
/// end, or a panic of the body, it gives `None`.
///
/// # Cancel safety
///
/// Dropping the future of a `next` loses no item and leaves the generator as it is. Dropping the
/// generator drops the body where it is suspended: scopes that are open in there are exited as
/// anywhere; [`close`](crate::close) waits for that. Leaked, it leaks them.
///
/// # Scopes and timeouts across a yield
///
/// Whatever the body holds open while it is suspended concerns the body alone, and only while it is
/// polled: nothing of it is current in the consumer's code. A timeout or a race in the body that is
/// open across a yield counts the time that the consumer takes as well; what it decides meanwhile
/// arrives inside of the generator, at its next step, and never at the consumer; and no item is lost.
/// A timeout of the consumer's own does not reach into the body.
///
/// # The live list
///
/// From its first poll to its end a generator is in the list of [`live_list`](crate::cleanup::live_list),
/// if that is kept, by the type of its body and the place of this call. One that is dropped in
/// between, by somebody who does not wait, is then reported:
/// [`Report::NotClosed`](crate::cleanup::Report::NotClosed).
///
/// # Panics
///
/// If the body does.
///
/// # Complexity
///
/// No allocation. The generator holds the body's future and one item.
///
/// # Examples
///
/// ```
/// use futures_util::StreamExt;
/// use withal_core::generator;
///
/// # futures_util::FutureExt::now_or_never(async {
/// let first = 1;
/// let squares = generator(async |y| {
///     for n in first.. {
///         y.yield_(n * n).await;
///     }
/// });
/// assert_eq!(squares.take(3).collect::<Vec<_>>().await, [1, 4, 9]);
/// # }).unwrap();
/// ```
///
/// A body that may fail:
///
/// ```
/// use futures_util::TryStreamExt;
/// use withal_core::generator;
///
/// # futures_util::FutureExt::now_or_never(async {
/// let numbers = generator(async |y| {
///     for word in ["1", "2", "three"] {
///         y.yield_(word.parse::<u32>()?).await;
///     }
///     Ok::<(), std::num::ParseIntError>(())
/// });
/// let mut numbers = std::pin::pin!(numbers);
/// assert_eq!(numbers.try_next().await, Ok(Some(1)));
/// assert_eq!(numbers.try_next().await, Ok(Some(2)));
/// assert!(numbers.try_next().await.is_err());
/// assert_eq!(numbers.try_next().await, Ok(None));
/// # }).unwrap();
/// ```
///
/// Source: PEP 525; differs in that a step that is dropped does not end the generator.
#[track_caller]
pub fn generator<'g, T, F, E>(body: F) -> Generator<'g, T, F, <F as Body<Yielder<'g, T>>>::Fut, E>
where
    F: for<'a> Body<Yielder<'a, T>, Out = E> + for<'a> AsyncFnOnce(Yielder<'a, T>) -> E,
    E: End<T>,
{
    Generator {
        stage: Stage::Created(Some(Maker {
            body,
            begin: |body, yielder, stage| {
                *stage = Stage::Suspended(body(yielder), LiveBody::new());
            },
            location: Location::caller(),
        })),
        slot: UnsafeCell::new(Slot::new()),
        _pinned: PhantomPinned,
    }
}

/// The stream that [`generator`] returns.
///
/// No bound relates its parameters: the compiler forgets lifetimes where it looks whether a task is
/// `Send`, and could not prove it of a generator of borrowed items.
///
/// # Invariants
///
/// 1. The body borrows `slot`, which stays where it is (the struct is `!Unpin`) and to which no other
///    reference is made while the body is polled or dropped.
/// 2. The body is pinned structurally: dropped in place, never moved.
#[must_use = "streams do nothing unless polled"]
pub struct Generator<'g, T, F, B, E> {
    // Above the slot, so that it is dropped first.
    stage: Stage<Maker<'g, T, F, B, E>, B, E>,
    slot: UnsafeCell<Slot<T>>,
    _pinned: PhantomPinned,
}

/// What makes the body.
struct Maker<'g, T, F, B, E> {
    body: F,
    /// Calls it, and puts what it returns in its place, where it is built. A bound that says that it
    /// can be called so would relate `F` and `B`.
    begin: fn(F, Yielder<'g, T>, &mut Stage<Self, B, E>),
    location: &'static Location<'static>,
}

enum Stage<M, B, E> {
    /// The body was not begun. `None` from when it is made to when it is put here.
    Created(Option<M>),
    /// The body, and its place in the live list, which is given up after it.
    Suspended(B, LiveBody),
    /// The body has ended so, which the consumer was not told yet, as there was an item before it.
    Ending(Option<E>),
    Closed,
}

/// How far a generator is.
///
/// A step borrows it, so that nobody looks while the body runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum State {
    /// It was never polled: nothing of its body has run.
    Created,
    /// Its body has begun, and waits: for the consumer, or for something else.
    Suspended,
    /// Its body has ended.
    Closed,
}

impl<T, F, B, E> Generator<'_, T, F, B, E> {
    /// How far it is.
    pub fn state(&self) -> State {
        match self.stage {
            Stage::Created(_) => State::Created,
            Stage::Suspended(..) => State::Suspended,
            Stage::Ending(_) | Stage::Closed => State::Closed,
        }
    }
}

impl<T, F, B, E> Stream for Generator<'_, T, F, B, E>
where
    B: Future<Output = E>,
    E: End<T>,
{
    type Item = E::Item;

    #[inline]
    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        // SAFETY: nothing is moved out of the body (2).
        let this = unsafe { self.get_unchecked_mut() };
        loop {
            // First of all, since all but one of the polls come here.
            if let Stage::Suspended(..) = this.stage {
                return this.resume(cx);
            }
            if !this.begin() {
                return Poll::Ready(this.last());
            }
        }
    }
}

impl<T, F, B, E> Generator<'_, T, F, B, E>
where
    B: Future<Output = E>,
    E: End<T>,
{
    /// Makes the body, at the first poll. Tells whether there is one now.
    #[cold]
    fn begin(&mut self) -> bool {
        let Stage::Created(make) = &mut self.stage else {
            return false;
        };
        let Some(make) = make.take() else {
            // The making has panicked.
            return false;
        };
        // SAFETY: the slot stays where it is for as long as the body (1). The body cannot keep the
        // yielder, as `generator` takes only bodies that accept one of any lifetime.
        let yielder = Yielder::new(unsafe { &*self.slot.get() });
        (make.begin)(make.body, yielder, &mut self.stage);
        if let Stage::Suspended(_, live) = &mut self.stage {
            live.begin::<F>(Subject::Generator, make.location);
        }
        true
    }

    /// Polls the body, which is suspended.
    // In line, since the item passes through memory otherwise.
    #[inline(always)]
    fn resume(&mut self, cx: &mut Context<'_>) -> Poll<Option<E::Item>> {
        let ends = EndsWithPanic(&mut self.stage);
        let Stage::Suspended(body, live) = &mut *ends.0 else {
            return Poll::Ready(None);
        };
        let watch = live.watch();
        // SAFETY: the body shares the slot (1).
        let open = unsafe { &*self.slot.get() }.open(cx.waker());
        // SAFETY: pinned structurally (2).
        let polled = unsafe { Pin::new_unchecked(body) }.poll(cx);
        live.step_over(watch);
        mem::forget(ends);
        match polled {
            Poll::Pending => match open.close() {
                Some(item) => Poll::Ready(Some(E::item(item))),
                None => Poll::Pending,
            },
            Poll::Ready(end) => {
                let item = open.close().map(E::item);
                Poll::Ready(self.end(end, item))
            }
        }
    }

    /// The body has ended so; gives the item that it has yielded before, or else what the end gives.
    #[cold]
    fn end(&mut self, end: E, item: Option<E::Item>) -> Option<E::Item> {
        self.stage.end_live();
        if item.is_some() {
            self.stage = Stage::Ending(Some(end));
            return item;
        }
        self.stage = Stage::Closed;
        end.last()
    }

    /// What the end gives after the last item of a yield.
    #[cold]
    fn last(&mut self) -> Option<E::Item> {
        let Stage::Ending(end) = &mut self.stage else {
            return None;
        };
        let last = end.take().and_then(E::last);
        self.stage = Stage::Closed;
        last
    }
}

/// Closes a generator whose body panics: it cannot be polled again.
struct EndsWithPanic<'a, M, B, E>(&'a mut Stage<M, B, E>);

impl<M, B, E> Drop for EndsWithPanic<'_, M, B, E> {
    fn drop(&mut self) {
        self.0.end_live();
        *self.0 = Stage::Closed;
    }
}

impl<M, B, E> Stage<M, B, E> {
    /// Its body is at its end, or it would count as dropped before.
    fn end_live(&mut self) {
        if let Self::Suspended(_, live) = self {
            live.end();
        }
    }
}

impl<T, F, B, E> FusedStream for Generator<'_, T, F, B, E>
where
    B: Future<Output = E>,
    E: End<T>,
{
    fn is_terminated(&self) -> bool {
        matches!(self.stage, Stage::Closed)
    }
}

impl<T, F, B, E> fmt::Debug for Generator<'_, T, F, B, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Generator")
            .field("state", &self.state())
            .finish_non_exhaustive()
    }
}
