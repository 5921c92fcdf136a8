//! `!Send` cleanups: they stay on their thread (K8).

use alloc::vec::Vec;
use core::cell::RefCell;
use core::task::{Context, Poll, Waker};

use super::About;
use super::link::{AsLink, Chain, End, LocalCleanup};
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
    chains: Vec<Chain<LocalCleanup>>,
    /// The drain that last looked, by its number.
    drain: Option<(usize, Waker)>,
}

impl Drop for Orphans {
    fn drop(&mut self) {
        for about in self.chains.iter().flat_map(Chain::abouts) {
            report(&Report::Abandoned(about));
        }
    }
}

crate::primitives::per_thread! {
    static ORPHANS: RefCell<Orphans> = RefCell::new(Orphans { chains: Vec::new(), drain: None });
}

/// Keeps `chain` until this thread drains, and reports its links.
pub(super) fn orphan(chain: Chain<LocalCleanup>) {
    if chain.is_empty() {
        return;
    }
    let abouts: Vec<About> = chain.abouts().collect();
    let mut chain = Some(chain);
    let drain = ORPHANS.try_with(|orphans| {
        let mut orphans = orphans.borrow_mut();
        orphans.chains.extend(chain.take());
        orphans.drain.take()
    });
    for about in abouts {
        report(&match drain {
            Ok(_) => Report::Orphaned(about),
            // The thread is ending, and its list is gone.
            Err(_) => Report::Abandoned(about),
        });
    }
    if let Ok(Some((_, drain))) = drain {
        wake(drain);
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
    struct PutBack(Vec<Chain<LocalCleanup>>);

    impl Drop for PutBack {
        fn drop(&mut self) {
            let chains = core::mem::take(&mut self.0);
            for chain in chains {
                let mut chain = Some(chain);
                let _ =
                    ORPHANS.try_with(|orphans| orphans.borrow_mut().chains.extend(chain.take()));
            }
        }
    }

    let waker = cx.waker().clone();
    let Ok(taken) = ORPHANS.try_with(|orphans| {
        let mut orphans = orphans.borrow_mut();
        let previous = orphans.drain.replace((drain, waker));
        (core::mem::take(&mut orphans.chains), previous)
    }) else {
        return Poll::Ready(());
    };
    let (chains, previous) = taken;
    drop(previous);
    let mut chains = PutBack(chains);
    chains.0.retain_mut(|chain| {
        let mut note = |about, end| {
            // One over its budget goes on in a chain of its own.
            if end != End::OverBudget {
                ended(about, end);
            }
        };
        chain.poll(cx, &mut note).is_pending()
    });
    drop(chains);
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
            let orphans = orphans.borrow();
            orphans.chains.iter().flat_map(Chain::abouts).collect()
        })
        .unwrap_or_default()
}
