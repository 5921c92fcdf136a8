//! Several errors at once, in a tree: what groups of tasks fail with.

mod display;
mod entry;
mod handling;
mod leaves;
mod origin;
mod split;
#[cfg(test)]
mod tests;

use alloc::borrow::Cow;
use alloc::vec::{self, Vec};
use core::mem;

pub use self::entry::{Entry, Node, NodeRef};
pub use self::handling::Handling;
pub use self::leaves::{IntoLeaves, Leaves, Path, Step};
pub use self::origin::{Origin, Phase};

/// Errors that came out of one group of tasks, in the order in which they came, each with its
/// [`Origin`]; an entry may be a group itself.
///
/// What gives an `ErrorGroup` always does so, also for a single error: code that is written for one
/// error and fails at the first time that there are two is what this avoids. Where one is all there
/// can be, say so by [`single`](Self::single).
///
/// No entry is a cancellation, and none is a panic: a panic goes on as such.
///
/// `Display` and `Debug` show the tree, a line for each entry. It is an
/// [`Error`](core::error::Error) if `E` is one, and `source` leads to the first leaf.
///
/// # Complexity
///
/// An allocation for the entries, as in a `Vec`. No depth of nesting exhausts the stack.
///
/// # Examples
///
/// ```
/// use withal_core::ErrorGroup;
/// use withal_core::error_group::{Origin, Phase};
///
/// let mut group = ErrorGroup::new("the nightly run failed");
/// group.push(Origin::new(Phase::Task).named("copy"), "disk full");
/// group.push(Origin::new(Phase::Task).named("mail"), "no route");
///
/// let (full, rest) = group.split(|error| error.contains("full"));
/// assert_eq!(full.unwrap().single().unwrap(), "disk full");
/// let rest = rest.unwrap();
/// let (path, error) = rest.leaves().next().unwrap();
/// assert_eq!((path.origin().name(), *error), (Some("mail"), "no route"));
/// ```
///
/// Source: PEP 654, `ExceptionGroup`; differs in that entries know where they come from, and in that
/// ordinary errors alone are in it.
pub struct ErrorGroup<E> {
    message: Cow<'static, str>,
    notes: Vec<Cow<'static, str>>,
    entries: Vec<Entry<E>>,
}

impl<E> ErrorGroup<E> {
    /// A group without entries yet; `message` says what has failed.
    ///
    /// Nothing of ours gives out a group that is empty, see [`into_result`](Self::into_result); but for a
    /// group of tasks that was cancelled, in which nothing has failed, and which has no value to give.
    pub fn new(message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            message: message.into(),
            notes: Vec::new(),
            entries: Vec::new(),
        }
    }

    /// The group of this one error. It has no message; the origin is the caller's place, in a
    /// [`Body`](Phase::Body). [`From`] does the same, so that `?` makes a group of an error.
    #[track_caller]
    pub fn of(error: E) -> Self {
        let mut group = Self::new("");
        group.push(Origin::new(Phase::Body), error);
        group
    }

    /// Adds `error` at the end.
    pub fn push(&mut self, origin: Origin, error: E) {
        self.entries.push(Entry {
            origin,
            node: Node::Leaf(error),
        });
    }

    /// Adds `group` at the end, as one entry. A group without entries is dropped.
    pub fn push_group(&mut self, origin: Origin, group: Self) {
        if !group.is_empty() {
            self.entries.push(Entry {
                origin,
                node: Node::Group(group),
            });
        }
    }

    /// Adds a remark, shown below the message: what else there is to know, and is no error.
    pub fn note(&mut self, note: impl Into<Cow<'static, str>>) {
        self.notes.push(note.into());
    }

    /// What has failed.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The remarks.
    pub fn notes(&self) -> impl Iterator<Item = &str> {
        self.notes.iter().map(|note| &**note)
    }

    /// The entries, in the order in which they came.
    pub fn entries(&self) -> &[Entry<E>] {
        &self.entries
    }

    /// The number of entries. A group among them counts as one.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is no entry.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// `value`, if there is no entry.
    ///
    /// # Errors
    ///
    /// `self`, if there is one.
    pub fn into_result<T>(self, value: T) -> Result<T, Self> {
        if self.is_empty() {
            Ok(value)
        } else {
            Err(self)
        }
    }

    /// The only error, however deep it is; its origin, and the messages and notes around it, are
    /// dropped.
    ///
    /// # Errors
    ///
    /// `self`, unless there is exactly one leaf.
    pub fn single(self) -> Result<E, Self> {
        {
            let mut leaves = self.leaves();
            if leaves.next().is_none() || leaves.next().is_some() {
                drop(leaves);
                return Err(self);
            }
        }
        match self.into_leaves().next() {
            Some(error) => Ok(error),
            None => unreachable!("there is a leaf"),
        }
    }

    /// The errors in the tree, each with the [`Path`] that leads to it; depth first.
    ///
    /// # Complexity
    ///
    /// An allocation for each leaf.
    pub fn leaves(&self) -> Leaves<'_, E> {
        Leaves::new(self)
    }

    /// The errors in the tree, depth first. Where they come from is lost; [`leaves`](Self::leaves)
    /// tells.
    pub fn into_leaves(self) -> IntoLeaves<E> {
        IntoLeaves::new(self)
    }

    /// The errors for which `matches` says so, and the others, each with the groups around them.
    ///
    /// Structure, origins, messages and notes are kept on both sides; a group of which nothing is on
    /// one side is not there. `None`: there is nothing on that side.
    ///
    /// # Examples
    ///
    /// See [`ErrorGroup`].
    ///
    /// Source: PEP 654, `BaseExceptionGroup.split`.
    pub fn split(self, mut matches: impl FnMut(&E) -> bool) -> (Option<Self>, Option<Self>) {
        self.split_nodes(|node| match node {
            NodeRef::Leaf(error) => matches(error),
            NodeRef::Group(_) => false,
        })
    }

    /// [`split`](Self::split) by errors and by groups: a group for which `matches` says so goes to the
    /// first side whole, and what is in it is not asked about. The first one asked about is `self`.
    pub fn split_nodes(
        self,
        matches: impl FnMut(NodeRef<'_, E>) -> bool,
    ) -> (Option<Self>, Option<Self>) {
        split::split(self, matches)
    }

    /// The errors for which `matches` says so, with the groups around them; the first half of
    /// [`split`](Self::split).
    pub fn subgroup(self, matches: impl FnMut(&E) -> bool) -> Option<Self> {
        self.split(matches).0
    }

    /// Takes out the errors for which `matches` says so, at any depth. What is left keeps its shape, as
    /// by [`split`](Self::split).
    ///
    /// # Errors
    ///
    /// What is left, if anything is.
    ///
    /// # Examples
    ///
    /// ```
    /// use withal_core::ErrorGroup;
    /// use withal_core::error_group::{Origin, Phase};
    ///
    /// fn delete_all(statuses: &[u16]) -> Result<(), ErrorGroup<u16>> {
    ///     let mut failed = ErrorGroup::new("pages not deleted");
    ///     for &status in statuses {
    ///         failed.push(Origin::new(Phase::Task), status);
    ///     }
    ///     failed.into_result(())
    /// }
    ///
    /// let gone = |&status: &u16| status == 404;
    /// let deleted = delete_all(&[404, 404]).or_else(|failed| failed.suppress(gone));
    /// assert!(deleted.is_ok());
    /// let deleted = delete_all(&[404, 500]).or_else(|failed| failed.suppress(gone));
    /// assert_eq!(deleted.unwrap_err().single().unwrap(), 500);
    /// ```
    ///
    /// Source: `contextlib.suppress` around an `ExceptionGroup`.
    pub fn suppress(self, matches: impl FnMut(&E) -> bool) -> Result<(), Self> {
        self.split(matches).1.map_or(Ok(()), Err)
    }

    /// Changes each error in the tree, depth first.
    pub fn map<U>(self, f: impl FnMut(E) -> U) -> ErrorGroup<U> {
        split::map(self, f)
    }

    /// Begins a chain of handlers: those errors for which `matches` says so are given to `handler`.
    ///
    /// Each error goes to the first clause that matches it, and to no other; each clause gets its errors
    /// as one group, with the structure kept, or is not called. A handler may fail in turn, with one
    /// error or with a group. The chain ends by [`finish`](Handling::finish). For a handler that
    /// awaits, use [`split`](Self::split).
    ///
    /// # Errors
    ///
    /// What `handler` returns is kept, and comes out at the end of the chain.
    ///
    /// # Examples
    ///
    /// ```
    /// use withal_core::ErrorGroup;
    /// use withal_core::error_group::{Origin, Phase};
    ///
    /// let mut group = ErrorGroup::new("three pages failed");
    /// for status in [404, 503, 404] {
    ///     group.push(Origin::new(Phase::Task), status);
    /// }
    /// let mut missing = 0;
    /// let handled = group
    ///     .handle(|&status| status == 404, |pages| {
    ///         missing = pages.len();
    ///         Ok(())
    ///     })
    ///     .handle(|&status| status >= 500, |_| Err(500.into()))
    ///     .finish();
    /// assert_eq!(missing, 2);
    /// assert_eq!(handled.unwrap_err().single().unwrap(), 500);
    /// ```
    ///
    /// Source: PEP 654, `except*`.
    #[track_caller]
    pub fn handle(
        self,
        matches: impl FnMut(&E) -> bool,
        handler: impl FnOnce(Self) -> Result<(), Self>,
    ) -> Handling<E> {
        Handling::new(self).handle(matches, handler)
    }
}

impl<E> From<E> for ErrorGroup<E> {
    #[track_caller]
    fn from(error: E) -> Self {
        Self::of(error)
    }
}

impl<E> IntoIterator for ErrorGroup<E> {
    type Item = Entry<E>;
    type IntoIter = vec::IntoIter<Entry<E>>;

    fn into_iter(mut self) -> Self::IntoIter {
        mem::take(&mut self.entries).into_iter()
    }
}

impl<'g, E> IntoIterator for &'g ErrorGroup<E> {
    type Item = &'g Entry<E>;
    type IntoIter = core::slice::Iter<'g, Entry<E>>;

    fn into_iter(self) -> Self::IntoIter {
        self.entries.iter()
    }
}

impl<E: Clone> Clone for ErrorGroup<E> {
    fn clone(&self) -> Self {
        split::map_ref(self, E::clone)
    }
}

/// One by one: the usual way takes a piece of stack for each level.
impl<E> Drop for ErrorGroup<E> {
    fn drop(&mut self) {
        let mut nested = Vec::new();
        take_groups(&mut self.entries, &mut nested);
        while let Some(mut group) = nested.pop() {
            take_groups(&mut group.entries, &mut nested);
        }
    }
}

fn take_groups<E>(entries: &mut [Entry<E>], groups: &mut Vec<ErrorGroup<E>>) {
    for entry in entries {
        if let Node::Group(group) = &mut entry.node {
            groups.push(mem::replace(group, ErrorGroup::new("")));
        }
    }
}
