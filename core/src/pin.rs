//! Pin projections. All are structural: a field that is pinned here is pinned wherever its struct
//! is, is dropped in place, and is moved by nobody; no struct here is `Unpin` unless those fields
//! are. The scope's own struct argues its projections where its invariants stand.

use core::pin::Pin;

#[cfg(feature = "alloc")]
use crate::cleanup::origin::Left;
#[cfg(feature = "alloc")]
use crate::exit_stack::{Ending, Rest};
#[cfg(feature = "std")]
use crate::runtime::{Cleared, TaskFuture};
use crate::scope::{InPlace, MaybeExit, Slot, Told};
#[cfg(feature = "alloc")]
use crate::scope::{LimitedExit, Mapped, Way};

/// The elements of a pinned array, which are pinned with it.
///
/// With [`each_pinned`] this is what a combinator over an array of branches polls.
#[cfg(feature = "alloc")]
pub fn pinned_slice<T, const N: usize>(array: Pin<&mut [T; N]>) -> Pin<&mut [T]> {
    // SAFETY: structural, see above: an array drops its elements in place, and is `Unpin` only if they
    // are.
    unsafe { array.map_unchecked_mut(|array| array.as_mut_slice()) }
}

/// Each element of a pinned slice.
#[cfg(feature = "alloc")]
pub fn each_pinned<T>(slice: Pin<&mut [T]>) -> impl ExactSizeIterator<Item = Pin<&mut T>> {
    // SAFETY: structural, see above: what comes out is pinned again.
    let elements = unsafe { slice.get_unchecked_mut() };
    // SAFETY: as above.
    let pinned = |element| unsafe { Pin::new_unchecked(element) };
    elements.iter_mut().map(pinned)
}

/// The future of a stack's end, and what is not pinned of it.
#[cfg(feature = "alloc")]
pub(crate) fn ending<T, E, X, O, F>(
    this: Pin<&mut Ending<T, E, X, O, F>>,
) -> (Pin<&mut F>, &mut Rest<T, E, X, O>) {
    // SAFETY: structural, see above: the future alone is pinned.
    let (unwinding, rest) = unsafe { this.get_unchecked_mut() }.parts();
    // SAFETY: as above.
    (unsafe { Pin::new_unchecked(unwinding) }, rest)
}

pub(crate) fn in_place<F>(this: Pin<&mut InPlace<F>>) -> Pin<&mut F> {
    // SAFETY: structural, see above.
    unsafe { this.map_unchecked_mut(|this| &mut this.exit) }
}

pub(crate) fn slot<C, F>(this: Pin<&mut Slot<C, F>>) -> Pin<&mut F> {
    // SAFETY: structural, see above.
    unsafe { this.map_unchecked_mut(|this| &mut this.exit) }
}

/// The exit, or what there is in place of one, which is not pinned.
pub(crate) fn maybe_exit<F>(
    this: Pin<&mut MaybeExit<F>>,
) -> Result<Pin<&mut F>, Option<&mut Option<Told>>> {
    // SAFETY: structural, see above: the exit alone is pinned.
    match unsafe { this.get_unchecked_mut() } {
        // SAFETY: as above.
        MaybeExit::Exit(exit) => Ok(unsafe { Pin::new_unchecked(exit) }),
        MaybeExit::Nothing(told) => Err(Some(told)),
        MaybeExit::Swapped => Err(None),
    }
}

#[cfg(feature = "alloc")]
pub(crate) fn mapped<F, X, Y>(this: Pin<&mut Mapped<F, X, Y>>) -> Pin<&mut F> {
    // SAFETY: structural, see above.
    unsafe { this.map_unchecked_mut(|this| &mut this.exit) }
}

/// The exit; and the rest, which is not pinned.
#[cfg(feature = "alloc")]
pub(crate) fn limited_exit<C, F, K>(
    this: Pin<&mut LimitedExit<C, F, K>>,
) -> (Pin<&mut F>, &mut Way<C>) {
    // SAFETY: structural, see above: the exit alone is pinned.
    let this = unsafe { this.get_unchecked_mut() };
    // SAFETY: as above.
    (unsafe { Pin::new_unchecked(&mut this.exit) }, &mut this.way)
}

#[cfg(feature = "std")]
pub(crate) fn cleared<F>(this: Pin<&mut Cleared<F>>) -> Pin<&mut Option<F>> {
    // SAFETY: structural, see above.
    unsafe { this.map_unchecked_mut(|this| &mut this.future) }
}

#[cfg(feature = "std")]
pub(crate) fn task_future<F>(this: Pin<&mut TaskFuture<F>>) -> Pin<&mut Cleared<F>> {
    // SAFETY: structural, see above.
    unsafe { this.map_unchecked_mut(|this| &mut this.future) }
}

#[cfg(feature = "alloc")]
pub(crate) fn left<F>(this: Pin<&mut Left<F>>) -> Pin<&mut F> {
    // SAFETY: structural, see above.
    unsafe { this.map_unchecked_mut(|this| &mut this.cleanup) }
}
