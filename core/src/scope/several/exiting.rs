//! The exit of several scopes, as that of one.
//!
//! # Invariants
//!
//! 1. The cells are pinned structurally: dropped in place, never moved. All else is moved freely.

use core::fmt::Debug;
use core::future::Future;
use core::marker::{PhantomData, PhantomPinned};
use core::panic::Location;
use core::pin::Pin;
use core::task::{Context, Poll, ready};

use super::exits::Exits;
use super::leave::leave;
use super::row::Row;
use crate::cleanup::kind::Kind;
use crate::cleanup::scope_link::Bequest;
use crate::cleanup::{About, Subject};
use crate::error_group::ErrorGroup;
use crate::runtime::{Cleanup, RuntimeId};
use crate::scope::exit::{ExitFuture, Told, Why};

#[must_use = "futures do nothing unless polled"]
pub(super) struct Exiting<C, K, L> {
    cells: C,
    /// `None` once they have ended, or left.
    exits: Option<Exits<L>>,
    _kind: PhantomData<fn() -> K>,
    _pinned: PhantomPinned,
}

impl<C: Row<K, L>, K: Kind, L: Debug> Exiting<C, K, L> {
    /// `name` is that of all of them.
    pub(super) fn new(cells: C, name: &'static str, in_order: bool, why: Why) -> Self {
        let about = About::new(Subject::Scope, name, Location::caller(), RuntimeId::ANY);
        Self {
            exits: Some(Exits::new(cells.len(), in_order, about, why)),
            cells,
            _kind: PhantomData,
            _pinned: PhantomPinned,
        }
    }
}

impl<C: Row<K, L>, K: Kind, L: Debug> Future for Exiting<C, K, L> {
    type Output = (Result<(), ErrorGroup<L>>, Option<Told>);

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // SAFETY: the cells are not moved (1).
        let this = unsafe { self.get_unchecked_mut() };
        // SAFETY: pinned structurally (1).
        let mut cells = unsafe { Pin::new_unchecked(&mut this.cells) };
        let Some(exits) = &mut this.exits else {
            return Poll::Pending;
        };
        ready!(exits.poll(cells.as_mut(), cx));
        match this.exits.take() {
            Some(exits) => Poll::Ready(exits.finish(cells)),
            None => unreachable!("they have ended here"),
        }
    }
}

impl<C: Row<K, L>, K: Kind, L: Debug> ExitFuture<K> for Exiting<C, K, L> {
    fn place(&mut self, about: impl FnOnce() -> About) {
        if let Some(exits) = &mut self.exits {
            exits.place(about());
        }
    }

    /// Each leaves its frame as its own type says.
    fn hand_over<'r, R: Cleanup>(
        self: Pin<&mut Self>,
        bequest: Bequest<'r, R, K>,
    ) -> Result<(), Bequest<'r, R, K>> {
        // SAFETY: the cells are not moved (1).
        let this = unsafe { self.get_unchecked_mut() };
        // SAFETY: pinned structurally (1).
        let mut cells = unsafe { Pin::new_unchecked(&mut this.cells) };
        let Some(mut exits) = this.exits.take() else {
            return Err(bequest);
        };
        exits.report_lost(cells.as_mut());
        leave(cells, exits.in_order(), Why::Cancelled, bequest);
        Ok(())
    }
}
