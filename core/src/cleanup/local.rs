//! `!Send` cleanups: they stay on their thread (K8).

use alloc::vec::Vec;
use core::cell::RefCell;
use core::task::{Context, Poll, Waker};

use super::About;
use super::link::{Chain, End, LocalCleanup, poll_caught};
use super::report::{Report, report};
use crate::panic::wake;

/// The `!Send` cleanups that an enclosing local scope waits for. They are never spawned: the scope
/// polls them when it exits.
#[derive(Default)]
pub(crate) struct LocalChildren {
    chains: Vec<Chain<LocalCleanup>>,
    /// Whether the last chain belongs to the drop that is going on (K4).
    open: bool,
}

impl LocalChildren {
    pub(super) fn close_chain(&mut self) {
        self.open = false;
    }

    pub(crate) fn adopt(&mut self, cleanup: LocalCleanup) {
        if !self.open {
            self.chains.push(Chain::default());
            self.open = true;
        }
        if let Some(chain) = self.chains.last_mut() {
            chain.push(cleanup);
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.chains.is_empty()
    }

    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.open = false;
        self.chains
            .retain_mut(|chain| chain.poll(cx, |_, _| ()).is_pending());
        if self.chains.is_empty() {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }

    pub(crate) fn unfinished(&self) -> Vec<About> {
        self.chains
            .iter()
            .filter_map(|chain| chain.first())
            .map(|link| link.about())
            .collect()
    }

    /// All links, inner before outer within each drop.
    pub(crate) fn take(&mut self) -> Vec<LocalCleanup> {
        self.chains
            .drain(..)
            .flat_map(|mut chain| chain.take())
            .collect()
    }
}

/// This thread's `!Send` cleanups that no scope waits for.
struct Orphans {
    links: Vec<LocalCleanup>,
    /// The drain that last looked, by its number.
    drain: Option<(usize, Waker)>,
}

impl Drop for Orphans {
    fn drop(&mut self) {
        for link in &self.links {
            report(&Report::Abandoned(link.about()));
        }
    }
}

crate::primitives::per_thread! {
    static ORPHANS: RefCell<Orphans> = RefCell::new(Orphans { links: Vec::new(), drain: None });
}

/// Keeps `link` until this thread drains, and reports it.
pub(super) fn orphan(link: LocalCleanup) {
    let about = link.about();
    let mut link = Some(link);
    let drain = ORPHANS.try_with(|orphans| {
        let mut orphans = orphans.borrow_mut();
        orphans.links.extend(link.take());
        orphans.drain.take()
    });
    match drain {
        Ok(drain) => {
            report(&Report::Orphaned(about));
            if let Some((_, drain)) = drain {
                wake(drain);
            }
        }
        // The thread is ending, and its list is gone.
        Err(_) => report(&Report::Abandoned(about)),
    }
}

/// Polls this thread's orphans once; ready when none is left.
pub(super) fn poll_orphans(
    drain: usize,
    cx: &mut Context<'_>,
    mut ended: impl FnMut(About, End),
) -> Poll<()> {
    // Taken out while they are polled, since each may orphan others. Kept by a guard, so that
    // nothing is lost should a poll unwind.
    struct PutBack(Vec<LocalCleanup>);

    impl Drop for PutBack {
        fn drop(&mut self) {
            let links = core::mem::take(&mut self.0);
            for link in links {
                let mut link = Some(link);
                let _ = ORPHANS.try_with(|orphans| orphans.borrow_mut().links.extend(link.take()));
            }
        }
    }

    let waker = cx.waker().clone();
    let Ok(links) = ORPHANS.try_with(|orphans| {
        let mut orphans = orphans.borrow_mut();
        let previous = orphans.drain.replace((drain, waker));
        (core::mem::take(&mut orphans.links), previous)
    }) else {
        return Poll::Ready(());
    };
    let (links, previous) = links;
    drop(previous);
    let mut links = PutBack(links);
    links
        .0
        .retain_mut(|link| match poll_caught(link.as_mut(), cx) {
            Poll::Ready(End::OverBudget) => {
                link.as_mut().unlimit();
                true
            }
            Poll::Ready(end) => {
                ended(link.about(), end);
                false
            }
            Poll::Pending => true,
        });
    drop(links);
    if unfinished().is_empty() {
        Poll::Ready(())
    } else {
        Poll::Pending
    }
}

/// The drain is over.
pub(super) fn forget(drain: usize) {
    // Dropped outside the borrow.
    let _stale = ORPHANS.try_with(|orphans| {
        let slot = &mut orphans.borrow_mut().drain;
        slot.take_if(|(number, _)| *number == drain)
    });
}

/// This thread's orphans.
pub(super) fn unfinished() -> Vec<About> {
    ORPHANS
        .try_with(|orphans| {
            orphans
                .borrow()
                .links
                .iter()
                .map(|link| link.about())
                .collect()
        })
        .unwrap_or_default()
}
