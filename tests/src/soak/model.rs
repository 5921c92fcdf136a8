//! What must come out of a script, found by reading it from top to bottom.
//!
//! Nothing here knows how the library works. A script is run as if there was one thread and nothing
//! ever waited. To be cancelled is to unwind to the stop that drops, as a panic does to what catches
//! it; every scope on the way is exited. The events come out in an order; where the contract
//! promises less than that order, they are parted into *strands*: what foreign code drops goes on
//! beside the script, until the enclosing scope (or combinator) ends, which waits for it.

use super::event::{Event, How, Kind, ROOT, Reports, What};
use super::script::{Enter, Form, Id, NONE, Op, Script, Way};

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

    fn scope(&mut self, id: Id, form: Form, enter: Enter) -> Flow {
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
    fn exit(&mut self, id: Id, reason: How) -> Option<Flow> {
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
    fn outcome(&mut self, id: Id, form: Form, body: Flow, exit: Option<Flow>) -> Flow {
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
    fn abandon(&mut self, id: Id) {
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

    fn stop(&mut self, id: Id, way: Way) -> Flow {
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
    fn stop_both(&mut self, id: Id, way: Way) -> Flow {
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
    fn dropped(&mut self, way: Way, from: Point) {
        match way {
            // It has waited.
            Way::Race | Way::Timeout | Way::Cancel | Way::Close => {}
            Way::Abort => self.now = from,
            _ => self.part(from),
        }
    }

    /// Runs the branches of a stop.
    fn dropping(&mut self, id: Id, way: Way, f: impl FnOnce(&mut Self) -> Flow) -> Flow {
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

    fn shield(&mut self, id: Id) -> Flow {
        let first = self.script.node(id).a;
        let flow = self.waiting(Frame::Beyond, |model| model.block(first, NONE));
        match self.fired().filter(|(_, way, _)| !way.is_graceful()) {
            // It goes on, and its output is dropped.
            Some((by, _, from)) => {
                if matches!(flow, Flow::Panicked { .. }) {
                    self.report(Kind::ExitPanicked);
                }
                Flow::Cancelled { by, from }
            }
            None => self.gave(id, flow),
        }
    }

    /// Runs `f` in a frame that waits for what is dropped in it.
    fn waiting(&mut self, frame: Frame, f: impl FnOnce(&mut Self) -> Flow) -> Flow {
        let before = self.beside.len();
        let flow = self.within(frame, f);
        // A scope that is dropped waits in its exit; a combinator hands on what it waited for,
        // unless it is the one that drops.
        if frame == Frame::Enclosing && self.is_dropped(flow) {
            return flow;
        }
        for end in self.beside.split_off(before) {
            self.point(end);
        }
        match flow {
            Flow::Panicked { of, .. } => self.panic(of),
            flow => flow,
        }
    }

    /// Whether what ends like this is itself in what is dropped.
    fn is_dropped(&self, flow: Flow) -> bool {
        let Flow::Cancelled { by, .. } = flow else {
            return false;
        };
        let mut frames = self.frames.iter();
        frames.any(|frame| matches!(frame, Frame::Stop { id, .. } if *id == by))
    }

    /// Runs `f` in a task: nobody waits for what is dropped in it.
    fn task(&mut self, f: impl FnOnce(&mut Self) -> Flow) -> Flow {
        let before = self.beside.len();
        let flow = self.within(Frame::Task, f);
        self.beside.truncate(before);
        match flow {
            Flow::Panicked { of, from } => {
                self.now = from;
                self.panic(of)
            }
            flow => flow,
        }
    }

    fn within(&mut self, frame: Frame, f: impl FnOnce(&mut Self) -> Flow) -> Flow {
        self.frames.push(frame);
        let flow = f(self);
        self.frames.pop();
        flow
    }

    /// Whether a guard that is dropped like this is cleaned up behind what was dropped before it.
    fn is_chained(&self, flow: Flow) -> bool {
        let is_seen = |frames: &[Frame]| {
            let seen = frames.iter().rev();
            let mut seen = seen.take_while(|frame| !matches!(frame, Frame::Task));
            seen.any(|frame| matches!(frame, Frame::Body | Frame::Beyond | Frame::Enclosing))
        };
        let Flow::Cancelled { by, .. } = flow else {
            return is_seen(&self.frames);
        };
        let at = |frame: &Frame| matches!(frame, Frame::Stop { id, .. } if *id == by);
        let Some(stop) = self.frames.iter().position(at) else {
            return false;
        };
        let collects = matches!(self.frames[stop], Frame::Stop { way, .. } if way.is_ours());
        let is_in_body = self.frames[stop..].contains(&Frame::Body);
        collects || is_in_body || is_seen(&self.frames[..stop])
    }

    /// Follows `from` again; what was followed goes on beside it.
    fn part(&mut self, from: Point) {
        if self.now != from {
            self.beside.push(self.now);
            self.now = from;
        }
    }

    fn panic(&self, of: Id) -> Flow {
        Flow::Panicked { of, from: self.now }
    }

    /// What is around a block gives its end on, if there is one.
    fn gave(&mut self, id: Id, flow: Flow) -> Flow {
        let is_end = matches!(flow, Flow::Done | Flow::Failed(_));
        if is_end || id == ROOT {
            self.event(What::Gave, id, how(flow));
        }
        flow
    }

    fn event(&mut self, what: What, to: Id, how: How) {
        self.out.events += 1;
        let before = [self.now, START];
        self.out
            .points
            .push((Some(Event::new(what, to, how)), before));
        self.now = self.last();
    }

    /// Goes on behind `other` as well.
    fn point(&mut self, other: Point) {
        self.out.points.push((None, [self.now, other]));
        self.now = self.last();
    }

    fn last(&self) -> Point {
        Point::try_from(self.out.points.len() - 1).unwrap_or(START)
    }

    /// An exit that nobody waits for.
    fn report_exit(&mut self, exit: Option<Flow>) {
        match exit {
            Some(Flow::Failed(_)) => self.report(Kind::ExitFailed),
            Some(Flow::Panicked { .. }) => self.report(Kind::ExitPanicked),
            _ => {}
        }
    }

    /// The end of a body whose scope cannot give it on.
    fn report_lost(&mut self, body: Flow) {
        match body {
            Flow::Done => self.report(Kind::ValueLost),
            Flow::Failed(_) => self.report(Kind::ErrorLost),
            Flow::Panicked { .. } => self.report(Kind::PanicLost),
            Flow::Cancelled { .. } => {}
        }
    }

    fn report(&mut self, kind: Kind) {
        self.out.reports[kind as usize] += 1;
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
