//! A set of objects that tasks lease one at a time.

mod changes;
mod closed;
mod error;
mod lease;
mod state;
mod statistics;
mod take;
#[cfg(all(test, not(loom)))]
mod tests;
#[cfg(all(test, loom))]
#[path = "pool/tests/loom.rs"]
mod tests;

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

pub use self::closed::UntilClosed;
pub use self::error::{AddError, Closed, TryTakeError};
pub use self::lease::Lease;
use self::state::{After, Place, State};
pub use self::statistics::Statistics;
pub use self::take::Take;
use crate::flavour::{Flavour, Spin};
use crate::short_lock::Locked;
use crate::wait_queue::until_done;

/// Lends out the objects of a set, each to one task at a time.
///
/// A [`Lease`] leads to its object and gives it back when it is dropped, which never waits: so an
/// object comes back on every way out, in the state in which it was left.
/// [`detach`](Lease::detach) the one that is not to come back.
///
/// # Order and fairness
///
/// Idle objects are last in, first out: the ones on top stay warm, those at the bottom are there for
/// a crowd. Waiters come in order. By default one that comes while an object happens to be idle takes
/// it, also past a waiter that has been woken and did not run yet. A waiter that ran and missed it so,
/// or was overtaken 256 times, is handed the next object directly. That spares a task switch for every
/// short lease. [`fair`](Self::fair) makes a pool that nobody overtakes in.
///
/// # Closing
///
/// [`close`](Self::close) refuses all takes from then on, and [`closed`](Self::closed) waits until the
/// leases are back. The idle objects stay until the pool is dropped, or they are
/// [removed](Self::remove).
///
/// # Complexity
///
/// To take an object and to give it back is a short section each, and moves the object: box a large
/// one. Neither allocates, nor does waiting; being cancelled takes constant time. No section drops an
/// object.
///
/// # Examples
///
/// ```
/// use withal_sync::Pool;
///
/// # async fn ask(_: &mut str) {}
/// # futures_util::FutureExt::now_or_never(async {
/// let connections = Pool::new(["a", "b"].map(String::from));
/// let mut connection = connections.take().await?;
/// ask(&mut connection).await;
/// assert_eq!(connections.statistics().idle, 1);
/// drop(connection);
/// assert_eq!(connections.statistics().idle, 2);
/// # Ok::<(), withal_sync::pool::Closed>(())
/// # }).unwrap().unwrap();
/// ```
///
/// Source: the queue of resources that asyncio's programs make a pool of; differs in that giving back
/// cannot wait, and so cannot be cancelled.
pub struct Pool<T, F: Flavour = Spin> {
    state: Locked<State<T>, F>,
}

impl<T, F: Flavour> Pool<T, F> {
    /// A pool of `objects`, all idle; none is legal. The last one is taken first.
    pub fn new(objects: impl IntoIterator<Item = T>) -> Self {
        Self::with(objects, false)
    }

    /// A pool that nobody is overtaken in: strict first in, first out.
    ///
    /// While somebody waits, each lease then costs the switch to the next task.
    pub fn fair(objects: impl IntoIterator<Item = T>) -> Self {
        Self::with(objects, true)
    }

    fn with(objects: impl IntoIterator<Item = T>, fair: bool) -> Self {
        Self {
            state: Locked::new(State::new(objects.into_iter().collect(), fair)),
        }
    }

    /// Takes an object, as soon as there is one for this caller.
    ///
    /// It is a scope as well: `with(&rt, pool.take(), async |object| …)` lends the lease. One that
    /// borrows is given back at once with a dropped body; that of `take_owned` goes back after the
    /// cleanups of scopes inside.
    ///
    /// # Cancel safety
    ///
    /// Dropped while it waits, it leaves the queue; dropped after it was woken or handed an object, it
    /// passes that on. Leaked, it keeps its place, and an object that it is handed is leased for ever.
    ///
    /// # Errors
    ///
    /// [`Closed`], if the pool is or becomes closed.
    pub fn take(&self) -> Take<&Self, T, F> {
        Take::new(self)
    }

    /// [`take`](Self::take), with a lease that owns its share of the pool.
    ///
    /// # Errors
    ///
    /// As [`take`](Self::take).
    pub fn take_owned(self: &Arc<Self>) -> Take<Arc<Self>, T, F> {
        Take::new(self.clone())
    }

    /// Takes an object, if one is idle.
    ///
    /// # Errors
    ///
    /// [`TryTakeError`], if none is, or the pool is closed.
    #[inline]
    pub fn try_take(&self) -> Result<Lease<&Self, T, F>, TryTakeError> {
        let object = self.state.with(State::take)?;
        Ok(Lease::new(self, object))
    }

    /// [`try_take`](Self::try_take), with a lease that owns its share of the pool.
    ///
    /// # Errors
    ///
    /// As [`try_take`](Self::try_take).
    #[inline]
    pub fn try_take_owned(self: &Arc<Self>) -> Result<Lease<Arc<Self>, T, F>, TryTakeError> {
        let object = self.state.with(State::take)?;
        Ok(Lease::new(self.clone(), object))
    }

    /// Closes the pool for ever: whoever waits or comes gets [`Closed`]. Leases that are out stay
    /// valid. Whether it was open before.
    pub fn close(&self) -> bool {
        let mut was_open = None;
        until_done(|wakers| {
            self.state.with(|state| {
                was_open.get_or_insert(state.close());
                state.refuse(wakers) && state.let_go(wakers)
            })
        });
        was_open == Some(true)
    }

    /// Whether it is closed.
    pub fn is_closed(&self) -> bool {
        self.statistics().closed
    }

    /// Waits until the pool is closed, and all leases are back: not at all, if that is so.
    ///
    /// It closes nothing. For a lease that is leaked it waits for ever.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it changes nothing. Leaked, it keeps its place.
    ///
    /// # Examples
    ///
    /// ```
    /// use withal_sync::Pool;
    ///
    /// # futures_util::FutureExt::now_or_never(async {
    /// let pool = Pool::new([1, 2]);
    /// let work = async { assert_eq!(*pool.take().await.unwrap(), 2) };
    /// let stop = async {
    ///     pool.close();
    ///     pool.closed().await;
    /// };
    /// futures_util::join!(work, stop);
    /// assert_eq!(pool.into_inner(), [1, 2]);
    /// # }).unwrap();
    /// ```
    pub fn closed(&self) -> UntilClosed<&Self, T, F> {
        UntilClosed::new(self)
    }

    /// [`closed`](Self::closed), with a future that owns its share of the pool.
    pub fn closed_owned(self: &Arc<Self>) -> UntilClosed<Arc<Self>, T, F> {
        UntilClosed::new(self.clone())
    }

    /// The objects, from the bottom up: all but those whose lease was leaked.
    pub fn into_inner(mut self) -> Vec<T> {
        self.state.get_mut().drain().into()
    }

    /// What is going on at this moment.
    pub fn statistics(&self) -> Statistics {
        self.state.with(|state| state.statistics())
    }

    #[inline]
    fn give_back(&self, object: T, place: Place) {
        let after = self.state.with(|state| state.give(object, place));
        self.follow_up(after);
    }

    #[inline]
    fn give_back_unless_closed(&self, object: T) -> Result<(), T> {
        let given = self.state.with(|state| {
            if state.is_closed() {
                Err(object)
            } else {
                Ok(state.give(object, Place::Top))
            }
        });
        given.map(|after| self.follow_up(after))
    }

    /// Takes note that a leased object does not come back.
    fn forget(&self) {
        let after = self.state.with(State::forget);
        self.follow_up(after);
    }

    /// After a section: wakes who was served there.
    #[inline]
    fn follow_up(&self, after: After) {
        match after {
            After::Nothing => {}
            After::Wake(waker) => waker.wake(),
            After::Over => self.let_go(),
        }
    }

    /// Lets those go that wait for the end of the pool, if it has come.
    #[cold]
    fn let_go(&self) {
        until_done(|wakers| self.state.with(|state| state.let_go(wakers)));
    }
}

impl<T, F: Flavour> FromIterator<T> for Pool<T, F> {
    fn from_iter<I: IntoIterator<Item = T>>(objects: I) -> Self {
        Self::new(objects)
    }
}

impl<T, F: Flavour> fmt::Debug for Pool<T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let now = self.statistics();
        f.debug_struct("Pool")
            .field("size", &now.size)
            .field("idle", &now.idle)
            .field("leased", &now.leased)
            .field("waiting", &now.waiting)
            .field("closed", &now.closed)
            .finish()
    }
}

const _: () = {
    const fn send_sync<T: Send + Sync>() {}
    const fn send<T: Send>() {}
    send_sync::<Pool<core::cell::Cell<u8>>>();
    send_sync::<Take<&Pool<core::cell::Cell<u8>>, core::cell::Cell<u8>>>();
    send_sync::<UntilClosed<Arc<Pool<u8>>, u8>>();
    send_sync::<Lease<&Pool<u8>, u8>>();
    send::<Lease<Arc<Pool<core::cell::Cell<u8>>>, core::cell::Cell<u8>>>();
    send::<Pool<u8, crate::flavour::SingleThread>>();
};
