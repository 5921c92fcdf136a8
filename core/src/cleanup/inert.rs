//! The kernel without an allocator: nothing can be handed over, so nothing has to be collected.
//!
//! Exits run in place, and a dropped scope gets its synchronous `abandon` hook.

#![expect(
    unnameable_types,
    missing_debug_implementations,
    reason = "public only in sealed traits, which nobody can call"
)]

use core::future::Future;
use core::marker::PhantomData;
use core::pin::Pin;
use core::task::{Context, Poll};
use core::time::Duration;

use super::About;
use super::live::{LiveEntry, ScopeId};
use crate::panic::{Payload, catch, catch_and_then};
use crate::runtime::Alarm;

/// A cleanup for an executor. Without `alloc` there are none: the type has no values.
#[derive(Debug)]
pub struct CleanupTask(core::convert::Infallible);

impl Future for CleanupTask {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<()> {
        match self.0 {}
    }
}

/// Whether what a scope leaves behind may move between threads. Sealed.
pub trait Kind: 'static {}

/// Exits may move between threads.
#[derive(Debug)]
pub enum Sendable {}

impl Kind for Sendable {}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct CollectorId;

impl CollectorId {
    pub(crate) const NONE: Self = Self;

    pub(crate) fn current() -> Self {
        Self
    }
}

pub(crate) struct ExitToken;

impl ExitToken {
    pub(crate) fn register() -> Option<Self> {
        None
    }
}

pub(crate) fn unwatched<T>(f: impl FnOnce() -> T) -> T {
    f()
}

#[derive(PartialEq, Eq)]
#[expect(
    dead_code,
    reason = "there is nothing to wait for, so no wait takes too long"
)]
pub(crate) enum Waited {
    Done,
    OverBudget,
}

pub(crate) struct Leftovers<K>(PhantomData<fn() -> K>);

impl<K: Kind> Leftovers<K> {
    pub(crate) fn new() -> Self {
        Self(PhantomData)
    }

    pub(crate) fn take(&mut self) -> Self {
        Self::new()
    }

    pub(crate) fn start_deferred(&mut self) {}

    pub(crate) fn collect(&mut self, f: impl FnOnce()) -> Result<(), Payload> {
        catch(f)
    }

    pub(crate) fn poll(
        &mut self,
        _cx: &mut Context<'_>,
        _about: impl Fn() -> About,
        _clock: impl Fn(Duration) -> Option<Alarm>,
        _budget: Option<Duration>,
    ) -> Poll<Waited> {
        Poll::Ready(Waited::Done)
    }

    pub(crate) fn poll_budget(
        &mut self,
        _cx: &mut Context<'_>,
        _clock: &impl Fn(Duration) -> Option<Alarm>,
        _budget: Option<Duration>,
    ) -> Poll<()> {
        Poll::Pending
    }

    pub(crate) fn give_up(&mut self, _about: About, _budget: Duration) {}
}

pub(crate) fn within<O, K: Kind, T>(
    owner: &mut O,
    _leftovers: fn(&mut O) -> &mut Leftovers<K>,
    _id: ScopeId,
    f: impl FnOnce(&mut O) -> T,
) -> Result<T, Payload> {
    catch_and_then(owner, f, |_| ())
}

pub(crate) fn nothing_left() -> bool {
    true
}

/// What a dropped scope would hand over.
#[expect(dead_code, reason = "read only where something can be handed over")]
pub struct Bequest<'r, R, K: Kind> {
    pub(crate) rt: &'r R,
    pub(crate) about: About,
    pub(crate) budget: Option<Duration>,
    pub(crate) leftovers: Leftovers<K>,
    pub(crate) live: LiveEntry,
    pub(crate) entered_under: CollectorId,
    pub(crate) detached: bool,
}

impl<R, K: Kind> Bequest<'_, R, K> {
    pub(crate) fn hand_on(self) {
        let Self {
            rt: _,
            about: _,
            budget: _,
            leftovers: _,
            live: _,
            entered_under: CollectorId,
            detached: _,
        } = self;
    }
}
