use core::ops::Add;
use core::time::Duration;

/// A moment on a wheel's clock, counted in nanoseconds from when the clock began.
///
/// It counts to 584 years; what is further away is [`NEVER`](Self::NEVER).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(u64);

impl Moment {
    /// Later than all that come.
    pub const NEVER: Self = Self(u64::MAX);

    /// The time from when the clock began.
    pub const fn elapsed(self) -> Duration {
        Duration::from_nanos(self.0)
    }

    #[inline]
    pub(super) const fn nanos(self) -> u64 {
        self.0
    }
}

/// The moment so long after the clock began.
impl From<Duration> for Moment {
    #[inline]
    fn from(elapsed: Duration) -> Self {
        let whole = elapsed.as_secs().saturating_mul(1_000_000_000);
        Self(whole.saturating_add(u64::from(elapsed.subsec_nanos())))
    }
}

impl Add<Duration> for Moment {
    type Output = Self;

    #[inline]
    fn add(self, span: Duration) -> Self {
        Self(self.0.saturating_add(Self::from(span).0))
    }
}
