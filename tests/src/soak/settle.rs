//! Makes a script one whose course does not depend on chance: settles which stop each stall waits
//! for, and takes out what two threads would race for.
//!
//! A body may stall for any stop that would drop it. An exit may stall for a stop around it, once,
//! if everybody in between waits for exits: otherwise it may be running beside the script when it
//! asks. Then it goes on when the stop has acted.

use super::script::{Enter, Form, Id, NONE, Op, Script, Way};

/// What a runtime can do, and what the scopes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Setting {
    /// Whether tasks can be started.
    pub(super) tasks: bool,
    /// Whether cleanups are run by an executor, where nobody waits for them.
    pub(super) executor: bool,
    /// Whether every scope is a `LocalScope`.
    pub(super) local: bool,
}

impl Setting {
    /// The same, with scopes that stay on their thread: they are not run by an executor.
    pub(super) fn local(self) -> Self {
        Self {
            tasks: false,
            executor: false,
            local: true,
        }
    }
}

/// The stops around a step.
#[derive(Clone, Copy, Default)]
struct Around<'a> {
    stop: Option<&'a Stop<'a>>,
    /// How an exit around the step may stall: not at all, or for these.
    outward: Option<&'a Stop<'a>>,
}

struct Stop<'a> {
    id: Id,
    way: Way,
    outer: Option<&'a Self>,
}

/// Settles `script` for `setting`.
pub(super) fn settle(script: &mut Script, setting: Setting) {
    if !script.nodes.is_empty() {
        let mut settler = Settler {
            script,
            setting,
            asked: false,
        };
        settler.block(0, Around::default());
    }
}

struct Settler<'s> {
    script: &'s mut Script,
    setting: Setting,
    /// Whether the outermost exit around has stalled.
    asked: bool,
}

impl Settler<'_> {
    fn block(&mut self, first: Id, around: Around<'_>) {
        let mut id = first;
        while id != NONE {
            self.step(id, around);
            id = self.script.node(id).next;
        }
    }

    fn step(&mut self, id: Id, around: Around<'_>) {
        let node = self.script.node(id);
        let (a, b) = (node.a, node.b);
        let op = match node.op {
            Op::Stall { up, .. } => self.stall(up, around),
            // The exit below says anew which.
            Op::Overrun(_) => Op::Yield,
            Op::Stop(Way::Abort) if !self.setting.tasks => Op::Stop(Way::Drop),
            Op::Task if !self.setting.tasks => Op::Await,
            // A shield takes only what may move between threads.
            Op::Shield if self.setting.local => Op::Await,
            Op::Scope(form, Enter::Stalls(_)) => match around.stop {
                Some(stop) => Op::Scope(form, Enter::Stalls(stop.id)),
                None => Op::Scope(form, Enter::Yields),
            },
            op => op,
        };
        self.script.nodes[usize::from(id)].op = op;
        match op {
            Op::Scope(form, _) => {
                self.block(a, around);
                if form == Form::Synchronous {
                    self.wait_for_nothing(b);
                } else {
                    self.exit(id, around, form);
                }
            }
            Op::Stop(way) => {
                let stop = Stop {
                    id,
                    way,
                    // With a branch beside it, what is to be dropped must have stalled for this one.
                    outer: around.stop.filter(|_| b == NONE && way != Way::Abort),
                };
                let inside = Around {
                    stop: Some(&stop),
                    outward: around.outward.filter(|_| stop.way.is_ours() && b == NONE),
                };
                self.block(a, inside);
                self.block(b, inside);
            }
            Op::Task => self.block(a, Around::default()),
            Op::Shield => self.beyond(a, around, true),
            _ => self.block(a, around),
        }
    }

    fn stall(&mut self, up: u8, around: Around<'_>) -> Op {
        let mut stop = around.stop;
        for _ in 0..up {
            stop = stop.and_then(|stop| stop.outer).or(stop);
        }
        if let Some(stop) = stop {
            return Op::Stall { up, at: stop.id };
        }
        match around.outward {
            Some(mut outward) if !self.asked => {
                for _ in 0..up {
                    let outer = outward
                        .outer
                        .filter(|outer| outward.way.is_ours() && self.is_single(outer));
                    outward = outer.unwrap_or(outward);
                }
                self.asked = true;
                Op::Stall { up, at: outward.id }
            }
            _ => Op::Yield,
        }
    }

    fn exit(&mut self, scope: Id, around: Around<'_>, form: Form) {
        let first = self.script.node(scope).b;
        let may_stall = !matches!(form, Form::Guard | Form::Abandon | Form::Budget);
        self.beyond(first, around, may_stall);
        if form == Form::Budget {
            let last = self.script.block(first).last();
            if let Some((id, _)) = last.filter(|(_, node)| node.op == Op::Yield) {
                self.script.nodes[usize::from(id)].op = Op::Overrun(scope);
            }
        }
    }

    /// A block that no stop around it cuts short.
    fn beyond(&mut self, first: Id, around: Around<'_>, may_stall: bool) {
        let outward = around.stop.or(around.outward);
        let outward = outward.filter(|stop| may_stall && self.is_single(stop));
        let is_outermost = around.outward.is_none();
        let asked = is_outermost.then(|| std::mem::take(&mut self.asked));
        let inside = Around {
            stop: None,
            outward,
        };
        self.block(first, inside);
        self.asked = asked.unwrap_or(self.asked);
    }

    /// Whether nothing runs beside what a stop drops: an exit that has stalled for it goes on, and
    /// would race with that.
    fn is_single(&self, stop: &Stop<'_>) -> bool {
        self.script.node(stop.id).b == NONE
    }

    /// The exit of a synchronous scope: what may stay is what ends at once.
    fn wait_for_nothing(&mut self, first: Id) {
        let mut id = first;
        while id != NONE {
            let node = &mut self.script.nodes[usize::from(id)];
            if !matches!(node.op, Op::Fail | Op::Panic) {
                (node.op, node.a, node.b) = (Op::Catch, NONE, NONE);
            }
            id = node.next;
        }
    }
}
