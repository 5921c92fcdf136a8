//! What the process knows of its scopes, and whom it tells.

use core::panic::Location;

use loom::thread;

use super::{about, keep_report, model, reports_of};
use crate::cleanup::live::LiveEntry;
use crate::cleanup::{Report, ReportHook, list_live_scopes, live_scopes, report, set_report_hook};

// S0.4
#[test]
fn scopes_of_two_threads_are_listed_from_their_enter_to_their_exit() {
    model(|| {
        list_live_scopes(true);
        let enter = |name| LiveEntry::enter(name, Location::caller());
        let other = thread::spawn(move || {
            let entry = enter("other");
            let listed = live_scopes().iter().any(|scope| scope.name == "other");
            drop(entry);
            listed
        });
        let entry = enter("here");
        assert!(live_scopes().iter().any(|scope| scope.name == "here"));
        drop(entry);
        assert!(other.join().unwrap());
        assert!(live_scopes().is_empty());
    });
}

// K6: what is reported while another thread changes the hook reaches the old or the new one.
#[test]
fn a_report_that_meets_a_change_of_hooks_reaches_one_of_them() {
    let other: ReportHook = |report| keep_report(report);
    model(move || {
        let change = thread::spawn(move || set_report_hook(Some(other)));
        report(&Report::Abandoned(about("lost")));
        assert!(change.join().unwrap().is_some());
        assert_eq!(reports_of("lost"), 1);
    });
}

// K6: two threads that change the hook at once get the earlier ones back, each once.
#[test]
fn hooks_that_are_changed_at_once_are_each_given_back_once() {
    let (one, two): (ReportHook, ReportHook) = (|_| (), |report| keep_report(report));
    model(move || {
        let first = set_report_hook(None);
        let change = thread::spawn(move || set_report_hook(Some(one)));
        let here = set_report_hook(Some(two));
        let there = change.join().unwrap();
        let last = set_report_hook(first);
        assert_eq!([here, there, last].iter().flatten().count(), 2);
    });
}
