use core::fmt;

use super::{ErrorGroup, Origin};

/// An entry of an [`ErrorGroup`].
#[derive(Clone)]
#[non_exhaustive]
pub struct Entry<E> {
    /// Where it comes from.
    pub origin: Origin,
    /// What it is.
    pub node: Node<E>,
}

/// What an entry is: an error, or a group of them.
#[derive(Clone)]
#[expect(clippy::exhaustive_enums, reason = "a tree has leaves and inner nodes")]
pub enum Node<E> {
    /// An error.
    Leaf(E),
    /// What came out of a group in the group.
    Group(ErrorGroup<E>),
}

/// A look at a [`Node`].
#[expect(clippy::exhaustive_enums, reason = "as the node is")]
pub enum NodeRef<'g, E> {
    /// An error.
    Leaf(&'g E),
    /// What came out of a group in the group.
    Group(&'g ErrorGroup<E>),
}

impl<E> Node<E> {
    /// The error, if it is one.
    pub fn as_leaf(&self) -> Option<&E> {
        match self {
            Self::Leaf(error) => Some(error),
            Self::Group(_) => None,
        }
    }

    /// The group, if it is one.
    pub fn as_group(&self) -> Option<&ErrorGroup<E>> {
        match self {
            Self::Leaf(_) => None,
            Self::Group(group) => Some(group),
        }
    }
}

impl<E> Copy for NodeRef<'_, E> {}

impl<E> Clone for NodeRef<'_, E> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<E: fmt::Debug> fmt::Debug for Entry<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {:?}", self.origin, self.node)
    }
}

impl<E: fmt::Debug> fmt::Debug for Node<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Leaf(error) => error.fmt(f),
            Self::Group(group) => group.fmt(f),
        }
    }
}

impl<E: fmt::Debug> fmt::Debug for NodeRef<'_, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Leaf(error) => error.fmt(f),
            Self::Group(group) => group.fmt(f),
        }
    }
}
