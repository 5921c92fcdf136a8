use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};

use super::flow::Flow;
use super::source::Source;
use super::turns::{Call, LoopBody, Turns, turns};

/// [`for_each`](super::for_each()) that leaves its stream open: it can be used again afterwards.
///
/// Nothing is dropped, and no exit is waited for, when the loop ends. A stream that is not `Unpin` is
/// pinned first: by `pin!`, by `Box::pin`, or by [`closing`](super::closing()), which lends it pinned.
///
/// # Order
///
/// As [`for_each`](super::for_each()).
///
/// # Cancel safety
///
/// Dropped, it drops the body where it waits, and with it the item that this was given; no other item
/// is lost, and the loop can be begun anew. Leaked, it keeps the stream borrowed.
///
/// # Panics
///
/// If the stream or the body does. If polled again after completion, it asks the stream again.
///
/// # Complexity
///
/// No allocation.
///
/// # Examples
///
/// A header is read first, and then the rest:
///
/// ```
/// use core::ops::ControlFlow;
/// use futures_util::stream;
/// use withal_core::{for_each, for_each_by_ref};
///
/// # futures_util::FutureExt::now_or_never(async {
/// let mut lines = stream::iter(["one", "two", "", "three"]);
/// let mut header = 0;
/// let _ = for_each_by_ref(&mut lines, async |line| {
///     if line.is_empty() {
///         return ControlFlow::Break(());
///     }
///     header += 1;
///     ControlFlow::Continue(())
/// })
/// .await;
/// let mut rest = Vec::new();
/// for_each(lines, async |line| rest.push(line)).await;
/// assert_eq!((header, rest), (2, vec!["three"]));
/// # }).unwrap();
/// ```
///
/// Source: PEP 492, `async for`, which leaves its iterator open.
pub fn for_each_by_ref<'f, 's, S, F, X, G>(
    stream: &'s mut S,
    body: F,
) -> ForEachByRef<&'s mut S, F, impl Call<Body = F, Item = S::Element, Fut: Future<Output = X>>, G>
where
    S: Source + Unpin + ?Sized,
    F: AsyncFnMut(S::Element) -> X + LoopBody<S::Element, Fut = G> + 'f,
    X: Flow,
{
    ForEachByRef {
        turns: turns::<'f, &'s mut S, F, X, G>(stream, body),
    }
}

/// The future that [`for_each_by_ref`] returns. `S` is the reference.
#[must_use = "futures do nothing unless polled: a loop is run by `.await`"]
pub struct ForEachByRef<S, F, C: Call, G> {
    turns: Turns<S, F, C, G>,
}

impl<S, F, X, C, G> Future for ForEachByRef<S, F, C, G>
where
    S: Source,
    C: Call<Body = F, Item = S::Element, Fut: Future<Output = X>>,
    X: Flow,
{
    type Output = X::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<X::Output> {
        // SAFETY: the only field, pinned structurally.
        unsafe { self.map_unchecked_mut(|this| &mut this.turns) }.poll(cx)
    }
}

impl<S, F, C: Call, G> fmt::Debug for ForEachByRef<S, F, C, G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ForEachByRef").finish_non_exhaustive()
    }
}
