/// What goes on in a pool at one moment: what [`Pool::statistics`](super::Pool::statistics) gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Statistics {
    /// How many objects belong to it.
    pub size: usize,
    /// How many of them can be taken.
    pub idle: usize,
    /// How many are taken, or were handed to somebody who has not run since. Those whose lease was
    /// leaked are among them.
    pub leased: usize,
    /// How many wait for an object.
    pub waiting: usize,
    /// Whether it is closed.
    pub closed: bool,
}
