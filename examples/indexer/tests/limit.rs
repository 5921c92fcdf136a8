//! `--limit`: as many files as are wanted, and whatever is open by then is closed.

mod common;

use std::fs;

use common::{BATCH, Place, RUNTIMES, documents};

const FILES: u64 = 300;

#[test]
fn as_many_files_are_indexed_as_are_wanted_on_every_runtime() {
    let place = Place::with_files(FILES as usize);
    for runtime in RUNTIMES {
        for limit in [0, 1, 5, BATCH, BATCH + 1, FILES - 1, FILES, FILES + 1, 1000] {
            let _ = fs::remove_file(place.db());
            let ran = place.run(&["--runtime", runtime, "--limit", &limit.to_string()]);
            ran.assert_code(0).assert_all_accounted();
            assert!(ran.stdout.contains("consistent"), "{ran:#?}");
            let (expected, is_reached) = (limit.min(FILES), limit <= FILES);
            assert_eq!(ran.count("found", "indexed"), expected);
            assert_eq!(documents(&place.db()), expected);
            let says_so = format!("{runtime}: stopped at the limit");
            assert_eq!(ran.stdout.starts_with(&says_so), is_reached, "{ran:#?}");
            // None is half full but the last; and one takes out what is gone.
            let batches = expected.div_ceil(BATCH) + u64::from(!is_reached);
            assert_eq!(ran.count("batches: entered", "completed"), batches);
            // Each file that was opened was read, or closed early.
            let (entered, completed, cancelled) = (
                ran.count("files: entered", "entered"),
                ran.count("files: entered", "completed"),
                ran.count("files: entered", "cancelled"),
            );
            assert_eq!(entered, completed + cancelled, "{ran:#?}");
            assert!(completed >= expected, "{ran:#?}");
        }
    }
}

#[test]
fn a_limited_run_takes_nothing_out_and_answers() {
    let place = Place::with_files(20);
    place.run::<&str>(&[]).assert_code(0);
    let ran = place.run(&["--limit", "3", "--query", "number19"]);
    ran.assert_code(0).assert_all_accounted();
    assert_eq!(ran.count("found", "unchanged"), 3);
    assert_eq!(ran.count("found", "indexed"), 0);
    assert_eq!(ran.count("found", "removed"), 0);
    assert!(ran.stdout.contains("\"number19\": 1 documents"), "{ran:#?}");
    assert_eq!(documents(&place.db()), 20);
}

#[test]
fn a_limited_run_can_be_taken_up() {
    let place = Place::with_files(20);
    place.run(&["--limit", "7"]).assert_code(0);
    let ran = place.run::<&str>(&[]);
    ran.assert_code(0).assert_all_accounted();
    assert_eq!(ran.count("found", "unchanged"), 7);
    assert_eq!(ran.count("found", "indexed"), 13);
}

#[test]
fn files_that_are_left_out_do_not_count() {
    let place = Place::with_files(3);
    // Found before the others.
    for name in ["a", "b", "c"] {
        place.write(name, b"\0");
    }
    let ran = place.run(&["--limit", "2"]);
    ran.assert_code(0).assert_all_accounted();
    assert_eq!(ran.count("found", "indexed"), 2);
    assert_eq!(documents(&place.db()), 2);
}

#[test]
fn limited_runs_are_not_compared() {
    let place = Place::with_files(20);
    let ran = place.run(&["--runtime", "all", "--limit", "3"]);
    ran.assert_code(0);
    assert!(ran.stdout.contains("were not compared"), "{ran:#?}");
    for runtime in RUNTIMES {
        let db = place.db().with_extension(format!("db.{runtime}"));
        assert_eq!(documents(&db), 3);
    }
}

#[test]
fn a_limit_that_is_no_number_is_an_error() {
    let place = Place::new();
    for limit in ["many", "-1", "1.5"] {
        place.run(&["--limit", limit]).assert_code(2);
    }
}
