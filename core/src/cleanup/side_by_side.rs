//! What branches that were dropped together have left: cleaned up side by side (K4).

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::convert::Infallible;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};
use core::time::Duration;

use super::kind::{Kind, Sendable};
use super::leftovers::Leftovers;
use super::link::{AnyCleanup, AsLink, End, Link};
use super::scope_link::Bequest;
use super::task::CleanupTask;
use super::{About, BATCH};
use crate::runtime::{Alarm, Cleanup};

/// The leftovers of several branches, as one link: what is behind it in a chain waits for all of them.
struct SideBySide<K: Kind> {
    branches: Vec<Leftovers<K>>,
    about: About,
}

/// A link of the sort that `K` says.
pub(crate) fn link<K: Kind>(branches: Vec<Leftovers<K>>, about: About) -> AnyCleanup {
    let branches = branches.into_iter();
    #[cfg(feature = "std")]
    if K::TAKES_LOCAL {
        return AnyCleanup::Local(Box::pin(SideBySide {
            branches: branches.map(Leftovers::into_local).collect(),
            about,
        }));
    }
    AnyCleanup::Send(Box::pin(SideBySide {
        branches: branches.map(Leftovers::into_sendable).collect(),
        about,
    }))
}

impl<K: Kind> SideBySide<K> {
    fn links(&self) -> impl Iterator<Item = &AnyCleanup> {
        self.branches.iter().flat_map(Leftovers::links)
    }

    fn with_runtime(&self) -> Option<&dyn Link> {
        let mut links = self.links().map(AnyCleanup::get);
        links.find(|link| link.has_runtime())
    }
}

impl<K: Kind> Link for SideBySide<K> {
    fn poll_link(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<End> {
        let about = self.about;
        let mut index = 0;
        // So many at once: each poll ends some.
        while index < self.branches.len().min(BATCH) {
            let polled = self.branches[index].poll(cx, || about, |_| None, None);
            if polled.is_ready() {
                drop(self.branches.swap_remove(index));
            } else {
                index += 1;
            }
        }
        if self.branches.is_empty() {
            Poll::Ready(End::Finished)
        } else {
            Poll::Pending
        }
    }

    fn about(&self) -> About {
        self.about
    }

    fn spawn(&self, task: CleanupTask) {
        match self.with_runtime() {
            Some(link) => link.spawn(task),
            None => drop(task),
        }
    }

    fn has_runtime(&self) -> bool {
        self.with_runtime().is_some()
    }

    fn alarm(&self, timeout: Duration) -> Option<Alarm> {
        self.links().find_map(|link| link.alarm(timeout))
    }

    fn unlimit(mut self: Pin<&mut Self>) {
        for link in self.branches.iter_mut().flat_map(Leftovers::links_mut) {
            link.as_link().unlimit();
        }
    }
}

/// Several leftovers as one.
pub(crate) fn merge<K: Kind>(mut branches: Vec<Leftovers<K>>, about: About) -> Leftovers<K> {
    branches.retain(|branch| !branch.is_empty());
    if branches.len() > 1 {
        return of_link(link(branches, about));
    }
    branches.pop().unwrap_or(Leftovers::new())
}

/// Leftovers that end at once. What is dropped with them does not run in the drop, but in its turn.
pub(crate) fn gate<K: Kind>(about: About) -> Leftovers<K> {
    of_link(link::<K>(Vec::new(), about))
}

fn of_link<K: Kind>(link: AnyCleanup) -> Leftovers<K> {
    let mut leftovers = Leftovers::new();
    let content = leftovers.content_mut().get_or_insert_default();
    content.collect(link);
    leftovers
}

/// Hands over `branches`, to be run side by side after the leftovers of `bequest`.
pub(crate) fn hand_over_after<R: Cleanup, K: Kind>(
    bequest: Bequest<'_, R, K>,
    mut branches: Vec<Leftovers<K>>,
) {
    branches.retain(|branch| !branch.is_empty());
    if branches.is_empty() {
        bequest.hand_on();
        return;
    }
    let about = bequest.about;
    let branches = branches.into_iter();
    #[cfg(feature = "std")]
    if K::TAKES_LOCAL {
        let branches = branches.map(Leftovers::into_local).collect();
        bequest
            .map_leftovers(Leftovers::into_local)
            .hand_over(All(SideBySide { branches, about }));
        return;
    }
    let branches = branches.map(Leftovers::into_sendable).collect();
    bequest
        .map_leftovers(Leftovers::into_sendable)
        .hand_over(All(SideBySide::<Sendable> { branches, about }));
}

/// The branches as a future.
struct All<K: Kind>(SideBySide<K>);

impl<K: Kind> Future for All<K> {
    type Output = (Result<(), Infallible>, ());

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll_link(cx).map(|_| (Ok(()), ()))
    }
}
