//! Many timers on one: a wheel of sleeps, and the runtime's timer that turns it.
//!
//! A runtime's own timer may be dear to set: a system call to wake the thread that waits, a search
//! tree, an allocation. Most timers never fire: they are timeouts of work that ends in time. So
//! sleeps wait in a [`TimerWheel`], which costs two short sections each, and the runtime's timer is
//! set when a sleep comes in that ends before all others. When that one is dropped, the runtime's
//! timer stays as it is, and rings in vain once.
//!
//! # The wheel
//!
//! Hierarchical, of eight levels with 64 slots each. A slot of the lowest level is 2²⁰ ns wide
//! (1.05 ms), one of the next 64 times that; together they reach 584 years. A sleep's level is that
//! of the highest digit, in base 64, in which its tick differs from the present one: so it is found
//! in constant time, and goes down one level at most each time the wheel comes to its slot. A
//! hashed wheel of one level would look at far sleeps in every round; a heap is not constant.
//!
//! Slots only sort. The moments in the nodes are exact, each slot knows the first of its own, and
//! that is what the driver is set for, however far it is: no sleep ends early, and none waits for a
//! tick.
//!
//! # Invariants
//!
//! 1. A node is linked in at most one list, of a slot or the one of those that move, in the wheel
//!    that its sleep's handle names and keeps alive.
//! 2. A node's place in memory stays valid and fixed while it is linked: the sleep is pinned, and
//!    its drop unlinks the node before the memory goes.
//! 3. Links, slot and waker of a linked node are touched in a section only. Its moment is never
//!    changed.
//! 4. `fired` turns true once, in a section, by whoever has just unlinked the node. After that
//!    store nobody but the sleep touches the node: its memory may be gone.
//! 5. A node whose `fired` is false, read in a section, is linked from the section in which it was
//!    made until its sleep takes it out.
//! 6. Sections call nothing that is the user's: wakers are cloned, woken and dropped outside.

mod desk;
mod moment;
mod node;
mod sleep;
mod slots;

#[cfg(all(test, not(loom)))]
mod tests;
#[cfg(all(test, loom))]
#[path = "timer_wheel/tests/loom.rs"]
mod tests;

use alloc::sync::Arc;
use alloc::task::Wake;
use core::fmt;
use core::time::Duration;

use self::desk::{Desk, Shift};
pub use self::moment::Moment;
pub use self::sleep::Sleep;
use self::slots::Slots;
use crate::flavour::{Flavour, Spin};
use crate::handle::Handle;
use crate::short_lock::Locked;
use crate::wait_queue::until_done;

/// What turns a wheel: a clock, and one timer on it.
///
/// # For implementers
///
/// When the timer goes off, call [`TimerWheel::ring`]: at once, from whatever thread, also from
/// inside of `set`, and rather too often than not at all. The wheel is a [`Wake`], so a waker made
/// of it is all that a timer needs which is a future.
///
/// Neither method may keep a lock that the wakers of the wheel's sleeps could want. A panic of `set`
/// goes to whoever polls or rings; it is tried again when the next sleep comes in.
pub trait Driver {
    /// The present. Never goes back.
    fn now(&self) -> Moment;

    /// Sets the timer for `moment`, whatever it was set for before; returns true if that moment has
    /// passed, and then need not set anything.
    ///
    /// `None`: nobody waits. A timer that is set still may ring, in vain.
    ///
    /// Called by one thread at a time.
    fn set(&self, moment: Option<Moment>) -> bool;
}

/// Sleeps that wait on one [`Driver`].
///
/// It may be shared by threads and executors.
///
/// # Examples
///
/// A driver whose hands are turned by hand:
///
/// ```
/// use std::sync::atomic::{AtomicU64, Ordering};
/// use std::time::Duration;
/// use futures_util::FutureExt;
/// use withal_sync::timer_wheel::{Driver, Moment, TimerWheel};
///
/// #[derive(Default)]
/// struct Hand(AtomicU64);
///
/// impl Driver for Hand {
///     fn now(&self) -> Moment {
///         Moment::from(Duration::from_secs(self.0.load(Ordering::Relaxed)))
///     }
///
///     fn set(&self, moment: Option<Moment>) -> bool {
///         moment.is_some_and(|moment| moment <= self.now())
///     }
/// }
///
/// let wheel = TimerWheel::<Hand>::new(Hand::default());
/// let mut sleep = std::pin::pin!(wheel.sleep(Duration::from_secs(2)));
/// assert!(sleep.as_mut().now_or_never().is_none());
///
/// wheel.driver().0.store(2, Ordering::Relaxed);
/// wheel.ring();
/// assert!(sleep.now_or_never().is_some());
/// ```
///
/// Source: G. Varghese and T. Lauck, "Hashed and hierarchical timing wheels" (1987), scheme 7;
/// differs in that slots know their first moment, so that nobody counts ticks.
pub struct TimerWheel<D, F: Flavour = Spin> {
    slots: Locked<Slots, F>,
    desk: Desk,
    driver: D,
}

impl<D: Driver, F: Flavour> TimerWheel<D, F> {
    /// An empty wheel.
    pub fn new(driver: D) -> Self {
        Self {
            slots: Locked::new(Slots::new()),
            desk: Desk::new(),
            driver,
        }
    }

    /// What turns it.
    pub fn driver(&self) -> &D {
        &self.driver
    }

    /// Waits until `moment`; ends at its first poll, if that has passed.
    ///
    /// Sleeps that end together are woken in no particular order.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future takes it out of the wheel. Leaking it leaks the timer, which wakes its
    /// task in vain.
    ///
    /// # Complexity
    ///
    /// No allocation, and constant time, to wait and to be dropped. A wheel that is turned looks at
    /// each sleep once for each level that it goes down, and once for each time that the driver rings
    /// within its last millisecond.
    pub fn sleep_until(&self, moment: Moment) -> Sleep<&Self, D, F> {
        Sleep::until(self, moment)
    }

    /// Waits until `moment`, as [`sleep_until`](Self::sleep_until) does, and owns its part of the
    /// wheel.
    pub fn sleep_until_owned(self: &Arc<Self>, moment: Moment) -> Sleep<Arc<Self>, D, F> {
        Sleep::until(self.clone(), moment)
    }

    /// Waits for `timeout`, counted from this call; looks at the clock once, here.
    pub fn sleep(&self, timeout: Duration) -> Sleep<&Self, D, F> {
        self.sleep_of(self, timeout)
    }

    /// Waits for `timeout`, as [`sleep`](Self::sleep) does, and owns its part of the wheel.
    pub fn sleep_owned(self: &Arc<Self>, timeout: Duration) -> Sleep<Arc<Self>, D, F> {
        self.sleep_of(self.clone(), timeout)
    }

    #[inline]
    fn sleep_of<H: Handle<Self>>(&self, handle: H, timeout: Duration) -> Sleep<H, D, F> {
        let moment = self.driver.now() + timeout;
        if timeout.is_zero() {
            Sleep::until(handle, moment)
        } else {
            Sleep::ahead(handle, moment)
        }
    }

    /// Wakes those whose moment has come, and sets the driver for the next one.
    ///
    /// If another call is at it, also one further down on this thread's own stack, that one does it
    /// once more, and this one returns at once.
    ///
    /// # Panics
    ///
    /// If a waker does; after the others were woken.
    pub fn ring(&self) {
        if self.desk.ring() {
            Shift::of(self).work();
        }
    }

    /// A sleep came in that ends before all others.
    #[cold]
    fn set_earlier(&self) {
        if self.desk.ask_to_set() {
            Shift::of(self).work();
        }
    }

    /// Wakes those whose moment has come.
    fn turn(&self) {
        let now = self.driver.now();
        until_done(|wakers| self.slots.with(|slots| slots.turn(now, wakers)));
    }

    /// Sets the driver for the first moment; whether that has passed.
    fn set(&self) -> bool {
        let first = self.slots.with(|slots| slots.first());
        self.driver.set(first)
    }
}

/// A waker made of a wheel rings it.
impl<D: Driver + Send + Sync + 'static, F: Flavour + Send + Sync> Wake for TimerWheel<D, F> {
    fn wake(self: Arc<Self>) {
        self.ring();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.ring();
    }
}

impl<D: fmt::Debug, F: Flavour> fmt::Debug for TimerWheel<D, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TimerWheel")
            .field("driver", &self.driver)
            .field("first", &self.slots.with(|slots| slots.first()))
            .finish_non_exhaustive()
    }
}
