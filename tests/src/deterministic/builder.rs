//! What a runtime shall do.

use std::time::Duration;

use super::{Deterministic, Order};

/// Makes a [`Deterministic`] that is not of the plainest kind.
///
/// # Examples
///
/// ```
/// use withal_tests::deterministic::{Deterministic, Order};
///
/// let rt = Deterministic::builder().order(Order::Lifo).build();
/// assert_eq!(rt.block_on(async { 42 }), 42);
/// ```
#[derive(Clone, Debug, Default)]
#[must_use = "a builder does nothing unless built"]
pub struct Builder {
    pub(super) order: Order,
    pub(super) holds_blocking: bool,
    pub(super) refuses_cleanups: bool,
    pub(super) refuse_spawns_after: Option<usize>,
    pub(super) shut_down_after: Option<usize>,
    pub(super) outside: Option<Duration>,
}

impl Builder {
    /// Chooses which of the woken tasks is polled next; [`Order::Fifo`] unless told.
    pub fn order(mut self, order: Order) -> Self {
        self.order = order;
        self
    }

    /// Holds blocking work until [`run_blocking`](Deterministic::run_blocking). Unless told, it is
    /// a task like any other: run in one poll, when its turn comes.
    pub fn hold_blocking(mut self) -> Self {
        self.holds_blocking = true;
        self
    }

    /// Refuses every task and every cleanup after the first `accepted`.
    pub fn refuse_spawns_after(mut self, accepted: usize) -> Self {
        self.refuse_spawns_after = Some(accepted);
        self
    }

    /// Refuses every cleanup, as [`NoExecutor`](withal::runtime::NoExecutor) does; bears its name.
    pub fn refuse_cleanups(mut self) -> Self {
        self.refuses_cleanups = true;
        self
    }

    /// [Shuts down](Deterministic::shut_down) after the first `polls`, those of `block_on`'s own
    /// future among them.
    pub fn shut_down_after(mut self, polls: usize) -> Self {
        self.shut_down_after = Some(polls);
        self
    }

    /// Lets other threads wake tasks: when all are stalled, waits for such a wake, for at most
    /// `patience` of real time, and at most for as long as the clock would move.
    ///
    /// Unless told, a stall is judged at once, and only what happens on this thread counts.
    pub fn wait_for_outside(mut self, patience: Duration) -> Self {
        self.outside = Some(patience);
        self
    }

    /// Makes the runtime.
    #[must_use = "a runtime shuts down when it is dropped"]
    pub fn build(self) -> Deterministic {
        Deterministic::with(self)
    }
}
