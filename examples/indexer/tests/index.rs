//! What the program does when all goes well.

mod common;

use std::fs;
use std::process::Command;

use common::{Place, RUNTIMES, Ran, documents};

#[test]
fn a_folder_is_indexed_on_every_runtime() {
    let place = Place::with_files(300);
    for runtime in RUNTIMES {
        let _ = fs::remove_file(place.db());
        let ran = place.run(&["--runtime", runtime]);
        ran.assert_code(0).assert_all_accounted();
        assert!(ran.stdout.starts_with(runtime), "{ran:#?}");
        assert_eq!(ran.count("found", "indexed"), 300);
        assert_eq!(ran.count("files: entered", "completed"), 300);
        // Three batches of files, and one that takes out what is gone.
        assert_eq!(ran.count("batches: entered", "completed"), 4);
        assert_eq!(documents(&place.db()), 300);
        assert_eq!(ran.stderr, "", "no progress bar without a terminal");
    }
}

#[test]
fn all_runtimes_make_the_same_index() {
    let place = Place::with_files(300);
    let ran = place.run(&["--runtime", "all"]);
    ran.assert_code(0);
    assert!(ran.stdout.contains("the indexes are equal"), "{ran:#?}");
    let hashes: Vec<_> = ran
        .stdout
        .lines()
        .filter_map(|line| line.split_once("hash "))
        .collect();
    assert_eq!(hashes.len(), RUNTIMES.len(), "{ran:#?}");
    assert!(hashes.windows(2).all(|pair| pair[0] == pair[1]), "{ran:#?}");
    for runtime in RUNTIMES {
        let db = place.db().with_extension(format!("db.{runtime}"));
        assert_eq!(documents(&db), 300);
    }
}

#[test]
fn indexes_that_differ_are_told_apart() {
    let place = Place::with_files(3);
    place.write("changing.txt", "one");
    place.run(&["--runtime", "all"]).assert_code(0);
    // One of the databases is spoilt: a document whose text changes gets another name.
    let db = place.db().with_extension("db.smol");
    let connection = rusqlite::Connection::open(&db).expect("the database is there");
    connection
        .execute_batch(
            "CREATE TRIGGER spoil AFTER UPDATE OF digest ON document
             BEGIN UPDATE document SET path = path || '~' WHERE id = NEW.id; END",
        )
        .expect("a trigger");
    place.write("changing.txt", "two");
    let ran = place.run(&["--runtime", "all"]);
    ran.assert_code(1);
    assert!(ran.stdout.contains("the indexes differ"), "{ran:#?}");
}

#[test]
fn queries_are_answered() {
    let place = Place::with_files(20);
    place.write("poem.txt", "so much depends upon a red wheel barrow");
    let ran = place.run(&[
        "--query",
        "RED depends",
        "--query",
        "nowhere -(\"",
        "--query",
        "words",
    ]);
    ran.assert_code(0);
    let (_, answers) = ran
        .stdout
        .split_once("\"RED depends\": 1 documents")
        .expect("an answer");
    assert!(answers.trim_start().starts_with("poem.txt: "), "{ran:#?}");
    assert!(answers.contains("[depends] upon a [red] wheel"), "{ran:#?}");
    assert!(answers.contains(": 0 documents"), "{ran:#?}");
    assert!(
        answers.contains("\"words\": the best 10 documents"),
        "{ran:#?}"
    );
}

#[test]
fn a_second_run_writes_only_what_changed() {
    let place = Place::with_files(20);
    place.write("changed.txt", "one");
    place.write("gone.txt", "two");
    place.run::<&str>(&[]).assert_code(0);
    place.write("changed.txt", "three");
    fs::remove_file(place.tree().join("gone.txt")).expect("it is there");
    let ran = place.run(&["--query", "three", "--query", "two"]);
    ran.assert_code(0).assert_all_accounted();
    assert_eq!(ran.count("found", "indexed"), 1);
    assert_eq!(ran.count("found", "unchanged"), 20);
    assert_eq!(ran.count("found", "removed"), 1);
    assert!(ran.stdout.contains("\"three\": 1 documents"), "{ran:#?}");
    assert!(ran.stdout.contains("\"two\": 0 documents"), "{ran:#?}");
    assert_eq!(documents(&place.db()), 21);
}

#[test]
fn without_arguments_the_source_tree_of_the_project_is_indexed() {
    let output = Command::new(env!("CARGO_BIN_EXE_indexer")).output();
    let ran = Ran::new(output.expect("the program starts"));
    ran.assert_code(0).assert_all_accounted();
    assert!(ran.stdout.starts_with("tokio: indexed"), "{ran:#?}");
    assert!(ran.count("found", "indexed") > 10, "{ran:#?}");
    assert!(
        ran.stdout.contains("temporary: keep it with --db"),
        "{ran:#?}"
    );
}

#[test]
fn a_reader_of_the_summary_that_goes_away_breaks_nothing() {
    let place = Place::with_files(20);
    let mut child = place
        .command()
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("the program starts");
    drop(child.stdout.take());
    let ran = Ran::new(child.wait_with_output().expect("it ends"));
    ran.assert_code(0);
    assert_eq!(documents(&place.db()), 20);
}
