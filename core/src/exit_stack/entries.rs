//! The entries of a stack: a list that grows behind a shared reference.

use alloc::boxed::Box;
use core::fmt;
use core::marker::PhantomData;
use core::panic::Location;
use core::pin::Pin;
use core::ptr::NonNull;

use super::node::{Entry, Tag};
use crate::cleanup::kind::Sendable;
use crate::lock::Mutex;
use crate::scope::Failure;

/// The entries, the last one first.
///
/// Who enters a scope borrows its resource from the entry for as long as it borrows the stack, while
/// other entries join. So entries stay where they are, and none leaves but through `&mut`.
///
/// # Invariants
///
/// 1. An entry that is linked came out of a box, is owned by its list, is in no other, and once.
/// 2. It stays in its box, pinned, until it is freed.
/// 3. While the list is shared, no entry leaves it, and nothing of an entry is touched but its tag,
///    which does not change then.
/// 4. A list of the kind `Sendable` holds only entries whose parts that kind `Takes`, and `X: Send`.
pub(super) struct Entries<X, K> {
    head: Mutex<Head<X>>,
    _kind: PhantomData<fn() -> K>,
}

struct Head<X> {
    top: Link<X>,
    len: usize,
}

/// The way to an entry, or to none.
pub(super) struct Link<X>(Option<NonNull<dyn Entry<X>>>);

// SAFETY: a link by itself gives access to nothing; the list argues for each step along it.
unsafe impl<X> Send for Link<X> {}

// SAFETY: as above.
unsafe impl<X> Sync for Link<X> {}

// SAFETY: all parts of the entries are `Send` (4), and so they may be exited and dropped elsewhere.
unsafe impl<X: Send> Send for Entries<X, Sendable> {}

// SAFETY: a shared list gives tags, which are `Sync` and do not change (3), and takes entries that
// are `Send` (4).
unsafe impl<X: Send> Sync for Entries<X, Sendable> {}

impl<X> Link<X> {
    pub(super) const NONE: Self = Self(None);
}

impl<X> Clone for Link<X> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<X> Copy for Link<X> {}

impl<X, K> Entries<X, K> {
    pub(super) fn new() -> Self {
        Self {
            head: Mutex::new(Head {
                top: Link::NONE,
                len: 0,
            }),
            _kind: PhantomData,
        }
    }

    /// Moves all entries out.
    pub(super) fn take(&mut self) -> Self {
        core::mem::replace(self, Self::new())
    }

    pub(super) fn len(&self) -> usize {
        self.head.with(|head| head.len)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds an entry on top, and says where it is from now on.
    ///
    /// # Safety
    ///
    /// - If `K` is `Sendable`, all parts of the entry are `Send`.
    pub(super) unsafe fn push<E: Entry<X> + 'static>(&self, entry: Box<E>) -> NonNull<E> {
        let entry = NonNull::from(Box::leak(entry));
        let link: NonNull<dyn Entry<X>> = entry;
        self.head.with(|head| {
            // SAFETY: it is not linked yet, so this is the only reference to it.
            let unlinked = unsafe { &mut *link.as_ptr() };
            unlinked.link(head.top);
            head.top = Link(Some(link));
            head.len += 1;
        });
        entry
    }

    /// Takes the entry on top out.
    pub(super) fn pop(&mut self) -> Option<Popped<X, K>> {
        self.head.with(|head| {
            let top = head.top.0?;
            // SAFETY: it is linked, so it is there (1).
            head.top = unsafe { top.as_ref() }.tag().next;
            head.len -= 1;
            Some(Popped(top, PhantomData))
        })
    }

    /// Whether there is an entry on top whose exit never waits.
    pub(super) fn top_is_at_once(&self) -> bool {
        self.tags().next().is_some_and(|tag| tag.at_once)
    }

    /// What is known of each entry, the last one first.
    pub(super) fn tags(&self) -> impl Iterator<Item = &Tag<X>> {
        let mut next = self.head.with(|head| head.top);
        core::iter::from_fn(move || {
            // SAFETY: it is linked, and stays there while the list is borrowed (1, 3).
            let tag = unsafe { next.0?.as_ref() }.tag();
            next = tag.next;
            Some(tag)
        })
    }
}

// One by one, in a loop: a list of any length is dropped in the same piece of stack.
impl<X, K> Drop for Entries<X, K> {
    fn drop(&mut self) {
        while let Some(entry) = self.pop() {
            drop(entry);
        }
    }
}

impl<X, K> fmt::Debug for Entries<X, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let entries = self.tags().map(|tag| Named(tag.name(), tag.location()));
        f.debug_list().entries(entries).finish()
    }
}

/// The name and the place of an entry.
struct Named(&'static str, &'static Location<'static>);

impl fmt::Debug for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}", self.0, self.1)
    }
}

/// An entry that has left its list.
pub(super) struct Popped<X, K>(NonNull<dyn Entry<X>>, PhantomData<fn() -> K>);

// SAFETY: all parts of the entry are `Send` (4), and it is nobody else's.
unsafe impl<X: Send> Send for Popped<X, Sendable> {}

impl<X, K> Popped<X, K> {
    pub(super) fn tag(&self) -> &Tag<X> {
        // SAFETY: it was taken out of its list, and is nobody else's (1).
        unsafe { self.0.as_ref() }.tag()
    }

    pub(super) fn pinned(&mut self) -> Pin<&mut dyn Entry<X>> {
        // SAFETY: as above; what was borrowed from it is not used any more, as it has left its list (3).
        let entry = unsafe { self.0.as_mut() };
        // SAFETY: it stays in its box until it is freed (2).
        unsafe { Pin::new_unchecked(entry) }
    }

    pub(super) fn suppresses(&mut self, failure: Failure<'_>) -> bool {
        // SAFETY: as in `pinned`. Only an exit is pinned in it, and there is none yet.
        unsafe { self.0.as_mut() }.suppresses(failure)
    }
}

impl<X, K> Drop for Popped<X, K> {
    fn drop(&mut self) {
        // SAFETY: it came out of a box, and has left its list (1).
        drop(unsafe { Box::from_raw(self.0.as_ptr()) });
    }
}
