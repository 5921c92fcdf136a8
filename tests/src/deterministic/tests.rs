//! What the runtime promises to its users.

mod blocking;
mod clock;
mod ends;
mod order;
mod tasks;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use withal::runtime::TaskError;

type Never = Result<(), String>;

const SECOND: Duration = Duration::from_secs(1);

/// The message that `f` panics with.
fn panic_of<T>(f: impl FnOnce() -> T) -> String {
    let Err(payload) = catch_unwind(AssertUnwindSafe(f)) else {
        panic!("no panic came out");
    };
    TaskError::panicked(payload).to_string()
}
