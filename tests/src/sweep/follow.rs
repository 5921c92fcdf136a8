//! What happens to the scopes of one run: the kernel's own account, told apart by the run's
//! runtime. The hooks are the process's, so they are installed once and pass on what is not ours.

use std::cell::Cell;
use std::collections::{BTreeMap, HashMap};
use std::fmt::Display;
use std::future::poll_fn;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

use withal::cleanup::{
    About, LiveEvent, LiveHook, LiveStep, Report, ReportHook, Subject, set_live_hook,
    set_report_hook,
};
use withal::runtime::RuntimeId;

use super::trace::{Entry, Told, Trace};

/// The runs that are followed now, by the runtime of each.
static RUNS: LazyLock<Mutex<HashMap<RuntimeId, Follow>>> = LazyLock::new(|| {
    let before = Before {
        scope: set_live_hook(Some(on_scope)),
        report: set_report_hook(Some(on_report)),
    };
    *lock(&BEFORE) = before;
    Mutex::default()
});

/// What was told before.
static BEFORE: Mutex<Before> = Mutex::new(Before {
    scope: None,
    report: None,
});

#[derive(Clone, Copy)]
struct Before {
    scope: Option<LiveHook>,
    report: Option<ReportHook>,
}

thread_local! {
    /// Whether this thread polls or drops a scenario, rather than what else its run consists of.
    static INSIDE: Cell<bool> = const { Cell::new(false) };
}

fn on_scope(event: &LiveEvent) {
    if let Some(run) = run_of(event.about.runtime) {
        run.note_scope(event);
    }
    let before = lock(&BEFORE).scope;
    if let Some(before) = before {
        before(event);
    }
}

fn on_report(report: &Report<'_>) {
    let run = about(report).and_then(|about| run_of(about.runtime));
    if let Some(run) = &run {
        run.note_report(report);
    }
    let before = lock(&BEFORE).report;
    match before {
        Some(before) => before(report),
        // As the library does where nobody listens. What a run causes is in its trace.
        None if run.is_none() => eprintln!("withal: {report}"),
        None => {}
    }
}

fn run_of(runtime: RuntimeId) -> Option<Follow> {
    lock(&RUNS).get(&runtime).cloned()
}

/// Which scope a report is about.
fn about<'a>(report: &Report<'a>) -> Option<About> {
    match report {
        Report::Orphaned(about)
        | Report::ExitFailed(about, _)
        | Report::ExitPanicked(about, _)
        | Report::ValueLost(about)
        | Report::ErrorLost(about, _)
        | Report::PanicLost(about, _)
        | Report::Abandoned(about)
        | Report::BodyLeaked(about)
        | Report::NotSynchronous(about)
        | Report::Waiting(about, ..)
        | Report::OverBudget(about, ..)
        | Report::NotClosed(about) => Some(*about),
        _ => None,
    }
}

/// Runs `f` as a part of the scenario: the scopes that it enters are the scenario's own.
pub(super) fn inside<T>(f: impl FnOnce() -> T) -> T {
    struct Restore(bool);

    impl Drop for Restore {
        fn drop(&mut self) {
            INSIDE.set(self.0);
        }
    }

    let _restore = Restore(INSIDE.replace(true));
    f()
}

/// A run that is followed. Clones are the same run.
#[derive(Clone, Debug, Default)]
pub(super) struct Follow {
    seen: Arc<Mutex<Seen>>,
}

#[derive(Debug, Default)]
struct Seen {
    trace: Vec<Entry>,
    live: BTreeMap<usize, Live>,
    waiting: Vec<Waker>,
}

/// A scope that is entered and has not ended.
#[derive(Debug)]
struct Live {
    about: About,
    /// Whether the scenario itself entered it, rather than a task that it spawned.
    own: bool,
    exiting: bool,
    /// Whether it was reported to be without anybody who runs its exit.
    orphaned: bool,
}

impl Follow {
    /// Follows the scopes that are entered on `runtime`, until [`end`](Self::end).
    pub(super) fn begin(runtime: RuntimeId) -> Self {
        let run = Self::default();
        lock(&RUNS).insert(runtime, run.clone());
        run
    }

    pub(super) fn end(runtime: RuntimeId) {
        // Dropped outside of the lock.
        let _run = lock(&RUNS).remove(&runtime);
    }

    /// Notes something that the sweep does.
    pub(super) fn mark(&self, what: impl Display) {
        self.lock().trace.push(Entry::Mark(what.to_string()));
    }

    fn note_scope(&self, event: &LiveEvent) {
        let mut seen = self.lock();
        seen.trace.push(Entry::Scope(Told::from(event)));
        if event.about.subject != Subject::Scope {
            // A generator may outlive the run, as a part of the state; no scope in it may.
            return;
        }
        match event.step {
            LiveStep::Entered => {
                let born_in_own = event.parent.and_then(|parent| seen.live.get(&parent));
                let own = INSIDE.get() || born_in_own.is_some_and(|parent| parent.own);
                let live = Live {
                    about: event.about,
                    own,
                    exiting: false,
                    orphaned: false,
                };
                seen.live.insert(event.id, live);
            }
            LiveStep::Exiting(_) | LiveStep::Dropped(_) => {
                if let Some(live) = seen.live.get_mut(&event.id) {
                    live.exiting = true;
                }
            }
            LiveStep::Ended => {
                seen.live.remove(&event.id);
            }
            _ => {}
        }
        seen.wake();
    }

    fn note_report(&self, report: &Report<'_>) {
        let mut seen = self.lock();
        seen.trace.push(Entry::Report(report.to_string()));
        if let Report::Orphaned(about) = report {
            let live = seen.live.values_mut();
            for live in live.filter(|live| live.about == *about) {
                live.orphaned = true;
            }
        }
        seen.wake();
    }

    /// A scope that has not ended.
    pub(super) fn live(&self) -> Option<About> {
        let seen = self.lock();
        seen.live.values().map(|live| live.about).next()
    }

    /// As [`live`](Self::live), but for those that were reported as orphans.
    pub(super) fn live_in_silence(&self) -> Option<About> {
        let seen = self.lock();
        let mut live = seen.live.values().filter(|live| !live.orphaned);
        live.next().map(|live| live.about)
    }

    /// A scope of the scenario's own that has not ended.
    pub(super) fn live_own(&self) -> Option<About> {
        let seen = self.lock();
        let mut live = seen.live.values().filter(|live| live.own);
        live.next().map(|live| live.about)
    }

    /// Whether a scope is being exited now.
    pub(super) fn is_exiting(&self) -> bool {
        self.lock().live.values().any(|live| live.exiting)
    }

    /// Waits until every scope has ended.
    pub(super) async fn settled(&self) {
        poll_fn(|cx| {
            let mut seen = self.lock();
            if seen.live.is_empty() {
                return Poll::Ready(());
            }
            seen.waiting.push(cx.waker().clone());
            Poll::Pending
        })
        .await;
    }

    /// Everything so far.
    pub(super) fn trace(&self) -> Trace {
        Trace::new(self.lock().trace.clone())
    }

    fn lock(&self) -> MutexGuard<'_, Seen> {
        lock(&self.seen)
    }
}

impl Seen {
    /// Wakes whoever waits. A waker of the sweep takes no lock of ours.
    fn wake(&mut self) {
        self.waiting.drain(..).for_each(Waker::wake);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
