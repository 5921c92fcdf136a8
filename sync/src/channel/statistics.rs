/// What goes on in a channel at one moment: what each of its handles tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Statistics {
    /// How many values are buffered.
    pub buffered: usize,
    /// How many may be; `None` for any number.
    pub capacity: Option<usize>,
    /// How many senders there are.
    pub senders: usize,
    /// How many receivers there are.
    pub receivers: usize,
    /// How many sends wait.
    pub waiting_senders: usize,
    /// How many receives wait.
    pub waiting_receivers: usize,
    /// The most values that were ever buffered at once.
    pub peak: usize,
    /// Whether it is closed.
    pub closed: bool,
}
