use super::destroyed::Destroyed;

/// What goes on in a pool: what [`Pool::statistics`](super::Pool::statistics) gives.
///
/// While the pool is at work, the numbers may be of slightly different moments. At rest, `created` is
/// `destroyed` and `detached` and `size` together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PoolStatistics {
    /// How many objects there may be.
    pub max: usize,
    /// How many there are.
    pub size: usize,
    /// How many of them can be taken.
    pub idle: usize,
    /// How many places are in use: leased, or their objects are being made, checked, reset or
    /// destroyed.
    pub leased: usize,
    /// How many wait for a place.
    pub waiting: usize,
    /// How many objects were ever made.
    pub created: u64,
    /// How many of them were destroyed, and why. Each counts when its destroying begins.
    pub destroyed: Destroyed,
    /// How many were taken out for good.
    pub detached: u64,
    /// How many takes had to wait for a place.
    pub waits: u64,
    /// Whether the pool is closed.
    pub closed: bool,
}
