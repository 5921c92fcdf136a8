//! The forms that block their thread, all in one place: each is
//! `block_on_thread(self.operation(…))`.
//!
//! They ask for `F: Sync`: where only one thread is, nobody else could end the wait.

mod thread;

#[cfg(all(test, not(loom)))]
mod tests;

use self::thread::block_on_thread;
use crate::barrier::{Barrier, BrokenBarrier};
use crate::channel::{Receiver, SendError, Sender};
use crate::condition::Condition;
use crate::event::Event;
use crate::flavour::Flavour;
use crate::handle::Handle;
use crate::latch::Latch;
use crate::limiter::{KeyInUse, Limiter, Token};
use crate::mutex::{self, Mutex};
use crate::pool::{self, Lease, Pool};
use crate::queue::{self, Job, PushError, Queue, Slot, Storage};
use crate::rw_lock::{ReadGuard, RwLock, WriteGuard};
use crate::semaphore::{self, Permit, Semaphore};

impl<T, S: Storage<T>, F: Flavour + Sync> Queue<T, S, F> {
    /// [`push`](Self::push), for plain threads: blocks this one until the item is in.
    ///
    /// In a task it blocks the executor's thread, and for ever, if room is to come from there.
    ///
    /// # Errors
    ///
    /// As [`push`](Self::push).
    pub fn push_blocking(&self, item: T) -> Result<(), PushError<T>> {
        block_on_thread(self.push(item))
    }

    /// [`reserve`](Self::reserve), for plain threads: blocks this one until a place is its own.
    ///
    /// In a task it blocks the executor's thread, and for ever, if room is to come from there.
    ///
    /// # Errors
    ///
    /// As [`reserve`](Self::reserve).
    pub fn reserve_blocking(&self) -> Result<Slot<&Self, T, S, F>, queue::Closed> {
        block_on_thread(self.reserve())
    }

    /// [`pop`](Self::pop), for plain threads: blocks this one until there is an item, or the queue
    /// is closed and empty.
    ///
    /// In a task it blocks the executor's thread, and for ever, if the item is to come from there.
    pub fn pop_blocking(&self) -> Option<T> {
        block_on_thread(self.pop())
    }

    /// [`pop_job`](Self::pop_job), for plain threads: blocks this one as
    /// [`pop_blocking`](Self::pop_blocking) does.
    pub fn pop_job_blocking(&self) -> Option<Job<&Self, T, S, F>> {
        block_on_thread(self.pop_job())
    }

    /// [`join`](Self::join), for plain threads: blocks this one until no item is unfinished.
    ///
    /// In a task it blocks the executor's thread, and for ever, if the work is to be done there.
    pub fn join_blocking(&self) {
        block_on_thread(self.join());
    }
}

impl<T, F: Flavour + Sync> Sender<T, F> {
    /// [`send`](Self::send), for plain threads: blocks this one until the value is sent.
    ///
    /// In a task it blocks the executor's thread, and for ever, if the receiver runs there.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub fn send_blocking(&self, value: T) -> Result<(), SendError<T>> {
        block_on_thread(self.send(value))
    }
}

impl<T, F: Flavour + Sync> Receiver<T, F> {
    /// [`recv`](Self::recv), for plain threads: blocks this one until there is a value, or the
    /// channel is closed and empty.
    ///
    /// In a task it blocks the executor's thread, and for ever, if the sender runs there.
    ///
    /// # Examples
    ///
    /// ```
    /// use withal_sync::Channel;
    ///
    /// let (sender, receiver) = Channel::bounded(0);
    /// let sum = std::thread::spawn(move || {
    ///     std::iter::from_fn(|| receiver.recv_blocking()).sum::<u32>()
    /// });
    /// for n in 1..=3 {
    ///     sender.send_blocking(n)?; // A task would `send(n).await`.
    /// }
    /// drop(sender);
    /// assert_eq!(sum.join().unwrap(), 6);
    /// # Ok::<(), withal_sync::channel::SendError<u32>>(())
    /// ```
    pub fn recv_blocking(&self) -> Option<T> {
        block_on_thread(self.recv())
    }
}

impl<T, F: Flavour + Sync> Mutex<T, F> {
    /// [`lock`](Self::lock), for plain threads: blocks this one until it has the lock.
    ///
    /// In a task it blocks the executor's thread, and for ever, if the holder runs there.
    pub fn lock_blocking(&self) -> mutex::Guard<&Self, T, F> {
        block_on_thread(self.lock())
    }
}

impl<F: Flavour + Sync> Condition<F> {
    /// [`wait`](Self::wait), for plain threads: blocks this one until it was notified and has the
    /// mutex again.
    ///
    /// In a task it blocks the executor's thread, and for ever, if who notifies runs there.
    pub fn wait_blocking<H, T, K>(&self, guard: mutex::Guard<H, T, K>) -> mutex::Guard<H, T, K>
    where
        H: Handle<Mutex<T, K>>,
        K: Flavour + Sync,
    {
        block_on_thread(self.wait(guard))
    }

    /// [`wait_until`](Self::wait_until), for plain threads: blocks this one as
    /// [`wait_blocking`](Self::wait_blocking) does.
    pub fn wait_until_blocking<H, T, K>(
        &self,
        guard: mutex::Guard<H, T, K>,
        holds: impl FnMut(&mut T) -> bool,
    ) -> mutex::Guard<H, T, K>
    where
        H: Handle<Mutex<T, K>>,
        K: Flavour + Sync,
    {
        block_on_thread(self.wait_until(guard, holds))
    }
}

impl<F: Flavour + Sync> Semaphore<F> {
    /// [`acquire`](Self::acquire), for plain threads: blocks this one until it has a permit.
    ///
    /// In a task it blocks the executor's thread, and for ever, if the holder runs there.
    ///
    /// # Errors
    ///
    /// As [`acquire`](Self::acquire).
    pub fn acquire_blocking(&self) -> Result<Permit<&Self, F>, semaphore::Closed> {
        block_on_thread(self.acquire())
    }

    /// [`acquire_many`](Self::acquire_many), for plain threads: blocks this one until it has all.
    ///
    /// # Errors
    ///
    /// As [`acquire`](Self::acquire).
    pub fn acquire_many_blocking(
        &self,
        permits: usize,
    ) -> Result<Permit<&Self, F>, semaphore::Closed> {
        block_on_thread(self.acquire_many(permits))
    }
}

impl<F: Flavour + Sync> Event<F> {
    /// [`wait`](Self::wait), for plain threads: blocks this one until the event is set.
    ///
    /// In a task it blocks the executor's thread, and for ever, if the event is set there.
    pub fn wait_blocking(&self) {
        block_on_thread(self.wait());
    }
}

impl<F: Flavour + Sync> Latch<F> {
    /// [`wait`](Self::wait), for plain threads: blocks this one until the latch is open.
    ///
    /// In a task it blocks the executor's thread, and for ever, if the latch is opened there.
    pub fn wait_blocking(&self) {
        block_on_thread(self.wait());
    }
}

impl<F: Flavour + Sync> Barrier<F> {
    /// [`wait`](Self::wait), for plain threads: blocks this one until all have come.
    ///
    /// In a task it blocks the executor's thread, and for ever, if another one is to come there.
    ///
    /// # Errors
    ///
    /// As [`wait`](Self::wait).
    pub fn wait_blocking(&self) -> Result<usize, BrokenBarrier> {
        block_on_thread(self.wait())
    }
}

impl<T, F: Flavour + Sync> RwLock<T, F> {
    /// [`read`](Self::read), for plain threads: blocks this one until the value can be read.
    ///
    /// In a task it blocks the executor's thread, and for ever, if the holder runs there.
    pub fn read_blocking(&self) -> ReadGuard<&Self, T, F> {
        block_on_thread(self.read())
    }

    /// [`write`](Self::write), for plain threads: blocks this one until the value can be written to.
    ///
    /// In a task it blocks the executor's thread, and for ever, if the holder runs there.
    pub fn write_blocking(&self) -> WriteGuard<&Self, T, F> {
        block_on_thread(self.write())
    }
}

impl<K: Copy + Ord, F: Flavour + Sync> Limiter<K, F> {
    /// [`acquire`](Self::acquire), for plain threads: blocks this one until it has a token.
    ///
    /// In a task it blocks the executor's thread, and for ever, if the borrower runs there.
    ///
    /// # Errors
    ///
    /// As [`acquire`](Self::acquire).
    pub fn acquire_blocking(&self, key: K) -> Result<Token<&Self, K, F>, KeyInUse> {
        block_on_thread(self.acquire(key))
    }
}

impl<T, F: Flavour + Sync> Pool<T, F> {
    /// [`take`](Self::take), for plain threads: blocks this one until it has an object.
    ///
    /// In a task it blocks the executor's thread, and for ever, if the object is leased there.
    ///
    /// # Errors
    ///
    /// As [`take`](Self::take).
    pub fn take_blocking(&self) -> Result<Lease<&Self, T, F>, pool::Closed> {
        block_on_thread(self.take())
    }

    /// [`closed`](Self::closed), for plain threads: blocks this one until the pool is closed, and all
    /// leases are back.
    ///
    /// In a task it blocks the executor's thread, and for ever, if an object is leased there.
    pub fn closed_blocking(&self) {
        block_on_thread(self.closed());
    }
}
