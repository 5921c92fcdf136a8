//! The list of live scopes, the hook that follows each of them, and what marks a place in both.

#[cfg(feature = "std")]
mod list;

#[cfg(feature = "std")]
pub use self::list::{
    Live, LiveEvent, LiveHook, LiveStep, keep_live_list, live_list, set_live_hook,
};
use super::About;
#[cfg(feature = "std")]
use crate::mutants::mutant;
use crate::scope::ExitKind;

/// A scope's place in the list, given up when its exit has ended. Without std there is no list.
#[derive(Default)]
pub(crate) struct LiveEntry {
    id: ScopeId,
}

/// The number of a scope that is followed; all others have none.
#[derive(Clone, Copy, Default)]
pub(crate) struct ScopeId(#[cfg(feature = "std")] Option<core::num::NonZeroUsize>);

#[cfg(feature = "alloc")]
impl ScopeId {
    pub(crate) const NONE: Self = Self(
        #[cfg(feature = "std")]
        None,
    );
}

impl LiveEntry {
    /// A scope is entered now. Asks what it is only if somebody wants to know.
    #[inline]
    pub(crate) fn enter(about: impl FnOnce() -> About) -> Self {
        #[cfg(feature = "std")]
        return Self {
            id: list::enter(about),
        };
        #[cfg(not(feature = "std"))]
        {
            let _ = about;
            Self::default()
        }
    }

    /// The scope's exit begins.
    #[inline]
    pub(crate) fn exiting(&self, kind: ExitKind) {
        #[cfg(feature = "std")]
        if let Some(id) = self.id.0 {
            list::tell(id, list::LiveStep::Exiting(kind));
        }
        #[cfg(not(feature = "std"))]
        let _ = kind;
    }

    /// The scope is dropped before its exit began.
    #[inline]
    pub(crate) fn dropped(&self, kind: ExitKind) {
        #[cfg(feature = "std")]
        if let Some(id) = self.id.0 {
            list::tell(id, list::LiveStep::Dropped(kind));
        }
        #[cfg(not(feature = "std"))]
        let _ = kind;
    }

    #[inline]
    pub(crate) fn id(&self) -> ScopeId {
        self.id
    }
}

#[cfg(feature = "std")]
impl Drop for LiveEntry {
    #[inline]
    fn drop(&mut self) {
        if let Some(id) = self.id.0 {
            if !mutant("listed_for_ever") {
                list::end(id);
            }
        }
    }
}
