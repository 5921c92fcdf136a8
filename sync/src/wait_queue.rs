//! The wait-queue under every primitive.
//!
//! Whoever must wait links a *node* into a first-in, first-out list of the primitive's state. The
//! node lives in the waiting future itself, so a wait allocates nothing, and it is made only when
//! there is no way around waiting. Whoever can serve the first waiter unlinks its node, puts what
//! it is given (its *parcel*: an item, a permit, nothing) into it, and wakes it after the section.
//!
//! - *Direct hand-off*: what a waiter waits for is its own before it is woken, so nobody can
//!   overtake it, and one wake moves the work.
//! - *Baton rule*: a waiter that is dropped after it was served gives its parcel back, and the
//!   primitive passes it on. Nothing is lost between a wake and the poll that follows.
//! - Nodes are unlinked when their future is dropped, in constant time.
//! - Wakers are cloned, compared, woken and dropped outside of the sections.
//!
//! # Invariants
//!
//! 1. A node is linked in at most one list, the one that its waiter's [`WaitOn`] names, which lies
//!    in the [`Locked`] state that the waiter keeps alive.
//! 2. A node's place in memory stays valid and fixed while it is linked: the waiter is pinned, and
//!    its drop unlinks the node before the memory goes.
//! 3. Links, waker and parcel of a linked node are touched in a section only.
//! 4. `served` turns true once, in a section, by whoever has just unlinked the node. After that
//!    store nobody but the waiter touches the node: its memory may be gone.
//! 5. A waiter touches links and waker in a section only; its parcel also once it has read
//!    `served` as true with `Acquire`, or has unlinked the node itself.

mod list;
mod patience;
mod waiter;
mod wakers;

#[cfg(all(test, not(loom)))]
mod tests;
#[cfg(all(test, loom))]
#[path = "wait_queue/tests/loom.rs"]
mod tests;

pub(crate) use self::list::List;
pub(crate) use self::patience::Patience;
pub(crate) use self::waiter::{Left, WaitOn, Waiter};
pub(crate) use self::wakers::{Wakers, until_done};
