use std::fmt;
use std::mem;
use std::ops::{Deref, DerefMut};
use std::sync::atomic::Ordering;
use std::thread;

use super::destroyed::DestroyReason;
use super::manager::{PoolManager, resets};
use super::place::Place;
use super::release::{Returning, Verdict};
use crate::cleanup::CleanupOrigin;
use crate::runtime::Runtime;
use crate::shielded;

/// An object of a [`Pool`](super::Pool), which goes back when this is dropped.
///
/// It owns its share of the pool, so that it can go wherever it is needed.
///
/// Dropped, it gives its object back at once. Where the manager has a `reset`, or the object is to be
/// destroyed by a `destroy` that waits, that is [handed over](crate::HandOver), as the exit of a scope
/// is; nobody takes the object, or its place, before that has ended. [`release`](Self::release) waits
/// for it.
///
/// An object never goes back that was marked as [broken](Self::mark_broken), whose
/// [exchange](Self::exchange) was not completed, which its manager finds
/// [broken](PoolManager::is_broken), or whose lease is dropped by a panic, unless there is a `reset`,
/// which then decides.
///
/// Leaked, it keeps its place for ever.
#[must_use = "a lease that is dropped gives its object back"]
#[clippy::has_significant_drop]
pub struct Lease<R: Runtime, M: PoolManager> {
    // `None` only while it goes back.
    place: Option<Place<R, M>>,
    mark: Mark<M::Error>,
    origin: CleanupOrigin,
}

/// What is known of the object.
pub(super) enum Mark<E> {
    /// It was used.
    Used,
    /// Only the pool itself had it.
    Untouched,
    Doomed(DestroyReason<E>),
}

impl<R: Runtime, M: PoolManager> Lease<R, M> {
    /// `place` has an object.
    pub(super) fn new(place: Place<R, M>, mark: Mark<M::Error>, origin: CleanupOrigin) -> Self {
        Self {
            place: Some(place),
            mark,
            origin,
        }
    }

    pub(super) fn mark(&mut self, mark: Mark<M::Error>) {
        self.mark = mark;
    }

    pub(super) fn into_place(mut self) -> Place<R, M> {
        match self.place.take() {
            Some(place) => place,
            None => unreachable!("a lease that has gone back is not used again"),
        }
    }

    /// Says that the object is broken: it is destroyed, and does not go back.
    pub fn mark_broken(&mut self) {
        self.mark = Mark::Doomed(DestroyReason::Broken);
    }

    /// Whether the object is to be destroyed.
    pub fn is_broken(&self) -> bool {
        matches!(self.mark, Mark::Doomed(_))
    }

    /// Begins an exchange: the object is broken unless it is [completed](Exchange::complete).
    ///
    /// For objects that speak a protocol. A request that is cancelled, or fails, between question and
    /// answer leaves them in the middle of it, and the next one would get the wrong answer.
    ///
    /// # Cancel safety
    ///
    /// Dropped or leaked before it was completed, the object is broken.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::io;
    /// use withal::pool::{Lease, PoolManager};
    /// use withal::runtime::Runtime;
    /// # struct Connection;
    /// # impl Connection {
    /// #     async fn send(&mut self, _: &str) -> io::Result<()> { Ok(()) }
    /// #     async fn receive(&mut self) -> io::Result<String> { Ok(String::new()) }
    /// # }
    ///
    /// async fn ask<R, M>(connection: &mut Lease<R, M>, question: &str) -> io::Result<String>
    /// where
    ///     R: Runtime,
    ///     M: PoolManager<Object = Connection>,
    /// {
    ///     let mut exchange = connection.exchange();
    ///     exchange.send(question).await?;
    ///     let answer = exchange.receive().await?; // Dropped here, the connection is not used again.
    ///     exchange.complete();
    ///     Ok(answer)
    /// }
    /// ```
    pub fn exchange(&mut self) -> Exchange<'_, R, M> {
        let unfinished = Mark::Doomed(DestroyReason::Unfinished);
        let before = mem::replace(&mut self.mark, unfinished);
        Exchange {
            lease: self,
            before,
        }
    }

    /// Takes the object out of the pool for good; there is a place for a new one then.
    pub fn detach(self) -> M::Object {
        let mut place = self.into_place();
        match place.take_object() {
            Some(object) => {
                let counts = &place.shared().counts;
                counts.detached.fetch_add(1, Ordering::Relaxed);
                object
            }
            None => unreachable!("what is leased has an object"),
        }
    }

    /// Gives the object back, and waits until it has been reset, or destroyed.
    ///
    /// # Cancel safety
    ///
    /// Dropped at any moment, it leaves the rest to whoever drops it, as the lease does.
    pub async fn release(mut self) {
        let Some(returning) = self.begin_return(false) else {
            return;
        };
        if let Some(returning) = returning.finish_now() {
            let shared = returning.place.shared().clone();
            shielded(&shared.rt, returning.finish()).await;
        }
    }

    /// What is to become of the object.
    pub(super) fn begin_return(&mut self, panicked: bool) -> Option<Returning<R, M>> {
        let mut place = self.place.take()?;
        let verdict = match mem::replace(&mut self.mark, Mark::Used) {
            Mark::Doomed(why) => Verdict::Destroy(why),
            Mark::Untouched => Verdict::Keep,
            Mark::Used if panicked && !resets::<M>() => Verdict::Destroy(DestroyReason::Panicked),
            Mark::Used if place.is_broken() => Verdict::Destroy(DestroyReason::Broken),
            Mark::Used => Verdict::Reset,
        };
        Some(Returning { place, verdict })
    }
}

impl<R: Runtime, M: PoolManager> Drop for Lease<R, M> {
    fn drop(&mut self) {
        let returning = self.begin_return(thread::panicking());
        if let Some(returning) = returning.and_then(Returning::finish_now) {
            returning.hand_over(self.origin);
        }
    }
}

impl<R: Runtime, M: PoolManager> Deref for Lease<R, M> {
    type Target = M::Object;

    fn deref(&self) -> &M::Object {
        match self.place.as_ref().and_then(Place::object) {
            Some(object) => object,
            None => unreachable!("what is leased has an object"),
        }
    }
}

impl<R: Runtime, M: PoolManager> DerefMut for Lease<R, M> {
    fn deref_mut(&mut self) -> &mut M::Object {
        match self.place.as_mut().and_then(Place::object_mut) {
            Some(object) => object,
            None => unreachable!("what is leased has an object"),
        }
    }
}

impl<R: Runtime, M: PoolManager<Object: fmt::Debug>> fmt::Debug for Lease<R, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

/// A leased object in the middle of something: see [`Lease::exchange`].
#[must_use = "an exchange that is not completed breaks its object"]
pub struct Exchange<'l, R: Runtime, M: PoolManager> {
    lease: &'l mut Lease<R, M>,
    before: Mark<M::Error>,
}

impl<R: Runtime, M: PoolManager> Exchange<'_, R, M> {
    /// The object is what it was before.
    pub fn complete(self) {
        self.lease.mark = self.before;
    }
}

impl<R: Runtime, M: PoolManager> Deref for Exchange<'_, R, M> {
    type Target = M::Object;

    fn deref(&self) -> &M::Object {
        self.lease
    }
}

impl<R: Runtime, M: PoolManager> DerefMut for Exchange<'_, R, M> {
    fn deref_mut(&mut self) -> &mut M::Object {
        self.lease
    }
}

impl<R: Runtime, M: PoolManager<Object: fmt::Debug>> fmt::Debug for Exchange<'_, R, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
