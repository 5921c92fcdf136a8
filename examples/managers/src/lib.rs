//! What `async with` and `contextlib` are used for, with withal's scopes: small programs, each one
//! function for every runtime.
//!
//! ```text
//! cargo run -p managers                      # all of them, on Tokio
//! cargo run -p managers -- lifespan smol     # one of them, on smol
//! ```
//!
//! - [`class_made`]: scopes that are types.
//! - [`closure_made`]: scopes that are functions: set up, lend, tear down.
//! - [`temporary_file`]: a file that is removed, also if the body fails.
//! - [`provider`]: a session for each request, closed also if the handler fails.
//! - [`transaction`]: committed if the body completed, rolled back if it did anything else.
//! - [`connection`]: limits on both ends of a connection, and what becomes of every failure.
//! - [`lifespan`]: a scope that lives as long as the program.
//! - [`session`], [`fetch`]: an HTTP client in scopes, and what is asked with it.
//! - [`download`]: three scopes, one in the other.
//! - [`unreleased`]: guards that are forgotten, and guards that are kept.
//!
//! What they talk to stands in [`stand_in`]. `docs/managers.md` is the guide.

#![forbid(unsafe_code)]

pub mod class_made;
pub mod closure_made;
pub mod connection;
pub mod download;
mod error;
pub mod fetch;
pub mod lifespan;
pub mod provider;
pub mod session;
mod setting;
pub mod stand_in;
pub mod temporary_file;
pub mod transaction;
pub mod unreleased;

pub use self::error::Error;
pub use self::setting::Setting;
