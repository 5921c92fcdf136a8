//! The wakers of the futures: a pointer to a slot, which counts them.
//!
//! The one that is lent to a poll is not counted, since the set outlives the poll. As long as none is
//! counted, it is known to be the only one: its wake is a mark for the end of the poll, and not an
//! operation that other threads must agree on.

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
    slot(data).add_waker();
    RawWaker::new(data, &VTABLE)
}

fn wake(data: *const ()) {
    slot(data).wake();
}

fn wake_by_ref(data: *const ()) {
    slot(data).wake_by_ref();
}

fn drop(data: *const ()) {
    slot(data).drop_waker();
}
