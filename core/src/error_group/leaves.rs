//! Walks over the leaves. The way down is kept in a vector, so that no depth exhausts the stack.

use alloc::vec::{self, Vec};
use core::fmt;
use core::iter::FusedIterator;

use super::{Entry, ErrorGroup, Node, Origin};

/// How to get from a group to one of its errors: the iterator of [`Step`]s, from the outermost group
/// inwards.
///
/// `Display` joins the origins: ``task `sync` at … > body at …``.
#[derive(Clone, Debug)]
pub struct Path<'g> {
    // One at least.
    steps: Vec<Step<'g>>,
}

/// One level of a [`Path`].
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Step<'g> {
    /// The message of the group.
    pub message: &'g str,
    /// Which of its entries leads on.
    pub index: usize,
    /// Where that entry comes from.
    pub origin: &'g Origin,
}

impl<'g> Path<'g> {
    /// Where the error itself comes from: the origin of the last step.
    pub fn origin(&self) -> &'g Origin {
        match self.steps.last() {
            Some(step) => step.origin,
            None => unreachable!("a path has a step"),
        }
    }

    /// The levels, from the outermost group inwards; one at least.
    pub fn steps(&self) -> &[Step<'g>] {
        &self.steps
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, step) in self.steps.iter().enumerate() {
            if i > 0 {
                f.write_str(" > ")?;
            }
            step.origin.fmt(f)?;
        }
        Ok(())
    }
}

/// The errors of an [`ErrorGroup`] with their paths; see [`ErrorGroup::leaves`].
#[must_use = "iterators do nothing unless they are asked"]
pub struct Leaves<'g, E> {
    /// The groups on the way down, each with the index of its next entry.
    stack: Vec<(&'g ErrorGroup<E>, usize)>,
}

impl<'g, E> Leaves<'g, E> {
    pub(super) fn new(group: &'g ErrorGroup<E>) -> Self {
        Self {
            stack: Vec::from([(group, 0)]),
        }
    }

    /// The path that was taken to come here.
    fn path(&self) -> Path<'g> {
        let step = |&(group, next): &(&'g ErrorGroup<E>, usize)| Step {
            message: group.message(),
            index: next - 1,
            origin: &group.entries[next - 1].origin,
        };
        Path {
            steps: self.stack.iter().map(step).collect(),
        }
    }
}

impl<'g, E> Iterator for Leaves<'g, E> {
    type Item = (Path<'g>, &'g E);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let (group, next) = self.stack.last_mut()?;
            let group: &'g ErrorGroup<E> = group;
            let Some(entry) = group.entries.get(*next) else {
                self.stack.pop();
                continue;
            };
            *next += 1;
            match &entry.node {
                Node::Leaf(error) => return Some((self.path(), error)),
                Node::Group(group) => self.stack.push((group, 0)),
            }
        }
    }
}

impl<E> FusedIterator for Leaves<'_, E> {}

impl<E> fmt::Debug for Leaves<'_, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Leaves").finish_non_exhaustive()
    }
}

/// The errors of an [`ErrorGroup`]; see [`ErrorGroup::into_leaves`].
#[must_use = "iterators do nothing unless they are asked"]
pub struct IntoLeaves<E> {
    stack: Vec<vec::IntoIter<Entry<E>>>,
}

impl<E> IntoLeaves<E> {
    pub(super) fn new(group: ErrorGroup<E>) -> Self {
        Self {
            stack: Vec::from([group.into_iter()]),
        }
    }
}

impl<E> Iterator for IntoLeaves<E> {
    type Item = E;

    fn next(&mut self) -> Option<E> {
        loop {
            match self.stack.last_mut()?.next() {
                None => drop(self.stack.pop()),
                Some(entry) => match entry.node {
                    Node::Leaf(error) => return Some(error),
                    Node::Group(group) => self.stack.push(group.into_iter()),
                },
            }
        }
    }
}

impl<E> FusedIterator for IntoLeaves<E> {}

impl<E> fmt::Debug for IntoLeaves<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IntoLeaves").finish_non_exhaustive()
    }
}
