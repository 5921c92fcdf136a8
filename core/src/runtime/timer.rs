use core::fmt::Debug;
use core::future::Future;
use core::time::Duration;

/// Waits for moments of the runtime's own clock.
///
/// The clock may be virtual, so only instants of the same timer can be compared.
///
/// # For implementers
///
/// A timer never fires early. `deadline` must not overflow: far moments are clamped.
pub trait Timer {
    /// A moment on this timer's clock.
    type Instant: Copy + Ord + Debug + Send + Sync + 'static;

    /// The future that [`sleep_until`](Self::sleep_until) returns.
    type Sleep: Future<Output = ()> + Send + 'static;

    /// The current moment.
    fn now(&self) -> Self::Instant;

    /// The moment that lies `timeout` ahead; moments too far away are clamped to a far future.
    fn deadline(&self, timeout: Duration) -> Self::Instant;

    /// The time from `earlier` to `later`, zero if they stand the other way round.
    fn elapsed(&self, earlier: Self::Instant, later: Self::Instant) -> Duration;

    /// The moment that lies `span` after `moment`; moments too far away are clamped to a far future.
    ///
    /// # For implementers
    ///
    /// Provided for timers that count from the present only: a moment that has passed comes out as
    /// the present one, and others are late by what the computing takes. Where instants can be
    /// added to, do that.
    fn after(&self, moment: Self::Instant, span: Duration) -> Self::Instant {
        let now = self.now();
        let ahead = self.elapsed(now, moment).saturating_add(span);
        self.deadline(ahead.saturating_sub(self.elapsed(moment, now)))
    }

    /// Waits until `deadline`; at once if it has passed.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops the timer. Leaking it leaks the timer.
    ///
    /// # Panics
    ///
    /// May panic when *polled* outside its runtime (Tokio does).
    fn sleep_until(&self, deadline: Self::Instant) -> Self::Sleep;

    /// Waits for `timeout`, counted from this call.
    fn sleep(&self, timeout: Duration) -> Self::Sleep {
        self.sleep_until(self.deadline(timeout))
    }
}
