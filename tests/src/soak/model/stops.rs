//! What drops, and what is not cut short by it.

use super::{Flow, Frame, Model, Point, START};
use crate::soak::event::{How, Kind, What};
use crate::soak::script::{Id, NONE, Way};

impl Model<'_> {
    pub(super) fn stop(&mut self, id: Id, way: Way) -> Flow {
        let first = self.script.node(id).a;
        let mut is_let_end = false;
        let flow = self.dropping(id, way, |model| {
            let flow = model.block(first, id);
            is_let_end = model.fired().is_some_and(|(by, ..)| by == id);
            flow
        });
        match flow {
            // The winner of a race is decided before the loser's exit has ended.
            Flow::Done | Flow::Failed(_) if way == Way::Race && is_let_end => {
                self.event(What::Gave, id, How::Cancelled);
                Flow::Done
            }
            Flow::Cancelled { by, from } if by == id => {
                if way == Way::Unwind {
                    return Flow::Panicked { of: id, from };
                }
                self.dropped(way, from);
                self.event(What::Gave, id, How::Cancelled);
                Flow::Done
            }
            flow => self.gave(id, flow),
        }
    }

    /// The branches catch panics, so that both end or stall.
    pub(super) fn stop_both(&mut self, id: Id, way: Way) -> Flow {
        let node = self.script.node(id);
        let (start, mut strands) = (self.now, [START; 2]);
        let (mut ends, mut flows) = ([START; 2], [Flow::Done; 2]);
        let whole = self.dropping(id, way, |model| {
            for (branch, first) in [node.a, node.b].into_iter().enumerate() {
                model.now = start;
                if let Some(Frame::Stop { fired, .. }) = model.frames.last_mut() {
                    // It acts when the last branch has stalled or ended.
                    *fired = None;
                }
                let flow = model.block(first, id);
                (strands[branch], flows[branch]) = (model.now, flow);
                if let Flow::Panicked { from, .. } = flow {
                    model.part(from);
                    strands[branch] = from;
                }
                ends[branch] = match flow {
                    Flow::Cancelled { from, .. } => from,
                    _ => strands[branch],
                };
            }
            model.now = strands[0];
            model.point(strands[1]);
            let dropped = flows
                .iter()
                .find(|flow| matches!(flow, Flow::Cancelled { .. }));
            let failed = || flows.iter().find(|flow| **flow != Flow::Done);
            let flow = dropped.or_else(failed);
            flow.copied().unwrap_or(Flow::Done)
        });
        match whole {
            Flow::Cancelled { .. } => {
                let strand = self.now;
                self.now = ends[0];
                self.point(ends[1]);
                let from = std::mem::replace(&mut self.now, strand);
                if way == Way::Unwind {
                    return Flow::Panicked { of: id, from };
                }
                self.dropped(way, from);
            }
            Flow::Panicked { of, .. } => return self.panic(of),
            flow => return self.gave(id, flow),
        }
        self.event(What::Gave, id, How::Cancelled);
        Flow::Done
    }

    /// Goes on behind a stop that dropped at `from`.
    pub(super) fn dropped(&mut self, way: Way, from: Point) {
        match way {
            // It has waited.
            Way::Race | Way::Timeout | Way::Cancel | Way::Close => {}
            Way::Abort => self.now = from,
            _ => self.part(from),
        }
    }

    /// Runs the branches of a stop.
    pub(super) fn dropping(&mut self, id: Id, way: Way, f: impl FnOnce(&mut Self) -> Flow) -> Flow {
        let stop = Frame::Stop {
            id,
            way,
            fired: None,
        };
        let within = |model: &mut Self| model.within(stop, f);
        match way {
            Way::Abort => self.task(within),
            Way::Race | Way::Timeout => self.waiting(Frame::Enclosing, within),
            _ => within(self),
        }
    }

    pub(super) fn shield(&mut self, id: Id) -> Flow {
        let first = self.script.node(id).a;
        let flow = self.waiting(Frame::Beyond, |model| model.block(first, NONE));
        match self.fired().filter(|(_, way, _)| !way.is_graceful()) {
            // It goes on, and its output is dropped, which is reported.
            Some((by, _, from)) => {
                match flow {
                    Flow::Panicked { .. } => self.report(Kind::ExitPanicked),
                    Flow::Done | Flow::Failed(_) => self.report(Kind::ValueLost),
                    _ => {}
                }
                Flow::Cancelled { by, from }
            }
            None => self.gave(id, flow),
        }
    }
}
