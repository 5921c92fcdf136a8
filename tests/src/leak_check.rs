//! A test that leaves a scope behind, or a generator that nobody closed, fails.

mod generators;
#[cfg(test)]
mod tests;

use std::fmt;
use std::panic::Location;
use std::thread;

use withal::cleanup::{About, Subject, keep_live_list, live_list};
use withal::runtime::{Cleanup, RuntimeId};

use self::generators::Watch;

/// Fails the test at its end if a scope is alive: entered and never exited (a guard that is kept,
/// a future that was leaked), or dropped and not cleaned up yet. Likewise if a generator has begun and
/// not ended, or was dropped before its end and [not closed](withal::cleanup::Report::NotClosed).
///
/// It looks at the scopes that were entered with values of one runtime. So give
/// each test a runtime of its own, and tests that run side by side are not blamed for each other.
/// On a runtime that the whole process shares (smol's global one, async-std, `NoExecutor`) it sees
/// the scopes of all. A generator counts if it began, since the check did, in one of these scopes; or
/// in no scope, on the thread of the check.
///
/// Let the cleanups end first: [`withal::run`] and [`drain`](withal::cleanup::drain) wait for
/// them, as does [`Deterministic::run`](crate::Deterministic::run).
///
/// It switches the [live list](keep_live_list) on, and never off, and installs a
/// [hook](withal::cleanup::set_live_hook) that calls the one that was there.
///
/// # Panics
///
/// When it is [finished](Self::finish) or dropped and has found something; the message says what it
/// is, and where it was entered or made. While a panic unwinds, it prints that to standard error instead.
///
/// # Examples
///
/// ```
/// use withal::scope::{Lend, scope_fn};
/// use withal_tests::{Deterministic, LeakCheck};
///
/// let rt = Deterministic::new();
/// let leaks = LeakCheck::new(&rt);
/// let ended = withal::run(&rt, async |rt| {
///     let scope = scope_fn(async |lend: Lend<u32>| Ok::<_, String>(lend.lend(7).await.1));
///     withal::with(rt, scope, async |number| Ok::<_, String>(*number)).await
/// });
/// assert_eq!(ended.output, Ok(7));
/// leaks.finish();
/// ```
#[derive(Debug)]
#[must_use = "it looks when it is dropped, which is at once unless it is bound"]
pub struct LeakCheck {
    runtime: RuntimeId,
    begun_at: &'static Location<'static>,
    is_finished: bool,
    generators: Watch,
}

impl LeakCheck {
    /// Begins to look at the scopes that are entered with `rt`, and at generators.
    #[track_caller]
    pub fn new(rt: &impl Cleanup) -> Self {
        keep_live_list(true);
        Self {
            runtime: rt.id(),
            begun_at: Location::caller(),
            is_finished: false,
            generators: Watch::begin(rt.id()),
        }
    }

    /// The scopes that are alive now, and then the generators that are suspended or were not closed;
    /// oldest first.
    pub fn leaks(&self) -> Vec<About> {
        let live = live_list().into_iter().map(|live| live.about);
        let ours = |about: &About| about.subject == Subject::Scope && about.runtime == self.runtime;
        live.filter(ours).chain(self.generators.left()).collect()
    }

    /// Looks now, and for the last time.
    ///
    /// # Panics
    ///
    /// If a scope is alive, or a generator is suspended or was not closed.
    #[track_caller]
    pub fn finish(mut self) {
        self.is_finished = true;
        if let Some(found) = self.found() {
            panic!("{found}");
        }
    }

    fn found(&self) -> Option<Found<'_>> {
        let leaks = self.leaks();
        (!leaks.is_empty()).then_some(Found { check: self, leaks })
    }
}

impl Drop for LeakCheck {
    fn drop(&mut self) {
        if self.is_finished {
            return;
        }
        if let Some(found) = self.found() {
            if thread::panicking() {
                eprintln!("{found}");
            } else {
                panic!("{found}");
            }
        }
    }
}

/// What a check found, as text.
struct Found<'a> {
    check: &'a LeakCheck,
    leaks: Vec<About>,
}

impl fmt::Display for Found<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let LeakCheck {
            runtime, begun_at, ..
        } = self.check;
        let count = self.leaks.len();
        write!(
            f,
            "scopes not exited and generators not closed on {runtime}, checked since {begun_at}: \
             {count}"
        )?;
        for about in &self.leaks {
            write!(f, "\n  {} {about}", about.subject)?;
        }
        Ok(())
    }
}
