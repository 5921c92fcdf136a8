//! A test that leaves a scope behind fails.

#[cfg(test)]
mod tests;

use std::fmt;
use std::panic::Location;
use std::thread;

use withal::cleanup::{About, keep_live_list, live_list};
use withal::runtime::{Cleanup, RuntimeId};

/// Fails the test at its end if a scope is alive: entered and never exited (a guard that is kept,
/// a future that was leaked), or dropped and not cleaned up yet.
///
/// It looks at the scopes that were entered with values of one runtime since it began. So give
/// each test a runtime of its own, and tests that run side by side are not blamed for each other.
/// On a runtime that the whole process shares (smol's global one, async-std, `NoExecutor`) it sees
/// the scopes of all.
///
/// Let the cleanups end first: [`withal::run`] and [`drain`](withal::cleanup::drain) wait for
/// them, as does [`Deterministic::run`](crate::Deterministic::run).
///
/// It switches the [list of live scopes](keep_live_list) on, and never off.
///
/// # Panics
///
/// When it is [finished](Self::finish) or dropped and a scope is alive; the message says which,
/// and where it was entered. While a panic unwinds, it prints that to standard error instead.
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
}

impl LeakCheck {
    /// Begins to look at the scopes that are entered with `rt`.
    #[track_caller]
    pub fn new(rt: &impl Cleanup) -> Self {
        keep_live_list(true);
        Self {
            runtime: rt.id(),
            begun_at: Location::caller(),
            is_finished: false,
        }
    }

    /// The scopes that are alive now, oldest first.
    pub fn leaks(&self) -> Vec<About> {
        let live = live_list().into_iter().map(|scope| scope.about);
        live.filter(|about| about.runtime == self.runtime).collect()
    }

    /// Looks now, and for the last time.
    ///
    /// # Panics
    ///
    /// If a scope is alive.
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
            "scopes still alive on {runtime}, checked since {begun_at}: {count}"
        )?;
        for about in &self.leaks {
            write!(f, "\n  {} (entered at {})", about.name, about.location)?;
        }
        Ok(())
    }
}
