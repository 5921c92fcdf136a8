//! The two kinds of managers, from one definition: those whose exits may move between threads, and
//! those whose exits stay (K8).

use alloc::boxed::Box;

use super::link::{AnyCleanup, Link};

/// Whether what a scope leaves behind may move between threads. Sealed: [`Sendable`] and
/// `ThreadBound`.
pub trait Kind: sealed::Sealed + 'static {}

impl<K: sealed::Sealed + 'static> Kind for K {}

/// Exits may move between threads.
#[derive(Debug)]
#[non_exhaustive]
pub enum Sendable {}

/// Exits stay on the thread of their scope.
#[cfg(feature = "std")]
#[derive(Debug)]
#[non_exhaustive]
pub enum ThreadBound {}

mod sealed {
    #[expect(unnameable_types, reason = "seals the public trait")]
    pub trait Sealed {
        /// Whether `!Send` cleanups may be left here.
        const TAKES_LOCAL: bool;
    }
}

impl sealed::Sealed for Sendable {
    const TAKES_LOCAL: bool = false;
}

#[cfg(feature = "std")]
impl sealed::Sealed for ThreadBound {
    const TAKES_LOCAL: bool = true;
}

/// Boxes a link as its kind has it.
pub(crate) trait BoxLink<L>: Kind {
    fn box_link(link: L) -> AnyCleanup;
}

impl<L: Link + Send + 'static> BoxLink<L> for Sendable {
    fn box_link(link: L) -> AnyCleanup {
        AnyCleanup::Send(Box::pin(link))
    }
}

#[cfg(feature = "std")]
impl<L: Link + 'static> BoxLink<L> for ThreadBound {
    fn box_link(link: L) -> AnyCleanup {
        AnyCleanup::Local(Box::pin(link))
    }
}
