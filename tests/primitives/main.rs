//! The primitives under load: nothing is lost, whoever gives up; they are shared by executors, and
//! outlive them; and those that wait in vain leave nothing on the heap.
//!
//! `WITHAL_STRESS_OPS` says how many operations each load has on each flavour.

#[path = "../soak/heap.rs"]
mod heap;

#[cfg(any(feature = "tokio", feature = "async-std", feature = "smol"))]
mod bound;
mod cancelled;
mod flavours;
mod loads;
mod shared;

use std::env;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How many operations each load has, unless told: few, for builds that are not optimised.
const OPERATIONS: u64 = 20_000;

fn operations() -> u64 {
    match env::var("WITHAL_STRESS_OPS") {
        Ok(operations) => operations.parse().expect("WITHAL_STRESS_OPS is a number"),
        Err(_) => OPERATIONS,
    }
}

/// Waits until no other test of this process runs: the heap is shared, and so are the cores.
fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    // A test that failed has said so.
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}
