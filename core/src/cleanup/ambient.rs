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
use core::sync::atomic::{AtomicUsize, Ordering};

use super::leftovers::Content;
use super::live::ScopeId;

/// The ambient slots of one thread (or, without std, of one priority level).
#[cfg_attr(
    feature = "std",
    expect(unreachable_pub, reason = "public where the application stores them")
)]
pub struct Slots {
    pub(super) collector: Cell<CollectorSlot>,
    pub(super) scope: Cell<ScopeSlot>,
    pub(super) watch: Cell<WatchSlot>,
}

impl Slots {
    /// Slots with nothing in them.
    #[cfg_attr(
        feature = "std",
        expect(unreachable_pub, reason = "public where the application stores them")
    )]
    pub const EMPTY: Self = Self {
        collector: Cell::new(CollectorSlot::EMPTY),
        scope: Cell::new(ScopeSlot::EMPTY),
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

/// What can be set for the time of a poll or a drop.
pub(super) trait Ambient {
    /// Changes places with what is set now.
    fn swap(&mut self, slots: &Slots);
}

impl Ambient for Slots {
    #[inline]
    fn swap(&mut self, slots: &Slots) {
        self.collector.get_mut().swap(slots);
        self.scope.set(slots.scope.replace(self.scope.take()));
        self.watch.get_mut().swap(slots);
    }
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
    pub(super) content: Option<Box<Content>>,
}

impl CollectorSlot {
    const EMPTY: Self = Self {
        present: false,
        takes_local: false,
        id: CollectorId::NONE,
        content: None,
    };

    #[inline]
    pub(super) fn new(takes_local: bool, content: Option<Box<Content>>) -> Self {
        Self {
            present: true,
            takes_local,
            id: CollectorId::NONE,
            content,
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

impl Default for CollectorSlot {
    #[inline]
    fn default() -> Self {
        Self::EMPTY
    }
}

impl Ambient for CollectorSlot {
    #[inline]
    fn swap(&mut self, slots: &Slots) {
        *self = slots.collector.replace(core::mem::take(self));
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
        access(|slots| update(&slots.collector, CollectorSlot::id)).unwrap_or(Self::NONE)
    }
}

static NEXT_COLLECTOR: AtomicUsize = AtomicUsize::new(1);

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
    const EMPTY: Self = Self {
        present: false,
        unwinding: false,
        takes_local: false,
        content: None,
        id: ScopeId::NONE,
    };
}

impl Default for ScopeSlot {
    #[inline]
    fn default() -> Self {
        Self::EMPTY
    }
}

impl Ambient for ScopeSlot {
    /// A drop that is going on in the scope around this one, or in this one, ends by the swap: what
    /// comes next is a chain of its own (K4).
    #[inline]
    fn swap(&mut self, slots: &Slots) {
        *self = slots.scope.replace(core::mem::take(self));
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

impl Ambient for WatchSlot {
    #[inline]
    fn swap(&mut self, slots: &Slots) {
        *self = slots.watch.replace(core::mem::take(self));
    }
}

#[cfg(feature = "std")]
std::thread_local! {
    // Never dropped: the guards leave the slots empty, and a cleanup that is handed over while the
    // thread's locals are going still finds them.
    static SLOTS: core::mem::ManuallyDrop<Slots> =
        const { core::mem::ManuallyDrop::new(Slots::EMPTY) };
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

/// Calls `f` with `held` set, and takes it back, also when `f` unwinds. Where there are no slots,
/// nothing is set and `held` keeps its content.
#[inline]
pub(super) fn during<S: Ambient, T>(held: &mut S, f: impl FnOnce() -> T) -> T {
    struct TakeBack<'a, S: Ambient>(&'a mut S);

    impl<S: Ambient> Drop for TakeBack<'_, S> {
        #[inline]
        fn drop(&mut self) {
            swap(self.0);
        }
    }

    swap(held);
    let _back = TakeBack(held);
    f()
}

/// Swaps `held` with what is set on this thread.
#[inline]
pub(super) fn swap(held: &mut impl Ambient) {
    access(|slots| held.swap(slots));
}

/// The number of the enclosing scope.
#[inline]
pub(crate) fn enclosing() -> ScopeId {
    scope(|scope| scope.id).unwrap_or(ScopeId::NONE)
}

/// Calls `f` with the enclosing scope.
#[inline]
pub(super) fn scope<T>(f: impl FnOnce(&mut ScopeSlot) -> T) -> Option<T> {
    access(|slots| update(&slots.scope, f))
}

/// Calls `f` with all slots empty: for tasks and entry points of ours, which are nobody's body.
pub(crate) fn cleared<T>(f: impl FnOnce() -> T) -> T {
    let mut held = Slots::EMPTY;
    during(&mut held, f)
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
