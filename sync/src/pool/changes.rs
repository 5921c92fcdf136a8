//! Objects that join a pool, and that leave it while they are idle.

use alloc::sync::Arc;
use alloc::vec::Vec;

use super::state::{Place, State};
use super::{AddError, Lease, Pool};
use crate::flavour::Flavour;
use crate::handle::Handle;

impl<T, F: Flavour> Pool<T, F> {
    /// Adds an object: it goes to the first waiter, or on top of the idle ones.
    ///
    /// # Errors
    ///
    /// The object, if the pool is closed.
    pub fn add(&self, object: T) -> Result<(), AddError<T>> {
        self.add_at(object, Place::Top)
    }

    /// Adds an object which is taken after those that are idle now: it goes to the first waiter, or
    /// below the idle ones.
    ///
    /// # Errors
    ///
    /// The object, if the pool is closed.
    pub fn add_last(&self, object: T) -> Result<(), AddError<T>> {
        self.add_at(object, Place::At(0))
    }

    fn add_at(&self, object: T, place: Place) -> Result<(), AddError<T>> {
        match self.state.with(|state| state.add(object, place)) {
            Ok(after) => {
                self.follow_up(after);
                Ok(())
            }
            Err(object) => Err(AddError { object }),
        }
    }

    /// Takes the idle object that would be taken last out for good: also of a closed pool.
    ///
    /// Called until it gives none, it empties the pool, but for what is leased.
    pub fn remove(&self) -> Option<T> {
        self.state.with(State::remove)
    }

    /// Keeps those of the idle objects for which `keep` says so, and drops the others.
    ///
    /// It looks at them from the bottom, at one after the other; so they can be taken meanwhile. What
    /// is leased stays in the pool, and what is given back or added meanwhile may go unseen.
    ///
    /// # Panics
    ///
    /// If `keep` does: the object that it looks at then stays.
    ///
    /// # Complexity
    ///
    /// Two sections for each object. Where most are kept, each moves up to half of them.
    pub fn retain(&self, mut keep: impl FnMut(&mut T) -> bool) {
        look(&self, |object| !keep(object), |lease| drop(lease.detach()));
    }

    /// Takes those of the idle objects that are `wanted`, also out of a closed pool. It looks at them
    /// as [`retain`](Self::retain) does.
    ///
    /// # Panics
    ///
    /// If `wanted` does: what it has seen then stays.
    ///
    /// # Complexity
    ///
    /// As [`retain`](Self::retain).
    pub fn take_where(
        self: &Arc<Self>,
        wanted: impl FnMut(&mut T) -> bool,
    ) -> Vec<Lease<Arc<Self>, T, F>> {
        let mut taken = Vec::new();
        look(self, wanted, |lease| taken.push(lease));
        taken
    }
}

/// Looks at the idle objects from the bottom, gives those out that are `wanted`, and leaves the others
/// where they are.
fn look<H: Handle<Pool<T, F>>, T, F: Flavour>(
    pool: &H,
    mut wanted: impl FnMut(&mut T) -> bool,
    mut out: impl FnMut(Lease<H, T, F>),
) {
    let state = &pool.get().state;
    let mut at = 0;
    // Not more: else those that come back again and again would keep it here.
    for _ in 0..pool.get().statistics().idle {
        let Some(object) = state.with(|state| state.take_at(at)) else {
            break;
        };
        let mut lease = Lease::new(pool.clone(), object);
        if wanted(&mut lease) {
            out(lease);
            continue;
        }
        let (_, object) = lease.into_parts();
        let (after, is_idle) = state.with(|state| {
            let idle = state.idle();
            let after = state.give(object, Place::At(at));
            (after, state.idle() > idle)
        });
        at += usize::from(is_idle);
        pool.get().follow_up(after);
    }
}
