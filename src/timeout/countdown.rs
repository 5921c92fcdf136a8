use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use pin_project_lite::pin_project;

use crate::runtime::Timer;

pin_project! {
    /// Time that runs out: no clock is looked at, and no timer made, before the first poll.
    pub(super) struct Countdown<'r, R: Timer> {
        rt: &'r R,
        limit: Limit<R::Instant>,
        #[pin]
        sleep: Option<R::Sleep>,
    }
}

/// When the time is up.
#[derive(Clone, Copy, Debug)]
pub(super) enum Limit<I> {
    Span(Duration),
    Until(I),
    Never,
}

impl<'r, R: Timer> Countdown<'r, R> {
    #[inline]
    pub(super) fn new(rt: &'r R, limit: Limit<R::Instant>) -> Self {
        Self {
            rt,
            limit,
            sleep: None,
        }
    }

    /// Ready with how much time there was. Not to be polled again then, unless it is
    /// [restarted](Self::restart).
    pub(super) fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Duration> {
        let mut this = self.project();
        loop {
            let (span, deadline) = match *this.limit {
                Limit::Span(span) => (span, None),
                Limit::Until(deadline) => {
                    let span = this.rt.elapsed(this.rt.now(), deadline);
                    *this.limit = Limit::Span(span);
                    (span, Some(deadline))
                }
                Limit::Never => return Poll::Pending,
            };
            // Some timers are coarse, and would let it run on for their tick.
            if span.is_zero() {
                return Poll::Ready(span);
            }
            if let Some(sleep) = this.sleep.as_mut().as_pin_mut() {
                ready!(sleep.poll(cx));
                return Poll::Ready(span);
            }
            this.sleep.set(Some(match deadline {
                Some(deadline) => this.rt.sleep_until(deadline),
                None => this.rt.sleep(span),
            }));
        }
    }

    /// Begins anew, with `span`, or without end. The time runs from the next poll on.
    pub(super) fn restart(self: Pin<&mut Self>, span: Option<Duration>) {
        let mut this = self.project();
        this.sleep.set(None);
        *this.limit = span.map_or(Limit::Never, Limit::Span);
    }

    /// Drops the timer.
    #[inline]
    pub(super) fn disarm(self: Pin<&mut Self>) {
        self.project().sleep.set(None);
    }
}

impl<R: Timer> fmt::Debug for Countdown<'_, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Countdown")
            .field("limit", &self.limit)
            .field("runs", &self.sleep.is_some())
            .finish_non_exhaustive()
    }
}
