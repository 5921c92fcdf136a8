//! The enter of several scopes: one after the other, or all at once.
//!
//! # Invariants
//!
//! 1. The cells are pinned structurally: dropped in place, never moved. All else is moved freely.

use alloc::vec::Vec;
use core::fmt::Debug;
use core::future::Future;
use core::marker::PhantomPinned;
use core::mem::replace;
use core::pin::Pin;
use core::task::{Context, Poll, ready};

use super::Order;
use super::exits::{Exits, report_panic, report_panic_lost};
use super::leave::leave;
use super::row::Row;
use crate::cleanup::kind::Kind;
use crate::cleanup::live::LiveEntry;
use crate::cleanup::scope_link::Bequest;
use crate::cleanup::side_by_side::merge;
use crate::cleanup::{About, CollectorId, ExitToken};
use crate::error_group::{ErrorGroup, Phase};
use crate::panic::{Payload, catch, unwinding};
use crate::runtime::Cleanup;
use crate::scope::exit::Why;

/// Enters the scopes. If one of them cannot be entered, those that are in are exited first.
#[must_use = "futures do nothing unless polled"]
pub(super) struct Entering<'r, R: Cleanup, C: Row<K, L>, K: Kind, L: Debug, A, O> {
    rt: &'r R,
    order: Order,
    about: About,
    cells: C,
    stage: Stage<L>,
    /// Makes of the scopes and their resources what is to come out: an async block for that would be
    /// twice as large.
    made: fn(A, Order) -> O,
    under: CollectorId,
    token: Option<ExitToken>,
    _kind: core::marker::PhantomData<fn() -> K>,
    _pinned: PhantomPinned,
}

enum Stage<L> {
    /// Not polled yet.
    New,
    /// Those before `next` are in. `failing`: the others are to be cancelled.
    Entering {
        next: usize,
        failing: bool,
    },
    /// One could not be entered; those that are in are exited.
    Exiting(Exits<L>),
    Done,
}

impl<'r, R: Cleanup, C: Row<K, L>, K: Kind, L: Debug, A, O> Entering<'r, R, C, K, L, A, O> {
    pub(super) fn new(
        rt: &'r R,
        cells: C,
        about: About,
        order: Order,
        made: fn(A, Order) -> O,
    ) -> Self {
        Self {
            rt,
            order,
            about,
            cells,
            stage: Stage::New,
            made,
            under: CollectorId::NONE,
            token: None,
            _kind: core::marker::PhantomData,
            _pinned: PhantomPinned,
        }
    }
}

impl<R, C, K, L, A, O> Future for Entering<'_, R, C, K, L, A, O>
where
    R: Cleanup,
    C: Row<K, L, All = A>,
    K: Kind,
    L: Debug,
{
    type Output = Result<O, ErrorGroup<L>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // SAFETY: the cells are not moved (1).
        let this = unsafe { self.get_unchecked_mut() };
        // SAFETY: pinned structurally (1).
        let mut cells = unsafe { Pin::new_unchecked(&mut this.cells) };
        if let Stage::New = this.stage {
            this.under = CollectorId::current();
            this.stage = Stage::Entering {
                next: 0,
                failing: false,
            };
        }
        if let Stage::Entering { next, failing } = &mut this.stage {
            let in_order = this.order.enters;
            ready!(poll_enters(cells.as_mut(), cx, in_order, next, failing));
            if !*failing {
                this.stage = Stage::Done;
                match cells.take() {
                    Some(all) => return Poll::Ready(Ok((this.made)(all, this.order))),
                    None => unreachable!("an enter gives a resource, or fails"),
                }
            }
            let mut exits = Exits::new(cells.len(), this.order.exits, this.about, Why::Completed);
            for index in 0..cells.len() {
                let mut cell = cells.as_mut().cell(index).0;
                let about = this.about.of(cell.name());
                cell.as_mut().single_out(about);
                if let Some(failed) = cell.take_failure(about) {
                    exits.failed(index, Phase::Enter, about, failed);
                }
            }
            this.stage = Stage::Exiting(exits);
        }
        let Stage::Exiting(exits) = &mut this.stage else {
            panic!("several scopes were polled after completion");
        };
        if exits.poll(cells.as_mut(), cx).is_pending() {
            // As for any exit: a combinator of ours that polls this does not drop it (K10).
            if this.token.is_none() {
                this.token = ExitToken::register();
            }
            return Poll::Pending;
        }
        this.token = None;
        match replace(&mut this.stage, Stage::Done) {
            Stage::Exiting(exits) => match exits.finish(cells) {
                (Err(errors), _) => Poll::Ready(Err(errors)),
                (Ok(()), _) => unreachable!("what could not be entered has an error, or panics"),
            },
            _ => unreachable!("they exit"),
        }
    }
}

/// Polls the enters. As soon as one has failed, all that go on are cancelled, and awaited.
fn poll_enters<K: Kind, L, C: Row<K, L>>(
    mut cells: Pin<&mut C>,
    cx: &mut Context<'_>,
    in_order: bool,
    next: &mut usize,
    failing: &mut bool,
) -> Poll<()> {
    loop {
        let cancel = *failing;
        let mut waits = false;
        for index in *next..cells.len() {
            let mut cell = cells.as_mut().cell(index).0;
            waits |= cell.as_mut().poll_enter(cx, cancel).is_pending();
            *failing |= cell.has_failed();
            if cancel {
                continue;
            }
            if *failing || in_order && waits {
                break;
            }
            if in_order {
                *next = index + 1;
            }
        }
        // The others learn of a failure in the same poll.
        if *failing == cancel {
            return if waits {
                Poll::Pending
            } else {
                Poll::Ready(())
            };
        }
    }
}

impl<R: Cleanup, C: Row<K, L>, K: Kind, L: Debug, A, O> Drop for Entering<'_, R, C, K, L, A, O> {
    fn drop(&mut self) {
        if !matches!(self.stage, Stage::New | Stage::Done) {
            self.hand_over();
        }
    }
}

impl<R: Cleanup, C: Row<K, L>, K: Kind, L: Debug, A, O> Entering<'_, R, C, K, L, A, O> {
    /// Dropped by the way: what still enters is dropped first, and then those that are in are exited.
    #[cold]
    fn hand_over(&mut self) {
        // SAFETY: pinned structurally (1): this is dropped where it was polled.
        let mut cells = unsafe { Pin::new_unchecked(&mut self.cells) };
        let enters = matches!(self.stage, Stage::Entering { .. });
        if let Stage::Exiting(exits) = &mut self.stage {
            exits.report_lost(cells.as_mut());
        }
        let mut branches = Vec::new();
        let mut panic: Option<Payload> = None;
        for index in (0..cells.len()).rev() {
            let mut cell = cells.as_mut().cell(index).0;
            let about = self.about.of(cell.name());
            let (left, payload) = cell.as_mut().leave_enter(about);
            if enters {
                cell.single_out(about);
            }
            branches.push(left);
            match (&panic, payload) {
                (_, None) => {}
                (None, payload) => panic = payload,
                // The earlier one goes on.
                (Some(_), Some(payload)) => report_panic_lost(about, payload),
            }
        }
        let stage = replace(&mut self.stage, Stage::Done);
        // An error in it may panic when it is dropped.
        if let Err(payload) = catch(|| drop(stage)) {
            report_panic(self.about, payload);
        }
        let bequest = Bequest {
            rt: self.rt,
            about: self.about,
            budget: None,
            leftovers: merge(branches, self.about),
            live: LiveEntry::default(),
            entered_under: self.under,
            detached: false,
        };
        leave(cells, self.order.exits, Why::Cancelled, bequest);
        if let Some(payload) = panic {
            if unwinding() {
                report_panic_lost(self.about, payload);
            } else {
                payload.resume();
            }
        }
    }
}
