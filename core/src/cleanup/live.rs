//! The live list, the hook that follows what is in it, and what marks a place in both.

#[cfg(feature = "std")]
mod list;

use core::panic::Location;

#[cfg(feature = "std")]
pub use self::list::{
    Live, LiveEvent, LiveHook, LiveStep, keep_live_list, live_list, set_live_hook,
};
use super::{About, Subject};
use crate::scope::ExitKind;
#[cfg(feature = "std")]
use crate::{mutants::mutant, runtime::RuntimeId};

/// A scope's place in the list, given up when its exit has ended. Without std there is no list.
#[derive(Default)]
pub(crate) struct LiveEntry {
    id: ScopeId,
}

/// The number of a scope that is followed; all others have none.
#[derive(Clone, Copy, Default)]
pub(crate) struct ScopeId(#[cfg(feature = "std")] Option<core::num::NonZeroUsize>);

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

/// The place in the list of something that suspends itself, such as a generator: taken at its first
/// poll, given up when its body has ended. Still held when this is dropped, the body was not at its
/// end: whoever drops it has either closed it, or abandoned it.
///
/// Its owner declares it below its body, so that the body is dropped first.
pub(crate) struct LiveBody(LiveEntry);

impl LiveBody {
    /// It did not begin.
    pub(crate) const fn new() -> Self {
        Self(LiveEntry { id: ScopeId::NONE })
    }

    /// It is polled for the first time. `B` is the type of the body, `location` where it was made.
    #[inline]
    pub(crate) fn begin<B>(&mut self, subject: Subject, location: &'static Location<'static>) {
        #[cfg(feature = "std")]
        if list::is_on() {
            self.follow(subject, core::any::type_name::<B>(), location);
        }
        #[cfg(not(feature = "std"))]
        let _ = (subject, location);
    }

    /// Out of line, so that the polls pay nothing for it.
    #[cfg(feature = "std")]
    #[cold]
    #[inline(never)]
    fn follow(
        &mut self,
        subject: Subject,
        name: &'static str,
        location: &'static Location<'static>,
    ) {
        self.0 = LiveEntry::enter(|| About {
            subject,
            name,
            location,
            runtime: RuntimeId::ANY,
        });
    }

    /// Its body has ended, in whichever way.
    #[inline]
    pub(crate) fn end(&mut self) {
        self.0 = LiveEntry::default();
    }
}

#[cfg(feature = "std")]
impl Drop for LiveBody {
    #[inline]
    fn drop(&mut self) {
        if let Some(id) = self.0.id.0 {
            list::dropped_open(id);
        }
    }
}
