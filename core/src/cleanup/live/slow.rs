//! Polls that take too long: what blocks an executor's thread.

use core::fmt;
use core::sync::atomic::Ordering;
use core::time::Duration;
use std::time::Instant;

use super::list;
use crate::cleanup::{About, Report, ambient, report};
use crate::primitives::{AtomicUsize, process_wide};

process_wide! {
    // In microseconds; zero: polls are not measured.
    static THRESHOLD: AtomicUsize = AtomicUsize::new(0);
}

/// Has every poll that takes `threshold` or longer reported, as [`Report::SlowPoll`], of scopes that
/// begin to enter and generators that begin from now on; with `None`, of none.
///
/// A poll that is slow keeps its thread from everything else that runs there: find out what it
/// computes, or which call blocks, and hand that to blocking work. The poll of a scope includes those
/// of the scopes inside, which are reported first. What was handed over, after a drop, is not measured.
///
/// Off, which is the default, it costs what the [live list](super::keep_live_list) costs; on, two looks
/// at the clock for each poll. It is on in any build: a tenth of a second is a good threshold.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// withal_core::cleanup::report_slow_polls(Some(Duration::from_millis(100)));
/// ```
///
/// Source: asyncio's `slow_callback_duration`; differs in that it needs no debug mode, and knows which
/// part was slow.
pub fn report_slow_polls(threshold: Option<Duration>) {
    let micros = threshold.map_or(0, |it| {
        usize::try_from(it.as_micros()).unwrap_or(usize::MAX).max(1)
    });
    THRESHOLD.store(micros, Ordering::Relaxed);
    list::measure(threshold.is_some());
}

/// Which part of a scope or generator was polled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PollPhase {
    /// A scope's enter.
    Enter,
    /// A scope's body.
    Body,
    /// A scope's exit.
    Exit,
    /// A step of a generator or a coroutine.
    Step,
}

impl fmt::Display for PollPhase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Enter => "enter",
            Self::Body => "body",
            Self::Exit => "exit",
            Self::Step => "step",
        })
    }
}

/// When a poll begins, if anybody wants to know.
#[cold]
pub(super) fn begin() -> Option<Instant> {
    (THRESHOLD.load(Ordering::Relaxed) > 0).then(Instant::now)
}

/// A poll that has begun at `since` is over.
#[cold]
pub(super) fn end(since: Instant, phase: PollPhase, about: impl FnOnce() -> Option<About>) {
    let took = since.elapsed();
    let threshold = THRESHOLD.load(Ordering::Relaxed);
    if threshold == 0 || took.as_micros() < threshold as u128 {
        return;
    }
    if let Some(about) = about() {
        // The hook is nobody's body.
        ambient::cleared(|| report(&Report::SlowPoll(about, phase, took)));
    }
}
