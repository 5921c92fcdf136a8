//! What a thread knows while it polls or drops something of ours (K13): the collector, the
//! enclosing scope, and whether a combinator watches for exits.
//!
//! A slot is set only while one of our polls or drops runs. It owns its content: the content is
//! swapped in, and swapped back by a guard, so nothing here points to a stack. A slot is a cell of
//! a few words, taken out and put back whole, so that a poll pays for some moves and nothing else.
//!
//! With std the slots are thread-local. Without it they live where the application says, see
//! [`install_slots`]; until then there is no ambient scope, and a drop goes to the executor.

use alloc::boxed::Box;
use alloc::sync::Arc;
use core::cell::Cell;
use core::sync::atomic::Ordering;

use super::leftovers::Content;
use super::live::ScopeId;
use crate::mutants::mutant;
use crate::panic::unwinding;
use crate::primitives::{AtomicUsize, process_wide};

/// The ambient slots of one thread (or, without std, of one priority level).
#[cfg_attr(
    feature = "std",
    expect(unreachable_pub, reason = "public where the application stores them")
)]
pub struct Slots {
    pub(super) collector: Cell<CollectorSlot>,
    pub(super) scope: Cell<ScopeSlot>,
    /// Whom the list of live scopes names as the parent of what is entered. Apart from the scope,
    /// since a combinator leaves it as it is.
    enclosing: Cell<ScopeId>,
    pub(super) watch: Cell<WatchSlot>,
}

impl Slots {
    /// Slots with nothing in them.
    #[expect(
        clippy::declare_interior_mutable_const,
        reason = "each use is to be a value of its own"
    )]
    #[cfg_attr(
        feature = "std",
        expect(unreachable_pub, reason = "public where the application stores them")
    )]
    pub const EMPTY: Self = Self {
        collector: Cell::new(CollectorSlot::EMPTY),
        scope: Cell::new(ScopeSlot::EMPTY),
        enclosing: Cell::new(ScopeId::NONE),
        watch: Cell::new(WatchSlot::EMPTY),
    };
}

/// Calls `f` with what is in `slot`. `f` runs no user code.
#[inline]
pub(super) fn update<S: Default, T>(slot: &Cell<S>, f: impl FnOnce(&mut S) -> T) -> T {
    let mut content = slot.take();
    let result = f(&mut content);
    slot.set(content);
    result
}

impl core::fmt::Debug for Slots {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Slots").finish_non_exhaustive()
    }
}

/// Receives what a drop leaves behind, for the one that drops and then waits.
pub(super) struct CollectorSlot {
    state: u8,
    /// Given out when first asked for, so that a drop that meets no scope pays nothing.
    id: CollectorId,
    pub(super) content: Option<Box<Content>>,
}

impl CollectorSlot {
    const PRESENT: u8 = 1;
    const TAKES_LOCAL: u8 = 2;

    const EMPTY: Self = Self {
        state: 0,
        id: CollectorId::NONE,
        content: None,
    };

    #[inline]
    pub(super) fn new(takes_local: bool, content: Option<Box<Content>>) -> Self {
        let local = if takes_local { Self::TAKES_LOCAL } else { 0 };
        Self {
            state: Self::PRESENT | local,
            id: CollectorId::NONE,
            content,
        }
    }

    pub(super) fn is_present(&self) -> bool {
        self.state & Self::PRESENT != 0
    }

    #[cfg(feature = "std")]
    pub(super) fn takes_local(&self) -> bool {
        self.state & Self::TAKES_LOCAL != 0
    }

    #[inline]
    pub(super) fn id(&mut self) -> CollectorId {
        if self.is_present() && self.id == CollectorId::NONE {
            self.id = CollectorId(NEXT_COLLECTOR.fetch_add(1, Ordering::Relaxed));
        }
        self.id
    }
}

impl Default for CollectorSlot {
    #[inline]
    fn default() -> Self {
        Self::EMPTY
    }
}

/// Makes `collector` the current one, and gives what was. Where there are no slots, that is
/// `collector`.
#[inline]
pub(super) fn set_collector(collector: CollectorSlot) -> CollectorSlot {
    set(|slots| &slots.collector, collector)
}

/// Tells collectors apart, by number and not by address: stack addresses recur.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct CollectorId(usize);

impl CollectorId {
    pub(crate) const NONE: Self = Self(0);

    /// The collector that is current now. A scope that is entered under it never hands itself to
    /// it: that would be a `block_on` inside the very `Drop` that is being collected (K2).
    #[inline]
    pub(crate) fn current() -> Self {
        access(|slots| update(&slots.collector, CollectorSlot::id)).unwrap_or(Self::NONE)
    }
}

process_wide! {
    static NEXT_COLLECTOR: AtomicUsize = AtomicUsize::new(1);
}

/// The scope whose body or exit is being polled.
pub(super) struct ScopeSlot {
    state: u8,
    pub(super) content: Option<Box<Content>>,
}

impl ScopeSlot {
    const PRESENT: u8 = 1;
    const TAKES_LOCAL: u8 = 2;
    const UNWINDING: u8 = 4;

    const EMPTY: Self = Self {
        state: 0,
        content: None,
    };

    #[inline]
    pub(super) fn new(takes_local: bool, content: Option<Box<Content>>) -> Self {
        let mut state = Self::PRESENT;
        if takes_local {
            state |= Self::TAKES_LOCAL;
        }
        if unwinding() {
            state |= Self::UNWINDING;
        }
        Self { state, content }
    }

    pub(super) fn is_present(&self) -> bool {
        self.state & Self::PRESENT != 0
    }

    #[inline]
    fn close_chains(&mut self) {
        if let Some(content) = &mut self.content {
            content.close_chains();
        }
    }

    /// Whether `!Send` cleanups may be left here: not if the scope may move between threads.
    #[cfg(feature = "std")]
    pub(super) fn takes_local(&self) -> bool {
        self.state & Self::TAKES_LOCAL != 0
    }

    /// Whether the poll is unwinding. The thread may have been so when the poll began.
    pub(super) fn is_unwinding(&self) -> bool {
        unwinding() && self.state & Self::UNWINDING == 0
    }
}

impl Default for ScopeSlot {
    #[inline]
    fn default() -> Self {
        Self::EMPTY
    }
}

/// Makes `scope` the enclosing one, with its number, and gives what was. Where there are no slots,
/// that is `scope`.
///
/// A drop that is going on in the scope around this one, or in this one, ends by that: what comes
/// next is a chain of its own (K4).
#[inline]
pub(super) fn set_scope(scope: (ScopeSlot, ScopeId)) -> (ScopeSlot, ScopeId) {
    let (mut before, outer) = exchange(scope, |slots, (scope, id)| {
        (slots.scope.replace(scope), slots.enclosing.replace(id))
    });
    before.close_chains();
    (before, outer)
}

/// Lets a combinator poll, which is no scope: what it polls belongs to the one around it, but what is
/// dropped meanwhile is the combinator's. Gives what was, as [`set_scope`] does.
#[inline]
pub(super) fn set_combinator(
    takes_local: bool,
    content: Option<Box<Content>>,
) -> (ScopeSlot, WatchSlot) {
    let scope = ScopeSlot::new(takes_local, content);
    let watch = WatchSlot {
        present: true,
        exits: None,
    };
    exchange_combinator((scope, watch))
}

/// Sets back what [`set_combinator`] gave, and gives what was in the slots meanwhile.
#[inline]
pub(super) fn exchange_combinator(slots: (ScopeSlot, WatchSlot)) -> (ScopeSlot, WatchSlot) {
    let (mut before, watched) = exchange(slots, |slots, (scope, watch)| {
        (slots.scope.replace(scope), slots.watch.replace(watch))
    });
    before.close_chains();
    (before, watched)
}

/// A combinator that wants to know of exits in progress in what it polls (K10).
pub(super) struct WatchSlot {
    present: bool,
    pub(super) exits: Option<Arc<AtomicUsize>>,
}

impl WatchSlot {
    const EMPTY: Self = Self {
        present: false,
        exits: None,
    };
}

impl Default for WatchSlot {
    #[inline]
    fn default() -> Self {
        Self::EMPTY
    }
}

#[cfg(feature = "std")]
crate::primitives::per_thread! {
    // Never dropped: the guards leave the slots empty, and a cleanup that is handed over while the
    // thread's locals are going still finds them.
    static SLOTS: core::mem::ManuallyDrop<Slots> = core::mem::ManuallyDrop::new(Slots::EMPTY);
}

/// Calls `f` with this thread's slots; `None` where there are none. `f` runs no user code.
#[cfg(feature = "std")]
#[inline]
pub(super) fn access<T>(f: impl FnOnce(&Slots) -> T) -> Option<T> {
    SLOTS.with(|slots| Some(f(slots)))
}

/// Holds the ambient slots where there is no std.
///
/// # For implementers
///
/// A static behind a critical section is right, and is promised for the tasks of one priority
/// level only. `with` calls `f` once, with the same slots each time.
#[cfg(not(feature = "std"))]
pub trait SlotStorage: Sync {
    /// Calls `f` with the slots.
    fn with(&self, f: &mut dyn FnMut(&mut Slots));
}

#[cfg(not(feature = "std"))]
static STORAGE: crate::lock::Mutex<Option<&'static dyn SlotStorage>> =
    crate::lock::Mutex::new(None);

/// Says where the ambient slots live on a target without std. Call it once, before the first scope
/// is entered.
#[cfg(not(feature = "std"))]
pub fn install_slots(storage: &'static dyn SlotStorage) {
    STORAGE.with(|current| *current = Some(storage));
}

#[cfg(not(feature = "std"))]
pub(super) fn access<T>(f: impl FnOnce(&Slots) -> T) -> Option<T> {
    let storage = STORAGE.with(|storage| *storage)?;
    let mut f = Some(f);
    let mut result = None;
    storage.with(&mut |slots| {
        if let Some(f) = f.take() {
            result = Some(f(slots));
        }
    });
    result
}

/// Puts `content` into a slot, and gives what was there. Where there are no slots, that is `content`.
#[inline]
fn set<S>(slot: fn(&Slots) -> &Cell<S>, content: S) -> S {
    exchange(content, |slots, content| slot(slots).replace(content))
}

/// Calls `f`, which puts `content` into this thread's slots and gives what was there. Where there are
/// no slots, that is `content`.
#[cfg(feature = "std")]
#[inline]
fn exchange<C>(content: C, f: impl FnOnce(&Slots, C) -> C) -> C {
    SLOTS.with(|slots| f(slots, content))
}

#[cfg(not(feature = "std"))]
fn exchange<C>(content: C, f: impl FnOnce(&Slots, C) -> C) -> C {
    let mut content = Some(content);
    access(|slots| content = content.take().map(|content| f(slots, content)));
    match content {
        Some(before) => before,
        None => unreachable!("what is put in comes out, or something else"),
    }
}

/// A slot that is set for a while, and set back when this is dropped.
pub(super) struct Set<S> {
    slot: fn(&Slots) -> &Cell<S>,
    before: Option<S>,
}

impl<S> Set<S> {
    #[inline]
    pub(super) fn new(slot: fn(&Slots) -> &Cell<S>, content: S) -> Self {
        Self {
            slot,
            before: Some(set(slot, content)),
        }
    }
}

impl<S> Drop for Set<S> {
    #[inline]
    fn drop(&mut self) {
        if let Some(before) = self.before.take() {
            set(self.slot, before);
        }
    }
}

/// The number of the enclosing scope.
#[inline]
pub(crate) fn enclosing() -> ScopeId {
    access(|slots| slots.enclosing.get()).unwrap_or(ScopeId::NONE)
}

/// Whether somebody collects what is dropped now, and waits for it; not for what began under it (K2).
pub(crate) fn is_collected(began_under: CollectorId) -> bool {
    access(|slots| {
        update(&slots.collector, |collector| {
            collector.is_present() && collector.id() != began_under
        })
    })
    .unwrap_or(false)
}

/// Calls `f` with the enclosing scope.
#[inline]
pub(super) fn scope<T>(f: impl FnOnce(&mut ScopeSlot) -> T) -> Option<T> {
    access(|slots| update(&slots.scope, f))
}

/// Calls `f` with all slots empty: for tasks and entry points of ours, which are nobody's body.
pub(crate) fn cleared<T>(f: impl FnOnce() -> T) -> T {
    if mutant("slots_kept") {
        return f();
    }
    let _collector = Set::new(|slots| &slots.collector, CollectorSlot::EMPTY);
    let _scope = Set::new(|slots| &slots.scope, ScopeSlot::EMPTY);
    let _enclosing = Set::new(|slots| &slots.enclosing, ScopeId::NONE);
    let _watch = Set::new(|slots| &slots.watch, WatchSlot::EMPTY);
    f()
}

/// Calls `f`, the poll of an exit, with no combinator watching: the exit has a token of its own, which
/// stands for those in it, and which is given up when it leaves its frame.
#[inline]
pub(crate) fn unwatched<T>(f: impl FnOnce() -> T) -> T {
    let is_watched = access(|slots| update(&slots.watch, |watch| watch.present));
    let _watch = is_watched
        .unwrap_or(false)
        .then(|| Set::new(|slots| &slots.watch, WatchSlot::EMPTY));
    f()
}

/// Keeps a watching combinator from dropping the exit that holds it (K10).
pub(crate) struct ExitToken(Arc<AtomicUsize>);

impl ExitToken {
    /// Registers an exit that waits with the combinator that is polling it, if there is one.
    pub(crate) fn register() -> Option<Self> {
        access(|slots| {
            update(&slots.watch, |watch| {
                watch.present.then(|| {
                    let exits = watch.exits.get_or_insert_with(Arc::default);
                    exits.fetch_add(1, Ordering::Relaxed);
                    Self(exits.clone())
                })
            })
        })
        .flatten()
    }
}

impl Drop for ExitToken {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Release);
    }
}
