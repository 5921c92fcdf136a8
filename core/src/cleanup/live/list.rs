use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::fmt;
use core::num::NonZeroUsize;
use core::sync::atomic::Ordering;
use core::time::Duration;
use std::time::Instant;

use super::ScopeId;
use crate::cleanup::{About, ambient};
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
