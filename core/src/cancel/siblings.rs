use alloc::vec::Vec;
use core::fmt;
use core::mem;
use core::pin::Pin;

use super::Branch;
use crate::cleanup::hand_over::{hand_over, is_awaited};
use crate::cleanup::kind::Kind;
use crate::cleanup::leftovers::Leftovers;
use crate::cleanup::{About, CollectorId, Report, report, side_by_side};
use crate::mutants::mutant;
use crate::panic::{Payload, unwinding};

/// Where the branches of a combinator belong, for when it is dropped itself: made when it is first
/// polled, since a collector that is at work by then belongs to a `Drop` that waits for it (K2).
///
/// # Examples
///
/// The drop of a combinator with two branches:
///
/// ```
/// use core::pin::Pin;
/// use withal_core::cancel::{Branch, Siblings};
///
/// fn drop_both<A, B, T>(
///     left: Pin<&mut Branch<A, T>>,
///     right: Pin<&mut Branch<B, T>>,
///     siblings: &Siblings,
/// ) {
///     let mut dropping = siblings.dropping();
///     dropping.drop_branch(left);
///     dropping.drop_branch(right);
/// }
/// ```
pub struct Siblings {
    under: CollectorId,
}

impl Siblings {
    /// To be called when the combinator is first polled.
    #[inline]
    pub fn begin() -> Self {
        Self {
            under: CollectorId::current(),
        }
    }

    /// Begins to drop branches.
    pub fn dropping<K: Kind>(&self) -> Dropping<K> {
        Dropping {
            under: self.under,
            about: None,
            left: Vec::new(),
            panic: None,
        }
    }
}

impl fmt::Debug for Siblings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Siblings").finish_non_exhaustive()
    }
}

/// Drops branches, so that they clean up side by side (K4), for whoever drops their combinator.
///
/// Branches that are merely dropped, one after the other, clean up one after the other, like the guards
/// of a frame.
///
/// # Panics
///
/// Its drop, with the first panic of a destructor in the branches (std only).
///
/// # Complexity
///
/// No allocation, unless branches leave something.
pub struct Dropping<K: Kind> {
    under: CollectorId,
    about: Option<About>,
    left: Vec<Leftovers<K>>,
    panic: Option<Payload>,
}

impl<K: Kind> Dropping<K> {
    /// Drops the future of `branch` in place, and takes over what it has left.
    pub fn drop_branch<F, T>(&mut self, branch: Pin<&mut Branch<F, T, K>>) {
        let about = branch.about();
        self.about.get_or_insert(about);
        if let Some(under) = branch.under().filter(|under| *under != CollectorId::NONE) {
            self.under = under;
        }
        let (left, panic) = branch.leave();
        if !left.is_empty() {
            self.left.push(left);
        }
        match (&self.panic, panic) {
            (_, None) => {}
            (None, panic) => self.panic = panic,
            // The earlier one goes on.
            (Some(_), Some(panic)) => report(&Report::PanicLost(about, panic.message())),
        }
    }
}

impl<K: Kind> Drop for Dropping<K> {
    fn drop(&mut self) {
        let Some(about) = self.about else {
            return;
        };
        let together = self.left.len() > 1 && is_awaited(self.under);
        if together && !mutant("siblings_in_turn") {
            let left = mem::take(&mut self.left);
            hand_over(side_by_side::link(left, about), self.under);
        } else {
            // Where nobody waits, each is on its own anyway.
            for mut left in self.left.drain(..) {
                left.hand_on(|| about, self.under);
            }
        }
        match self.panic.take() {
            Some(panic) if unwinding() => report(&Report::PanicLost(about, panic.message())),
            Some(panic) => panic.resume(),
            None => {}
        }
    }
}

impl<K: Kind> fmt::Debug for Dropping<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dropping")
            .field("left", &self.left.len())
            .finish_non_exhaustive()
    }
}
