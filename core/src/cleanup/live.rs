//! The live list, the hook that follows what is in it, and what marks a place in both.

#[cfg(feature = "std")]
mod list;
#[cfg(feature = "std")]
mod slow;

use core::panic::Location;
#[cfg(feature = "std")]
use std::time::Instant;

#[cfg(feature = "std")]
pub use self::list::{
    Live, LiveEvent, LiveHook, LiveStep, keep_live_list, live_list, set_live_hook,
};
#[cfg(feature = "std")]
pub use self::slow::{PollPhase, report_slow_polls};
use super::{About, Subject};
#[cfg(feature = "std")]
use crate::mutants::mutant;
use crate::runtime::RuntimeId;
use crate::scope::ExitKind;

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

    /// The body or the exit is polled now.
    #[inline]
    pub(crate) fn watch(&self) -> PollWatch {
        self.id.watch()
    }
}

impl ScopeId {
    #[inline]
    fn watch(self) -> PollWatch {
        PollWatch {
            #[cfg(feature = "std")]
            since: self.0.and_then(|_| slow::begin()),
        }
    }
}

/// A poll that is measured, if anybody wants to know.
pub(crate) struct PollWatch {
    #[cfg(feature = "std")]
    since: Option<Instant>,
}

impl PollWatch {
    /// A scope's enter is polled now.
    #[inline]
    pub(crate) fn of_enter() -> Self {
        Self {
            #[cfg(feature = "std")]
            since: if list::is_on() { slow::begin() } else { None },
        }
    }

    #[inline]
    pub(crate) fn enter_over(self, about: impl FnOnce() -> About) {
        #[cfg(feature = "std")]
        self.over(PollPhase::Enter, || Some(about()));
        #[cfg(not(feature = "std"))]
        let _ = about;
    }

    #[inline]
    pub(crate) fn body_over(self, about: impl FnOnce() -> About) {
        #[cfg(feature = "std")]
        self.over(PollPhase::Body, || Some(about()));
        #[cfg(not(feature = "std"))]
        let _ = about;
    }

    #[inline]
    pub(crate) fn exit_over(self, about: impl FnOnce() -> About) {
        #[cfg(feature = "std")]
        self.over(PollPhase::Exit, || Some(about()));
        #[cfg(not(feature = "std"))]
        let _ = about;
    }

    #[cfg(feature = "std")]
    #[inline]
    fn over(self, phase: PollPhase, about: impl FnOnce() -> Option<About>) {
        if let Some(since) = self.since {
            slow::end(since, phase, about);
        }
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
        let about = || About {
            subject,
            name: core::any::type_name::<B>(),
            location,
            runtime: RuntimeId::ANY,
        };
        self.0 = LiveEntry::enter(about);
    }

    /// It is polled now.
    #[inline]
    pub(crate) fn watch(&self) -> PollWatch {
        self.0.watch()
    }

    /// And this poll is over.
    #[inline]
    pub(crate) fn step_over(&self, watch: PollWatch) {
        #[cfg(feature = "std")]
        watch.over(PollPhase::Step, || list::about(self.0.id.0?));
        #[cfg(not(feature = "std"))]
        let _ = watch;
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
