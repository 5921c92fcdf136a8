//! What branches that were dropped together have left: cleaned up side by side (K4).

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::pin::Pin;
use core::task::{Context, Poll};
use core::time::Duration;

use super::kind::Kind;
use super::leftovers::Leftovers;
use super::link::{AnyCleanup, AsLink, End, Link};
use super::task::CleanupTask;
use super::{About, BATCH};
use crate::runtime::Alarm;

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
