//! The tree.
//!
//! A parent has a ring of its children, and these do not know it: a node that goes leaves its own
//! children in its place among its siblings. So nobody keeps an ancestor alive, but the root, and
//! neither a drop nor a cancellation recurses, however deep the tree is.
//!
//! # Invariants
//!
//! 1. All nodes of a tree share one lock, the root's, which each of them keeps alive. Links and what
//!    is guarded are touched in its sections only. The two ends of a link are in one tree.
//! 2. A node that is linked stays where it is, and is there: it is in an `Arc`, and its drop takes
//!    it out, in a section, before its memory goes.
//! 3. In the ring of `children`, all but the head are the `sibling` of a node, and came as pointers
//!    to that whole node, which begins with it.
//! 4. A node may be looked at in a section while its own drop waits for that: it is `!Unpin`, so its
//!    `&mut self` claims nothing; and it looks at itself in the section only.
//! 5. Only nodes that are cancelled, or held back by a shield, are taken out before their drop, and
//!    whatever is below a node that is cancelled is taken out until its cancellation has returned.

use alloc::sync::Arc;
use core::marker::PhantomPinned;
use core::ptr::NonNull;

use super::link::{self, Link};
use super::reason::CancelReason;
use crate::event::Event;
use crate::flavour::Flavour;
use crate::handle::{Get, Handle};
use crate::primitives::UnsafeCell;
use crate::short_lock::Locked;
use crate::wait_queue::{Wakers, until_done};

#[repr(C)]
pub(super) struct Node<F: Flavour> {
    /// Its place among its siblings. First of all (3).
    sibling: Link,
    /// The head of its children's ring.
    children: Link,
    guarded: UnsafeCell<Guarded>,
    /// Set once it is cancelled: in a section, behind the reason.
    pub(super) cancelled: Event<F>,
    tree: Tree<F>,
    _pinned: PhantomPinned,
}

/// Touched in a section only.
struct Guarded {
    /// Why it is cancelled; or, if it is not, will be when the shield is lifted.
    reason: Option<CancelReason>,
    shielded: bool,
}

enum Tree<F: Flavour> {
    Root(Locked<Section, F>),
    Below(Arc<Node<F>>),
}

/// That a section of a tree is entered.
pub(super) struct Section {
    _private: (),
}

// SAFETY: what is no atomic is touched in a section (1), which excludes other threads.
unsafe impl<F: Flavour + Sync> Send for Node<F> {}
// SAFETY: as above.
unsafe impl<F: Flavour + Sync> Sync for Node<F> {}

/// How many nodes a section visits, at about 20 ns each: others wait for it with their own.
const VISITS: usize = 64;

impl<F: Flavour> Node<F> {
    fn new(tree: Tree<F>, shielded: bool) -> Arc<Self> {
        Arc::new(Self {
            sibling: Link::alone(),
            children: Link::alone(),
            guarded: UnsafeCell::new(Guarded {
                reason: None,
                shielded,
            }),
            cancelled: Event::new(),
            tree,
            _pinned: PhantomPinned,
        })
    }

    pub(super) fn root() -> Arc<Self> {
        Self::new(Tree::Root(Locked::new(Section { _private: () })), false)
    }

    pub(super) fn child(self: &Arc<Self>, shielded: bool) -> Arc<Self> {
        let root = match &self.tree {
            Tree::Root(_) => self,
            Tree::Below(root) => root,
        };
        let child = Self::new(Tree::Below(root.clone()), shielded);
        // Of the whole node, and never null.
        let place = NonNull::new(Arc::as_ptr(&child).cast_mut()).map(NonNull::cast);
        self.section(|section| {
            if self.is_cancelled() {
                let reason = self.guarded(section, |guarded| guarded.reason.clone());
                child.reach(section, reason);
            } else if let Some(place) = place {
                // SAFETY: in this section of its tree (1); it is new, hence alone, and keeps to (2).
                unsafe { link::push(section, self.head(), place) };
            }
        });
        child
    }

    #[inline]
    pub(super) fn is_cancelled(&self) -> bool {
        self.cancelled.is_set()
    }

    pub(super) fn reason(&self) -> Option<CancelReason> {
        if !self.is_cancelled() {
            return None;
        }
        self.section(|section| self.guarded(section, |guarded| guarded.reason.clone()))
    }

    pub(super) fn is_shielded(&self) -> bool {
        self.section(|section| self.guarded(section, |guarded| guarded.shielded))
    }

    /// Whether it was shielded.
    pub(super) fn set_shielded(&self, shielded: bool) -> bool {
        let (before, held_back) = self.section(|section| {
            let before = self.guarded(section, |guarded| {
                core::mem::replace(&mut guarded.shielded, shielded)
            });
            let arrives = before && !shielded && !self.is_cancelled();
            (before, arrives && self.arrive(section))
        });
        if held_back {
            self.push_down();
        }
        before
    }

    /// Whether it was not cancelled before.
    pub(super) fn cancel(&self, reason: CancelReason) -> bool {
        let (first, _unused) = self.section(|section| {
            if self.is_cancelled() {
                return (false, Some(reason));
            }
            let before = self.guarded(section, |guarded| guarded.reason.replace(reason));
            self.cancelled.set_silently();
            (true, before)
        });
        // Not only the first: another may still be at it.
        self.push_down();
        first
    }

    /// In a section: it is cancelled from above, for `reason`; or keeps that in mind, if it is
    /// shielded.
    fn reach(&self, section: &mut Section, reason: Option<CancelReason>) {
        let shielded = self.guarded(section, |guarded| {
            guarded.reason = reason;
            guarded.shielded
        });
        if !shielded {
            self.cancelled.set_silently();
        }
    }

    /// In a section, with the shield lifted: what it has held back, if anything, arrives.
    fn arrive(&self, section: &mut Section) -> bool {
        let held_back = self.guarded(section, |guarded| guarded.reason.is_some());
        if held_back {
            self.cancelled.set_silently();
        }
        held_back
    }

    /// Cancels all that is below, and wakes who waits there and here. It is itself cancelled.
    fn push_down(&self) {
        until_done(|wakers| self.section(|section| self.push_some(section, wakers)));
    }

    /// In a section: goes on with that, as far as the wakers have room. Whether it is done.
    fn push_some(&self, section: &mut Section, wakers: &mut Wakers) -> bool {
        let mut at = self;
        for _ in 0..VISITS {
            if !at.cancelled.let_go_into(wakers) {
                return false;
            }
            // SAFETY: in this section of its tree (1).
            let Some(first) = (unsafe { link::next(section, at.head()) }) else {
                if core::ptr::eq(at, self) {
                    return true;
                }
                at.leave(section);
                at = self;
                continue;
            };
            // SAFETY: the sibling of a node, behind the head of its parent's ring (3), and there (2);
            // the reference is not used after this section, in which it stays there.
            let child: &Self = unsafe { first.cast().as_ref() };
            if !child.is_cancelled() {
                let reason = at.guarded(section, |guarded| guarded.reason.clone());
                child.reach(section, reason);
                if !child.is_cancelled() {
                    // What is below its shield stays there.
                    child.leave(section);
                    continue;
                }
                // For the same reason, so that they can be taken for siblings.
                // SAFETY: in this section (1); a node's siblings and its children are two rings.
                unsafe { link::splice(section, first, child.head()) };
            }
            // Somebody else may be at it, or the wakers had no room for all that wait there; then
            // what is below is cancelled for its reason, not for ours.
            at = child;
        }
        false
    }

    /// How many children it has at this moment: those that are linked.
    #[cfg(test)]
    pub(super) fn len_below(&self) -> usize {
        self.section(|section| {
            let (mut at, mut len) = (self.head(), 0);
            // SAFETY: in this section of its tree (1).
            while let Some(next) = unsafe { link::next(section, at) } {
                if next == self.head() {
                    break;
                }
                (at, len) = (next, len + 1);
            }
            len
        })
    }

    /// In a section: takes it out of its parent's ring.
    fn leave(&self, section: &mut Section) {
        // SAFETY: in this section of its tree (1).
        unsafe { link::unlink(section, NonNull::from(&self.sibling)) };
    }

    fn head(&self) -> NonNull<Link> {
        NonNull::from(&self.children)
    }

    fn section<T>(&self, section: impl FnOnce(&mut Section) -> T) -> T {
        match &self.tree {
            Tree::Root(lock) => lock.with(section),
            Tree::Below(root) => match &root.tree {
                Tree::Root(lock) => lock.with(section),
                Tree::Below(_) => unreachable!("it is the root"),
            },
        }
    }

    /// In a section of its tree.
    fn guarded<T>(&self, _section: &mut Section, f: impl FnOnce(&mut Guarded) -> T) -> T {
        self.guarded.with_mut(|guarded| {
            // SAFETY: one section of the tree at a time (1), and the reference ends in it: `f` is
            // given no way to another.
            let guarded = unsafe { &mut *guarded };
            f(guarded)
        })
    }
}

impl<F: Flavour> Drop for Node<F> {
    fn drop(&mut self) {
        if let Tree::Root(_) = self.tree {
            // All that were below kept it alive: it is alone.
            return;
        }
        // Nothing of it is borrowed mutably here (4).
        let this = &*self;
        this.section(|section| {
            let place = NonNull::from(&this.sibling);
            if this.guarded(section, |guarded| guarded.shielded) {
                // Nobody can lift the shield any more: nothing from above reaches them.
                // SAFETY: in this section of its tree (1).
                unsafe { link::unlink(section, this.head()) };
            } else {
                // SAFETY: as above; a node's siblings and its children are two rings.
                unsafe { link::splice(section, place, this.head()) };
            }
            // SAFETY: as above.
            unsafe { link::unlink(section, place) };
        });
    }
}

impl<F: Flavour> Handle<Event<F>> for Arc<Node<F>> {}

// SAFETY: a field of what is shared, in its own allocation.
unsafe impl<F: Flavour> Get<Event<F>> for Arc<Node<F>> {
    #[inline]
    fn get(&self) -> &Event<F> {
        &self.cancelled
    }
}
