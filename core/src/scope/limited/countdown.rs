use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, ready};
use core::time::Duration;

use crate::runtime::{Alarm, Timer};

/// Time that runs out: no clock is looked at, and no timer made, before the first poll.
pub(super) struct Countdown {
    limit: Option<Duration>,
    alarm: Option<Alarm>,
}

impl Countdown {
    pub(super) fn new(limit: Option<Duration>) -> Self {
        Self { limit, alarm: None }
    }

    /// Ready with how much time there was. Not to be polled again then.
    pub(super) fn poll(&mut self, rt: &impl Timer, cx: &mut Context<'_>) -> Poll<Duration> {
        let Some(limit) = self.limit else {
            return Poll::Pending;
        };
        // Some timers are coarse, and would let it run on for their tick.
        if !limit.is_zero() {
            let alarm = self
                .alarm
                .get_or_insert_with(|| Alarm::new(rt.sleep(limit)));
            ready!(Pin::new(alarm).poll(cx));
        }
        Poll::Ready(limit)
    }
}
