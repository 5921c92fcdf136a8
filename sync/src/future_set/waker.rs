//! The wakers of the futures: a pointer to a slot, and a share of what keeps it alive.
//!
//! The one that is lent to a poll has no share, since the set outlives the poll. As long as it was
//! not cloned, it is known to be the only one: its wake is a mark for the end of the poll, and not
//! an operation that other threads must agree on.

use core::mem::ManuallyDrop;
use core::task::{RawWaker, RawWakerVTable, Waker};

use super::slot::SlotPtr;

static VTABLE: RawWakerVTable = RawWakerVTable::new(clone, wake, wake_by_ref, drop);

/// The waker of `slot` for one poll of its future.
#[inline]
pub(super) fn lend(slot: SlotPtr) -> ManuallyDrop<Waker> {
    // SAFETY: the functions of the table keep to the contract of wakers; what they touch lives as
    // long as the set, which polls, and any clone (4).
    ManuallyDrop::new(unsafe { Waker::new(slot.as_ptr().cast(), &VTABLE) })
}

#[inline]
fn slot(data: *const ()) -> SlotPtr {
    let slot = SlotPtr::new(data.cast_mut().cast());
    // SAFETY: the data of these wakers is a slot's address.
    unsafe { slot.unwrap_unchecked() }
}

fn clone(data: *const ()) -> RawWaker {
    let slot = slot(data);
    slot.set_cloned();
    slot.shared().retain();
    RawWaker::new(data, &VTABLE)
}

fn wake(data: *const ()) {
    // SAFETY: this is such a waker, whose share passes to this one.
    let waker = unsafe { Waker::new(data, &VTABLE) };
    // The task's waker may panic.
    waker.wake_by_ref();
}

fn wake_by_ref(data: *const ()) {
    let slot = slot(data);
    if !slot.is_cloned() {
        // Lent to a poll that has not ended (5).
        slot.set_woken();
    } else if slot.claim_shared() {
        slot.shared().push(slot);
    }
}

fn drop(data: *const ()) {
    let shared = slot(data).shared;
    // SAFETY: a waker that is dropped was made by `clone`, and its share ends here.
    unsafe { super::shared::release(shared) };
}
