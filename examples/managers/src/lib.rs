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
//! - [`several`]: the same three scopes nested, as a tuple, on a stack.
//! - [`parallel`]: several at once, and all that may fail then.
//! - [`retry`]: an enter that is tried again.
//! - [`pool`]: connections that are used again; those that are broken are not.
//! - [`web`]: an application whose pool lives as long as it does.
//! - [`lifespan`]: a scope that lives as long as the program.
//! - [`session`], [`fetch`]: an HTTP client in scopes, and what is asked with it.
//! - [`download`]: three scopes, one in the other.
//! - [`unreleased`]: guards that are forgotten, and guards that are kept.
//!
//! What they talk to stands in [`stand_in`]; the HTTP client is `hyper`'s, which runs on every runtime,
//! and so does all of this. What must not compile is in the repository's `tests/ui/closure`: row S0.15.
//! `docs/managers.md` is the guide, and has rows S0.16, S1.27, S2.13 and S4.5.

#![forbid(unsafe_code)]

pub mod class_made;
pub mod closure_made;
pub mod connection;
pub mod download;
mod error;
pub mod fetch;
pub mod lifespan;
pub mod parallel;
pub mod pool;
pub mod provider;
pub mod retry;
pub mod session;
pub mod several;
pub mod stand_in;
pub mod temporary_file;
pub mod transaction;
pub mod unreleased;
pub mod web;

pub use self::error::Error;
pub use example_support::Setting;
