//! Rebuilding the tree, level by level. The levels that are open are kept in a vector, so that no
//! depth exhausts the stack.

use alloc::vec::{self, Vec};
use core::mem;

use super::{Entry, ErrorGroup, Node, NodeRef, Origin};

impl<E> ErrorGroup<E> {
    /// The same group, without its entries.
    fn header<U>(&self) -> ErrorGroup<U> {
        ErrorGroup {
            message: self.message.clone(),
            notes: self.notes.clone(),
            entries: Vec::new(),
        }
    }

    /// [`into_result`](Self::into_result), the other way round.
    fn if_any(self) -> Option<Self> {
        self.into_result(()).err()
    }
}

/// A group that is being split.
struct Split<E> {
    rest: vec::IntoIter<Entry<E>>,
    matching: ErrorGroup<E>,
    other: ErrorGroup<E>,
}

impl<E> Split<E> {
    fn new(group: ErrorGroup<E>) -> Self {
        Self {
            matching: group.header(),
            other: group.header(),
            rest: group.into_iter(),
        }
    }
}

pub(super) fn split<E>(
    group: ErrorGroup<E>,
    mut matches: impl FnMut(NodeRef<'_, E>) -> bool,
) -> (Option<ErrorGroup<E>>, Option<ErrorGroup<E>>) {
    if matches(NodeRef::Group(&group)) {
        return (group.if_any(), None);
    }
    // With each, where the group below it comes from.
    let mut above: Vec<(Split<E>, Origin)> = Vec::new();
    let mut level = Split::new(group);
    loop {
        if let Some(Entry { origin, node }) = level.rest.next() {
            match node {
                Node::Leaf(error) if matches(NodeRef::Leaf(&error)) => {
                    level.matching.push(origin, error);
                }
                Node::Leaf(error) => level.other.push(origin, error),
                Node::Group(group) if matches(NodeRef::Group(&group)) => {
                    level.matching.push_group(origin, group);
                }
                Node::Group(group) => {
                    let outer = mem::replace(&mut level, Split::new(group));
                    above.push((outer, origin));
                }
            }
        } else if let Some((mut outer, origin)) = above.pop() {
            outer.matching.push_group(origin.clone(), level.matching);
            outer.other.push_group(origin, level.other);
            level = outer;
        } else {
            return (level.matching.if_any(), level.other.if_any());
        }
    }
}

pub(super) fn map<E, U>(group: ErrorGroup<E>, mut f: impl FnMut(E) -> U) -> ErrorGroup<U> {
    rebuild(group.header(), group.into_iter(), |entry| {
        let part = match entry.node {
            Node::Leaf(error) => Part::Leaf(f(error)),
            Node::Group(group) => Part::Group(group.header(), group.into_iter()),
        };
        (entry.origin, part)
    })
}

pub(super) fn map_ref<E, U>(group: &ErrorGroup<E>, mut f: impl FnMut(&E) -> U) -> ErrorGroup<U> {
    rebuild(group.header(), group.into_iter(), |entry| {
        let part = match &entry.node {
            Node::Leaf(error) => Part::Leaf(f(error)),
            Node::Group(group) => Part::Group(group.header(), group.into_iter()),
        };
        (entry.origin.clone(), part)
    })
}

/// What an entry becomes: a leaf, or a group, whose own entries come next.
enum Part<U, I> {
    Leaf(U),
    Group(ErrorGroup<U>, I),
}

fn rebuild<U, I: Iterator>(
    mut made: ErrorGroup<U>,
    mut rest: I,
    mut visit: impl FnMut(I::Item) -> (Origin, Part<U, I>),
) -> ErrorGroup<U> {
    // With each, where the group below it comes from.
    let mut above = Vec::new();
    loop {
        if let Some(entry) = rest.next() {
            match visit(entry) {
                (origin, Part::Leaf(error)) => made.push(origin, error),
                (origin, Part::Group(inner, entries)) => {
                    let outer = mem::replace(&mut made, inner);
                    above.push((outer, mem::replace(&mut rest, entries), origin));
                }
            }
        } else if let Some((mut outer, outer_rest, origin)) = above.pop() {
            outer.push_group(origin, made);
            (made, rest) = (outer, outer_rest);
        } else {
            return made;
        }
    }
}
