//! What `async for`, async generators and comprehensions are used for, with withal's: small
//! programs, each one function for every runtime.
//!
//! ```text
//! cargo run -p iteration                    # all of them, on Tokio
//! cargo run -p iteration -- posts smol      # one of them, on smol
//! ```
//!
//! - [`counting`]: the same numbers from a hand-written iterator and from a generator.
//! - [`posts`]: a table page by page, and an answer that is sent while it is read.
//! - [`pages`]: pages of an API, of which each has a session and a response of its own.
//! - [`cursor`]: rows of a cursor that stays open from row to row.
//! - [`messages`]: messages of a WebSocket; the end, an error and silence are three things.
//! - [`files`]: the lines of a file, read where a thread may block.
//! - [`remote_lines`]: a stream behind a scope that is made of scopes.
//! - [`comprehensions`]: what comprehensions do, with the adapters of `futures_util`.
//! - [`permits`]: a limit that is not held while an item is out.
//! - [`processing`]: a loop that closes its source and counts; and steps by hand.
//! - [`orphans`]: who has forgotten to close a generator.
//!
//! What they talk to stands in [`stand_in`]. What must not compile is in the repository's `tests/ui/loop`:
//! rows S0.14, S3.5 and S4.20. `docs/iteration.md` is the guide, and has row S4.5.

#![forbid(unsafe_code)]

pub mod comprehensions;
pub mod counting;
pub mod cursor;
mod error;
pub mod files;
pub mod messages;
pub mod orphans;
pub mod pages;
pub mod permits;
pub mod posts;
pub mod processing;
pub mod remote_lines;
pub mod stand_in;

pub use self::error::Error;
pub use example_support::Setting;
