//! What was reported, and panics, as texts.

use std::cell::RefCell;
use std::fmt::Debug;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};

use withal_core::cleanup::{Report, set_report_hook};

use super::now;

thread_local! {
    static REPORTS: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// Keeps the reports of each thread, to be looked at by [`reports`].
pub(crate) fn keep_reports() {
    set_report_hook(Some(|report| {
        let line = match report {
            Report::Abandoned(about) => format!("abandoned {}", short(about.name)),
            Report::ExitPanicked(about, message) => {
                format!("panicked {}: {message}", short(about.name))
            }
            Report::PanicLost(about, message) => format!("lost {}: {message}", short(about.name)),
            Report::ExitFailed(about, error) => format!("failed {}: {error:?}", short(about.name)),
            other => other.to_string(),
        };
        REPORTS.with_borrow_mut(|reports| reports.push(line));
    }));
}

fn short(name: &str) -> &str {
    name.rsplit_once("::").map_or(name, |(_, name)| name)
}

/// What was reported on this thread since.
pub(crate) fn reports() -> Vec<String> {
    REPORTS.take()
}

/// What a future that never waits panicked with.
#[track_caller]
pub(crate) fn panic_of<F: Future<Output: Debug>>(future: F) -> &'static str {
    let payload = catch_unwind(AssertUnwindSafe(|| now(future))).unwrap_err();
    payload.downcast_ref::<&'static str>().expect("a text")
}
