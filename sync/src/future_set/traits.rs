use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};

use futures_core::Stream;
use futures_core::stream::FusedStream;

use super::{FutureSet, Key};

impl<F: Future> Stream for FutureSet<F> {
    type Item = (Key, F::Output);

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<(Key, F::Output)>> {
        self.get_mut().poll_next(cx)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.len, Some(self.len))
    }
}

impl<F: Future> FusedStream for FutureSet<F> {
    /// Whether the set is empty: then a poll gives `None`, until a future is pushed.
    fn is_terminated(&self) -> bool {
        self.is_empty()
    }
}

impl<F> Extend<F> for FutureSet<F> {
    fn extend<I: IntoIterator<Item = F>>(&mut self, futures: I) {
        for future in futures {
            self.push(future);
        }
    }
}

impl<F> FromIterator<F> for FutureSet<F> {
    fn from_iter<I: IntoIterator<Item = F>>(futures: I) -> Self {
        let futures = futures.into_iter();
        let mut set = Self::with_capacity(futures.size_hint().0);
        set.extend(futures);
        set
    }
}

impl<F> Default for FutureSet<F> {
    fn default() -> Self {
        Self::new()
    }
}

impl<F> fmt::Debug for FutureSet<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FutureSet")
            .field("len", &self.len)
            .finish_non_exhaustive()
    }
}
