use core::error::Error;
use core::fmt;

/// The key has a token already, or waits for one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeyInUse;

impl KeyInUse {
    pub(super) fn new() -> Self {
        Self
    }
}

const IN_USE: &str = "the key borrows a token already, or waits for one: drop that first, or use a \
                      semaphore";

impl fmt::Display for KeyInUse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(IN_USE)
    }
}

impl Error for KeyInUse {}

/// Why a token was not to be had at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TryAcquireError {
    /// No token is free, or others wait for one already.
    NoTokens,
    /// The key has a token already, or waits for one.
    KeyInUse,
}

impl fmt::Display for TryAcquireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoTokens => "no token is free: wait for one with `acquire`",
            Self::KeyInUse => IN_USE,
        })
    }
}

impl Error for TryAcquireError {}
