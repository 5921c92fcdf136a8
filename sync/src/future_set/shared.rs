//! What a set shares with the wakers of its futures.

use core::ptr::{self, NonNull};
use core::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
use core::task::Waker;

use super::blocks::Block;
use super::slot::{Slot, SlotPtr};
#[cfg(all(test, loom))]
use crate::flavour::Modelled as Strategy;
#[cfg(not(all(test, loom)))]
use crate::flavour::Spin as Strategy;
use crate::primitives::{AtomicPtr, AtomicUsize};
use crate::short_lock::Locked;

/// Lies at the beginning of the first block.
#[repr(C)]
pub(super) struct Shared {
    pub(super) first: Block,
    /// The last block that was made; changed by the set alone.
    pub(super) newest: AtomicPtr<Block>,
    /// The set; when it is gone, each slot that has wakers.
    shares: AtomicUsize,
    /// Those that were woken since the set last looked, the last one on top; [`closed`] for ever when
    /// the set is gone.
    woken: AtomicPtr<Slot>,
    task: Locked<Task, Strategy>,
}

/// The task that polls the set.
struct Task {
    /// Not there while it is being woken.
    waker: Option<Waker>,
    is_gone: bool,
}

impl Shared {
    /// With one share, for the set.
    pub(super) fn new(first: Block, this: NonNull<Self>) -> Self {
        Self {
            first,
            newest: AtomicPtr::new(this.as_ptr().cast()),
            shares: AtomicUsize::new(1),
            woken: AtomicPtr::new(ptr::null_mut()),
            task: Locked::new(Task {
                waker: None,
                is_gone: false,
            }),
        }
    }

    /// Puts a slot that its caller has claimed among the woken, unless the set is gone.
    ///
    /// If the caller `goes`, by a waker that is used up, the set may drop that for it: whether it
    /// will.
    ///
    /// # Safety
    ///
    /// - The set, or a waker of the slot, keeps `shared` alive.
    /// - Where this returns true, that was the waker, which the caller has no longer.
    #[inline]
    pub(super) unsafe fn push(shared: NonNull<Self>, slot: SlotPtr, goes: bool) -> bool {
        // Not a reference in the arguments: it may be freed before this returns.
        // SAFETY: it lives until the slot is among the woken, and if the caller stays, then longer.
        let this = unsafe { shared.as_ref() };
        let mut top = this.woken.load(Relaxed);
        loop {
            if top == closed() {
                return false;
            }
            slot.set_next(SlotPtr::new(top));
            // Whoever wakes the task is not done yet.
            slot.set_carried(goes && !top.is_null());
            let new = slot.as_ptr();
            match this.woken.compare_exchange_weak(top, new, Release, Relaxed) {
                Ok(_) => break,
                Err(now) => top = now,
            }
        }
        if top.is_null() {
            this.wake_task();
            return false;
        }
        // Whoever came first has woken the task, which has not looked yet.
        goes
    }

    #[inline]
    pub(super) fn has_woken(&self) -> bool {
        !self.woken.load(Relaxed).is_null()
    }

    /// Takes all that were woken, the last one first.
    #[inline]
    pub(super) fn take_woken(&self) -> Option<SlotPtr> {
        SlotPtr::new(self.woken.swap(ptr::null_mut(), Acquire))
    }

    /// The set is gone: nobody is put among the woken any more. Takes those that were.
    pub(super) fn close(&self) -> Option<SlotPtr> {
        self.forget_task();
        SlotPtr::new(self.woken.swap(closed(), Acquire))
    }

    /// Adds shares, for slots whose wakers outlive the set.
    pub(super) fn share(&self, slots: usize) {
        self.shares.fetch_add(slots, Relaxed);
    }

    /// Sees to it that `waker` is the one that is woken. Afterwards ask once more for the woken.
    pub(super) fn register(&self, waker: &Waker) {
        let is_known = |task: &mut Task| {
            task.waker
                .as_ref()
                .is_some_and(|known| known.will_wake(waker))
        };
        if self.task.with(is_known) {
            return;
        }
        let waker = waker.clone();
        let before = self.task.with(|task| task.waker.replace(waker));
        drop(before);
    }

    /// Wakes the task that was registered last.
    ///
    /// Whoever finds no waker here comes while another one wakes the task by it: after that the
    /// task polls the set once more, and registers anew.
    pub(super) fn wake_task(&self) {
        let Some(waker) = self.task.with(|task| task.waker.take()) else {
            return;
        };
        waker.wake_by_ref();
        // Back, so that the task need not clone it again; unless it has done so, or moved.
        let surplus = self.task.with(|task| {
            if task.waker.is_some() || task.is_gone {
                return Some(waker);
            }
            task.waker = Some(waker);
            None
        });
        drop(surplus);
    }

    /// The set is gone: nobody is to be woken.
    fn forget_task(&self) {
        let waker = self.task.with(|task| {
            task.is_gone = true;
            task.waker.take()
        });
        drop(waker);
    }
}

/// What is among the woken when the set is gone: no slot.
fn closed() -> *mut Slot {
    NonNull::dangling().as_ptr()
}

/// Gives up so many shares, and with the last one all blocks.
///
/// # Safety
///
/// - The shares are the caller's.
/// - It uses nothing of the set or of a waker afterwards.
pub(super) unsafe fn release(shared: NonNull<Shared>, shares: usize) {
    // SAFETY: the shares keep it alive.
    let before = unsafe { shared.as_ref() }.shares.fetch_sub(shares, AcqRel);
    if before == shares {
        // SAFETY: nobody else has a share, and what they did with theirs was seen by the exchange.
        unsafe { super::blocks::free(shared) };
    }
}
