//! What asyncio's timeouts and task groups are used for, with withal's: small programs, each one
//! function for every runtime.
//!
//! ```text
//! cargo run -p structured                    # all of them, on Tokio
//! cargo run -p structured -- timeouts smol   # one of them, on smol
//! ```
//!
//! - [`timeouts`]: a limit on a block, which tells its own end from a cancellation from outside.

#![forbid(unsafe_code)]

pub mod timeouts;

use std::fmt;

/// Takes the lines that a program prints.
pub type Print<'a> = &'a (dyn Fn(fmt::Arguments<'_>) + Sync);
