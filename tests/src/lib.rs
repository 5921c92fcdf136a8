#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![expect(
    clippy::missing_panics_doc,
    reason = "cases panic by design: that is how they fail"
)]

pub mod act;
pub mod broken;
pub mod case;
pub mod compositions;
pub mod deterministic;
pub mod foreign;
pub mod harness;
pub mod laws;
pub mod leak_check;
pub mod log;
pub mod poll;
pub mod pooled;
pub mod primitives;
pub mod probe;
pub mod reports;
pub mod scopes;
pub mod soak;
pub mod streams;
pub mod suite;
pub mod sweep;
pub mod transactions;
pub mod wrapped;

pub use self::act::Act;
pub use self::case::Case;
pub use self::deterministic::Deterministic;
pub use self::harness::Harness;
pub use self::leak_check::LeakCheck;
pub use self::log::Log;
pub use self::primitives::{QueueUnderTest, SemaphoreUnderTest};
pub use self::probe::Probe;
pub use self::scopes::Scopes;
pub use self::streams::StreamUnderTest;

/// How many rounds a stress case takes: `usual`, or a multiple of it where `WITHAL_STRESS` says so.
pub fn stress(usual: usize) -> usize {
    let factor = std::env::var("WITHAL_STRESS").ok();
    usual * factor.and_then(|factor| factor.parse().ok()).unwrap_or(1)
}

/// The examples of the guides, so that they run.
#[cfg(doctest)]
mod guides {
    #[doc = include_str!("../../docs/testing.md")]
    struct Testing;
    #[doc = include_str!("../../docs/primitives.md")]
    struct Primitives;
    #[doc = include_str!("../../docs/iteration.md")]
    struct Iteration;
    #[doc = include_str!("../../docs/managers.md")]
    struct Managers;
    #[doc = include_str!("../../docs/interoperation.md")]
    struct Interoperation;
    #[doc = include_str!("../../docs/cancellation.md")]
    struct Cancellation;
}
