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
    /// The set, and each waker that is not lent.
    shares: AtomicUsize,
    /// Those that were woken since the set last looked, the last one on top.
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

    /// Takes another share.
    #[inline]
    pub(super) fn retain(&self) {
        // So many wakers can only have been leaked.
        if self.shares.fetch_add(1, Relaxed) > usize::MAX / 2 {
            self.shares.fetch_sub(1, Relaxed);
            panic!("too many wakers of a future");
        }
    }

    /// Puts a slot that its caller has claimed among the woken.
    #[inline]
    pub(super) fn push(&self, slot: SlotPtr) {
        let mut top = self.woken.load(Relaxed);
        loop {
            slot.set_next(SlotPtr::new(top));
            let new = slot.as_ptr();
            match self.woken.compare_exchange_weak(top, new, Release, Relaxed) {
                Ok(_) => break,
                Err(now) => top = now,
            }
        }
        // Otherwise whoever came first has woken the task, which has not looked yet.
        if top.is_null() {
            self.wake_task();
        }
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

/// Gives up one share, and with the last one all blocks.
///
/// # Safety
///
/// - The share is the caller's.
/// - It uses nothing of the set or of a waker afterwards.
#[inline]
pub(super) unsafe fn release(shared: NonNull<Shared>) {
    // SAFETY: the share keeps it alive.
    let is_last = unsafe { shared.as_ref() }.shares.fetch_sub(1, AcqRel) == 1;
    if is_last {
        // SAFETY: nobody else has a share, and what they did with theirs was seen by the exchange.
        unsafe { super::blocks::free(shared) };
    }
}

/// The set's share.
pub(super) struct Root(NonNull<Shared>);

impl Root {
    /// Takes over the first share.
    pub(super) fn new(shared: NonNull<Shared>) -> Self {
        Self(shared)
    }

    #[inline]
    pub(super) fn as_ptr(&self) -> NonNull<Shared> {
        self.0
    }
}

impl core::ops::Deref for Root {
    type Target = Shared;

    #[inline]
    fn deref(&self) -> &Shared {
        // SAFETY: this share keeps it alive.
        unsafe { self.0.as_ref() }
    }
}

impl Drop for Root {
    fn drop(&mut self) {
        self.forget_task();
        // SAFETY: this is the set's share, and the set is gone.
        unsafe { release(self.0) };
    }
}
