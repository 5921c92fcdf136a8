use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, LazyLock, Mutex, PoisonError, Weak};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use pin_project_lite::pin_project;
use withal_core::runtime::Timer;
use withal_sync::flavour::{Bound, Spin};
use withal_sync::timer_wheel::{self, Driver, Moment, TimerWheel};

use crate::SmolRuntime;

pin_project! {
    /// Waits for a moment of the system's clock, on whichever executor it is awaited.
    ///
    /// All of them share one timer of the reactor, which is set when one comes in that ends before
    /// all others. To set it takes a system call, so most sleeps spare that.
    #[must_use = "futures do nothing unless polled"]
    pub struct Sleep {
        #[pin]
        inner: timer_wheel::Sleep<&'static Wheel, Reactor, Turns>,
    }
}

impl Future for Sleep {
    type Output = ();

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.project().inner.poll(cx)
    }
}

impl fmt::Debug for Sleep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let deadline = WHEEL.driver().instant(self.inner.deadline());
        f.debug_struct("Sleep")
            .field("deadline", &deadline)
            .finish()
    }
}

type Turns = Bound<Spin, SmolRuntime>;
type Wheel = TimerWheel<Reactor, Turns>;

/// The sleeps of the process, which has one reactor.
static WHEEL: LazyLock<Arc<Wheel>> = LazyLock::new(|| {
    Arc::new_cyclic(|wheel| {
        TimerWheel::new(Reactor {
            wheel: wheel.clone(),
            origin: Instant::now(),
            timer: Mutex::new(None),
        })
    })
});

/// The reactor's clock, and a timer of it.
struct Reactor {
    wheel: Weak<Wheel>,
    origin: Instant,
    timer: Mutex<Option<async_io::Timer>>,
}

impl Reactor {
    fn moment(&self, instant: Instant) -> Moment {
        // What lies before the origin has passed.
        Moment::from(instant.saturating_duration_since(self.origin))
    }

    fn instant(&self, moment: Moment) -> Option<Instant> {
        self.origin.checked_add(moment.elapsed())
    }
}

impl Driver for Reactor {
    #[inline]
    fn now(&self) -> Moment {
        self.moment(Instant::now())
    }

    fn set(&self, moment: Option<Moment>) -> bool {
        let Some(instant) = moment.and_then(|moment| self.instant(moment)) else {
            // A timer that is set still rings in vain.
            return false;
        };
        let Some(wheel) = self.wheel.upgrade() else {
            return false;
        };
        let mut timer = async_io::Timer::at(instant);
        let waker = Waker::from(wheel);
        let passed = Pin::new(&mut timer).poll(&mut Context::from_waker(&waker));
        let mut last = self.timer.lock().unwrap_or_else(PoisonError::into_inner);
        *last = Some(timer);
        passed.is_ready()
    }
}

impl Timer for SmolRuntime {
    type Instant = Instant;
    type Sleep = Sleep;

    #[inline]
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

    #[inline]
    fn sleep_until(&self, deadline: Instant) -> Sleep {
        let wheel: &Wheel = &WHEEL;
        Sleep {
            inner: wheel.sleep_until(wheel.driver().moment(deadline)),
        }
    }

    #[inline]
    fn sleep(&self, timeout: Duration) -> Sleep {
        let wheel: &Wheel = &WHEEL;
        Sleep {
            inner: wheel.sleep(timeout.min(FAR_FUTURE)),
        }
    }
}

/// What "never" is clamped to: 30 years, which no clock of a supported system overflows.
const FAR_FUTURE: Duration = Duration::from_secs(30 * 365 * 24 * 60 * 60);
