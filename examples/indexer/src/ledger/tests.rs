use std::io;
use std::time::Duration;

use withal::scope::ExitKind;

use super::Ledger;
use crate::progress::Skip;
use crate::store::Written;

#[test]
fn a_scope_that_was_not_exited_is_unaccounted() {
    let ledger = Ledger::default();
    for kind in [
        ExitKind::Completed,
        ExitKind::Failed,
        ExitKind::Cancelled,
        ExitKind::Panicked,
    ] {
        ledger.files.enter();
        ledger.files.exit(kind);
    }
    assert_eq!(ledger.summary().unaccounted(), 0);
    ledger.batches.enter();
    assert_eq!(ledger.summary().unaccounted(), 1);
    ledger.batches.exit(ExitKind::Cancelled);
    assert_eq!(ledger.summary().unaccounted(), 0);
}

#[test]
fn a_scope_exited_twice_is_unaccounted_too() {
    let ledger = Ledger::default();
    ledger.files.enter();
    ledger.files.exit(ExitKind::Completed);
    ledger.files.exit(ExitKind::Cancelled);
    assert_eq!(ledger.summary().unaccounted(), 1);
}

#[test]
fn the_summary_names_what_was_left_out() {
    let ledger = Ledger::default();
    ledger.found(5);
    ledger.skipped("a", &Skip::NotText);
    ledger.skipped("a", &Skip::NotText);
    ledger.skipped("b", &Skip::Unreadable(io::ErrorKind::NotFound.into()));
    ledger.committed(&Written {
        indexed: 2,
        bytes: 2048,
        ..Written::default()
    });
    let text = ledger.summary().to_string();
    assert!(text.contains("found 5; indexed 2 (2.00 KiB)"), "{text}");
    assert!(
        text.contains("skipped   3: unreadable 1, not text 2"),
        "{text}"
    );
}

#[test]
fn the_first_files_that_took_too_long_are_named() {
    let ledger = Ledger::default();
    let limit = Duration::from_secs(1);
    for number in 0..12 {
        ledger.skipped(&format!("{number}\n"), &Skip::TooSlow { limit });
    }
    let summary = ledger.summary();
    assert_eq!(summary.slow.len(), 10);
    let text = summary.to_string();
    assert!(text.contains("skipped   12: too slow 12\n"), "{text}");
    assert!(text.contains("too slow  \"9\\n\"\n"), "{text}");
}
