//! Ten thousand tasks, in a hundred groups, each with scopes in scopes; the root is cancelled. It
//! returns when all exits have run, inner before outer, and leaves nothing on the heap.
//!
//! `WITHAL_STORM_TASKS` says how many.

mod flavours;
#[path = "../soak/heap.rs"]
mod heap;
mod storm;

use std::env;

/// How many tasks, unless told.
const TASKS: usize = 10_000;

/// By how much the live heap may differ, in bytes: executors keep some buffers of their own.
const SLACK: isize = 64 * 1024;

fn tasks() -> usize {
    match env::var("WITHAL_STORM_TASKS") {
        Ok(tasks) => tasks.parse().expect("WITHAL_STORM_TASKS is a number"),
        Err(_) => TASKS,
    }
}
