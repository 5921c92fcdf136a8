//! The way of a scope that is dropped while it is entered (K2).

use super::stage::Stage;
use super::{BodyState, ExitState, With};
use crate::cleanup::scope_link::Bequest;
use crate::cleanup::{Report, report};
use crate::panic::unwinding;
use crate::runtime::Cleanup;
use crate::scope::ExitError;
use crate::scope::exit::ExitSlot;
use crate::scope::manager::Manager;
use crate::scope::policy::{Carry, Policy};

impl<'r, R, M, F, B, T, E, P, N, X> Drop for With<'r, R, M, F, B, T, E, P, N, X>
where
    R: Cleanup,
    M: Manager,
    P: Policy<M, T, E>,
    X: ExitSlot<M>,
{
    #[inline]
    fn drop(&mut self) {
        // Nothing below moves a pinned field (2); the body is gone before its resource moves (1).
        if !matches!(self.stage, Stage::Entering { .. } | Stage::Done) {
            self.hand_over();
        }
    }
}

impl<'r, R, M, F, B, T, E, P, N, X> With<'r, R, M, F, B, T, E, P, N, X>
where
    R: Cleanup,
    M: Manager,
    P: Policy<M, T, E>,
    X: ExitSlot<M>,
{
    /// The scope is dropped while it is entered: everything that must still happen is handed over.
    #[cold]
    fn hand_over(&mut self) {
        let about = self.about();
        let panic = match self.stage {
            Stage::Entered | Stage::Body(_) => self.drop_stage(Stage::Waiting).err(),
            _ => None,
        };
        match self.take_entered() {
            Some((manager, resource)) => {
                self.live.dropped(self.ended.kind());
                let why = self.tell_why(&manager);
                manager.dropped(resource, why, self.bequest());
            }
            None if matches!(self.stage, Stage::Exiting(_)) => self.hand_over_exit(),
            // The exit has ended, and what was born in it goes on.
            None => self.bequest().hand_on(),
        }
        self.report_lost(&self.ended);
        match &self.exited {
            ExitState::Done(Err(ExitError::Failed(error))) => {
                report(&Report::ExitFailed(about, error));
            }
            ExitState::Panicked(payload) => {
                report(&Report::ExitPanicked(about, payload.message()));
            }
            ExitState::Running | ExitState::Done(_) => {}
        }
        if let Some(payload) = panic {
            if unwinding() {
                report(&Report::PanicLost(about, payload.message()));
            } else {
                payload.resume();
            }
        }
    }

    fn hand_over_exit(&mut self) {
        let bequest = self.bequest();
        let about = bequest.about;
        let Err(bequest) = self.hand_exit_over(bequest) else {
            return;
        };
        // It runs in this frame, so it ends here.
        self.leftovers = bequest.leftovers;
        report(&Report::Abandoned(about));
        if let Err(payload) = self.drop_stage(Stage::Settling) {
            report(&Report::ExitPanicked(about, payload.message()));
        }
        self.bequest().hand_on();
    }

    /// Tells the hook of a body's end that no caller will hear of.
    pub(super) fn report_lost(&self, ended: &BodyState<T, E>) {
        match ended {
            BodyState::Running | BodyState::Failed(_) => {}
            // A value without content is no loss.
            BodyState::Value(_) if size_of::<T>() == 0 => {}
            BodyState::Value(_) => report(&Report::ValueLost(self.about())),
            // An error that the exit was told reports itself.
            BodyState::Told { kept: None, .. } => {}
            BodyState::Told {
                kept: Some(error), ..
            }
            | BodyState::Error { error, .. } => P::Carry::report_lost(error, self.about()),
            BodyState::Panicked(payload) => {
                report(&Report::PanicLost(self.about(), payload.message()));
            }
        }
    }

    pub(super) fn bequest(&mut self) -> Bequest<'r, R, M::Kind> {
        Bequest {
            rt: self.rt,
            about: self.about(),
            budget: self.budget,
            leftovers: self.leftovers.take(),
            live: core::mem::take(&mut self.live),
            entered_under: self.entered_under,
            detached: false,
        }
    }
}
