//! The two kinds of managers, from one definition: those whose exits may move between threads, and
//! those whose exits stay (K8).

use alloc::boxed::Box;

use super::link::{AnyCleanup, AsLink, Cleanup, Link};
#[cfg(feature = "std")]
use super::local::LocalChildren;

/// Whether what a scope leaves behind may move between threads. Sealed: [`Sendable`] and
/// [`ThreadBound`].
pub trait Kind: 'static {
    /// A handed-over cleanup of this kind.
    type Link: AsLink + Into<AnyCleanup>;
    /// Where `!Send` children are kept.
    #[cfg(feature = "std")]
    type Local: Default;

    /// Whether `!Send` cleanups may be left here.
    #[cfg(feature = "std")]
    const TAKES_LOCAL: bool;

    /// The link back from a collector that took only this kind.
    fn from_any(link: AnyCleanup) -> Option<Self::Link>;

    /// The `!Send` children, to be moved into the ambient slot and back.
    #[cfg(feature = "std")]
    fn local(local: &mut Self::Local) -> Option<&mut Option<Box<LocalChildren>>>;

    /// The `!Send` children, to be looked at.
    #[cfg(feature = "std")]
    fn local_ref(local: &Self::Local) -> Option<&LocalChildren>;
}

/// Exits may move between threads.
#[derive(Debug)]
#[non_exhaustive]
pub enum Sendable {}

impl Kind for Sendable {
    type Link = Cleanup;
    #[cfg(feature = "std")]
    type Local = ();

    #[cfg(feature = "std")]
    const TAKES_LOCAL: bool = false;

    fn from_any(link: AnyCleanup) -> Option<Cleanup> {
        match link {
            AnyCleanup::Send(link) => Some(link),
            #[cfg(feature = "std")]
            AnyCleanup::Local(link) => {
                // Cannot occur: its collector said that it takes none. Never lost all the same.
                super::local::orphan(link);
                None
            }
        }
    }

    #[cfg(feature = "std")]
    fn local((): &mut ()) -> Option<&mut Option<Box<LocalChildren>>> {
        None
    }

    #[cfg(feature = "std")]
    fn local_ref((): &()) -> Option<&LocalChildren> {
        None
    }
}

/// Exits stay on the thread of their scope.
#[cfg(feature = "std")]
#[derive(Debug)]
#[non_exhaustive]
pub enum ThreadBound {}

#[cfg(feature = "std")]
impl Kind for ThreadBound {
    type Link = AnyCleanup;
    type Local = Option<Box<LocalChildren>>;

    const TAKES_LOCAL: bool = true;

    fn from_any(link: AnyCleanup) -> Option<AnyCleanup> {
        Some(link)
    }

    fn local(local: &mut Self::Local) -> Option<&mut Self::Local> {
        Some(local)
    }

    fn local_ref(local: &Self::Local) -> Option<&LocalChildren> {
        local.as_deref()
    }
}

/// Boxes a link as its kind has it.
pub(crate) trait BoxLink<L>: Kind {
    /// Boxes `link`.
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
