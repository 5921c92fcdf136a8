//! The way of several scopes that are dropped while they are entered.

use alloc::vec::Vec;
use core::pin::Pin;

use super::exits::report_panic;
use super::row::Row;
use crate::cleanup::kind::Kind;
use crate::cleanup::leftovers::Leftovers;
use crate::cleanup::scope_link::Bequest;
use crate::cleanup::side_by_side::{gate, hand_over_after};
use crate::runtime::Cleanup;
use crate::scope::exit::{SharedWhy, Why};

/// Each scope that is entered, or at its exit, leaves its frame as its type says.
pub(super) fn leave<R: Cleanup, K: Kind, L, C: Row<K, L>>(
    cells: Pin<&mut C>,
    in_order: bool,
    why: Why,
    bequest: Bequest<'_, R, K>,
) {
    if in_order {
        leave_in_order(cells, why, bequest);
    } else {
        leave_at_once(cells, why, bequest);
    }
}

/// As nested scopes do: what the inner ones leave goes to the outer one, which follows it. The
/// innermost is told `why`; the bodies of the others were dropped.
fn leave_in_order<R: Cleanup, K: Kind, L, C: Row<K, L>>(
    mut cells: Pin<&mut C>,
    why: Why,
    mut bequest: Bequest<'_, R, K>,
) {
    let mut why = Some(why);
    let all = 0..cells.len();
    let held: Vec<usize> = all
        .filter(|index| cells.as_mut().cell(*index).0.is_held())
        .collect();
    let Some((outermost, inner)) = held.split_first() else {
        bequest.hand_on();
        return;
    };
    for &index in inner.iter().rev() {
        let name = cells.as_mut().cell(index).0.name();
        let mut own = bequest.part(name);
        own.leftovers = bequest.leftovers.take();
        own.budget = bequest.budget;
        let why = why.take().unwrap_or(Why::Cancelled);
        let about = own.about;
        let left = bequest
            .leftovers
            .collect(|| cells.as_mut().leave(index, why, own));
        if let Err(payload) = left {
            report_panic(about, payload);
        }
    }
    bequest.about = bequest.about.of(cells.as_mut().cell(*outermost).0.name());
    let why = why.take().unwrap_or(Why::Cancelled);
    cells.leave(*outermost, why, bequest);
}

/// Side by side, after what the body left. Each is told `why`.
fn leave_at_once<R: Cleanup, K: Kind, L, C: Row<K, L>>(
    mut cells: Pin<&mut C>,
    why: Why,
    bequest: Bequest<'_, R, K>,
) {
    let why = SharedWhy::new(why);
    let mut branches = Vec::new();
    for index in (0..cells.len()).rev() {
        let cell = cells.as_mut().cell(index).0;
        if !cell.is_held() {
            continue;
        }
        let mut own = bequest.part(cell.name());
        own.detached = bequest.detached;
        if !bequest.leftovers.is_empty() {
            own.leftovers = gate(own.about);
        }
        let (about, why) = (own.about, why.get());
        let mut branch = Leftovers::new();
        let left = branch.collect(|| cells.as_mut().leave(index, why, own));
        if let Err(payload) = left {
            report_panic(about, payload);
        }
        branches.push(branch);
    }
    hand_over_after(bequest, branches);
}
