mod driver;
mod paused;
#[cfg(test)]
mod tests;
mod wheels;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use pin_project_lite::pin_project;
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::time::Instant;
use withal_core::runtime::Timer;
use withal_sync::timer_wheel;

pub(crate) use self::driver::Wheel;
use self::driver::{TokioDriver, Turns};
use crate::TokioRuntime;

pin_project! {
    /// Waits for a moment of a runtime's clock, on whichever executor it is awaited.
    ///
    /// All of a runtime share one timer of its own, which is set when one comes in that ends before
    /// all others. Where the clock can be paused (Tokio's `test-util`, on one thread), each is a
    /// timer of Tokio's, so that the clock only ever jumps to moments that somebody waits for.
    ///
    /// # Panics
    ///
    /// When polled, if the runtime has no time driver (`enable_time`) or has shut down.
    #[must_use = "futures do nothing unless polled"]
    pub struct Sleep {
        #[pin]
        state: State,
    }
}

pin_project! {
    #[project = StateProjected]
    enum State {
        Shared { #[pin] sleep: timer_wheel::Sleep<Arc<Wheel>, TokioDriver, Turns> },
        // Tokio binds a sleep to the runtime that is current at its creation, and panics where
        // there is none; so it is created at the first poll, with the captured handle entered.
        Unbound { handle: Handle, deadline: Instant },
        Bound { #[pin] sleep: tokio::time::Sleep },
    }
}

impl Future for Sleep {
    type Output = ();

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = self.project().state;
        loop {
            let next = match state.as_mut().project() {
                StateProjected::Shared { mut sleep } => {
                    let driver = sleep.wheel().driver();
                    driver.begin();
                    if !driver.is_gone() {
                        ready!(sleep.as_mut().poll(cx));
                    }
                    // Looked at again: a runtime that goes ends all sleeps.
                    let driver = sleep.wheel().driver();
                    if !driver.is_gone() {
                        return Poll::Ready(());
                    }
                    // Tokio's own says what is to be said then.
                    State::Unbound {
                        handle: driver.handle().clone(),
                        deadline: driver.instant(sleep.deadline()),
                    }
                }
                StateProjected::Unbound { handle, deadline } => {
                    let _guard = handle.enter();
                    let sleep = tokio::time::sleep_until(*deadline);
                    State::Bound { sleep }
                }
                StateProjected::Bound { sleep } => return sleep.poll(cx),
            };
            state.set(next);
        }
    }
}

impl fmt::Debug for Sleep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let deadline = match &self.state {
            State::Shared { sleep } => sleep.wheel().driver().instant(sleep.deadline()),
            State::Unbound { deadline, .. } => *deadline,
            State::Bound { sleep } => sleep.deadline(),
        };
        f.debug_struct("Sleep")
            .field("deadline", &deadline)
            .finish()
    }
}

impl Timer for TokioRuntime {
    type Instant = Instant;
    type Sleep = Sleep;

    #[inline]
    fn now(&self) -> Instant {
        if self.has_system_clock() {
            return Instant::from_std(std::time::Instant::now());
        }
        // A paused clock is seen only from inside its runtime.
        let _guard = self.handle.enter();
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

    #[inline]
    fn sleep_until(&self, deadline: Instant) -> Sleep {
        let state = if self.has_system_clock() {
            let wheel = self.wheel();
            let moment = wheel.driver().moment(deadline);
            State::Shared {
                sleep: wheel.sleep_until_owned(moment),
            }
        } else {
            State::Unbound {
                handle: self.handle.clone(),
                deadline,
            }
        };
        Sleep { state }
    }

    #[inline]
    fn sleep(&self, timeout: Duration) -> Sleep {
        if !self.has_system_clock() {
            return self.sleep_until(self.deadline(timeout));
        }
        Sleep {
            state: State::Shared {
                sleep: self.wheel().sleep_owned(timeout.min(FAR_FUTURE)),
            },
        }
    }
}

impl TokioRuntime {
    /// Whether its clock is the system's for ever: only that of a current-thread runtime can be
    /// paused.
    #[inline]
    fn has_system_clock(&self) -> bool {
        !paused::is_possible() || self.handle.runtime_flavor() == RuntimeFlavor::MultiThread
    }

    #[inline]
    fn wheel(&self) -> &Arc<Wheel> {
        self.wheel.get_or_init(|| wheels::of(self))
    }
}

/// What "never" is clamped to: 30 years, which no clock of a supported system overflows.
const FAR_FUTURE: Duration = Duration::from_secs(30 * 365 * 24 * 60 * 60);
