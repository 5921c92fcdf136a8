/// What goes on in a queue at one moment: what [`Queue::statistics`](super::Queue::statistics) gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Statistics {
    /// How many items are stored.
    pub stored: usize,
    /// How many may be; `None` for any number.
    pub capacity: Option<usize>,
    /// How many places are reserved and not filled.
    pub reserved: usize,
    /// How many wait for room.
    pub waiting_pushers: usize,
    /// How many wait for an item.
    pub waiting_poppers: usize,
    /// How many wait until everything is done.
    pub joining: usize,
    /// How many items went in and were not reported as done.
    pub unfinished: usize,
    /// The most that were ever stored at once.
    pub peak: usize,
    /// Whether it is closed.
    pub closed: bool,
}
