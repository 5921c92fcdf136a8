//! The list of live scopes, and what marks a place in it.

#[cfg(feature = "std")]
use core::num::NonZeroUsize;
use core::panic::Location;

#[cfg(feature = "std")]
pub use self::list::{LiveScope, list_live_scopes, live_scopes};

/// A scope's place in the list, given up when its exit has ended. Without std there is no list.
#[derive(Default)]
pub(crate) struct LiveEntry {
    #[cfg(feature = "std")]
    id: Option<NonZeroUsize>,
}

impl LiveEntry {
    #[inline]
    pub(crate) fn enter(name: &'static str, location: &'static Location<'static>) -> Self {
        #[cfg(feature = "std")]
        return Self {
            id: list::insert(name, location),
        };
        #[cfg(not(feature = "std"))]
        {
            let _ = (name, location);
            Self {}
        }
    }
}

#[cfg(feature = "std")]
impl Drop for LiveEntry {
    #[inline]
    fn drop(&mut self) {
        if let Some(id) = self.id {
            list::remove(id);
        }
    }
}

#[cfg(feature = "std")]
mod list {
    use alloc::collections::BTreeMap;
    use alloc::vec::Vec;
    use core::fmt;
    use core::num::NonZeroUsize;
    use core::panic::Location;
    use core::sync::atomic::Ordering;
    use core::time::Duration;
    use std::time::Instant;

    use crate::lock::Mutex;
    use crate::primitives::{AtomicBool, AtomicUsize, process_wide};

    process_wide! {
        static ON: AtomicBool = AtomicBool::new(false);
        static NEXT: AtomicUsize = AtomicUsize::new(1);
        static LIVE: Mutex<BTreeMap<NonZeroUsize, Entry>> = Mutex::new(BTreeMap::new());
    }

    struct Entry {
        name: &'static str,
        location: &'static Location<'static>,
        since: Instant,
    }

    /// A scope that is entered and not yet exited.
    #[derive(Clone, Copy, Debug)]
    #[non_exhaustive]
    pub struct LiveScope {
        /// The type of the scope.
        pub name: &'static str,
        /// Where the program entered it.
        pub location: &'static Location<'static>,
        /// How long ago that was.
        pub age: Duration,
    }

    impl fmt::Display for LiveScope {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(
                f,
                "{} (entered at {}, {:?} ago)",
                self.name, self.location, self.age
            )
        }
    }

    /// Switches the list of live scopes on or off, for scopes that are entered from now on.
    ///
    /// Off, which is the default, costs one relaxed load a scope; on, a lock and a map entry.
    pub fn list_live_scopes(on: bool) {
        ON.store(on, Ordering::Relaxed);
    }

    /// The scopes entered and not yet exited, oldest first, since [`list_live_scopes`] was switched on.
    /// A cleanup that is still running counts as live.
    pub fn live_scopes() -> Vec<LiveScope> {
        let now = Instant::now();
        LIVE.with(|live| {
            live.values()
                .map(|entry| LiveScope {
                    name: entry.name,
                    location: entry.location,
                    age: now.saturating_duration_since(entry.since),
                })
                .collect()
        })
    }

    #[inline]
    pub(super) fn insert(
        name: &'static str,
        location: &'static Location<'static>,
    ) -> Option<NonZeroUsize> {
        if ON.load(Ordering::Relaxed) {
            insert_entry(name, location)
        } else {
            None
        }
    }

    #[cold]
    fn insert_entry(
        name: &'static str,
        location: &'static Location<'static>,
    ) -> Option<NonZeroUsize> {
        let id = NonZeroUsize::new(NEXT.fetch_add(1, Ordering::Relaxed))?;
        let since = Instant::now();
        let entry = Entry {
            name,
            location,
            since,
        };
        LIVE.with(|live| live.insert(id, entry));
        Some(id)
    }

    pub(super) fn remove(id: NonZeroUsize) {
        LIVE.with(|live| live.remove(&id));
    }
}
