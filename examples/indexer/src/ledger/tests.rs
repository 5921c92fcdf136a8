use std::io;

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
    ledger.skipped(&Skip::NotText);
    ledger.skipped(&Skip::NotText);
    ledger.skipped(&Skip::Unreadable(io::ErrorKind::NotFound.into()));
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
