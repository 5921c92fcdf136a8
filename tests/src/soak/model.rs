//! What must come out of a script, found by reading it from top to bottom.
//!
//! Nothing here knows how the library works. A script is run as if there was one thread and nothing
//! ever waited. To be cancelled is to unwind to the stop that drops, as a panic does to what catches
//! it; every scope on the way is exited. The events come out in an order; where the contract
//! promises less than that order, they are parted into *strands*: what foreign code drops goes on
//! beside the script, until the enclosing scope (or combinator) ends, which waits for it.

mod scopes;
mod stops;
mod strands;
#[cfg(test)]
mod tests;

use super::event::{Event, How, ROOT, Reports, What};
use super::script::{Id, NONE, Op, Script, Way};

/// What must come out.
#[derive(Debug, Default)]
pub(super) struct Expected {
    /// What happens, with the points (by place in this list) that come before it. A point without an
    /// event joins strands.
    pub(super) points: Vec<(Option<Event>, [Point; 2])>,
    /// How many events there are among the points.
    pub(super) events: usize,
    /// What is reported.
    pub(super) reports: Reports,
}

/// A place in [`Expected::points`]; [`START`] comes before all of them.
pub(super) type Point = u16;

/// Before everything.
pub(super) const START: Point = Point::MAX;

/// How a block ends. `from` is where a script goes on that is not held up by what is left.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Flow {
    Done,
    Failed(Id),
    Panicked { of: Id, from: Point },
    Cancelled { by: Id, from: Point },
}

/// What is around a step and matters to what is dropped in it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Frame {
    /// The body of a scope, which waits for what is dropped in it.
    Body,
    /// An exit or a shield: the same, and stops further out do not cut it short.
    Beyond,
    /// A combinator that waits for what is dropped in what it polls.
    Enclosing,
    /// What drops its branches; since when it does.
    Stop {
        id: Id,
        way: Way,
        fired: Option<Point>,
    },
    /// A task: nothing further out is seen.
    Task,
}

/// Predicts what comes out of `script`.
pub(super) fn predict(script: &Script) -> Expected {
    let mut model = Model {
        script,
        out: Expected::default(),
        now: START,
        frames: Vec::new(),
        beside: Vec::new(),
        is_over_budget: false,
    };
    let first = if script.nodes.is_empty() { NONE } else { 0 };
    let flow = model.block(first, NONE);
    if let Flow::Panicked { from, .. } = flow {
        model.now = from;
    }
    model.gave(ROOT, flow);
    model.out
}

struct Model<'s> {
    script: &'s Script,
    out: Expected,
    /// The last point of the strand that is followed.
    now: Point,
    frames: Vec<Frame>,
    /// The ends of strands beside that nobody has waited for. A frame that waits takes those that
    /// came since it began.
    beside: Vec<Point>,
    is_over_budget: bool,
}

impl Model<'_> {
    /// Follows a block; it is a branch of `holder`, if that is one.
    fn block(&mut self, first: Id, holder: Id) -> Flow {
        for (id, node) in self.script.block(first) {
            let flow = self.step(id);
            if matches!(flow, Flow::Cancelled { .. }) {
                return flow;
            }
            // An exit in progress was let end; what comes behind it is not. (But a combinator's
            // future may have ended by that.)
            let is_last = node.next == NONE || flow != Flow::Done;
            let stopped = self.fired().filter(|(by, ..)| !(is_last && *by == holder));
            if let Some((by, _, from)) = stopped {
                return Flow::Cancelled { by, from };
            }
            if flow != Flow::Done {
                return flow;
            }
        }
        Flow::Done
    }

    fn step(&mut self, id: Id) -> Flow {
        let node = self.script.node(id);
        match node.op {
            Op::Yield => Flow::Done,
            Op::Fail => Flow::Failed(id),
            Op::Panic => self.panic(id),
            Op::Stall { at, .. } => self.stall(at),
            Op::Overrun(_) => {
                self.is_over_budget = true;
                Flow::Done
            }
            Op::Scope(form, enter) => self.scope(id, form, enter),
            Op::Stop(way) if node.b == NONE => self.stop(id, way),
            Op::Stop(way) => self.stop_both(id, way),
            Op::Await => {
                let flow = self.waiting(Frame::Enclosing, |model| model.block(node.a, NONE));
                self.gave(id, flow)
            }
            Op::Task => {
                let flow = self.task(|model| model.block(node.a, NONE));
                self.gave(id, flow)
            }
            Op::Shield => self.shield(id),
            Op::Catch => match self.block(node.a, NONE) {
                flow @ Flow::Cancelled { .. } => flow,
                flow => {
                    if let Flow::Panicked { from, .. } = flow {
                        self.part(from);
                    }
                    self.event(What::Gave, id, how(flow));
                    Flow::Done
                }
            },
        }
    }

    /// A body is dropped here; an exit goes on.
    fn stall(&mut self, at: Id) -> Flow {
        let now = self.now;
        let mut is_beyond = false;
        for frame in self.frames.iter_mut().rev() {
            match frame {
                Frame::Stop { id, fired, .. } if *id == at => {
                    fired.get_or_insert(now);
                    return match is_beyond {
                        true => Flow::Done,
                        false => Flow::Cancelled { by: at, from: now },
                    };
                }
                Frame::Beyond | Frame::Task => is_beyond = true,
                _ => {}
            }
        }
        unreachable!("a stall without its stop")
    }

    /// The outermost stop that has begun to drop what is followed.
    fn fired(&self) -> Option<(Id, Way, Point)> {
        self.acting().last()
    }

    /// The stops that have begun to drop what is followed, from the inside out, and since when.
    fn acting(&self) -> impl Iterator<Item = (Id, Way, Point)> + '_ {
        let inside = self.frames.iter().rev();
        let inside = inside.take_while(|frame| !matches!(frame, Frame::Beyond | Frame::Task));
        inside.filter_map(|frame| match frame {
            Frame::Stop { id, way, fired } => fired.map(|from| (*id, *way, from)),
            _ => None,
        })
    }
}

fn how(flow: Flow) -> How {
    match flow {
        Flow::Done => How::Completed,
        Flow::Failed(of) => How::Failed(of),
        Flow::Panicked { of, .. } => How::Panicked(of),
        Flow::Cancelled { .. } => How::Cancelled,
    }
}
