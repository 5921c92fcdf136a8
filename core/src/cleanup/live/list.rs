use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::fmt;
use core::num::NonZeroUsize;
use core::sync::atomic::Ordering;
use core::time::Duration;
use std::time::Instant;

use super::ScopeId;
use crate::cleanup::{About, CollectorId, Report, ambient, report};
use crate::lock::Mutex;
use crate::mutants::mutant;
use crate::panic::catch;
use crate::primitives::{AtomicBool, AtomicUsize, process_wide};
use crate::runtime::RuntimeId;
use crate::scope::ExitKind;

process_wide! {
    // Whether what begins from now on is followed.
    static ON: AtomicBool = AtomicBool::new(false);
    static NEXT: AtomicUsize = AtomicUsize::new(1);
    static FOLLOWED: Mutex<Followed> = Mutex::new(Followed {
        listed: false,
        measured: false,
        hook: None,
        live: BTreeMap::new(),
    });
}

struct Followed {
    listed: bool,
    /// Their polls are.
    measured: bool,
    hook: Option<LiveHook>,
    live: BTreeMap<NonZeroUsize, Entry>,
}

#[derive(Clone, Copy)]
struct Entry {
    about: About,
    parent: Option<NonZeroUsize>,
    /// The collector at work when it began: one that is not meant for it (K2).
    under: CollectorId,
    since: Instant,
    /// The hook when it began, which is told of all of its steps.
    hook: Option<LiveHook>,
}

/// An entry of the live list: a scope that is entered and not yet exited, or a generator that has
/// begun and not yet ended.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Live {
    /// What it is, where it is in the source, and on which runtime.
    pub about: About,
    /// How long ago it was entered, or began.
    pub age: Duration,
}

impl fmt::Display for Live {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {:?} ago", self.about, self.age)
    }
}

/// Something that happened to a scope or a generator.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct LiveEvent {
    /// Its number in this process.
    pub id: usize,
    /// The number of the scope in whose body or exit it began, if that one is followed.
    pub parent: Option<usize>,
    /// What it is.
    pub about: About,
    /// What happened.
    pub step: LiveStep,
}

/// A step in the life of a scope or a generator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LiveStep {
    /// The scope was entered; the generator is polled for the first time.
    Entered,
    /// The scope's body has ended, what the body left is cleaned up, and its exit begins.
    Exiting(ExitKind),
    /// The scope was dropped before its exit began; its exit follows, unless its type says that a
    /// drop abandons it. The generator was dropped before its end, by somebody who waits for the
    /// scopes in it: closed.
    Dropped(ExitKind),
    /// The generator was dropped before its end, and whoever did it does not wait: it was not closed.
    NotClosed,
    /// It is over. A scope: its exit has ended, and so has what was born in it; or it was abandoned.
    /// A generator: its body has ended or was dropped.
    Ended,
}

/// What follows scopes and generators.
pub type LiveHook = fn(&LiveEvent);

/// Switches the live list on or off, for scopes that are entered and generators that begin from now
/// on.
///
/// Off, which is the default, costs one relaxed load for each; on, a lock and a map entry. A
/// generator that is listed is reported when it is dropped without having been closed:
/// [`Report::NotClosed`].
pub fn keep_live_list(on: bool) {
    FOLLOWED.with(|followed| {
        followed.listed = on;
        followed.switch();
    });
}

/// The scopes that were entered and not yet exited, and the generators that have begun and not yet
/// ended, oldest first, since [`keep_live_list`] was switched on. A cleanup that is still running
/// counts as live.
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

/// Installs what is told of every step of each scope that is entered, and of each generator that
/// begins, from now on, and returns what was told before. For tests and traces; off, which is the
/// default, it costs nothing besides what [`keep_live_list`] does.
///
/// Each of them has the hook that was installed at its beginning, and keeps it: it is told all the
/// steps, also after another was installed, or none. There is one hook for the process;
/// [`live_hook_guard`](crate::cleanup::live_hook_guard) puts the earlier one back.
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
///
/// Source: Python's `sys.set_asyncgen_hooks`; differs in that it follows scopes as well, and cannot
/// take part: what is left behind is cleaned up in any case.
pub fn set_live_hook(hook: Option<LiveHook>) -> Option<LiveHook> {
    FOLLOWED.with(|followed| {
        let before = core::mem::replace(&mut followed.hook, hook);
        followed.switch();
        before
    })
}

impl Followed {
    fn switch(&self) {
        let is_on = self.listed || self.measured || self.hook.is_some();
        ON.store(is_on, Ordering::Relaxed);
    }
}

/// Switches on or off that polls are measured.
pub(super) fn measure(on: bool) {
    FOLLOWED.with(|followed| {
        followed.measured = on;
        followed.switch();
    });
}

/// Whether what begins now is followed.
#[inline]
pub(super) fn is_on() -> bool {
    ON.load(Ordering::Relaxed)
}

/// What is followed by this number.
pub(super) fn about(id: NonZeroUsize) -> Option<About> {
    entry(id).map(|entry| entry.about)
}

#[inline]
pub(super) fn enter(about: impl FnOnce() -> About) -> ScopeId {
    if is_on() {
        ScopeId(ask_and_follow(about))
    } else {
        ScopeId::NONE
    }
}

/// Asks out of line, so that it costs nothing where nobody wants to know.
#[cold]
#[inline(never)]
fn ask_and_follow(about: impl FnOnce() -> About) -> Option<NonZeroUsize> {
    follow(about())
}

#[cold]
fn follow(about: About) -> Option<NonZeroUsize> {
    let id = NonZeroUsize::new(NEXT.fetch_add(1, Ordering::Relaxed))?;
    let mut entry = Entry {
        about,
        parent: ambient::enclosing().0,
        under: CollectorId::current(),
        since: Instant::now(),
        hook: None,
    };
    FOLLOWED.with(|followed| {
        let parent = entry.parent.and_then(|parent| followed.live.get(&parent));
        if let (RuntimeId::ANY, Some(parent)) = (entry.about.runtime, parent) {
            entry.about.runtime = parent.about.runtime;
        }
        entry.hook = followed.hook;
        followed.live.insert(id, entry)
    });
    call(id, entry, LiveStep::Entered);
    Some(id)
}

#[cold]
pub(super) fn tell(id: NonZeroUsize, step: LiveStep) {
    if let Some(entry) = entry(id) {
        call(id, entry, step);
    }
}

/// A generator is dropped before its end.
#[cold]
pub(super) fn dropped_open(id: NonZeroUsize) {
    let Some(entry) = entry(id) else {
        return;
    };
    if ambient::is_collected(entry.under) {
        call(id, entry, LiveStep::Dropped(ExitKind::Cancelled));
    } else if !mutant("not_closed_in_silence") {
        call(id, entry, LiveStep::NotClosed);
        // The hook is nobody's body.
        ambient::cleared(|| report(&Report::NotClosed(entry.about)));
    }
}

#[cold]
pub(super) fn end(id: NonZeroUsize) {
    let entry = FOLLOWED.with(|followed| followed.live.remove(&id));
    if let Some(entry) = entry {
        call(id, entry, LiveStep::Ended);
    }
}

fn entry(id: NonZeroUsize) -> Option<Entry> {
    FOLLOWED.with(|followed| followed.live.get(&id).copied())
}

fn call(id: NonZeroUsize, entry: Entry, step: LiveStep) {
    let Some(hook) = entry.hook else {
        return;
    };
    let event = LiveEvent {
        id: id.get(),
        parent: entry.parent.map(NonZeroUsize::get),
        about: entry.about,
        step,
    };
    // A hook that panics must not take a cleanup with it, and it is nobody's body.
    let _ = catch(|| ambient::cleared(|| hook(&event)));
}
