//! Many futures in one task, each of which is polled only when it was woken.
//!
//! # Invariants
//!
//! 1. A `SlotPtr` is the address of an initialised slot at the beginning of a node in a block of its
//!    set. The set has them, its lists, and the wakers of its futures. Blocks are freed together,
//!    when the set and all clones of its wakers are gone, and never move.
//! 2. The nodes of a block have the indices from its `start` to that of the next block, and those of
//!    the newest one go on to the capacity.
//! 3. A slot is occupied if and only if it is in the order of the pushes. Then its future is
//!    initialised, and never moved; nobody but the set reaches it.
//! 4. A slot counts its wakers, except for the one that is lent to a poll: the set is borrowed for
//!    that. The blocks are kept by the set and, when it is gone, by every slot that has wakers. The set
//!    notices after each poll, and when a future goes, which slots have some.
//! 5. While a slot counts no waker, the only one is lent to a poll, and all references to that have
//!    ended when the poll returns. So outside of a poll the slot is then the set's alone.
//! 6. A slot is in one of the lists that `next` links, or is claimed to be put there, or free or worn
//!    out, if and only if it is `QUEUED`. Whoever made it so is the only one to write `next` and
//!    `carried`.

mod blocks;
mod iter;
mod key;
mod lists;
mod places;
mod poll;
mod shared;
mod slot;
#[cfg(all(test, feature = "std", not(loom)))]
mod tests;
#[cfg(all(test, loom))]
#[path = "future_set/tests/loom.rs"]
mod tests;
mod traits;
mod waker;

use core::future::Future;
use core::marker::PhantomData;
use core::pin::Pin;
use core::task::{Context, Poll};

use self::blocks::Blocks;
pub use self::iter::IterPinMut;
pub use self::key::Key;
use self::lists::{FreeList, Order, RunQueue};

/// Futures that run side by side in one task: a stream of their outputs, as they come.
///
/// Each future has a waker of its own, so a poll of the set polls those that were woken, and no
/// other. They are polled in the order in which they were woken, for the first time in the order in
/// which they were pushed. One that is woken while the set is being polled waits for the next poll of
/// it, so that futures which wake themselves starve neither one another nor the executor; one that
/// does so while it is polled may come behind those that are woken until its poll ends.
///
/// The futures may borrow, and need not be [`Unpin`]; the set itself always is. Its wakers may be
/// used on any thread, also after the set is gone.
///
/// # Cancel safety
///
/// A poll loses nothing: an output is either returned or still to come. Dropping the set drops its
/// futures in the order in which they were pushed, where they lie; scopes in them hand their cleanup
/// to whoever drops. Leaking it leaks them.
///
/// # Panics
///
/// When a future panics while it is polled, it is dropped and the panic goes on. The others stay, and
/// the set can be used as before; poll it again, since it has not looked at all that were woken.
/// When one panics while it is dropped, the others are dropped all the same.
///
/// # Complexity
///
/// To push, to wake, to remove: constant time, none of it depends on how many futures there are.
/// Futures lie in blocks, each as large as all before it together, so that a set of n futures has
/// allocated log n times; places are used again. The memory is freed with the set, or with the last
/// clone of a waker of its futures. Such a clone is counted, not allocated.
///
/// # Examples
///
/// ```
/// use futures_util::StreamExt;
/// use withal_sync::future_set::FutureSet;
///
/// # futures_util::FutureExt::now_or_never(async {
/// let names = ["a", "b", "c"];
/// let mut set: FutureSet<_> = names.iter().map(async |name| name.len()).collect();
/// let mut sum = 0;
/// while let Some((_key, len)) = set.next().await {
///     sum += len;
/// }
/// assert_eq!(sum, 3);
/// # }).unwrap();
/// ```
///
/// Source: futures-util's `FuturesUnordered`; its order of polls is neither that of the pushes nor
/// of the wakes, and each future is an allocation.
#[must_use = "its futures do nothing unless it is polled"]
pub struct FutureSet<F> {
    blocks: Blocks,
    free: FreeList,
    run: RunQueue,
    order: Order,
    len: usize,
    /// How many places were left while they were in a list, and have not come out of it.
    lingering: usize,
    /// How many places have wakers, as noticed.
    noticed: usize,
    _futures: PhantomData<F>,
}

// SAFETY: the set owns its futures. What it shares with wakers is atomic or behind a lock, or, by 5
// and 6, touched by one of them at a time.
unsafe impl<F: Send> Send for FutureSet<F> {}

// SAFETY: by reference nothing but its length and its state can be looked at.
unsafe impl<F: Sync> Sync for FutureSet<F> {}

/// The futures are never moved with it.
impl<F> Unpin for FutureSet<F> {}

impl<F> FutureSet<F> {
    /// An empty set. It allocates nothing before the first push.
    pub const fn new() -> Self {
        Self {
            blocks: Blocks::new(),
            free: FreeList::new(),
            run: RunQueue::new(),
            order: Order::new(),
            len: 0,
            lingering: 0,
            noticed: 0,
            _futures: PhantomData,
        }
    }

    /// An empty set with room for so many futures, in one allocation.
    ///
    /// # Panics
    ///
    /// If the memory would be larger than the address space, or `capacity` than 2³² - 1.
    pub fn with_capacity(capacity: usize) -> Self {
        let mut set = Self::new();
        if capacity > 0 {
            set.blocks.grow::<F>(capacity);
        }
        set
    }

    /// How many futures there are: pushed, and neither finished nor removed.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Adds a future; the set polls it when it is next polled itself. The task is not woken.
    ///
    /// # Panics
    ///
    /// If there would be 2³² futures, or more than memory can hold.
    pub fn push(&mut self, future: F) -> Key {
        let slot = self.place();
        // SAFETY: the place is free, and from now on occupied (3).
        unsafe { slot.future::<F>().write(future) };
        slot.turn_over();
        self.order.append(slot);
        self.len += 1;
        // Those that were woken before it are polled before it.
        self.collect();
        self.run.append(slot);
        slot.key()
    }

    /// Whether the future has neither finished nor been removed.
    pub fn contains(&self, key: Key) -> bool {
        self.find(key).is_some()
    }

    /// The future, if it has neither finished nor been removed. It is not polled for that: see
    /// [`wake`](Self::wake).
    pub fn get_pin_mut(&mut self, key: Key) -> Option<Pin<&mut F>> {
        let slot = self.find(key)?;
        // SAFETY: it is occupied, and the set is borrowed (3).
        let future = unsafe { &mut *slot.future::<F>() };
        // SAFETY: it is never moved (3).
        Some(unsafe { Pin::new_unchecked(future) })
    }

    /// All futures, in the order in which they were pushed.
    pub fn iter_pin_mut(&mut self) -> IterPinMut<'_, F> {
        IterPinMut::new(self)
    }

    /// Wakes a future, as its waker would. Whether it is still there.
    pub fn wake(&mut self, key: Key) -> bool {
        let Some(slot) = self.find(key) else {
            return false;
        };
        self.enqueue(slot);
        self.wake_task();
        true
    }

    /// Wakes all futures, in the order in which they were pushed.
    pub fn wake_all(&mut self) {
        let mut next = self.order.first();
        while let Some(slot) = next {
            self.enqueue(slot);
            next = slot.after.get();
        }
        self.wake_task();
    }

    /// Drops a future where it lies. Whether it was still there.
    pub fn remove(&mut self, key: Key) -> bool {
        let slot = self.find(key);
        slot.map(|slot| self.vacate(slot)).is_some()
    }

    /// Drops all futures where they lie, in the order in which they were pushed.
    ///
    /// # Panics
    ///
    /// When one of them panics; the others are dropped before the panic goes on.
    pub fn clear(&mut self) {
        struct Rest<'a, F>(&'a mut FutureSet<F>);

        impl<F> Rest<'_, F> {
            fn drop_all(&mut self) {
                while let Some(slot) = self.0.order.first() {
                    self.0.vacate(slot);
                }
            }
        }

        impl<F> Drop for Rest<'_, F> {
            fn drop(&mut self) {
                self.drop_all();
            }
        }

        Rest(self).drop_all();
    }

    /// Polls those futures that were woken before, each once, until one of them is ready.
    ///
    /// - `Ready(Some((key, output)))`: the future that `key` belonged to has ended, and is dropped.
    /// - `Ready(None)`: the set is empty. It may be polled again, and used further.
    /// - `Pending`: the task is woken when one of the futures is.
    pub fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<(Key, F::Output)>>
    where
        F: Future,
    {
        if self.len == 0 {
            return Poll::Ready(None);
        }
        self.collect();
        if let Some(last) = self.run.last() {
            while let Some(slot) = self.run.pop() {
                if let Some(ended) = self.turn(slot) {
                    return Poll::Ready(Some(ended));
                }
                if slot == last {
                    break;
                }
            }
        }
        self.wait(cx);
        Poll::Pending
    }
}

impl<F> Drop for FutureSet<F> {
    fn drop(&mut self) {
        /// A future may panic when it is dropped.
        struct Rest<'a, F>(&'a mut FutureSet<F>);

        impl<F> Drop for Rest<'_, F> {
            fn drop(&mut self) {
                self.0.blocks.give_up::<F>(self.0.noticed);
            }
        }

        Rest(self).0.clear();
    }
}

const _: () = {
    const fn send_sync_unpin<T: Send + Sync + Unpin>() {}
    send_sync_unpin::<FutureSet<core::future::Ready<u8>>>();
    send_sync_unpin::<Key>();
};
