use alloc::boxed::Box;
use alloc::sync::Arc;
use core::future::Future;
use core::pin::Pin;
use core::sync::atomic::Ordering;
use core::task::{Context, Poll, ready};

use super::recv::Recv;
use super::shared::Shared;
use crate::flavour::Flavour;
use crate::short_lock::Locked;
use crate::word::{RawWord, Word};

/// What a receiver that is polled as a stream keeps from one poll to the next: its place among those
/// that wait, or a value that it was handed there.
pub(super) struct Place<T, F: Flavour> {
    /// Whether there is something to give up.
    kept: Word<F>,
    /// Boxed, so that receivers may be moved. The box is kept once it is there.
    recv: Locked<Option<Boxed<T, F>>, F>,
    /// The stream has told its end.
    ended: bool,
}

type Boxed<T, F> = Pin<Box<Recv<Arc<Shared<T, F>>, T, F>>>;

impl<T, F: Flavour> Place<T, F> {
    pub(super) fn new() -> Self {
        Self {
            kept: Word::new(0),
            recv: Locked::new(None),
            ended: false,
        }
    }

    pub(super) fn has_ended(&self) -> bool {
        self.ended
    }

    pub(super) fn poll(
        &mut self,
        shared: &Arc<Shared<T, F>>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<T>> {
        if self.ended {
            return Poll::Ready(None);
        }
        let recv = self
            .recv
            .get_mut()
            .get_or_insert_with(|| Box::pin(Recv::new(shared.clone())));
        let polled = recv.as_mut().poll(cx);
        let kept = recv.is_queued().into();
        self.kept.store(kept, Ordering::Relaxed);
        let value = ready!(polled);
        self.ended = value.is_none();
        Poll::Ready(value)
    }

    /// Leaves, so that this receiver does not wait behind itself; a value that it was handed goes to
    /// the next one, or is the next to come out.
    #[inline]
    pub(super) fn give_up(&self) {
        if self.kept.load(Ordering::Relaxed) != 0 {
            let recv = self.recv.with(Option::take);
            self.kept.store(0, Ordering::Relaxed);
            // After the section: leaving wakes.
            drop(recv);
        }
    }
}
