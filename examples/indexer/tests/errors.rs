//! What the program does when something is in its way: a clear error, or a counted skip.

mod common;

use std::fs;
use std::io::{Seek as _, SeekFrom, Write as _};

use common::{Place, documents};
use rusqlite::Connection;

#[test]
fn files_that_are_no_text_are_counted() {
    let place = Place::with_files(5);
    place.write("zero", b"text with a \0 in it");
    place.write("latin-1", b"caf\xe9");
    place.write("empty", b"");
    let ran = place.run(&["--verbose"]);
    ran.assert_code(0).assert_all_accounted();
    assert_eq!(ran.count("skipped ", "not text"), 2);
    assert_eq!(ran.count("files: entered", "failed"), 2);
    assert_eq!(ran.count("found", "indexed"), 6);
    assert!(
        ran.stderr.contains("skipped \"latin-1\": not text"),
        "{ran:#?}"
    );
    assert_eq!(documents(&place.db()), 6);
}

#[test]
fn files_that_are_too_large_are_counted() {
    let place = Place::with_files(1);
    let large = fs::File::create(place.tree().join("large")).expect("a file");
    large.set_len((16 << 20) + 1).expect("room for a hole");
    let ran = place.run::<&str>(&[]);
    ran.assert_code(0).assert_all_accounted();
    assert_eq!(ran.count("skipped ", "too large"), 1);
    assert_eq!(documents(&place.db()), 1);
}

#[cfg(unix)]
#[test]
fn paths_that_cannot_be_read_are_counted() {
    use std::os::unix::ffi::OsStrExt as _;
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    use std::os::unix::net::UnixListener;

    let place = Place::with_files(5);
    let tree = place.tree();
    symlink("nowhere", tree.join("dangling")).expect("a link");
    symlink(tree.join("folder-0"), tree.join("link")).expect("a link");
    let _socket = UnixListener::bind(tree.join("socket")).expect("a socket");
    let odd = std::ffi::OsStr::from_bytes(b"odd-\xff");
    fs::write(tree.join(odd), "text").expect("a file");
    place.write("secret", "text");
    let secret = tree.join("secret");
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o000)).expect("it is ours");
    // Root reads it all the same.
    let can_read = u64::from(fs::read(&secret).is_ok());

    let ran = place.run::<&str>(&[]);
    ran.assert_code(0).assert_all_accounted();
    assert_eq!(ran.count("skipped ", "unreadable"), 2 - can_read);
    assert_eq!(ran.count("skipped ", "not a regular file"), 2);
    assert_eq!(ran.count("skipped ", "odd name"), 1);
    assert_eq!(documents(&place.db()), 5 + can_read);
}

#[test]
fn a_folder_that_is_not_there_is_an_error_and_leaves_no_database() {
    let place = Place::new();
    fs::remove_dir(place.tree()).expect("it is empty");
    let ran = place.run::<&str>(&[]);
    ran.assert_code(2).assert_all_accounted();
    assert!(ran.stderr.contains("name a folder that exists"), "{ran:#?}");
    assert!(!place.db().exists());
}

#[test]
fn a_file_in_place_of_a_folder_is_an_error() {
    let place = Place::new();
    fs::remove_dir(place.tree()).expect("it is empty");
    fs::write(place.tree(), "text").expect("a file");
    let ran = place.run::<&str>(&[]);
    ran.assert_code(2);
    assert!(ran.stderr.contains("is not a folder"), "{ran:#?}");
}

#[test]
fn a_file_that_is_no_database_is_an_error_and_is_left_alone() {
    let place = Place::with_files(5);
    for garbage in ["short".into(), "long enough for a header, ".repeat(500)] {
        fs::write(place.db(), &garbage).expect("a file");
        let ran = place.run(&["--runtime", "smol"]);
        ran.assert_code(2).assert_all_accounted();
        assert!(ran.stderr.contains("is not an index"), "{ran:#?}");
        assert!(
            ran.stderr.contains("--db"),
            "the error names a way out: {ran:#?}"
        );
        assert_eq!(fs::read_to_string(place.db()).expect("a file"), garbage);
    }
}

#[test]
fn a_database_of_another_program_is_left_alone() {
    let place = Place::with_files(5);
    let theirs = Connection::open(place.db()).expect("a database");
    theirs
        .execute_batch("CREATE TABLE theirs (x)")
        .expect("a table");
    let before = fs::read(place.db()).expect("a file");
    let ran = place.run::<&str>(&[]);
    ran.assert_code(2);
    assert!(ran.stderr.contains("is not an index"), "{ran:#?}");
    assert_eq!(fs::read(place.db()).expect("a file"), before);
}

#[test]
fn a_damaged_database_is_an_error() {
    let place = Place::with_files(200);
    place.run::<&str>(&[]).assert_code(0);
    let mut file = fs::OpenOptions::new()
        .write(true)
        .open(place.db())
        .expect("a file");
    let size = file.metadata().expect("a file").len();
    file.seek(SeekFrom::Start(4096)).expect("a file");
    file.write_all(&vec![0x5a; size as usize - 4096])
        .expect("room on the disk");
    drop(file);
    let ran = place.run::<&str>(&[]);
    ran.assert_code(2).assert_all_accounted();
    assert!(ran.stderr.contains("is damaged; delete it"), "{ran:#?}");
}

#[test]
fn damage_that_indexing_does_not_meet_is_found_by_the_check() {
    let place = Place::with_files(5);
    place.run::<&str>(&[]).assert_code(0);
    let connection = Connection::open(place.db()).expect("a database");
    connection
        .execute_batch("UPDATE content SET text = 'other words' WHERE rowid = 1")
        .expect("a table");
    let ran = place.run::<&str>(&[]);
    ran.assert_code(1);
    assert!(ran.stdout.contains("is inconsistent"), "{ran:#?}");
}

#[test]
fn a_locked_database_is_an_error() {
    let place = Place::with_files(5);
    place.run::<&str>(&[]).assert_code(0);
    let other = Connection::open(place.db()).expect("a database");
    let opening = "the indexing failed (1 error)\n└── body `opening` at ";
    let writing = "the task group failed (1 error)\n└── task `writer` at ";
    for (lock, tree) in [("BEGIN EXCLUSIVE", opening), ("BEGIN IMMEDIATE", writing)] {
        other.execute_batch(lock).expect("the lock");
        let ran = place.run(&["--busy-timeout", "20ms", "--runtime", "async-std"]);
        ran.assert_code(2).assert_all_accounted();
        assert!(
            ran.stderr.contains("is locked by another program"),
            "{ran:#?}"
        );
        let tree = format!("indexer: {tree}examples/indexer/src/index");
        assert!(ran.stderr.starts_with(&tree), "{ran:#?}");
        other.execute_batch("ROLLBACK").expect("the lock");
    }
    place.run(&["--busy-timeout", "20ms"]).assert_code(0);
}

#[test]
fn a_database_in_a_folder_that_is_not_there_is_an_error() {
    let place = Place::with_files(5);
    let missing = place.db().join("missing.db");
    let missing = missing.to_str().expect("a temporary folder's name is text");
    // The later `--db` would be refused, so this is a command of its own.
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_indexer"))
        .arg(place.tree())
        .args(["--db", missing])
        .output();
    let ran = common::Ran::new(output.expect("the program starts"));
    ran.assert_code(2);
    assert!(ran.stderr.contains("cannot open"), "{ran:#?}");
}

#[test]
fn a_wrong_command_line_is_an_error() {
    let place = Place::new();
    place.run(&["--runtime", "none"]).assert_code(2);
    for option in ["--time-limit", "--grace", "--file-timeout"] {
        place.run(&[option, "soon"]).assert_code(2);
    }
}
