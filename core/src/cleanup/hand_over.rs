//! Where a cleanup goes (K2).

use super::ambient::{self, CollectorId, access, update};
use super::children::Children;
use super::link::{AnyCleanup, Cleanup};
#[cfg(feature = "std")]
use super::link::{Chain, LocalCleanup};
#[cfg(feature = "std")]
use super::local;
use super::shared::Shared;
use crate::mutants::mutant;
use alloc::sync::Arc;
use alloc::vec::Vec;

/// Hands over a cleanup whose scope was entered under `entered_under`: to the current collector,
/// else to the enclosing scope and its executor, else to its executor, else to the orphan list.
pub(crate) fn hand_over(cleanup: AnyCleanup, entered_under: CollectorId) {
    let Err(cleanup) = collect(cleanup, entered_under) else {
        return;
    };
    match cleanup {
        AnyCleanup::Send(cleanup) => adopt(cleanup),
        #[cfg(feature = "std")]
        AnyCleanup::Local(cleanup) => adopt_local(cleanup),
    }
}

/// Whether a collector or a scope would wait for what is handed over now.
pub(crate) fn is_awaited(entered_under: CollectorId) -> bool {
    ambient::is_collected(entered_under)
        || ambient::scope(|scope| scope.is_present()).unwrap_or(false)
}

/// Lets cleanups go on by themselves, one after the other, without anybody who waits for them.
pub(crate) fn detach(cleanups: impl IntoIterator<Item = AnyCleanup>) {
    let mut chain = Vec::new();
    #[cfg(feature = "std")]
    let mut local_chain = Chain::default();
    for cleanup in cleanups {
        match cleanup {
            AnyCleanup::Send(cleanup) => chain.push(cleanup),
            #[cfg(feature = "std")]
            AnyCleanup::Local(cleanup) => local_chain.push(cleanup),
        }
    }
    #[cfg(feature = "std")]
    local::orphan(local_chain);
    if !chain.iter().any(|link| link.has_runtime()) {
        // They only wait for others, and nobody waits for them.
        return;
    }
    let mut chain = chain.into_iter();
    if let Some(first) = chain.next() {
        Shared::start(first, chain.collect(), None, true);
    }
}

/// Hands over cleanups that must run one after the other.
pub(crate) fn hand_over_chain(cleanups: Vec<AnyCleanup>, entered_under: CollectorId) {
    if is_awaited(entered_under) {
        // A collector keeps their order, and so does a scope, for which this is one drop.
        for cleanup in cleanups {
            hand_over(cleanup, entered_under);
        }
    } else {
        detach(cleanups);
    }
}

fn collect(cleanup: AnyCleanup, entered_under: CollectorId) -> Result<(), AnyCleanup> {
    let mut cleanup = Some(cleanup);
    access(|slots| {
        update(&slots.collector, |collector| {
            let takes = match &cleanup {
                #[cfg(feature = "std")]
                Some(AnyCleanup::Local(_)) => collector.takes_local(),
                _ => true,
            };
            let own = entered_under != CollectorId::NONE && collector.id() == entered_under;
            let own = own && !mutant("own_collector_takes");
            if collector.is_present() && takes && !own && !mutant("no_collector") {
                let content = collector.content.get_or_insert_default();
                cleanup
                    .take()
                    .into_iter()
                    .for_each(|link| content.collect(link));
            }
        });
    });
    cleanup.map_or(Ok(()), Err)
}

enum Place {
    /// Behind the earlier ones of the same drop; the chain is to be started only now.
    InChain(Option<Arc<Shared>>),
    /// In a chain of its own; started on the executor unless the scope's own poll is unwinding.
    Child(Arc<Children>, bool),
}

fn adopt(cleanup: Cleanup) {
    let mut cleanup = Some(cleanup);
    let place = ambient::scope(|scope| {
        if !scope.is_present() || mutant("no_enclosing_scope") {
            return None;
        }
        // A body that panics is about to be exited: its scope runs what comes out itself (K11).
        let unwinding = scope.is_unwinding();
        let content = scope.content.get_or_insert_default();
        if let Some(open) = &content.tracker.open {
            // The `None` arm cannot occur; the chain that has ended gives its link back.
            match cleanup.take().map(|cleanup| open.append(cleanup)) {
                Some(Err(back)) => cleanup = Some(back),
                Some(Ok(true)) => return Some(Place::InChain(Some(open.clone()))),
                _ => return Some(Place::InChain(None)),
            }
        }
        content.tracker.deferred |= unwinding;
        let children = content.tracker.children.get_or_insert_with(Arc::default);
        Some(Place::Child(
            children.clone(),
            !unwinding && !mutant("starts_late"),
        ))
    })
    .flatten();
    if let Some(Place::InChain(Some(chain))) = &place {
        chain.start_deferred();
    }
    let Some(cleanup) = cleanup else {
        return;
    };
    match place {
        Some(Place::Child(children, on_executor)) => {
            let shared = Shared::start(cleanup, Vec::new(), Some(&children), on_executor);
            ambient::scope(|scope| {
                if let Some(content) = &mut scope.content {
                    content.tracker.open = Some(shared);
                }
            });
        }
        _ => {
            Shared::start(cleanup, Vec::new(), None, true);
        }
    }
}

#[cfg(feature = "std")]
fn adopt_local(cleanup: LocalCleanup) {
    let mut cleanup = Some(cleanup);
    ambient::scope(|scope| {
        if scope.takes_local() && !mutant("local_orphaned") {
            let content = scope.content.get_or_insert_default();
            let cleanup = cleanup.take().into_iter();
            cleanup.for_each(|link| content.local.adopt(link));
        }
    });
    let mut chain = Chain::default();
    cleanup.into_iter().for_each(|link| chain.push(link));
    local::orphan(chain);
}
