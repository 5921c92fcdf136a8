use std::error::Error;
use std::fmt;
use std::time::Duration;

/// The time was up; the cleanup has ended, or its budget has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Elapsed {
    /// How much time there was, counted from the first poll.
    pub timeout: Duration,
}

impl fmt::Display for Elapsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not finished within {:?}", self.timeout)
    }
}

impl Error for Elapsed {}
