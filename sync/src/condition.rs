//! Waiting under a mutex until something holds.

#[cfg(all(test, not(loom)))]
mod tests;
#[cfg(all(test, loom))]
#[path = "condition/tests/loom.rs"]
mod tests;
mod wait;

use core::fmt;

use self::wait::Note;
pub use self::wait::{TimedOut, Wait, WaitTimeout};
use crate::flavour::{Flavour, Spin};
use crate::handle::Handle;
use crate::mutex::{Guard, Mutex};
use crate::short_lock::Locked;
use crate::wait_queue::{List, until_done};
use withal_core::runtime::Timer;

/// Lets tasks that hold a [`Mutex`] wait for a change that another holder makes.
///
/// A wait takes the guard and returns it: the mutex is released only when the waiter has its place,
/// so no notification can slip in between, and it is locked again before the wait ends. Several
/// conditions may go with one mutex.
///
/// # Order and fairness
///
/// Notifications go to those that have waited longest. A waiter may also return without one: look
/// at the value in a loop, or use [`wait_until`](Self::wait_until).
///
/// # Examples
///
/// ```
/// use withal_sync::{Condition, Mutex};
///
/// # futures_util::FutureExt::now_or_never(async {
/// let (stock, changed) = (Mutex::new(0), Condition::new());
/// let buy = async {
///     let mut stock = changed.wait_until(stock.lock().await, |stock| *stock > 0).await;
///     *stock -= 1;
/// };
/// let fill = async {
///     *stock.lock().await += 1;
///     changed.notify_one();
/// };
/// futures_util::join!(fill, buy);
/// # }).unwrap();
/// ```
///
/// Source: asyncio's `Condition`; differs in that the guard is handed in and out, so that none can
/// wait without it, and in that a wait that is dropped does not lock again.
pub struct Condition<F: Flavour = Spin> {
    waiters: Locked<Waiters, F>,
}

struct Waiters {
    list: List<Note>,
    /// How many have begun to wait so far.
    turns: u64,
}

impl<F: Flavour> Condition<F> {
    /// A condition that nobody waits for.
    pub fn new() -> Self {
        Self {
            waiters: Locked::new(Waiters {
                list: List::new(),
                turns: 0,
            }),
        }
    }

    /// Releases the mutex, waits for a notification, and locks the mutex again.
    ///
    /// # Cancel safety
    ///
    /// Dropped before it was notified, it leaves the queue; dropped afterwards, it passes its
    /// notification on. Either way the guard is gone, and the mutex free. Leaked, it keeps its place,
    /// and swallows a notification.
    pub fn wait<H, T, K>(&self, guard: Guard<H, T, K>) -> Wait<'_, H, T, K, F>
    where
        H: Handle<Mutex<T, K>>,
        K: Flavour,
    {
        Wait::new(self, guard)
    }

    /// Waits until `holds` says so of the value: not at all, if it does.
    ///
    /// # Cancel safety
    ///
    /// As [`wait`](Self::wait).
    pub async fn wait_until<H, T, K>(
        &self,
        mut guard: Guard<H, T, K>,
        mut holds: impl FnMut(&mut T) -> bool,
    ) -> Guard<H, T, K>
    where
        H: Handle<Mutex<T, K>>,
        K: Flavour,
    {
        while !holds(&mut guard) {
            guard = self.wait(guard).await;
        }
        guard
    }

    /// [`wait`](Self::wait), for at most `timeout`. Either way the guard comes back, together with
    /// whether the time ran out: a timeout around `wait` would lose it.
    ///
    /// Locking again is not limited.
    ///
    /// # Cancel safety
    ///
    /// As [`wait`](Self::wait).
    pub fn wait_timeout<R, H, T, K>(
        &self,
        rt: &R,
        guard: Guard<H, T, K>,
        timeout: core::time::Duration,
    ) -> WaitTimeout<'_, R::Sleep, H, T, K, F>
    where
        R: Timer,
        H: Handle<Mutex<T, K>>,
        K: Flavour,
    {
        WaitTimeout::new(self.wait(guard), rt.sleep(timeout))
    }

    /// Notifies the one that has waited longest. Whether there was one.
    pub fn notify_one(&self) -> bool {
        let served = self
            .waiters
            .with(|waiters| waiters.list.serve(|note| *note = Note::One));
        match served {
            Some(((), waker)) => {
                if let Some(waker) = waker {
                    waker.wake();
                }
                true
            }
            None => false,
        }
    }

    /// Notifies up to `count` that have waited longest. How many there were.
    pub fn notify(&self, count: usize) -> usize {
        let mut notified = 0;
        let last = self.waiters.with(|waiters| waiters.turns);
        self.notify_until(last, Note::One, || {
            let more = notified < count;
            notified += usize::from(more);
            more
        });
        notified.min(count)
    }

    /// Notifies all that wait at this moment.
    pub fn notify_all(&self) {
        let last = self.waiters.with(|waiters| waiters.turns);
        self.notify_until(last, Note::All, || true);
    }

    fn notify_until(&self, last: u64, note: Note, mut more: impl FnMut() -> bool) {
        until_done(|wakers| {
            self.waiters.with(|waiters| {
                while waiters.list.front(|note| note.is_before(last)) == Some(true) {
                    if !wakers.has_room() {
                        return false;
                    }
                    if !more() {
                        return true;
                    }
                    if let Some(((), waker)) = waiters.list.serve(|waits| *waits = note) {
                        wakers.push(waker);
                    }
                }
                true
            })
        });
    }

    /// How many wait at this moment.
    pub fn waiting(&self) -> usize {
        self.waiters.with(|waiters| waiters.list.len())
    }
}

impl<F: Flavour> Default for Condition<F> {
    fn default() -> Self {
        Self::new()
    }
}

impl<F: Flavour> fmt::Debug for Condition<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Condition")
            .field("waiting", &self.waiting())
            .finish()
    }
}
