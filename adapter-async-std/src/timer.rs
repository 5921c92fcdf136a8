use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use withal_core::runtime::Timer;

use crate::AsyncStdRuntime;

/// Waits for a moment of the system's clock, on whichever executor it is awaited.
///
/// It waits on the reactor that async-std itself uses; async-std's own `sleep` has no name.
#[must_use = "futures do nothing unless polled"]
pub struct Sleep {
    timer: async_io::Timer,
    deadline: Instant,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        Pin::new(&mut self.timer).poll(cx).map(drop)
    }
}

impl fmt::Debug for Sleep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sleep")
            .field("deadline", &self.deadline)
            .finish()
    }
}

impl Timer for AsyncStdRuntime {
    type Instant = Instant;
    type Sleep = Sleep;

    fn now(&self) -> Instant {
        Instant::now()
    }

    fn deadline(&self, timeout: Duration) -> Instant {
        self.now() + timeout.min(FAR_FUTURE)
    }

    fn elapsed(&self, earlier: Instant, later: Instant) -> Duration {
        later.saturating_duration_since(earlier)
    }

    fn after(&self, moment: Instant, span: Duration) -> Instant {
        moment + span.min(FAR_FUTURE)
    }

    fn sleep_until(&self, deadline: Instant) -> Sleep {
        Sleep {
            timer: async_io::Timer::at(deadline),
            deadline,
        }
    }
}

/// What "never" is clamped to: 30 years, which no clock of a supported system overflows.
const FAR_FUTURE: Duration = Duration::from_secs(30 * 365 * 24 * 60 * 60);
