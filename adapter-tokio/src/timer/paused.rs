//! Whether Tokio was built with `test-util`, which anybody in the program may have enabled.
//!
//! The clock of such a program can be paused, and then jumps to the next moment that a timer of
//! Tokio's is set for. No other program pays for that. Cargo does not tell one crate of another's
//! features, but the feature adds a function, and names are looked up from the inside out.

#[allow(
    unused_imports,
    reason = "nothing is found in there without the feature"
)]
pub(super) fn is_possible() -> bool {
    use tokio::time::*;
    returns_nothing(pause)
}

/// What is found if there is no such function in Tokio.
#[allow(dead_code, reason = "hidden by Tokio's if that is there")]
fn pause() -> Missing {
    Missing
}

struct Missing;

trait Returned {
    const NOTHING: bool;
}

impl Returned for () {
    const NOTHING: bool = true;
}

impl Returned for Missing {
    const NOTHING: bool = false;
}

fn returns_nothing<T: Returned>(_: impl FnOnce() -> T) -> bool {
    T::NOTHING
}
