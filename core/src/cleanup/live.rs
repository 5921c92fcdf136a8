//! The list of live scopes, the hook that follows each of them, and what marks a place in both.

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

#[cfg(feature = "std")]
mod list {
    use alloc::collections::BTreeMap;
    use alloc::vec::Vec;
    use core::fmt;
    use core::num::NonZeroUsize;
    use core::sync::atomic::Ordering;
    use core::time::Duration;
    use std::time::Instant;

    use super::{About, ScopeId};
    use crate::cleanup::ambient;
    use crate::lock::Mutex;
    use crate::panic::catch;
    use crate::primitives::{AtomicBool, AtomicUsize, process_wide};
    use crate::scope::ExitKind;

    process_wide! {
        // Whether scopes that are entered from now on are followed.
        static ON: AtomicBool = AtomicBool::new(false);
        static NEXT: AtomicUsize = AtomicUsize::new(1);
        static FOLLOWED: Mutex<Followed> = Mutex::new(Followed {
            listed: false,
            hook: None,
            live: BTreeMap::new(),
        });
    }

    struct Followed {
        listed: bool,
        hook: Option<LiveHook>,
        live: BTreeMap<NonZeroUsize, Entry>,
    }

    #[derive(Clone, Copy)]
    struct Entry {
        about: About,
        parent: Option<NonZeroUsize>,
        since: Instant,
    }

    /// An entry of the live list: a scope that is entered and not yet exited.
    #[derive(Clone, Copy, Debug)]
    #[non_exhaustive]
    pub struct Live {
        /// Which scope it is: its type, where the program entered it, and on which runtime.
        pub about: About,
        /// How long ago it was entered.
        pub age: Duration,
    }

    impl fmt::Display for Live {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "{}, {:?} ago", self.about, self.age)
        }
    }

    /// Something that happened to a scope.
    #[derive(Clone, Copy, Debug)]
    #[non_exhaustive]
    pub struct LiveEvent {
        /// The scope's number in this process.
        pub id: usize,
        /// The number of the scope in whose body or exit it was entered, if that one is followed.
        pub parent: Option<usize>,
        /// Which scope it is.
        pub about: About,
        /// What happened.
        pub step: LiveStep,
    }

    /// A step in the life of a scope.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    #[non_exhaustive]
    pub enum LiveStep {
        /// It was entered.
        Entered,
        /// Its body has ended, what the body left is cleaned up, and its exit begins.
        Exiting(ExitKind),
        /// It was dropped before its exit began. Its exit follows, unless its type says that a drop
        /// abandons it.
        Dropped(ExitKind),
        /// It is over: its exit has ended, and so has what was born in it; or it was abandoned.
        Ended,
    }

    /// What follows scopes.
    pub type LiveHook = fn(&LiveEvent);

    /// Switches the live list on or off, for scopes that are entered from now on.
    ///
    /// Off, which is the default, costs one relaxed load a scope; on, a lock and a map entry.
    pub fn keep_live_list(on: bool) {
        FOLLOWED.with(|followed| {
            followed.listed = on;
            followed.switch();
        });
    }

    /// The scopes entered and not yet exited, oldest first, since [`keep_live_list`] was switched
    /// on. A cleanup that is still running counts as live.
    pub fn live_list() -> Vec<Live> {
        let now = Instant::now();
        FOLLOWED.with(|followed| {
            let entries = followed.live.values();
            entries
                .map(|entry| Live {
                    about: entry.about,
                    age: now.saturating_duration_since(entry.since),
                })
                .collect()
        })
    }

    /// Installs what is told of every step of each scope that is entered from now on, and returns
    /// what was told before. For tests and traces; off, which is the default, it costs nothing
    /// besides what [`keep_live_list`] does.
    ///
    /// The hook is called on the thread where it happens, also from a `Drop` and during unwinding,
    /// under no lock; a panic in it is swallowed. It must not wait.
    ///
    /// # Examples
    ///
    /// ```
    /// fn trace(event: &withal_core::cleanup::LiveEvent) {
    ///     println!("{} {:?}", event.about.name, event.step);
    /// }
    /// withal_core::cleanup::set_live_hook(Some(trace));
    /// ```
    pub fn set_live_hook(hook: Option<LiveHook>) -> Option<LiveHook> {
        FOLLOWED.with(|followed| {
            let before = core::mem::replace(&mut followed.hook, hook);
            followed.switch();
            before
        })
    }

    impl Followed {
        fn switch(&self) {
            ON.store(self.listed || self.hook.is_some(), Ordering::Relaxed);
        }
    }

    #[inline]
    pub(super) fn enter(about: impl FnOnce() -> About) -> ScopeId {
        if ON.load(Ordering::Relaxed) {
            ScopeId(follow(about()))
        } else {
            ScopeId::NONE
        }
    }

    #[cold]
    fn follow(about: About) -> Option<NonZeroUsize> {
        let id = NonZeroUsize::new(NEXT.fetch_add(1, Ordering::Relaxed))?;
        let entry = Entry {
            about,
            parent: ambient::enclosing().0,
            since: Instant::now(),
        };
        FOLLOWED.with(|followed| followed.live.insert(id, entry));
        tell(id, LiveStep::Entered);
        Some(id)
    }

    #[cold]
    pub(super) fn tell(id: NonZeroUsize, step: LiveStep) {
        let told = FOLLOWED.with(|followed| Some((followed.hook?, *followed.live.get(&id)?)));
        if let Some((hook, entry)) = told {
            call(hook, id, entry, step);
        }
    }

    #[cold]
    pub(super) fn end(id: NonZeroUsize) {
        let (hook, entry) = FOLLOWED.with(|followed| (followed.hook, followed.live.remove(&id)));
        if let (Some(hook), Some(entry)) = (hook, entry) {
            call(hook, id, entry, LiveStep::Ended);
        }
    }

    fn call(hook: LiveHook, id: NonZeroUsize, entry: Entry, step: LiveStep) {
        let event = LiveEvent {
            id: id.get(),
            parent: entry.parent.map(NonZeroUsize::get),
            about: entry.about,
            step,
        };
        // A hook that panics must not take a cleanup with it, and it is nobody's body.
        let _ = catch(|| ambient::cleared(|| hook(&event)));
    }
}
