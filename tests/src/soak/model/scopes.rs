//! A scope: how its body ends, its exit, and what its caller gets.

use super::{Flow, Frame, Model, START, how};
use crate::soak::event::{How, Kind, What};
use crate::soak::script::{Enter, Form, Id, NONE};

impl Model<'_> {
    pub(super) fn scope(&mut self, id: Id, form: Form, enter: Enter) -> Flow {
        let node = self.script.node(id);
        match enter {
            Enter::Plain | Enter::Yields => {}
            Enter::Fails => {
                self.event(What::Gave, id, How::NotEntered(id));
                return Flow::Failed(id);
            }
            Enter::Panics => return self.panic(id),
            Enter::Stalls(at) => return self.stall(at),
        }
        self.event(What::Entered, id, How::Plain);
        let body = if form == Form::Guard {
            self.block(node.a, NONE)
        } else {
            self.waiting(Frame::Body, |model| model.block(node.a, NONE))
        };
        match body {
            Flow::Cancelled { .. } if form == Form::Abandon => {
                self.abandon(id);
                return body;
            }
            // A guard that unwinds was merely dropped.
            Flow::Cancelled { from, .. } | Flow::Panicked { from, .. } if form == Form::Guard => {
                let strand = self.now;
                let is_chained = self.is_chained(body);
                if !is_chained {
                    self.now = from;
                }
                let exit = self.exit(id, How::Cancelled);
                self.report_exit(exit);
                if !is_chained {
                    self.now = strand;
                }
                return body;
            }
            _ => {}
        }
        let exit = self.exit(
            id,
            match (body, form) {
                (Flow::Failed(_), Form::Unseen | Form::Closure) => How::Failed(NONE),
                (Flow::Panicked { .. }, _) => How::Panicked(NONE),
                (body, _) => how(body),
            },
        );
        let stopped = self.fired().filter(|(_, way, _)| {
            // Combinators let an exit in progress end.
            matches!(body, Flow::Cancelled { .. }) || !way.is_graceful()
        });
        match (body, stopped) {
            (Flow::Cancelled { .. }, Some((by, _, from))) => {
                self.report_exit(exit);
                Flow::Cancelled { by, from }
            }
            (_, Some((by, _, from))) => {
                self.report_lost(body);
                self.report_exit(exit);
                Flow::Cancelled { by, from }
            }
            (_, None) => self.outcome(id, form, body, exit),
        }
    }

    /// Runs the exit of a scope. `None`: it went over its budget.
    pub(super) fn exit(&mut self, id: Id, reason: How) -> Option<Flow> {
        self.event(What::Exits, id, reason);
        let first = self.script.node(id).b;
        let before = self.beside.len();
        let mut is_over_budget = false;
        let flow = self.waiting(Frame::Beyond, |model| {
            let flow = model.block(first, NONE);
            let now = model.now;
            if matches!(flow, Flow::Done | Flow::Failed(_)) {
                model.event(What::Exited, id, how(flow));
            }
            is_over_budget = std::mem::take(&mut model.is_over_budget);
            if is_over_budget {
                // Nobody waits for it, nor for what was dropped in it.
                model.beside.truncate(before);
                model.now = now;
            }
            flow
        });
        if is_over_budget {
            self.report(Kind::OverBudget);
            return None;
        }
        Some(flow)
    }

    /// What the caller of a scope gets.
    pub(super) fn outcome(&mut self, id: Id, form: Form, body: Flow, exit: Option<Flow>) -> Flow {
        let (how, flow) = match (body, exit) {
            (Flow::Panicked { of, .. }, exit) => {
                self.report_exit(exit);
                return self.panic(of);
            }
            (_, Some(Flow::Panicked { of, .. })) => {
                self.report_lost(body);
                return self.panic(of);
            }
            (_, None) => {
                if matches!(body, Flow::Failed(_)) {
                    self.report(Kind::ErrorLost);
                }
                (How::Overdue, Flow::Failed(id))
            }
            (Flow::Failed(e), Some(Flow::Failed(x))) => (How::BothFailed(e, x), body),
            (_, Some(Flow::Failed(x))) => (How::ExitFailed(x), Flow::Failed(x)),
            (Flow::Failed(e), _) if form == Form::Suppressing && e % 2 == 0 => {
                (How::Swallowed, Flow::Done)
            }
            (Flow::Failed(e), _) => (How::Failed(e), body),
            _ => (How::Completed, Flow::Done),
        };
        self.event(What::Gave, id, how);
        flow
    }

    /// The hook runs in the drop itself, before anything that was left in the body.
    pub(super) fn abandon(&mut self, id: Id) {
        // Stops further out may have followed the one that dropped it.
        let dropped = self.acting().map(|(.., from)| from);
        let first = dropped.min_by_key(|from| from.wrapping_add(1));
        let strand = std::mem::replace(&mut self.now, first.unwrap_or(START));
        self.event(What::Abandoned, id, How::Plain);
        self.point(strand);
        if id % 2 == 1 {
            self.report(Kind::Abandoned);
        }
    }

    /// An exit that nobody waits for.
    pub(super) fn report_exit(&mut self, exit: Option<Flow>) {
        match exit {
            Some(Flow::Failed(_)) => self.report(Kind::ExitFailed),
            Some(Flow::Panicked { .. }) => self.report(Kind::ExitPanicked),
            _ => {}
        }
    }

    /// The end of a body whose scope cannot give it on.
    pub(super) fn report_lost(&mut self, body: Flow) {
        match body {
            Flow::Done => self.report(Kind::ValueLost),
            Flow::Failed(_) => self.report(Kind::ErrorLost),
            Flow::Panicked { .. } => self.report(Kind::PanicLost),
            Flow::Cancelled { .. } => {}
        }
    }
}
