//! The blocking work of this process that has not ended, for those who end its runtime.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use super::context::Signals;
use crate::cleanup::About;
use crate::runtime::RuntimeId;

static NEXT: AtomicU64 = AtomicU64::new(0);
static LIVE: Mutex<BTreeMap<u64, Entry>> = Mutex::new(BTreeMap::new());

struct Entry {
    about: About,
    job: Weak<dyn Stoppable>,
}

/// What can be asked to stop.
pub(super) trait Stoppable: Send + Sync {
    /// Withdraws it, or asks it to stop.
    fn stop(&self);

    fn signals(&self) -> &Signals;
}

/// A number for one job.
pub(super) fn number() -> u64 {
    NEXT.fetch_add(1, Ordering::Relaxed)
}

pub(super) fn insert(number: u64, about: About, job: Weak<dyn Stoppable>) {
    lock().insert(number, Entry { about, job });
}

pub(super) fn remove(number: u64) {
    // Dropped outside the lock.
    let _entry = lock().remove(&number);
}

/// What has not ended on `runtime`, oldest first.
pub(crate) fn live(runtime: RuntimeId) -> Vec<(u64, About)> {
    let live = lock();
    let live = live
        .iter()
        .filter(|(_, entry)| entry.about.runtime == runtime);
    live.map(|(number, entry)| (*number, entry.about)).collect()
}

/// Asks all work on `runtime` to stop, and waits until there is none; notes in `seen` what there was.
///
/// Work that comes meanwhile is asked as well.
pub(crate) async fn stopped(runtime: RuntimeId, seen: &mut BTreeMap<u64, About>) {
    loop {
        let jobs = snapshot(runtime);
        if jobs.is_empty() {
            return;
        }
        for (number, about, job) in &jobs {
            seen.insert(*number, *about);
            job.stop();
        }
        for (_, _, job) in jobs {
            job.signals().over().await;
        }
    }
}

fn snapshot(runtime: RuntimeId) -> Vec<(u64, About, Arc<dyn Stoppable>)> {
    let live = lock();
    let live = live
        .iter()
        .filter(|(_, entry)| entry.about.runtime == runtime);
    // One that is gone is being removed just now.
    live.filter_map(|(number, entry)| Some((*number, entry.about, entry.job.upgrade()?)))
        .collect()
}

fn lock() -> MutexGuard<'static, BTreeMap<u64, Entry>> {
    // Nothing panics under it.
    LIVE.lock().unwrap_or_else(PoisonError::into_inner)
}
