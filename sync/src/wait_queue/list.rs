use core::fmt;
use core::ptr::NonNull;
use core::sync::atomic::Ordering;
use core::task::Waker;

use crate::primitives::{AtomicBool, UnsafeCell};

/// What a waiting future keeps in the list.
pub(super) struct Node<P> {
    /// Touched in a section only, while the node is linked (3).
    linked: UnsafeCell<Linked<P>>,
    /// Whether the waiter was served; the parcel is what it was given (4).
    served: AtomicBool,
}

pub(super) struct Linked<P> {
    prev: Option<NonNull<Node<P>>>,
    next: Option<NonNull<Node<P>>>,
    /// `None` from its wake to the next poll.
    pub(super) waker: Option<Waker>,
    pub(super) parcel: P,
}

impl<P> Node<P> {
    pub(super) fn new(parcel: P, waker: Waker) -> Self {
        Self {
            linked: UnsafeCell::new(Linked {
                prev: None,
                next: None,
                waker: Some(waker),
                parcel,
            }),
            served: AtomicBool::new(false),
        }
    }

    #[inline]
    pub(super) fn is_served(&self) -> bool {
        self.served.load(Ordering::Acquire)
    }

    pub(super) fn into_linked(self) -> Linked<P> {
        self.linked.into_inner()
    }
}

/// Waiters, first in, first out. It lies in the state of a primitive, so a `&mut` to it means that
/// a section is entered.
pub(crate) struct List<P> {
    head: Option<NonNull<Node<P>>>,
    tail: Option<NonNull<Node<P>>>,
    len: usize,
}

// SAFETY: the nodes lie in futures that may be on other threads. A section touches their links,
// their wakers, and their parcels, which are `Send` (3).
unsafe impl<P: Send> Send for List<P> {}

impl<P> List<P> {
    pub(crate) const fn new() -> Self {
        Self {
            head: None,
            tail: None,
            len: 0,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.head.is_none()
    }

    /// Looks at the parcel of the first waiter.
    pub(crate) fn front<T>(&mut self, look: impl FnOnce(&mut P) -> T) -> Option<T> {
        let head = self.head?;
        // SAFETY: linked here (1), in a section.
        Some(unsafe { with_linked(head, |linked| look(&mut linked.parcel)) })
    }

    /// Unlinks the first waiter and serves it: `give` makes its parcel what it waited for. The
    /// waker is to be woken after the section.
    #[inline]
    pub(crate) fn serve<T>(
        &mut self,
        give: impl FnOnce(&mut P) -> T,
    ) -> Option<(T, Option<Waker>)> {
        let head = self.head?;
        // SAFETY: linked here (1).
        unsafe { self.unlink(head) };
        // SAFETY: just unlinked and not yet served: nobody else touches it (4).
        let served = unsafe {
            with_linked(head, |linked| {
                (give(&mut linked.parcel), linked.waker.take())
            })
        };
        // SAFETY: it is there until the store (2), which is the last touch (4).
        unsafe { head.as_ref() }
            .served
            .store(true, Ordering::Release);
        Some(served)
    }

    /// Takes the waker of the first waiter, which stays where it is: it is woken to try its luck.
    /// `None` if it was woken already, and has not been polled since.
    pub(crate) fn rouse(&mut self) -> Option<Waker> {
        let head = self.head?;
        // SAFETY: linked here (1), in a section.
        unsafe { with_linked(head, |linked| linked.waker.take()) }
    }

    /// Links `node` behind all others.
    ///
    /// # Safety
    ///
    /// The node is linked nowhere, not served, and keeps to (2) from now on.
    pub(super) unsafe fn push_back(&mut self, node: NonNull<Node<P>>) {
        let tail = self.tail.replace(node);
        // SAFETY: not linked yet: it is the caller's.
        unsafe { with_linked(node, |linked| linked.prev = tail) };
        match tail {
            None => self.head = Some(node),
            // SAFETY: linked here (1), in a section.
            Some(tail) => unsafe { with_linked(tail, |linked| linked.next = Some(node)) },
        }
        self.len += 1;
    }

    /// Takes `node` out, from wherever it stands.
    ///
    /// # Safety
    ///
    /// The node is linked in this very list.
    pub(super) unsafe fn unlink(&mut self, node: NonNull<Node<P>>) {
        // SAFETY: linked here, in a section.
        let (prev, next) = unsafe { with_linked(node, |linked| (linked.prev, linked.next)) };
        match prev {
            None => self.head = next,
            // SAFETY: a neighbour is linked here as well (1).
            Some(prev) => unsafe { with_linked(prev, |linked| linked.next = next) },
        }
        match next {
            None => self.tail = prev,
            // SAFETY: as above.
            Some(next) => unsafe { with_linked(next, |linked| linked.prev = prev) },
        }
        self.len -= 1;
    }
}

impl<P> fmt::Debug for List<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("List")
            .field("len", &self.len)
            .finish_non_exhaustive()
    }
}

/// Calls `f` with the guarded part of a node.
///
/// # Safety
///
/// The node is there, and nobody else touches that part meanwhile (3, 4).
#[inline]
pub(super) unsafe fn with_linked<P, T>(
    node: NonNull<Node<P>>,
    f: impl FnOnce(&mut Linked<P>) -> T,
) -> T {
    // SAFETY: the caller says that it is there.
    let node = unsafe { node.as_ref() };
    // SAFETY: the caller says that nobody else touches it.
    node.linked.with_mut(|linked| f(unsafe { &mut *linked }))
}
