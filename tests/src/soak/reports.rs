//! Counts what is reported, and wakes who waits for it.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use withal::cleanup::Report;

use super::event::{KINDS, Kind, Reports};
use super::stage::{Stage, lock};

/// The reports so far, by kind.
static REPORTS: [AtomicU32; KINDS] = [const { AtomicU32::new(0) }; KINDS];

/// The hook that counts.
pub(super) fn note(report: &Report<'_>) {
    let kind = match report {
        Report::ExitFailed(..) => Kind::ExitFailed,
        Report::ExitPanicked(..) => Kind::ExitPanicked,
        Report::ValueLost(..) => Kind::ValueLost,
        Report::ErrorLost(..) => Kind::ErrorLost,
        Report::PanicLost(..) => Kind::PanicLost,
        Report::Abandoned(..) => Kind::Abandoned,
        Report::OverBudget(..) => Kind::OverBudget,
        Report::Orphaned(..) => Kind::Orphaned,
        _ => Kind::Other,
    };
    REPORTS[kind as usize].fetch_add(1, Ordering::SeqCst);
    if let Some(stage) = playing() {
        stage.wake_all();
    }
}

/// The reports since the last call.
pub(super) fn take() -> Reports {
    REPORTS
        .each_ref()
        .map(|count| count.swap(0, Ordering::SeqCst))
}

/// How many reports there were since [`take`], without those of orphans.
pub(super) fn count() -> u32 {
    let counts = REPORTS.iter().enumerate();
    let counts = counts.filter(|(kind, _)| *kind != Kind::Orphaned as usize);
    counts.map(|(_, count)| count.load(Ordering::SeqCst)).sum()
}

/// The stage that is woken by reports.
static PLAYING: Mutex<Option<Arc<Stage>>> = Mutex::new(None);

/// Says which stage is woken by reports.
pub(super) fn set_playing(stage: Option<Arc<Stage>>) {
    let _before = std::mem::replace(&mut *lock(&PLAYING), stage);
}

/// That stage.
pub(super) fn playing() -> Option<Arc<Stage>> {
    lock(&PLAYING).clone()
}
