//! Instructions for each operation: unlike times, the same in every run.

pub mod callgrind;
pub mod stored;

use std::hint::black_box;

/// An operation whose instructions are counted, and may not grow unnoticed.
#[derive(Clone, Copy, Debug)]
pub struct Gate {
    /// As the stored values name it: `group: operation`.
    pub name: &'static str,
    /// What it is to reach in the end; what it takes today is stored.
    pub bar: Option<u64>,
    /// Does it so many times.
    pub run: fn(u64),
}

/// Calls `operation` so many times.
pub fn repeat<T>(times: u64, operation: impl Fn() -> T) {
    for _ in 0..times {
        black_box(operation());
    }
}
