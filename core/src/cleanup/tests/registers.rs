//! What the process knows of its scopes, and whom it tells.

use std::format;

use loom::thread;

use super::{about, keep_line, keep_report, lines, model, reports_of};
use crate::cleanup::live::LiveEntry;
use crate::cleanup::{
    LiveHook, Report, ReportHook, keep_live_list, live_list, report, set_live_hook, set_report_hook,
};
use crate::scope::ExitKind;

// S0.4
#[test]
fn scopes_of_two_threads_are_listed_from_their_enter_to_their_exit() {
    model(|| {
        keep_live_list(true);
        let enter = |name| LiveEntry::enter(|| about(name));
        let other = thread::spawn(move || {
            let entry = enter("other");
            let listed = live_list().iter().any(|scope| scope.about.name == "other");
            drop(entry);
            listed
        });
        let entry = enter("here");
        assert!(live_list().iter().any(|scope| scope.about.name == "here"));
        drop(entry);
        assert!(other.join().unwrap());
        assert!(live_list().is_empty());
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

// K6, FH-3: the hook goes from one thread while a scope begins and ends on another: it is told all of the
// scope's steps, or none.
#[test]
fn a_live_hook_that_goes_is_told_every_step_or_none() {
    let hook: LiveHook = |event| keep_line(format!("{:?}", event.step));
    model(move || {
        set_live_hook(Some(hook));
        let scope = thread::spawn(|| {
            let entry = LiveEntry::enter(|| about("there"));
            entry.exiting(ExitKind::Completed);
            drop(entry);
        });
        assert!(set_live_hook(None).is_some());
        scope.join().unwrap();
        let told = lines();
        assert!(told.is_empty() || told == ["Entered", "Exiting(Completed)", "Ended"]);
        assert!(live_list().is_empty());
    });
}
