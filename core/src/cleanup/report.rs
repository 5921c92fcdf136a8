use core::fmt;
use core::time::Duration;

use super::About;
use crate::runtime::TaskError;
#[cfg(feature = "alloc")]
use crate::{lock::Mutex, primitives::process_wide};

/// Something that happened to a scope or a generator and that no caller is left to hear.
///
/// `Display` is one line for people.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Report<'a> {
    /// No executor and no scope takes care of this cleanup any more: it waits in the process's
    /// orphan list for somebody to drain it.
    Orphaned(About),
    /// A cleanup that nobody waits for returned this error.
    ExitFailed(About, &'a dyn fmt::Debug),
    /// An exit panicked with this message, where the panic could not go on.
    ExitPanicked(About, &'a str),
    /// The body had returned a value, and its scope was dropped before it could return it.
    ValueLost(About),
    /// The body had failed with this error, and its scope was dropped before it could return it.
    ErrorLost(About, &'a dyn fmt::Debug),
    /// The body had panicked with this message, and its scope was dropped before the panic could
    /// go on.
    PanicLost(About, &'a str),
    /// A branch of the combinator failed with this error after another one's, which is all that the
    /// combinator returns.
    LaterError(About, &'a dyn fmt::Debug),
    /// The scope was dropped and its exit did not run, or not to its end: its type says that a
    /// drop abandons it, or its thread ended.
    Abandoned(About),
    /// The closure of the scope keeps its body from being reached, by a lending that it leaked, or does
    /// not poll: the body is leaked, as it may be dropped only there.
    BodyLeaked(About),
    /// The exit was declared synchronous, and waited all the same; it was abandoned.
    NotSynchronous(About),
    /// The first scope has waited this long for the cleanup of the second.
    Waiting(About, Duration, About),
    /// The cleanup budget of the first scope ran out before the second was cleaned up. The second
    /// goes on by itself.
    OverBudget(About, Duration, About),
    /// The generator, which the [live list](super::keep_live_list) or its hook followed, was dropped
    /// before its end by somebody who does not wait: what it held open is cleaned up elsewhere.
    /// [`close`](crate::close) and the loop helpers wait.
    NotClosed(About),
    /// The task failed with this error, and nobody was left to hear it.
    TaskFailed(About, &'a dyn fmt::Debug),
    /// The work or the task panicked, and nobody waited for it any more.
    PanicUnseen(About, &'a TaskError),
    /// The work had not ended when its program had waited this long for it, and goes on.
    StillRunning(About, Duration),
    /// A poll of this part took this long, during which nothing else ran on its thread. See
    /// [`report_slow_polls`](super::report_slow_polls).
    #[cfg(feature = "std")]
    SlowPoll(About, super::PollPhase, Duration),
}

impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Orphaned(about) => write!(f, "{about}: cleanup is orphaned until a drain"),
            Self::ExitFailed(about, error) => write!(f, "{about}: exit failed: {error:?}"),
            Self::ExitPanicked(about, message) => write!(f, "{about}: exit panicked: {message}"),
            Self::ErrorLost(about, error) => {
                write!(
                    f,
                    "{about}: dropped while exiting, the body's error was {error:?}"
                )
            }
            Self::ValueLost(about) => {
                write!(
                    f,
                    "{about}: dropped while exiting, the body had returned a value"
                )
            }
            Self::PanicLost(about, message) => {
                write!(
                    f,
                    "{about}: dropped while exiting, the body panicked: {message}"
                )
            }
            Self::LaterError(about, error) => {
                write!(
                    f,
                    "{about}: after the first, a branch failed with {error:?}"
                )
            }
            Self::Abandoned(about) => write!(f, "{about}: dropped without its exit"),
            Self::BodyLeaked(about) => {
                write!(
                    f,
                    "{about}: its body is leaked, as its closure does not reach it"
                )
            }
            Self::NotSynchronous(about) => {
                write!(f, "{about}: exit was declared synchronous but waited")
            }
            Self::Waiting(about, waited, child) => {
                write!(
                    f,
                    "{about}: has waited {waited:?} for the cleanup of {child}"
                )
            }
            Self::OverBudget(about, budget, child) => {
                write!(
                    f,
                    "{about}: cleanup budget of {budget:?} ran out before {child}"
                )
            }
            Self::NotClosed(about) => write!(f, "{about}: dropped before its end, not closed"),
            Self::TaskFailed(about, error) => write!(f, "{about}: failed: {error:?}"),
            Self::PanicUnseen(about, error) => write!(f, "{about}: nobody waited: {error}"),
            #[cfg(feature = "std")]
            Self::SlowPoll(about, phase, took) => {
                write!(f, "{about}: a poll of its {phase} took {took:?}")
            }
            Self::StillRunning(about, waited) => {
                write!(
                    f,
                    "{about}: still running {waited:?} after its program's end"
                )
            }
        }
    }
}

/// What receives reports.
pub type ReportHook = fn(&Report<'_>);

#[cfg(feature = "alloc")]
process_wide! {
    static HOOK: Mutex<Option<ReportHook>> = Mutex::new(None);
}

/// Installs what receives reports from now on, and returns what did before;
/// [`report_hook_guard`](super::report_hook_guard) puts that back.
///
/// Without a hook, std prints each report to standard error as one line; without std they are
/// dropped. The hook may be called on any thread, from a `Drop`, during unwinding; a panic in it
/// is swallowed. It must not wait.
///
/// # Examples
///
/// ```
/// fn to_the_log(report: &withal_core::cleanup::Report<'_>) {
///     println!("withal: {report}");
/// }
/// withal_core::cleanup::set_report_hook(Some(to_the_log));
/// ```
#[cfg(feature = "alloc")]
pub fn set_report_hook(hook: Option<ReportHook>) -> Option<ReportHook> {
    HOOK.with(|current| core::mem::replace(current, hook))
}

/// Tells the hook: for what is built upon the kernel, and knows of something that no caller is left
/// to hear.
///
/// Without a hook, std prints one line to standard error.
pub fn report(report: &Report<'_>) {
    #[cfg(feature = "alloc")]
    if let Some(hook) = HOOK.with(|hook| *hook) {
        // A hook that panics must not take a cleanup with it.
        crate::panic::catch_all(|| hook(report));
        return;
    }
    #[cfg(feature = "std")]
    {
        use std::io::Write;
        // Not `eprintln!`: it panics where standard error is closed.
        // What an error prints may panic as well.
        crate::panic::catch_all(|| {
            let _ = writeln!(std::io::stderr(), "withal: {report}");
        });
    }
    #[cfg(not(feature = "std"))]
    let _ = report;
}
