use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::Connection;
use tempfile::TempDir;
use withal::transaction::Level;

use super::{Document, Draft, Session, Store, StoreError, Written};

const PATIENCE: Duration = Duration::from_millis(20);

fn place() -> (TempDir, PathBuf) {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let path = dir.path().join("index.db");
    (dir, path)
}

fn open(path: &Path) -> Store {
    Store::open(path, PATIENCE).expect("a fresh database")
}

fn document(path: &str, text: &str) -> Document {
    // In parts, as it is read.
    let mut draft = Draft::new(path.into());
    text.split_inclusive(' ').for_each(|part| draft.push(part));
    draft.finish()
}

/// A connection with a transaction open.
fn begin(store: &Store) -> Result<Session, StoreError> {
    let mut session = store.session()?;
    session.begin(Level::Transaction)?;
    Ok(session)
}

fn write(store: &Store, documents: &[(&str, &str)]) -> Written {
    let run = next_run(store);
    let mut transaction = begin(store).expect("nobody holds the lock");
    let mut written = Written::default();
    for (path, text) in documents {
        written += transaction
            .put(&document(path, text), run)
            .expect("room on the disk");
    }
    commit(transaction).expect("room on the disk");
    written
}

fn next_run(store: &Store) -> i64 {
    let session = store.session().expect("a database");
    session.next_run().expect("a sound database")
}

fn commit(mut transaction: Session) -> Result<(), StoreError> {
    transaction.commit(Level::Transaction)
}

#[test]
fn what_was_committed_is_found() {
    let (_dir, path) = place();
    let store = open(&path);
    let written = write(
        &store,
        &[("a", "one fish"), ("b", "two\nfish \u{1b}[31m red")],
    );
    assert_eq!((written.indexed, written.bytes), (2, 26));
    let hits = store.search("two FISH", 10).expect("a sound database");
    assert_eq!(hits.len(), 1);
    assert_eq!(hits[0].path, "b");
    assert_eq!(hits[0].snippet, "[two] [fish] [31m red");
    assert_eq!(
        store
            .search("fish -\" (", 10)
            .expect("no syntax to break")
            .len(),
        2
    );
    assert_eq!(store.verify().expect("a sound database").documents, 2);
}

#[test]
fn a_dropped_transaction_leaves_nothing() {
    let (_dir, path) = place();
    let store = open(&path);
    let mut transaction = begin(&store).expect("nobody holds the lock");
    transaction
        .put(&document("a", "text"), 1)
        .expect("room on the disk");
    drop(transaction);
    assert_eq!(store.verify().expect("a sound database").documents, 0);
    let mut transaction = begin(&store).expect("the lock was given back");
    transaction
        .roll_back(Level::Transaction)
        .expect("it is open");
    transaction
        .roll_back(Level::Transaction)
        .expect("it has ended already");
}

#[test]
fn documents_that_did_not_change_are_not_written_again() {
    let (_dir, path) = place();
    let store = open(&path);
    write(&store, &[("a", "one"), ("b", "two")]);
    let written = write(&store, &[("a", "one"), ("b", "three")]);
    assert_eq!((written.indexed, written.unchanged), (1, 1));
    assert!(
        store
            .search("two", 10)
            .expect("a sound database")
            .is_empty()
    );
    store.verify().expect("a sound database");
}

#[test]
fn documents_that_a_run_did_not_see_are_taken_out() {
    let (_dir, path) = place();
    let store = open(&path);
    write(&store, &[("a", "one"), ("b", "two"), ("c", "three")]);
    // One as it was, one that has changed, one that is gone.
    write(&store, &[("a", "one"), ("b", "four")]);
    assert_eq!(next_run(&store), 3);
    let mut transaction = begin(&store).expect("nobody holds the lock");
    let written = transaction.keep_seen(2).expect("room on the disk");
    commit(transaction).expect("room on the disk");
    assert_eq!(written.removed, 1);
    assert_eq!(store.verify().expect("a sound database").documents, 2);
    let hits = |word| store.search(word, 10).expect("a sound database").len();
    assert_eq!((hits("four"), hits("three")), (1, 0));
}

#[test]
fn runs_at_the_same_time_take_out_nothing_that_the_other_has_seen() {
    let (_dir, path) = place();
    let store = open(&path);
    for first in [1, 2] {
        let mut transaction = begin(&store).expect("nobody holds the lock");
        for (name, run) in [
            ("a", first),
            ("a", 3 - first),
            ("b", 3 - first),
            ("b", first),
        ] {
            transaction
                .put(&document(name, "text"), run)
                .expect("room on the disk");
        }
        let mut written = transaction.keep_seen(first).expect("room on the disk");
        written += transaction.keep_seen(3 - first).expect("room on the disk");
        commit(transaction).expect("room on the disk");
        assert_eq!(written.removed, 0);
    }
}

#[test]
fn the_hash_does_not_depend_on_the_order_of_writing() {
    let (_one, path) = place();
    let one = open(&path);
    write(&one, &[("a", "1"), ("b", "2")]);
    let (_two, path) = place();
    let two = open(&path);
    write(&two, &[("b", "2")]);
    write(&two, &[("a", "1")]);
    assert_eq!(one.verify().expect("sound"), two.verify().expect("sound"));
    write(&two, &[("a", "3")]);
    assert_ne!(one.verify().expect("sound"), two.verify().expect("sound"));
}

#[test]
fn a_failed_commit_keeps_nothing() {
    let (_dir, path) = place();
    let store = open(&path);
    write(&store, &[("a", "one")]);
    // A reader in the middle of its query keeps a writer from committing.
    let reader = Connection::open(&path).expect("a database");
    reader
        .execute_batch("BEGIN; SELECT count(*) FROM document;")
        .expect("a reader");
    let mut transaction = begin(&store).expect("readers do not hinder this");
    transaction
        .put(&document("b", "two"), 2)
        .expect("room on the disk");
    assert!(matches!(
        commit(transaction),
        Err(StoreError::Locked { .. })
    ));
    reader.execute_batch("COMMIT").expect("a reader");
    assert_eq!(store.verify().expect("a sound database").documents, 1);
    write(&store, &[("b", "two")]);
}

#[test]
fn a_lock_is_waited_for_and_then_reported() {
    let (_dir, path) = place();
    let store = open(&path);
    let other = Connection::open(&path).expect("a database");
    other.execute_batch("BEGIN EXCLUSIVE").expect("the lock");
    assert!(matches!(begin(&store), Err(StoreError::Locked { .. })));
    assert!(matches!(
        Store::open(&path, PATIENCE),
        Err(StoreError::Locked { .. })
    ));
}

#[test]
fn what_is_not_ours_is_not_touched() {
    let (dir, path) = place();
    let garbage = "no database at all, but long enough to be taken for one. ".repeat(40);
    fs::write(&path, &garbage).expect("a file");
    assert!(matches!(
        Store::open(&path, PATIENCE),
        Err(StoreError::NotAnIndex { .. })
    ));
    assert_eq!(fs::read_to_string(&path).expect("a file"), garbage);

    let foreign = dir.path().join("foreign.db");
    let connection = Connection::open(&foreign).expect("a database");
    connection
        .execute_batch("CREATE TABLE theirs (x)")
        .expect("a table");
    assert!(matches!(
        Store::open(&foreign, PATIENCE),
        Err(StoreError::NotAnIndex { .. })
    ));
    assert!(matches!(
        Store::open(&dir.path().join("missing/index.db"), PATIENCE),
        Err(StoreError::CannotOpen { .. })
    ));
}

#[test]
fn verify_sees_a_text_that_is_not_the_documents() {
    let (_dir, path) = place();
    let store = open(&path);
    write(&store, &[("a", "one")]);
    let connection = Connection::open(&path).expect("a database");
    connection
        .execute_batch("UPDATE content SET text = 'two'")
        .expect("a table");
    assert!(matches!(
        store.verify(),
        Err(StoreError::Inconsistent { .. })
    ));
    connection
        .execute_batch("DELETE FROM content")
        .expect("a table");
    assert!(matches!(
        store.verify(),
        Err(StoreError::Inconsistent { .. })
    ));
}
