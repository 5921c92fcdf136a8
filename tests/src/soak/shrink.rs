//! Makes a script that fails smaller.

use super::script::{Enter, Form, Id, NONE, Node, Op, Script};

/// A small change of a step.
#[derive(Clone, Copy)]
enum Change {
    /// Takes it out.
    Remove,
    /// Puts its body in its place.
    Unwrap,
    /// Puts its exit in its place, or what is beside it.
    UnwrapSecond,
    /// Takes out its exit, or what is beside it.
    WithoutSecond,
    /// Makes it an ordinary one of its kind.
    Plain,
}

/// Scripts that are a little smaller than `script`, the smallest first.
pub(super) fn smaller(script: &Script) -> impl Iterator<Item = Script> + '_ {
    let changes = [
        Change::Remove,
        Change::Unwrap,
        Change::UnwrapSecond,
        Change::WithoutSecond,
        Change::Plain,
    ];
    let steps = 0..script.nodes.len();
    changes.into_iter().flat_map(move |change| {
        let changed = steps.clone().map(move |step| {
            let mut copy = Copy {
                from: script,
                step: Id::try_from(step).unwrap_or(NONE),
                change,
                nodes: Vec::new(),
            };
            copy.block(0);
            Script { nodes: copy.nodes }
        });
        changed.filter(move |changed| changed != script)
    })
}

struct Copy<'s> {
    from: &'s Script,
    step: Id,
    change: Change,
    nodes: Vec<Node>,
}

impl Copy<'_> {
    /// Copies a block; the first and the last step of it.
    fn block(&mut self, first: Id) -> (Id, Id) {
        let (mut begin, mut end) = (NONE, NONE);
        for (id, node) in self.from.block(first) {
            let (first, last) = if id != self.step {
                self.node(node)
            } else {
                match self.change {
                    Change::Remove => (NONE, NONE),
                    Change::Unwrap => self.block(node.a),
                    Change::UnwrapSecond => self.block(node.b),
                    Change::WithoutSecond => self.node(Node { b: NONE, ..node }),
                    Change::Plain => self.node(plain(node)),
                }
            };
            if first == NONE {
                continue;
            }
            match end {
                NONE => begin = first,
                end => self.nodes[usize::from(end)].next = first,
            }
            end = last;
        }
        (begin, end)
    }

    fn node(&mut self, node: Node) -> (Id, Id) {
        let place = self.nodes.len();
        self.nodes.push(Node { next: NONE, ..node });
        let (a, _) = self.block(node.a);
        let (b, _) = self.block(node.b);
        (self.nodes[place].a, self.nodes[place].b) = (a, b);
        let id = Id::try_from(place).unwrap_or(NONE);
        (id, id)
    }
}

fn plain(node: Node) -> Node {
    let op = match node.op {
        Op::Scope(form, enter) if enter != Enter::Plain => Op::Scope(form, Enter::Plain),
        Op::Scope(..) => Op::Scope(Form::With, Enter::Plain),
        Op::Stall { up, at } => Op::Stall {
            up: up.saturating_sub(1),
            at,
        },
        op => op,
    };
    Node { op, ..node }
}
