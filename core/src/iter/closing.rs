use core::cell::UnsafeCell;
use core::fmt;
use core::future::Future;
use core::marker::{PhantomData, PhantomPinned};
use core::pin::Pin;
use core::task::{Context, Poll};

use super::source::Source;
use crate::body::Body;
use crate::cancel::{Cancellable, OwnsWhatItPolls};
#[cfg(feature = "std")]
use crate::cleanup::kind::ThreadBound;
use crate::cleanup::kind::{Kind, Sendable};

/// Lends `stream`, pinned, to `body`, and closes it, however the body ends: `aclosing`.
///
/// It gives what the body gives, whatever that is. The body goes first, then the stream, and the
/// scopes that this opens to exit have ended when it returns. With a `while let` loop in its body it
/// is the loop for those who want `break` and `continue` with labels; [`for_each`](super::for_each())
/// is shorter.
///
/// `stream` owns what it polls: a reference is refused, as by [`close`](crate::close).
///
/// # Cancel safety
///
/// Dropped, it drops the body where it waits and then the stream, and hands their cleanup to whoever
/// drops it. Leaked, the scopes in it are never exited.
///
/// # Panics
///
/// A panic of the body goes on after the stream is closed (std only). If polled again after completion.
///
/// # Complexity
///
/// No allocation, unless there is something to wait for.
///
/// # Examples
///
/// ```
/// use futures_util::{StreamExt, stream};
/// use withal_core::closing;
///
/// # futures_util::FutureExt::now_or_never(async {
/// let rows = stream::iter([vec![1, 2], vec![3, 0, 4], vec![5]]);
/// let before_zero = closing(rows, async |mut rows| {
///     let mut seen = Vec::new();
///     'rows: while let Some(row) = rows.next().await {
///         for cell in row {
///             if cell == 0 {
///                 break 'rows;
///             }
///             seen.push(cell);
///         }
///     }
///     seen
/// });
/// assert_eq!(before_zero.await, [1, 2, 3]);
/// # }).unwrap();
/// ```
///
/// Source: `contextlib.aclosing`; differs in that a stream that fails to close cannot hide the error of
/// the body.
#[track_caller]
pub fn closing<'s, S, F, T, NotAReference>(
    stream: S,
    body: F,
) -> Closing<'s, S, F, <F as Body<Pin<&'s mut S>>>::Fut, T>
where
    S: Source + OwnsWhatItPolls<NotAReference> + 's,
    F: for<'a> Body<Pin<&'a mut S>, Out = T> + for<'a> AsyncFnOnce(Pin<&'a mut S>) -> T,
{
    let lent = Lent {
        stage: Stage::Created(Some(body)),
        stream: UnsafeCell::new(stream),
        _borrows: PhantomData,
        _pinned: PhantomPinned,
    };
    Closing {
        output: None,
        inner: Cancellable::new("closing", lent),
    }
}

/// The future that [`closing`] returns.
#[must_use = "futures do nothing unless polled: the body is run by `.await`"]
pub struct Closing<'s, S: 's, F, B, T, K: Kind = Sendable> {
    output: Option<T>,
    inner: Cancellable<Lent<'s, S, F, B>, K>,
}

/// A stream, and the body that it is lent to.
///
/// No bound relates its parameters: the compiler forgets lifetimes where it looks whether a task is
/// `Send`, and could not prove it for a stream that borrows.
///
/// # Invariants
///
/// 1. The body borrows `stream`, which stays where it is (the struct is `!Unpin`) and to which no other
///    reference is made, until `stage` holds no body. `stage` is dropped before `stream`.
/// 2. The body's future and `stream` are pinned structurally: dropped in place, never moved.
struct Lent<'s, S: 's, F, B> {
    stage: Stage<F, B>,
    stream: UnsafeCell<S>,
    _borrows: PhantomData<Pin<&'s mut S>>,
    _pinned: PhantomPinned,
}

enum Stage<F, B> {
    /// `None` from when the body is made to when it is put here.
    Created(Option<F>),
    Body(B),
}

impl<'s, S, F, B> Future for Lent<'s, S, F, B>
where
    F: FnOnce(Pin<&'s mut S>) -> B,
    B: Future,
{
    type Output = B::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<B::Output> {
        // SAFETY: nothing is moved out of the body's future or of `stream` (2).
        let this = unsafe { self.get_unchecked_mut() };
        if let Stage::Created(body) = &mut this.stage {
            let Some(body) = body.take() else {
                panic!("a body was polled that could not be made");
            };
            // SAFETY: nothing refers to the stream, which stays where it is until the body is gone
            // (1). The body cannot keep the reference, as `closing` takes only bodies that accept one
            // of any lifetime.
            let stream = unsafe { &mut *this.stream.get() };
            // SAFETY: pinned structurally (2).
            let stream = unsafe { Pin::new_unchecked(stream) };
            this.stage = Stage::Body(body(stream));
        }
        match &mut this.stage {
            // SAFETY: pinned structurally (2).
            Stage::Body(body) => unsafe { Pin::new_unchecked(body) }.poll(cx),
            Stage::Created(_) => unreachable!("it was made above"),
        }
    }
}

#[cfg(feature = "std")]
impl<'s, S, F, B, T> Closing<'s, S, F, B, T> {
    /// Waits for `!Send` cleanups too, and becomes `!Send` itself. Those inside of a `Send` scope are
    /// out of its sight.
    pub fn local(self) -> Closing<'s, S, F, B, T, ThreadBound> {
        Closing {
            output: self.output,
            inner: self.inner.local(),
        }
    }
}

impl<'s, S, F, B, T, K> Future for Closing<'s, S, F, B, T, K>
where
    F: FnOnce(Pin<&'s mut S>) -> B,
    B: Future<Output = T>,
    K: Kind,
{
    type Output = T;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        // SAFETY: `inner` alone is pinned, structurally; `output` is moved freely.
        let this = unsafe { self.get_unchecked_mut() };
        // SAFETY: as above.
        let inner = unsafe { Pin::new_unchecked(&mut this.inner) };
        inner.poll_through(cx, &mut this.output)
    }
}

impl<S, F, B, T, K: Kind> fmt::Debug for Closing<'_, S, F, B, T, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Closing")
            .field("ended", &self.output.is_some())
            .finish_non_exhaustive()
    }
}
