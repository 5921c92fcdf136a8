//! What the library reported: one hook for the process, in which each case finds its own.

use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};
use std::{future::poll_fn, task::Poll, task::Waker};

use withal::cleanup::{Report, ReportHook, set_report_hook};
use withal::runtime::Runtime;

use crate::log::within_patience;

#[derive(Default)]
struct Seen {
    reports: Vec<(ThreadId, String)>,
    waiting: Vec<Waker>,
}

static SEEN: LazyLock<Mutex<Seen>> = LazyLock::new(|| {
    *before() = set_report_hook(Some(keep));
    Mutex::default()
});

/// What was told before.
static BEFORE: Mutex<Option<ReportHook>> = Mutex::new(None);

fn before() -> MutexGuard<'static, Option<ReportHook>> {
    BEFORE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn keep(report: &Report<'_>) {
    let mut seen = seen();
    seen.reports
        .push((thread::current().id(), report.to_string()));
    let waiting = std::mem::take(&mut seen.waiting);
    drop(seen);
    waiting.into_iter().for_each(Waker::wake);
    let before = *before();
    if let Some(before) = before {
        before(report);
    }
}

fn seen() -> MutexGuard<'static, Seen> {
    SEEN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A look at the reports that come from now on. Cases run side by side, so ask for what only your
/// own case can have caused: a text of its own (see [`unique`]), or something on its thread.
#[derive(Debug)]
pub struct Reports {
    from: usize,
}

impl Reports {
    /// Begins to look.
    pub fn begin() -> Self {
        Self {
            from: seen().reports.len(),
        }
    }

    /// How many reports contain `text`.
    pub fn count(&self, text: &str) -> usize {
        let seen = seen();
        let new = &seen.reports[self.from..];
        new.iter()
            .filter(|(_, report)| report.contains(text))
            .count()
    }

    /// The reports made on this thread.
    pub fn here(&self) -> Vec<String> {
        self.on(thread::current().id())
    }

    /// The reports made on `there`.
    pub fn on(&self, there: ThreadId) -> Vec<String> {
        let seen = seen();
        let new = seen.reports[self.from..].iter();
        new.filter(|(thread, _)| *thread == there)
            .map(|(_, report)| report.clone())
            .collect()
    }

    /// Waits for a report that contains `text`, or fails the case.
    pub async fn until(&self, rt: &impl Runtime, text: &str) {
        let wait = poll_fn(|cx| {
            seen().waiting.push(cx.waker().clone());
            if self.count(text) > 0 {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        });
        within_patience(rt, wait, || format!("no report of {text}")).await;
    }
}

/// A text that no other case has, beginning with `prefix`.
pub fn unique(prefix: &str) -> String {
    use std::sync::atomic::{AtomicUsize, Ordering};
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    format!("{prefix}#{}#", NEXT.fetch_add(1, Ordering::Relaxed))
}
