use core::error::Error;
use core::fmt;

/// Why a yield gives no value; and what the body of a coroutine fails with.
///
/// In the body, `?` passes it on, behind a yield as well as behind an error of type `E`.
#[derive(Debug, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "there is no third way to answer a yield, and bodies match on both"
)]
pub enum Interrupt<E> {
    /// The consumer has thrown this; or, from the body, the body has failed with it.
    Thrown(E),
    /// The consumer closes the coroutine: clean up, and end. Ending well counts, too.
    Closed(Closed),
}

/// The sign that a coroutine is being closed; only a yield gives one.
#[derive(Debug, PartialEq, Eq)]
pub struct Closed(pub(super) ());

impl<E> From<E> for Interrupt<E> {
    fn from(error: E) -> Self {
        Self::Thrown(error)
    }
}

impl<E: fmt::Display> fmt::Display for Interrupt<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Thrown(error) => error.fmt(f),
            Self::Closed(closed) => closed.fmt(f),
        }
    }
}

impl<E: fmt::Debug + fmt::Display> Error for Interrupt<E> {}

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the coroutine is being closed")
    }
}

impl Error for Closed {}
