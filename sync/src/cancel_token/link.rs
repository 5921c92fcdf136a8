use core::ptr::NonNull;

use super::node::Section;
use crate::primitives::UnsafeCell;

/// A place in a ring: of a token among its siblings, or of the head that stands for their parent.
///
/// A ring may lose its head, and its members still leave it in constant time: they know their
/// neighbours only.
pub(super) struct Link {
    /// `None` while it is alone. Touched in a section of its tree only.
    around: UnsafeCell<Option<Around>>,
}

#[derive(Clone, Copy)]
struct Around {
    prev: NonNull<Link>,
    next: NonNull<Link>,
}

impl Link {
    pub(super) fn alone() -> Self {
        Self {
            around: UnsafeCell::new(None),
        }
    }
}

/// The link behind this one. `None` if it is alone.
///
/// # Safety
///
/// The section is one of the tree that the link belongs to, and the link is there.
pub(super) unsafe fn next(section: &mut Section, link: NonNull<Link>) -> Option<NonNull<Link>> {
    // SAFETY: as the caller says.
    unsafe { around(section, link, |around| around.map(|around| around.next)) }
}

/// Puts `link`, which is alone, in front of `head`: behind all others, if that is the head.
///
/// # Safety
///
/// As [`next`], for both and for all in the ring of `head`; until `link` is taken out, it stays
/// where it is.
pub(super) unsafe fn push(section: &mut Section, head: NonNull<Link>, link: NonNull<Link>) {
    // SAFETY: as the caller says.
    let prev = unsafe { around(section, head, |around| around.map_or(head, |a| a.prev)) };
    // SAFETY: as the caller says: `prev` is in the ring of `head`.
    unsafe { join(section, prev, link) };
    // SAFETY: as above.
    unsafe { join(section, link, head) };
}

/// Takes `link` out of its ring, if it is in one.
///
/// # Safety
///
/// As [`next`], for all in its ring.
pub(super) unsafe fn unlink(section: &mut Section, link: NonNull<Link>) {
    // SAFETY: as the caller says.
    let Some(Around { prev, next }) = (unsafe { around(section, link, Option::take) }) else {
        return;
    };
    if prev == next {
        // SAFETY: in the ring of `link`. It was one of two, and is alone now.
        unsafe { around(section, prev, Option::take) };
    } else {
        // SAFETY: both are in the ring of `link`.
        unsafe { join(section, prev, next) };
    }
}

/// Moves all that is in the ring of `head`, which is left alone, behind `link`, in their order.
///
/// # Safety
///
/// As [`push`]. The two are in different rings.
pub(super) unsafe fn splice(section: &mut Section, link: NonNull<Link>, head: NonNull<Link>) {
    // SAFETY: as the caller says.
    let Some(moved) = (unsafe { around(section, head, Option::take) }) else {
        return;
    };
    // SAFETY: as the caller says.
    let behind = unsafe { next(section, link) }.unwrap_or(link);
    // SAFETY: as the caller says: all are in one of the two rings.
    unsafe { join(section, moved.prev, behind) };
    // SAFETY: as above.
    unsafe { join(section, link, moved.next) };
}

/// Makes them neighbours. One that was alone has the other on both sides, until it is joined again.
///
/// # Safety
///
/// As [`next`], for both.
unsafe fn join(section: &mut Section, prev: NonNull<Link>, next: NonNull<Link>) {
    // SAFETY: as the caller says.
    unsafe {
        around(section, prev, |around| {
            around.get_or_insert(Around { prev: next, next }).next = next;
        });
    }
    // SAFETY: as the caller says.
    unsafe {
        around(section, next, |around| {
            around.get_or_insert(Around { prev, next: prev }).prev = prev;
        });
    }
}

/// # Safety
///
/// As [`next`].
unsafe fn around<T>(
    _section: &mut Section,
    link: NonNull<Link>,
    f: impl FnOnce(&mut Option<Around>) -> T,
) -> T {
    // SAFETY: the caller says that it is there.
    let link = unsafe { link.as_ref() };
    // SAFETY: the section is the only one of its tree, and the reference ends in it.
    link.around.with_mut(|around| f(unsafe { &mut *around }))
}
