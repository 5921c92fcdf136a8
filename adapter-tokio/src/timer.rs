use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use pin_project_lite::pin_project;
use tokio::runtime::Handle;
use tokio::time::Instant;
use withal_core::runtime::Timer;

use crate::TokioRuntime;

pin_project! {
    /// Waits for a moment of a runtime's clock, on whichever executor it is awaited.
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
        // Tokio binds a sleep to the runtime that is current at its creation, and panics where
        // there is none; so it is created at the first poll, with the captured handle entered.
        Unbound { handle: Handle, deadline: Instant },
        Bound { #[pin] sleep: tokio::time::Sleep },
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = self.project().state;
        loop {
            let sleep = match state.as_mut().project() {
                StateProjected::Bound { sleep } => return sleep.poll(cx),
                StateProjected::Unbound { handle, deadline } => {
                    let _guard = handle.enter();
                    tokio::time::sleep_until(*deadline)
                }
            };
            state.set(State::Bound { sleep });
        }
    }
}

impl fmt::Debug for Sleep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let deadline = match &self.state {
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

    fn now(&self) -> Instant {
        // A paused clock (Tokio's `test-util`) is seen only from inside its runtime.
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

    fn sleep_until(&self, deadline: Instant) -> Sleep {
        Sleep {
            state: State::Unbound {
                handle: self.handle.clone(),
                deadline,
            },
        }
    }
}

/// What "never" is clamped to: 30 years, which no clock of a supported system overflows.
const FAR_FUTURE: Duration = Duration::from_secs(30 * 365 * 24 * 60 * 60);
