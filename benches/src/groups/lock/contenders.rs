//! What locks and events do, and those that do it.

mod events;
mod mutexes;
mod semaphores;

use std::future::Future;

pub(super) use self::events::EVENTS;
pub(super) use self::mutexes::{MUTEXES, lock_for_a_body, lock_on_one_thread};
pub(super) use self::semaphores::{PERMITS, SEMAPHORES, acquire_on_one_thread};
use super::shapes::{self, Watch};
use crate::executor::{Home, Sides};

/// Something that is passed in sections, in each of which a sum grows by one.
pub(in crate::groups) trait Lock: Send + Sync + 'static {
    const NAME: &'static str;
    /// On whose tasks it takes turns, if it is bound to them.
    const BOUND_TO: Option<Home> = None;

    fn new() -> Self;

    /// A section that does nothing else, and gives the sum.
    fn add(&self) -> impl Future<Output = u64> + Send;
}

/// A lock that can be held over an await.
pub(in crate::groups) trait AsyncLock: Lock {
    /// A section that also yields once.
    fn add_and_yield(&self) -> impl Future<Output = u64> + Send;
}

/// Something that a task gives and another one waits for, again and again.
pub(super) trait Event: Send + Sync + 'static {
    const NAME: &'static str;
    const BOUND_TO: Option<Home> = None;

    fn new() -> Self;
    fn give(&self);
    /// Waits until it was given, and takes it back.
    fn take(&self) -> impl Future<Output = ()> + Send;
}

/// What is done with a [`Lock`], without its type.
#[derive(Clone, Copy)]
pub(in crate::groups) struct LockSubject {
    pub(in crate::groups) name: &'static str,
    pub(in crate::groups) bound_to: Option<Home>,
    /// One task passes it so many times.
    pub(in crate::groups) alone: fn(u64),
    /// Many tasks pass it.
    pub(in crate::groups) tiny: Work,
    /// The same with an await inside, where it can be held over one.
    pub(in crate::groups) awaiting: Option<Work>,
}

/// What so many tasks do together, so many times in all.
#[derive(Clone, Copy)]
pub(in crate::groups) struct Work {
    pub(in crate::groups) tasks: fn(usize, u64) -> Sides,
    pub(in crate::groups) watched: fn(usize, u64, &Watch) -> Sides,
}

/// What is done with an [`Event`], without its type.
#[derive(Clone, Copy)]
pub(super) struct EventSubject {
    pub(super) name: &'static str,
    pub(super) bound_to: Option<Home>,
    pub(super) alone: fn(u64),
    pub(super) ping_pong: fn(u64) -> Sides,
}

impl LockSubject {
    pub(in crate::groups) const fn of<L: AsyncLock>() -> Self {
        Self {
            awaiting: Some(Work::of::<L, shapes::Awaiting>()),
            ..Self::limit::<L>()
        }
    }

    /// A lock of threads, which is not to be held over an await.
    const fn limit<L: Lock>() -> Self {
        Self {
            name: L::NAME,
            bound_to: L::BOUND_TO,
            alone: shapes::alone::<L>,
            tiny: Work::of::<L, shapes::Tiny>(),
            awaiting: None,
        }
    }
}

impl EventSubject {
    const fn of<E: Event>() -> Self {
        Self {
            name: E::NAME,
            bound_to: E::BOUND_TO,
            alone: shapes::give_and_take::<E>,
            ping_pong: shapes::ping_pong::<E>,
        }
    }
}

impl Work {
    const fn of<L: Lock, S: shapes::Section<L>>() -> Self {
        Self {
            tasks: shapes::tasks::<L, S>,
            watched: shapes::watched::<L, S>,
        }
    }
}
