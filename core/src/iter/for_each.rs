use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};

use super::flow::Flow;
use super::source::Source;
use super::turns::{Call, LoopBody, Turns, turns};
use crate::cancel::{Cancellable, OwnsWhatItPolls};
#[cfg(feature = "std")]
use crate::cleanup::kind::ThreadBound;
use crate::cleanup::kind::{Kind, Sendable};

/// Runs `body` with each item of `stream`, and closes the stream: `async for`.
///
/// The body is an async closure, which may borrow and change what surrounds it. It goes on with `()`;
/// to leave the loop early it returns a `ControlFlow`, a `Result` (so that `?` works in it), or one in
/// the other, and the loop gives back the same: [`Flow`] has the table. However it ends, the stream is
/// dropped first, and the scopes that this opens to exit have ended when the loop returns.
///
/// `stream` owns what it polls: a reference is refused where it is seen, as by [`close`](crate::close);
/// [`for_each_by_ref`](super::for_each_by_ref()) takes one. The items of a fallible stream are
/// `Result`s: `let item = item?;` leaves the loop by an error.
///
/// # Order
///
/// The next item is asked for when the body is done with the one before. At the end the body goes
/// first, then the stream. A body that never waits, over items that are always there, lets no other
/// task run on its thread meanwhile.
///
/// # Cancel safety
///
/// Dropped, it drops the body where it waits and then the stream, and hands their cleanup to whoever
/// drops it; the item that the body was given goes with it. Leaked, the scopes in it are never exited.
///
/// # Panics
///
/// A panic of the stream or of the body goes on after the stream is closed (std only). If polled again
/// after completion.
///
/// # Complexity
///
/// No allocation, unless there is something to wait for.
///
/// # Examples
///
/// ```
/// use core::ops::ControlFlow;
/// use futures_util::stream;
/// use withal_core::for_each;
///
/// # futures_util::FutureExt::now_or_never(async {
/// let mut sum = 0;
/// for_each(stream::iter([1, 2, 3]), async |n| sum += n).await;
/// assert_eq!(sum, 6);
///
/// // Left early, with a value.
/// let found = for_each(stream::iter([1, 22, 3]), async |n| {
///     if n > 10 {
///         return ControlFlow::Break(n);
///     }
///     ControlFlow::Continue(())
/// });
/// match found.await {
///     ControlFlow::Break(n) => assert_eq!(n, 22),
///     ControlFlow::Continue(()) => unreachable!("what Python runs after `else`"),
/// }
///
/// // With errors.
/// let parsed = for_each(stream::iter(["1", "2", "x"]), async |word: &str| {
///     sum += word.parse::<u32>()?;
///     Ok::<(), core::num::ParseIntError>(())
/// });
/// assert!(parsed.await.is_err());
/// assert_eq!(sum, 9);
/// # }).unwrap();
/// ```
///
/// # When it does not compile
///
/// | mistake, or what the compiler says | cure |
/// |---|---|
/// | "is no stream" | an iterator: `futures_util::stream::iter(…)` |
/// | "cannot infer `NotAReference`" | pass the stream itself, or [`for_each_by_ref`](super::for_each_by_ref()) |
/// | "cannot be the body of a loop", or "`dyn FnMut…: AsyncFnMut` is not satisfied" | call it inside: `async \|item\| body(item).await` |
/// | "cannot end with": the body returns a value | `ControlFlow::Break(value)`, or put it into a variable around the loop |
/// | "type annotations needed" at the body's `Ok` | name the error once: `Ok::<(), Error>(())` |
/// | "`break` inside of a closure" | return `ControlFlow::Break(…)`; or write the loop as below |
///
/// # Loops with labels
///
/// A closure cannot `break` or `continue` a loop around it, or return from its function. Where a loop
/// needs that, it is an ordinary `while let` in the body of [`closing`](super::closing()), which closes
/// the stream as well.
///
/// Source: PEP 492, `async for`; differs in that the iterator is closed (as PEP 533 proposes).
#[track_caller]
pub fn for_each<'f, S, F, X, G, NotAReference>(
    stream: S,
    body: F,
) -> ForEach<S, F, X, impl Call<Body = F, Item = S::Element, Fut: Future<Output = X>>, G>
where
    S: Source + OwnsWhatItPolls<NotAReference>,
    F: AsyncFnMut(S::Element) -> X + LoopBody<S::Element, Fut = G> + 'f,
    X: Flow,
{
    ForEach {
        output: None,
        inner: Cancellable::new("for_each", turns::<'f, S, F, X, G>(stream, body)),
    }
}

/// The future that [`for_each`] returns.
#[must_use = "futures do nothing unless polled: a loop is run by `.await`"]
pub struct ForEach<S, F, X, C, G, K = Sendable>
where
    X: Flow,
    C: Call,
    K: Kind,
{
    output: Option<X::Output>,
    inner: Cancellable<Turns<S, F, C, G>, K>,
}

#[cfg(feature = "std")]
impl<S, F, X: Flow, C: Call, G> ForEach<S, F, X, C, G> {
    /// Waits for `!Send` cleanups too, and becomes `!Send` itself. Those inside of a `Send` scope are
    /// out of its sight.
    pub fn local(self) -> ForEach<S, F, X, C, G, ThreadBound> {
        ForEach {
            output: self.output,
            inner: self.inner.local(),
        }
    }
}

impl<S, F, X, C, G, K> Future for ForEach<S, F, X, C, G, K>
where
    S: Source,
    X: Flow,
    C: Call<Body = F, Item = S::Element, Fut: Future<Output = X>>,
    K: Kind,
{
    type Output = X::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<X::Output> {
        // SAFETY: `inner` alone is pinned, structurally; `output` is moved freely.
        let this = unsafe { self.get_unchecked_mut() };
        // SAFETY: as above.
        let inner = unsafe { Pin::new_unchecked(&mut this.inner) };
        inner.poll_through(cx, &mut this.output)
    }
}

impl<S, F, X, C, G, K> fmt::Debug for ForEach<S, F, X, C, G, K>
where
    X: Flow,
    C: Call,
    K: Kind,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ForEach")
            .field("ended", &self.output.is_some())
            .finish_non_exhaustive()
    }
}
