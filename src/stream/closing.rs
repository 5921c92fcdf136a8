use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use crate::cancel::Cancellable;
use crate::cleanup::{Kind, Sendable, ThreadBound};

pin_project! {
    /// Runs a future, drops it when it is ready or has panicked, and waits for what comes out: so a
    /// future that owns a stream closes it.
    pub(super) struct Closing<F, T, K: Kind = Sendable> {
        // Until the cleanup has ended.
        output: Option<T>,
        #[pin]
        inner: Cancellable<F, K>,
    }
}

impl<F, T> Closing<F, T> {
    /// `name` is the operation's, for reports.
    #[track_caller]
    pub(super) fn new(name: &'static str, future: F) -> Self {
        Self {
            output: None,
            inner: Cancellable::new(name, future),
        }
    }

    pub(super) fn local(self) -> Closing<F, T, ThreadBound> {
        Closing {
            output: self.output,
            inner: self.inner.local(),
        }
    }
}

impl<F: Future<Output = T>, T, K: Kind> Future for Closing<F, T, K> {
    type Output = T;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        let this = self.project();
        this.inner.poll_through(cx, this.output)
    }
}
