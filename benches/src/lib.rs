#![doc = include_str!("../README.md")]
#![expect(
    clippy::missing_panics_doc,
    reason = "a contender that fails its work ends the program, and is meant to"
)]

pub mod allocations;
pub mod case;
pub mod executor;
pub mod gate;
pub mod groups;
pub mod measure;
pub mod now;
pub mod report;
pub mod stats;

pub use self::case::{Bar, Case, Contender, Fairness, Group, Served};
