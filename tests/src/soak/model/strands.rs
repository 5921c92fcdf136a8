//! What comes before what: strands, and the frames that wait for them.

use super::{Flow, Frame, Model, Point, START, how};
use crate::soak::event::{Event, How, Kind, ROOT, What};
use crate::soak::script::Id;

impl Model<'_> {
    /// Runs `f` in a frame that waits for what is dropped in it.
    pub(super) fn waiting(&mut self, frame: Frame, f: impl FnOnce(&mut Self) -> Flow) -> Flow {
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
    pub(super) fn is_dropped(&self, flow: Flow) -> bool {
        let Flow::Cancelled { by, .. } = flow else {
            return false;
        };
        let mut frames = self.frames.iter();
        frames.any(|frame| matches!(frame, Frame::Stop { id, .. } if *id == by))
    }

    /// Runs `f` in a task: nobody waits for what is dropped in it.
    pub(super) fn task(&mut self, f: impl FnOnce(&mut Self) -> Flow) -> Flow {
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

    pub(super) fn within(&mut self, frame: Frame, f: impl FnOnce(&mut Self) -> Flow) -> Flow {
        self.frames.push(frame);
        let flow = f(self);
        self.frames.pop();
        flow
    }

    /// Whether a guard that is dropped like this is cleaned up behind what was dropped before it.
    pub(super) fn is_chained(&self, flow: Flow) -> bool {
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
    pub(super) fn part(&mut self, from: Point) {
        if self.now != from {
            self.beside.push(self.now);
            self.now = from;
        }
    }

    pub(super) fn panic(&self, of: Id) -> Flow {
        Flow::Panicked { of, from: self.now }
    }

    /// What is around a block gives its end on, if there is one.
    pub(super) fn gave(&mut self, id: Id, flow: Flow) -> Flow {
        let is_end = matches!(flow, Flow::Done | Flow::Failed(_));
        if is_end || id == ROOT {
            self.event(What::Gave, id, how(flow));
        }
        flow
    }

    pub(super) fn event(&mut self, what: What, to: Id, how: How) {
        self.out.events += 1;
        let before = [self.now, START];
        self.out
            .points
            .push((Some(Event::new(what, to, how)), before));
        self.now = self.last();
    }

    /// Goes on behind `other` as well.
    pub(super) fn point(&mut self, other: Point) {
        self.out.points.push((None, [self.now, other]));
        self.now = self.last();
    }

    pub(super) fn last(&self) -> Point {
        Point::try_from(self.out.points.len() - 1).unwrap_or(START)
    }

    pub(super) fn report(&mut self, kind: Kind) {
        self.out.reports[kind as usize] += 1;
    }
}
