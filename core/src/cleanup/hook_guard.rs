//! Hooks that are installed for a while.

#[cfg(feature = "std")]
use super::{LiveHook, set_live_hook};
use super::{ReportHook, set_report_hook};

/// Puts the earlier hook back when it is dropped. Guards of one hook are dropped like guards of one
/// frame are: the last one first. Leaked, it leaves its hook installed.
#[derive(Debug)]
#[must_use = "the hook is installed for as long as this is bound"]
pub struct HookGuard(Before);

#[derive(Debug)]
enum Before {
    Report(Option<ReportHook>),
    #[cfg(feature = "std")]
    Live(Option<LiveHook>),
}

/// [`set_report_hook`] until the guard is dropped.
///
/// # Examples
///
/// ```
/// use withal_core::cleanup::{Report, report_hook_guard};
///
/// let quiet = report_hook_guard(Some(|_: &Report<'_>| ()));
/// // …
/// drop(quiet);
/// ```
pub fn report_hook_guard(hook: Option<ReportHook>) -> HookGuard {
    HookGuard(Before::Report(set_report_hook(hook)))
}

/// [`set_live_hook`] until the guard is dropped. What began under it is told of to its end all the
/// same.
#[cfg(feature = "std")]
pub fn live_hook_guard(hook: Option<LiveHook>) -> HookGuard {
    HookGuard(Before::Live(set_live_hook(hook)))
}

impl Drop for HookGuard {
    fn drop(&mut self) {
        match self.0 {
            Before::Report(before) => _ = set_report_hook(before),
            #[cfg(feature = "std")]
            Before::Live(before) => _ = set_live_hook(before),
        }
    }
}
