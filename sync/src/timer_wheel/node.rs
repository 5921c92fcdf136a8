use core::ptr::NonNull;
use core::sync::atomic::Ordering;
use core::task::Waker;

use super::Moment;
use crate::primitives::{AtomicBool, UnsafeCell};

/// What a sleep keeps in the wheel.
pub(super) struct Node {
    deadline: Moment,
    fired: AtomicBool,
    /// Touched in a section only, while the node is linked (3).
    linked: UnsafeCell<Linked>,
}

pub(super) struct Linked {
    prev: Option<NonNull<Node>>,
    next: Option<NonNull<Node>>,
    /// The slot that it was put into; while it moves, the one it comes from.
    pub(super) slot: usize,
    pub(super) waker: Option<Waker>,
}

impl Node {
    pub(super) fn new(deadline: Moment, waker: Waker) -> Self {
        Self {
            deadline,
            fired: AtomicBool::new(false),
            linked: UnsafeCell::new(Linked {
                prev: None,
                next: None,
                slot: 0,
                waker: Some(waker),
            }),
        }
    }

    #[inline]
    pub(super) fn deadline(&self) -> Moment {
        self.deadline
    }

    #[inline]
    pub(super) fn has_fired(&self) -> bool {
        self.fired.load(Ordering::Acquire)
    }
}

/// Lets a node's sleep end, and gives the waker.
///
/// # Safety
///
/// The node is there, was just unlinked in this section, and has not fired.
pub(super) unsafe fn fire(node: NonNull<Node>) -> Option<Waker> {
    // SAFETY: unlinked and not fired: nobody else touches it (4).
    let waker = unsafe { with_linked(node, |linked| linked.waker.take()) };
    // SAFETY: it is there until the store (2), which is the last touch (4).
    unsafe { node.as_ref() }
        .fired
        .store(true, Ordering::Release);
    waker
}

/// Calls `f` with the guarded part of a node.
///
/// # Safety
///
/// The node is there, and nobody else touches that part meanwhile (3, 4).
#[inline]
pub(super) unsafe fn with_linked<T>(node: NonNull<Node>, f: impl FnOnce(&mut Linked) -> T) -> T {
    // SAFETY: the caller says that it is there.
    let node = unsafe { node.as_ref() };
    // SAFETY: the caller says that nobody else touches it.
    node.linked.with_mut(|linked| f(unsafe { &mut *linked }))
}

/// Nodes, first in, first out. It lies in the state of a wheel, so a `&mut` to it means that a
/// section is entered.
#[derive(Default)]
pub(super) struct List {
    head: Option<NonNull<Node>>,
    tail: Option<NonNull<Node>>,
}

impl List {
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.head.is_none()
    }

    /// Whether `node` stands at one end, so that taking it out changes the list itself.
    #[inline]
    pub(super) fn ends_with(&self, node: NonNull<Node>) -> bool {
        self.head == Some(node) || self.tail == Some(node)
    }

    /// Links `node` behind all others.
    ///
    /// # Safety
    ///
    /// The node is linked nowhere, has not fired, and keeps to (2) from now on.
    #[inline]
    pub(super) unsafe fn push_back(&mut self, node: NonNull<Node>) {
        let tail = self.tail.replace(node);
        let link = |linked: &mut Linked| {
            linked.prev = tail;
            linked.next = None;
        };
        // SAFETY: not linked yet: it is the caller's.
        unsafe { with_linked(node, link) };
        match tail {
            None => self.head = Some(node),
            // SAFETY: linked here (1), in a section.
            Some(tail) => unsafe { with_linked(tail, |linked| linked.next = Some(node)) },
        }
    }

    /// Takes out the first one.
    #[inline]
    pub(super) fn pop_front(&mut self) -> Option<NonNull<Node>> {
        let head = self.head?;
        // SAFETY: linked here (1).
        unsafe { self.unlink(head) };
        Some(head)
    }

    /// Takes `node` out, from wherever it stands.
    ///
    /// # Safety
    ///
    /// The node is linked in this very list; or in another one, of the same wheel, at neither end
    /// of it.
    #[inline]
    pub(super) unsafe fn unlink(&mut self, node: NonNull<Node>) {
        // SAFETY: linked, in a section.
        let (prev, next) = unsafe { with_linked(node, |linked| (linked.prev, linked.next)) };
        match prev {
            None => self.head = next,
            // SAFETY: a neighbour is linked as well (1).
            Some(prev) => unsafe { with_linked(prev, |linked| linked.next = next) },
        }
        match next {
            None => self.tail = prev,
            // SAFETY: as above.
            Some(next) => unsafe { with_linked(next, |linked| linked.prev = prev) },
        }
    }
}
