#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
#![expect(
    clippy::missing_panics_doc,
    reason = "cases panic by design: that is how they fail"
)]

pub mod act;
pub mod deterministic;
pub mod foreign;
pub mod harness;
pub mod laws;
pub mod log;
pub mod poll;
pub mod probe;
pub mod reports;
pub mod suite;
pub mod sweep;

pub use self::act::Act;
pub use self::deterministic::Deterministic;
pub use self::harness::Harness;
pub use self::log::Log;
pub use self::probe::Probe;

/// How many rounds a stress case takes: `usual`, or a multiple of it where `WITHAL_STRESS` says so.
pub fn stress(usual: usize) -> usize {
    let factor = std::env::var("WITHAL_STRESS").ok();
    usual * factor.and_then(|factor| factor.parse().ok()).unwrap_or(1)
}
