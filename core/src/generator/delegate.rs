use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, ready};

use super::yielder::{Yield, Yielder};
use crate::iter::Source;

impl<'g, T> Yielder<'g, T> {
    /// Yields each item of `stream`, up to its end.
    ///
    /// The next item of the stream is made when the consumer asks for it, and not before. The stream
    /// is dropped at its end. What it leaves to clean up goes where it goes in any drop; where the
    /// body has to wait for that before it goes on, `closing` around the delegation does. Closing the
    /// generator closes the stream first, as it stands inside of the body.
    ///
    /// A stream of other items is mapped to these; one whose items may fail, in a body that may fail,
    /// is delegated to item by item: `y.yield_(item?).await`.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it drops the stream; an item that the stream has given is delivered all the same,
    /// unless other yields are before it. Leaked: the stream is leaked with it.
    ///
    /// # Panics
    ///
    /// If the stream does. If polled again after completion.
    ///
    /// # Complexity
    ///
    /// A few instructions for each item; no allocation.
    ///
    /// # Examples
    ///
    /// ```
    /// use futures_util::{StreamExt, stream};
    /// use withal_core::generator;
    ///
    /// # futures_util::FutureExt::now_or_never(async {
    /// let framed = generator(async |y| {
    ///     y.yield_("begin").await;
    ///     y.delegate(stream::iter(["one", "two"])).await;
    ///     y.yield_("end").await;
    /// });
    /// assert_eq!(framed.collect::<Vec<_>>().await, ["begin", "one", "two", "end"]);
    /// # }).unwrap();
    /// ```
    ///
    /// Source: PEP 828, `async yield from`; differs in that items only come out, and nothing goes in.
    pub fn delegate<S: Source<Element = T>>(&self, stream: S) -> Delegate<'g, S> {
        Delegate {
            yielder: self.reborrow(),
            stream: Some(stream),
            given: None,
        }
    }
}

/// The future that [`Yielder::delegate`] returns.
#[must_use = "futures do nothing unless polled: the items are given by `.await`"]
pub struct Delegate<'g, S: Source> {
    yielder: Yielder<'g, S::Element>,
    // Both are pinned structurally: dropped in place, never moved.
    /// `None` after its end.
    stream: Option<S>,
    /// The item that is on its way.
    given: Option<Yield<'g, S::Element>>,
}

impl<S: Source> Future for Delegate<'_, S> {
    type Output = ();

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        // SAFETY: neither the stream nor the yield is moved.
        let this = unsafe { self.get_unchecked_mut() };
        loop {
            if let Some(given) = &mut this.given {
                // SAFETY: pinned structurally.
                ready!(unsafe { Pin::new_unchecked(given) }.poll(cx));
                this.given = None;
            }
            let Some(stream) = &mut this.stream else {
                panic!("a delegation was polled after completion");
            };
            // SAFETY: pinned structurally.
            match ready!(unsafe { Pin::new_unchecked(stream) }.poll_next(cx)) {
                Some(item) => this.given = Some(this.yielder.yield_(item)),
                None => {
                    this.stream = None;
                    return Poll::Ready(());
                }
            }
        }
    }
}

impl<S: Source> fmt::Debug for Delegate<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delegate")
            .field("ended", &self.stream.is_none())
            .finish_non_exhaustive()
    }
}
