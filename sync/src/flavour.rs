//! What a primitive is made of inside, chosen by a type parameter: its short lock, its words, and
//! the executor whose turn-taking it respects.

use core::cell::Cell;
use core::marker::PhantomData;
use core::task::{Context, Poll, ready};

use withal_core::runtime::{Coop, NoExecutor};

use crate::primitives::AtomicUsize;
#[cfg(all(test, loom))]
use crate::short_lock::ModelledLock;
#[cfg(feature = "std")]
use crate::short_lock::StdLock;
use crate::short_lock::{OneThreadLock, RawLock, SpinLock};
use crate::word::RawWord;

/// How a primitive works inside: [`Spin`], [`Std`] or [`SingleThread`], alone or [`Bound`] to an
/// executor.
///
/// [`Spin`] is the default and right nearly everywhere. [`Std`] parks threads instead of spinning,
/// for systems whose threads have priorities. [`SingleThread`] costs next to nothing, and keeps the
/// primitive on one thread. Applications name the [`Bound`] forms by their adapter's aliases.
/// Sealed.
#[expect(
    private_bounds,
    reason = "sealed: the safety of every primitive rests on it"
)]
pub trait Flavour: Parts {}

/// # Safety
///
/// The flavour is `Sync` only if its lock excludes other threads, and its words are atomic.
pub(crate) unsafe trait Parts: 'static {
    type Lock: RawLock + Send;
    type Word: RawWord + Send;
    type Coop: Coop;
}

/// Polls what may end without waiting, if it is the task's turn.
#[inline]
pub(crate) fn in_turn<F: Flavour, T>(
    cx: &mut Context<'_>,
    poll: impl FnOnce(&mut Context<'_>) -> Poll<T>,
) -> Poll<T> {
    let unit = ready!(F::Coop::poll_unit(cx));
    let polled = poll(cx);
    if polled.is_ready() {
        F::Coop::spend(unit);
    }
    polled
}

/// Spins, ever longer after each miss, and lets other threads run when that does not help.
///
/// A section costs one atomic exchange and a plain store. Sections are short (below some 20 ns), so
/// the lock is nearly always free; a thread that is preempted in one makes the others wait for it,
/// by yielding to the system where there is one.
#[derive(Clone, Copy, Debug)]
pub struct Spin {
    _private: (),
}

impl Flavour for Spin {}

// SAFETY: a spin lock excludes other threads, and the words are atomic.
unsafe impl Parts for Spin {
    type Lock = SpinLock;
    type Word = AtomicUsize;
    type Coop = NoExecutor;
}

/// Std's mutex inside: a thread that misses is parked.
///
/// About twice as dear as [`Spin`] where nobody contends. Choose it where threads of different
/// priorities meet, so that one cannot spin for another that the system does not run.
#[cfg(feature = "std")]
#[derive(Clone, Copy, Debug)]
pub struct Std {
    _private: (),
}

#[cfg(feature = "std")]
impl Flavour for Std {}

// SAFETY: std's mutex excludes other threads, and the words are atomic.
#[cfg(feature = "std")]
unsafe impl Parts for Std {
    type Lock = StdLock;
    type Word = AtomicUsize;
    type Coop = NoExecutor;
}

/// No lock and no atomics: the primitive is not `Sync`, so one thread uses it.
///
/// The cheapest, for executors of one thread and for microcontrollers with one core. A section
/// calls no code of the user's but the order of a priority queue's items or a limiter's keys; if that
/// comes back to the same primitive, it panics instead of waiting for itself; and aborts, if it drops
/// one that waits there.
#[derive(Clone, Copy, Debug)]
pub struct SingleThread {
    // As a cell: not `Sync`.
    _one_thread: PhantomData<Cell<()>>,
}

impl Flavour for SingleThread {}

// SAFETY: it is not `Sync`.
unsafe impl Parts for SingleThread {
    type Lock = OneThreadLock;
    type Word = Cell<usize>;
    type Coop = NoExecutor;
}

/// The flavour `F`, with waits that respect how the executor `C` takes turns.
///
/// An operation that need not wait returns at once, so a task that never has to wait would keep its
/// thread for itself: its own timeouts would not fire, and its neighbours not run. A bound primitive
/// gives way when the task's budget is used up, as the executor's own primitives do. It still
/// belongs to no executor: it may be shared with tasks of another one, and with plain threads.
pub struct Bound<F, C> {
    _flavour: PhantomData<F>,
    _coop: PhantomData<fn() -> C>,
}

impl<F: Flavour, C: Coop + 'static> Flavour for Bound<F, C> {}

// SAFETY: it is `Sync` if `F` is, whose lock and words it has.
unsafe impl<F: Flavour, C: Coop + 'static> Parts for Bound<F, C> {
    type Lock = F::Lock;
    type Word = F::Word;
    type Coop = C;
}

impl<F, C> core::fmt::Debug for Bound<F, C> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Bound")
    }
}

/// The model checker's own lock: models of what stands on a lock need not step through its spins.
#[cfg(all(test, loom))]
#[derive(Debug)]
pub(crate) struct Modelled;

#[cfg(all(test, loom))]
impl Flavour for Modelled {}

// SAFETY: the model's lock excludes other threads, and the words are atomic.
#[cfg(all(test, loom))]
unsafe impl Parts for Modelled {
    type Lock = ModelledLock;
    type Word = AtomicUsize;
    type Coop = NoExecutor;
}
