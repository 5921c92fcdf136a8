//! What a thread knows while it polls or drops something of ours (K13): the collector, the
//! enclosing scope, and whether a combinator watches for exits.
//!
//! A slot is set only while one of our polls or drops runs. It owns its content: the content is
//! swapped in, and swapped back by a guard, so nothing here points to a stack.
//!
//! With std the slots are thread-local. Without it they live where the application says, see
//! [`install_slots`]; until then there is no ambient scope, and a drop goes to the executor.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::sync::atomic::Ordering;

use super::leftovers::Content;
use super::link::AnyCleanup;
use super::live::ScopeId;
use crate::mutants::mutant;
use crate::primitives::{AtomicUsize, process_wide};

/// The ambient slots of one thread (or, without std, of one priority level).
#[cfg_attr(
    feature = "std",
    expect(unreachable_pub, reason = "public where the application stores them")
)]
pub struct Slots {
    pub(super) collector: CollectorSlot,
    pub(super) scope: ScopeSlot,
    pub(super) watch: WatchSlot,
}

impl Slots {
    /// Slots with nothing in them.
    #[cfg_attr(
        feature = "std",
        expect(unreachable_pub, reason = "public where the application stores them")
    )]
    pub const EMPTY: Self = Self {
        collector: CollectorSlot::EMPTY,
        scope: ScopeSlot::EMPTY,
        watch: WatchSlot::EMPTY,
    };
}

impl core::fmt::Debug for Slots {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Slots").finish_non_exhaustive()
    }
}

/// Receives what a drop leaves behind, for the one that drops and then waits.
pub(super) struct CollectorSlot {
    pub(super) present: bool,
    #[cfg_attr(not(feature = "std"), expect(dead_code, reason = "all are `Send`"))]
    pub(super) takes_local: bool,
    /// Given out when first asked for, so that a drop that meets no scope pays nothing.
    id: CollectorId,
    pub(super) list: Vec<AnyCleanup>,
}

impl CollectorSlot {
    const EMPTY: Self = Self {
        present: false,
        takes_local: false,
        id: CollectorId::NONE,
        list: Vec::new(),
    };

    pub(super) const fn new(takes_local: bool) -> Self {
        Self {
            present: true,
            takes_local,
            id: CollectorId::NONE,
            list: Vec::new(),
        }
    }

    #[inline]
    pub(super) fn id(&mut self) -> CollectorId {
        if self.present && self.id == CollectorId::NONE {
            self.id = CollectorId(NEXT_COLLECTOR.fetch_add(1, Ordering::Relaxed));
        }
        self.id
    }
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
        access(|slots| slots.collector.id()).unwrap_or(Self::NONE)
    }
}

process_wide! {
    static NEXT_COLLECTOR: AtomicUsize = AtomicUsize::new(1);
}

/// The scope whose body or exit is being polled.
pub(super) struct ScopeSlot {
    pub(super) present: bool,
    /// Whether the thread was unwinding already when the poll began.
    pub(super) unwinding: bool,
    /// Whether `!Send` cleanups may be left here: not if the scope may move between threads.
    #[cfg_attr(not(feature = "std"), expect(dead_code, reason = "all are `Send`"))]
    pub(super) takes_local: bool,
    pub(super) content: Option<Box<Content>>,
    /// Whom the list of live scopes names as the parent of what is entered.
    pub(super) id: ScopeId,
}

impl ScopeSlot {
    pub(super) const EMPTY: Self = Self {
        present: false,
        unwinding: false,
        takes_local: false,
        content: None,
        id: ScopeId::NONE,
    };

    /// The drop that was going on has ended: what comes next is a chain of its own (K4).
    #[inline]
    fn close_chains(&mut self) {
        if let Some(content) = &mut self.content {
            content.close_chains();
        }
    }
}

/// A combinator that wants to know of exits in progress in what it polls (K10).
pub(super) struct WatchSlot {
    pub(super) present: bool,
    pub(super) exits: Option<Arc<AtomicUsize>>,
}

impl WatchSlot {
    pub(super) const EMPTY: Self = Self {
        present: false,
        exits: None,
    };
}

#[cfg(feature = "std")]
crate::primitives::per_thread! {
    // Never dropped: the guards leave the slots empty, and a cleanup that is handed over while the
    // thread's locals are going still finds them.
    static SLOTS: core::mem::ManuallyDrop<core::cell::RefCell<Slots>> =
        core::mem::ManuallyDrop::new(core::cell::RefCell::new(Slots::EMPTY));
}

/// Calls `f` with this thread's slots; `None` where there are none. `f` runs no user code.
#[cfg(feature = "std")]
#[inline]
pub(super) fn access<T>(f: impl FnOnce(&mut Slots) -> T) -> Option<T> {
    SLOTS.with(|slots| Some(f(&mut slots.borrow_mut())))
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
pub(super) fn access<T>(f: impl FnOnce(&mut Slots) -> T) -> Option<T> {
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

/// Calls `f` with `held` swapped into a slot, and swaps it back, also when `f` unwinds. Where there
/// are no slots, both swaps do nothing and `held` keeps its content.
pub(super) fn swapped<S, T>(
    held: &mut S,
    slot: fn(&mut Slots) -> &mut S,
    f: impl FnOnce() -> T,
) -> T {
    struct Back<'a, S>(&'a mut S, fn(&mut Slots) -> &mut S);

    impl<S> Back<'_, S> {
        #[inline]
        fn swap(&mut self) {
            access(|slots| core::mem::swap(self.0, (self.1)(slots)));
        }
    }

    impl<S> Drop for Back<'_, S> {
        #[inline]
        fn drop(&mut self) {
            self.swap();
        }
    }

    let mut back = Back(held, slot);
    back.swap();
    let result = f();
    drop(back);
    result
}

/// Swaps `slot` with this thread's enclosing scope. A drop in progress in either ends by that.
#[inline]
pub(super) fn swap_scope(slot: &mut ScopeSlot) {
    access(|slots| {
        slot.close_chains();
        slots.scope.close_chains();
        core::mem::swap(slot, &mut slots.scope);
    });
}

/// The number of the enclosing scope.
#[inline]
pub(crate) fn enclosing() -> ScopeId {
    access(|slots| slots.scope.id).unwrap_or(ScopeId::NONE)
}

/// Calls `f` with all slots empty: for tasks and entry points of ours, which are nobody's body.
pub(crate) fn cleared<T>(f: impl FnOnce() -> T) -> T {
    if mutant("slots_kept") {
        return f();
    }
    // Boxed would cost an allocation a poll; moved it costs some bytes.
    let mut held = Slots::EMPTY;
    swapped(&mut held, |slots| slots, f)
}

/// Calls `f`, the poll of an exit, with no combinator watching: the exit has a token of its own, which
/// stands for those in it, and which is given up when it leaves its frame.
#[inline]
pub(crate) fn unwatched<T>(f: impl FnOnce() -> T) -> T {
    let mut held = WatchSlot::EMPTY;
    swapped(&mut held, |slots| &mut slots.watch, f)
}

/// Keeps a watching combinator from dropping the exit that holds it (K10).
pub(crate) struct ExitToken(Arc<AtomicUsize>);

impl ExitToken {
    /// Registers an exit that waits with the combinator that is polling it, if there is one.
    pub(crate) fn register() -> Option<Self> {
        access(|slots| {
            let watch = &mut slots.watch;
            watch.present.then(|| {
                let exits = watch.exits.get_or_insert_with(Arc::default);
                exits.fetch_add(1, Ordering::Relaxed);
                Self(exits.clone())
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
