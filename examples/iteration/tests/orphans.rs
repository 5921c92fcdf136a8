//! Generators that nobody closed. One test, since the live list is the process's.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;

use example_support::on_each;
use example_support::testing::{Lines, SECOND};
use futures_util::stream::StreamExt as _;
use iteration::orphans;
use withal::cleanup::{Report, report_hook_guard};
use withal_tests::{Deterministic, LeakCheck};

static REPORTS: Mutex<Vec<String>> = Mutex::new(Vec::new());

fn keep(report: &Report<'_>) {
    REPORTS.lock().expect("no panic").push(report.to_string());
}

// FH-2, FH-4, FH-9
#[test]
fn what_was_forgotten_is_found_by_name_and_place() {
    let _hook = report_hook_guard(Some(keep));
    for printed in on_each!(async |on, _| orphans::run(on).await) {
        assert_eq!(printed.output, 2);
        let open = ["+connection", "+cursor", "one row, for now"];
        let closed = ["-cursor", "-connection"];
        let found = ["a generator of cursor.rs is open"; 2];
        let expected = [
            &open[..],
            &open,
            &open,
            &closed,
            &found,
            &closed,
            &closed,
            &["0 are left"],
        ]
        .concat();
        assert_eq!(printed.lines, expected);
    }
    assert_eq!(
        *REPORTS.lock().expect("no panic"),
        [""; 0],
        "each was closed"
    );

    // Dropped instead of closed: reported, by where it was made.
    let rt = Deterministic::new();
    let on = Lines::default().setting(&rt, SECOND);
    rt.block_on(async {
        let mut numbers = Box::pin(iteration::counting::range(&on, 0..5));
        numbers.next().await;
    });
    let reports = std::mem::take(&mut *REPORTS.lock().expect("no panic"));
    assert_eq!(reports.len(), 1, "{reports:?}");
    assert!(reports[0].contains("counting.rs"), "{reports:?}");

    // Kept for ever: it fails the test that did it.
    let leaks = LeakCheck::new(&rt);
    let mut numbers = Box::pin(iteration::counting::range(&on, 0..5));
    rt.block_on(numbers.next());
    let failed = catch_unwind(AssertUnwindSafe(|| leaks.finish()));
    let message = failed.expect_err("a generator is open");
    let message = message.downcast_ref::<String>().expect("a message");
    assert!(message.contains("counting.rs"), "{message}");
}
