//! What asyncio's queue, lock and semaphore are used for, with withal's: small programs, each one
//! function for every runtime.
//!
//! ```text
//! cargo run -p primitives                    # all of them, on Tokio
//! cargo run -p primitives -- closing smol    # one of them, on smol
//! ```
//!
//! - [`sentinel`]: a producer and two consumers, ended by a sentinel. What is wrong with that is shown.
//! - [`closing`]: the same, ended by closing the queue. This is how to do it.
//! - [`lock`]: one task at a time, over awaits.
//! - [`rate_limit`]: at most ten requests at once.
//! - [`pages`]: a stream that holds its permit while it fetches, and not while its consumer works.

#![forbid(unsafe_code)]

pub mod closing;
pub mod lock;
pub mod pages;
pub mod rate_limit;
pub mod sentinel;

use std::fmt;

use withal::sync::flavour::{Bound, Spin};
use withal::sync::queue::Fifo;

/// Takes the lines that a program prints.
pub type Print<'a> = &'a (dyn Fn(fmt::Arguments<'_>) + Sync);

/// A queue that takes turns as the runtime `R` wants it. Code that knows its runtime names that one's
/// alias instead: `withal::tokio::Queue`.
pub type Queue<R, T> = withal::sync::queue::Queue<T, Fifo<T>, Bound<Spin, R>>;

/// A mutex that takes turns as the runtime `R` wants it.
pub type Mutex<R, T> = withal::sync::mutex::Mutex<T, Bound<Spin, R>>;

/// A semaphore that takes turns as the runtime `R` wants it.
pub type Semaphore<R> = withal::sync::semaphore::Semaphore<Bound<Spin, R>>;
