//! Random scripts.

use fastrand::Rng;

use super::script::{Enter, Form, Id, MOST, NONE, Node, Op, Script, Way};

/// How deep blocks nest.
const DEEPEST: usize = 6;

/// The script of a seed.
pub(super) fn script(seed: u64) -> Script {
    let mut rng = Rng::with_seed(seed);
    // Small ones say more about what is wrong, large ones find more.
    let room = [8, 24, MOST, MOST][rng.usize(..4)];
    let mut author = Author {
        nodes: Vec::with_capacity(room),
        rng,
        room,
    };
    author.block(0);
    Script {
        nodes: author.nodes,
    }
}

struct Author {
    nodes: Vec<Node>,
    rng: Rng,
    room: usize,
}

impl Author {
    /// Writes a block; the first step of it.
    fn block(&mut self, depth: usize) -> Id {
        let length = match depth {
            0 => self.room,
            _ => self.rng.usize(..4),
        };
        let (mut first, mut last) = (NONE, NONE);
        for _ in 0..length {
            if self.nodes.len() == self.room {
                break;
            }
            let id = self.step(depth);
            match last {
                NONE => first = id,
                last => self.nodes[usize::from(last)].next = id,
            }
            last = id;
        }
        first
    }

    fn step(&mut self, depth: usize) -> Id {
        let op = self.op(depth);
        let id = self.nodes.len();
        self.nodes.push(Node {
            op,
            a: NONE,
            b: NONE,
            next: NONE,
        });
        if matches!(
            op,
            Op::Scope(..) | Op::Stop(_) | Op::Await | Op::Task | Op::Shield | Op::Catch
        ) {
            self.nodes[id].a = self.block(depth + 1);
        }
        let second = match op {
            Op::Scope(..) => self.rng.u8(..4) > 0,
            Op::Stop(_) => self.rng.u8(..4) == 0,
            _ => false,
        };
        if second {
            self.nodes[id].b = self.block(depth + 1);
        }
        Id::try_from(id).unwrap_or(NONE)
    }

    fn op(&mut self, depth: usize) -> Op {
        let most = if depth < DEEPEST { 40 } else { 14 };
        match self.rng.u8(..most) {
            0..5 => Op::Yield,
            5..7 => Op::Fail,
            7 => Op::Panic,
            8..14 => Op::Stall {
                up: self.rng.u8(..3) / 2,
                at: NONE,
            },
            14..27 => Op::Scope(self.form(), self.enter()),
            27..36 => Op::Stop(self.way()),
            36 => Op::Await,
            37 => Op::Task,
            38 => Op::Shield,
            _ => Op::Catch,
        }
    }

    fn form(&mut self) -> Form {
        match self.rng.u8(..16) {
            0..6 => Form::With,
            6 => Form::Detailed,
            7 => Form::Suppressing,
            8 => Form::Unseen,
            9 => Form::Closure,
            10 => Form::Budget,
            11..13 => Form::Guard,
            13..15 => Form::Synchronous,
            _ => Form::Abandon,
        }
    }

    fn enter(&mut self) -> Enter {
        match self.rng.u8(..20) {
            0 => Enter::Fails,
            1 => Enter::Stalls(NONE),
            2..6 => Enter::Yields,
            6 if self.rng.bool() => Enter::Panics,
            _ => Enter::Plain,
        }
    }

    fn way(&mut self) -> Way {
        match self.rng.u8(..18) {
            0..4 => Way::Drop,
            4..6 => Way::Select,
            6..8 => Way::Unordered,
            8 => Way::Unwind,
            9 => Way::Abort,
            10..13 => Way::Race,
            13..16 => Way::Timeout,
            16 => Way::Cancel,
            _ => Way::Close,
        }
    }
}
