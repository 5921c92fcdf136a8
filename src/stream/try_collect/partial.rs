use std::error::Error;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use pin_project_lite::pin_project;

use super::Inner;
use crate::cleanup::{Kind, Sendable, ThreadBound};

pin_project! {
    /// The future that [`TryCollect::partial`](super::TryCollect::partial) returns.
    #[must_use = "futures do nothing unless polled"]
    pub struct TryCollectPartial<S, C, E, K: Kind = Sendable> {
        #[pin]
        inner: Inner<S, C, E, K>,
    }
}

impl<S, C, E> TryCollectPartial<S, C, E> {
    pub(super) fn new(inner: Inner<S, C, E, Sendable>) -> Self {
        Self { inner }
    }

    /// Waits for `!Send` cleanups too, and becomes `!Send` itself.
    pub fn local(self) -> TryCollectPartial<S, C, E, ThreadBound> {
        TryCollectPartial {
            inner: self.inner.local(),
        }
    }
}

impl<S, C, T, E, K> Future for TryCollectPartial<S, C, E, K>
where
    S: Stream<Item = Result<T, E>>,
    C: Default + Extend<T>,
    K: Kind,
{
    type Output = Result<C, Partial<C, E>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.project().inner.poll(cx)
    }
}

impl<S, C, E, K: Kind> fmt::Debug for TryCollectPartial<S, C, E, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TryCollectPartial").finish_non_exhaustive()
    }
}

/// A stream gave an error before its end; here is what it gave before that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Partial<C, E> {
    /// What was collected before the error.
    pub items: C,
    /// The error.
    pub error: E,
}

impl<C, E> fmt::Display for Partial<C, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an error came before all was collected")
    }
}

impl<C: fmt::Debug, E: Error + 'static> Error for Partial<C, E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.error)
    }
}
