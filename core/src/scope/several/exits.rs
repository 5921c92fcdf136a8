//! The exits of several scopes: one after the other, or all at once.

use alloc::vec::Vec;
use core::fmt::Debug;
use core::mem::{forget, replace, take};
use core::pin::Pin;
use core::task::{Context, Poll, ready};

use super::cell::{Ended, Failed, Unpack};
use super::row::Row;
use crate::cleanup::kind::Kind;
use crate::cleanup::{About, Report, report};
use crate::error_group::{ErrorGroup, Origin, Phase};
use crate::panic::{Payload, catch};
use crate::scope::exit::{SharedWhy, Told, Why};

/// How far the exits are, and what came of them.
pub(super) struct Exits<L> {
    in_order: bool,
    about: About,
    /// What the next exit is told.
    why: Why,
    /// Whose error that is, if it is not that of the body.
    of: Option<Of<L>>,
    /// All from here on are exited, or at it.
    next: usize,
    /// What those that run at once were told.
    shared: Option<SharedWhy>,
    /// The error of the body, which another one has replaced.
    body: Option<Told>,
    errors: Vec<(usize, Phase, L)>,
    panic: Option<Payload>,
}

/// Whose error: which scope's, and how to get it back.
type Of<L> = (usize, Phase, Unpack<L>);

impl<L: Debug> Exits<L> {
    pub(super) fn new(len: usize, in_order: bool, about: About, why: Why) -> Self {
        Self {
            in_order,
            about,
            why,
            of: None,
            next: len,
            shared: None,
            body: None,
            errors: Vec::new(),
            panic: None,
        }
    }

    pub(super) fn in_order(&self) -> bool {
        self.in_order
    }

    /// What reports are about.
    pub(super) fn place(&mut self, about: About) {
        self.about = about;
    }

    /// The enter, or in order the exit, of a scope went wrong: that is what the next exit sees (CM-11,
    /// CM-13). Where there are several, they see the first.
    pub(super) fn failed(&mut self, index: usize, phase: Phase, about: About, failed: Failed<L>) {
        match failed {
            Failed::Error(told, unpack) => {
                // A panic, or a cancellation, is not replaced; nor the first error of several enters.
                let replaces = match &self.why {
                    Why::Completed => true,
                    Why::Failed(_) => phase == Phase::Exit,
                    Why::Cancelled | Why::Panicked => false,
                };
                if replaces {
                    self.set_aside();
                    self.why = Why::Failed(told);
                    self.of = Some((index, phase, unpack));
                } else {
                    self.keep((index, phase, unpack), about, told);
                }
            }
            Failed::Panic(payload) => {
                self.set_aside();
                self.why = Why::Panicked;
                self.panicked(about, payload);
            }
        }
    }

    fn panicked(&mut self, about: About, payload: Payload) {
        match &self.panic {
            // The earlier one goes on; two cannot.
            Some(_) => report_panic(about, payload),
            None => self.panic = Some(payload),
        }
    }

    /// Keeps an error for the end. What makes it one of the group's is the user's: its panic is one of
    /// that scope, and keeps no exit from running.
    fn keep(&mut self, of: Of<L>, about: About, told: Told) {
        let (index, phase, unpack) = of;
        match catch(|| unpack(told)) {
            Ok(error) => self.errors.extend(error.map(|error| (index, phase, error))),
            Err(payload) => self.panicked(about, payload),
        }
    }

    /// An error in it comes back from the exit.
    fn take_why(&mut self) -> Why {
        match &self.why {
            Why::Completed => Why::Completed,
            Why::Panicked => Why::Panicked,
            Why::Failed(_) | Why::Cancelled => replace(&mut self.why, Why::Cancelled),
        }
    }

    /// Keeps the error that the last exit was told, for the end.
    fn set_aside(&mut self) {
        let Why::Failed(told) = self.take_why() else {
            return;
        };
        match self.of.take() {
            None => self.body = Some(told),
            Some(of) => self.keep(of, self.about, told),
        }
    }

    pub(super) fn poll<K: Kind, C: Row<K, L>>(
        &mut self,
        cells: Pin<&mut C>,
        cx: &mut Context<'_>,
    ) -> Poll<()> {
        if self.in_order {
            self.poll_in_order(cells, cx)
        } else {
            self.poll_at_once(cells, cx)
        }
    }

    fn poll_in_order<K: Kind, C: Row<K, L>>(
        &mut self,
        mut cells: Pin<&mut C>,
        cx: &mut Context<'_>,
    ) -> Poll<()> {
        while let Some(index) = self.next.checked_sub(1) {
            let mut cell = cells.as_mut().cell(index).0;
            let about = self.about.of(cell.name());
            if cell.is_in() {
                let why = self.take_why();
                cell.as_mut().start_exit(why, about);
            }
            if cell.is_held() {
                let Ended { told, failure } = ready!(cell.poll_exit(cx, about));
                if let Some(told) = told {
                    self.why = Why::Failed(told);
                }
                if let Some(failed) = failure {
                    self.failed(index, Phase::Exit, about, failed);
                }
            }
            self.next = index;
        }
        Poll::Ready(())
    }

    fn poll_at_once<K: Kind, C: Row<K, L>>(
        &mut self,
        mut cells: Pin<&mut C>,
        cx: &mut Context<'_>,
    ) -> Poll<()> {
        if self.shared.is_none() {
            let shared = SharedWhy::new(self.take_why());
            for index in (0..self.next).rev() {
                let cell = cells.as_mut().cell(index).0;
                if cell.is_in() {
                    let about = self.about.of(cell.name());
                    cell.start_exit(shared.get(), about);
                }
            }
            self.shared = Some(shared);
        }
        let mut waits = false;
        for index in (0..self.next).rev() {
            let cell = cells.as_mut().cell(index).0;
            if !cell.is_held() {
                continue;
            }
            let about = self.about.of(cell.name());
            match cell.poll_exit(cx, about) {
                Poll::Pending => waits = true,
                Poll::Ready(Ended { failure, .. }) => match failure {
                    None => {}
                    Some(Failed::Error(told, unpack)) => {
                        self.keep((index, Phase::Exit, unpack), about, told);
                    }
                    Some(Failed::Panic(payload)) => self.panicked(about, payload),
                },
            }
        }
        if waits {
            Poll::Pending
        } else {
            Poll::Ready(())
        }
    }

    /// What came of them: the errors in the order of the scopes, and the error of the body.
    ///
    /// # Panics
    ///
    /// As an enter or an exit did.
    pub(super) fn finish<K: Kind, C: Row<K, L>>(
        mut self,
        cells: Pin<&mut C>,
    ) -> (Result<(), ErrorGroup<L>>, Option<Told>) {
        if let Some(told) = self.shared.take().and_then(SharedWhy::into_told) {
            self.why = Why::Failed(told);
        }
        self.set_aside();
        if let Some(payload) = self.panic.take() {
            self.report_lost(cells);
            if let Err(second) = catch(|| self.body = None) {
                report_panic(self.about, second);
            }
            payload.resume();
        }
        self.errors.sort_by_key(|(index, ..)| *index);
        let is_enter = |(_, phase, _): &(_, Phase, _)| *phase == Phase::Enter;
        let mut group = ErrorGroup::new(if self.errors.iter().any(is_enter) {
            "scopes could not be entered"
        } else {
            "scopes were not exited cleanly"
        });
        let mut cells = cells;
        for (index, phase, error) in self.errors {
            let name = cells.as_mut().cell(index).0.name();
            let origin = Origin::new(phase).at(self.about.location);
            C::push(&mut group, C::origin_of(index, name, origin), error);
        }
        (group.into_result(()), self.body)
    }

    /// No caller will hear of what went wrong. What is on its way through an exit reports itself.
    pub(super) fn report_lost<K: Kind, C: Row<K, L>>(&mut self, mut cells: Pin<&mut C>) {
        for (index, phase, error) in take(&mut self.errors) {
            let about = self.about.of(cells.as_mut().cell(index).0.name());
            report(&match phase {
                Phase::Enter => Report::ErrorLost(about, &error),
                _ => Report::ExitFailed(about, &error),
            });
            if let Err(payload) = catch(|| drop(error)) {
                report_panic(about, payload);
            }
        }
        if let Some(payload) = self.panic.take() {
            report_panic_lost(self.about, payload);
        }
    }
}

/// A panic of an exit, or of what it has left, which cannot go on.
pub(super) fn report_panic(about: About, payload: Payload) {
    report(&Report::ExitPanicked(about, payload.message()));
    discard(payload);
}

/// A panic that was to go on.
pub(super) fn report_panic_lost(about: About, payload: Payload) {
    report(&Report::PanicLost(about, payload.message()));
    discard(payload);
}

/// A payload whose drop panics as well keeps no exit from running; the panic hook has told of it.
fn discard(payload: Payload) {
    if let Err(second) = catch(|| drop(payload)) {
        forget(second);
    }
}
