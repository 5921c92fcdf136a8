//! What the programs print and give, on every runtime.

#[macro_use]
#[path = "../common/mod.rs"]
mod common;

/// A program that prints to its setting alone.
macro_rules! program {
    ($run:path) => {
        async |on, _| $run(on).await
    };
}

mod application;
mod http;
mod pooled;
mod several;

use example_support::{on_each, on_virtual_clock};
use managers::{
    class_made, closure_made, connection, provider, temporary_file, transaction, unreleased,
};

// CM-2, CM-5, CM-15
#[test]
fn classes_are_entered_and_exited() {
    for printed in on_each!(program!(class_made::run)) {
        printed.output.expect("a database that works");
        let expected = [
            "enter",
            "inside",
            "exit: completed",
            "acquiring",
            "working",
            "releasing",
            "Ann, Ben; 0 open",
        ];
        assert_eq!(printed.lines, expected);
    }
}

// GM-2, GM-5, GM-12, GM-23
#[test]
fn functions_set_up_and_tear_down() {
    for printed in on_each!(program!(closure_made::run)) {
        printed.output.expect("all is printed");
        let [query, no_query, rest @ ..] = &printed.lines[..] else {
            panic!("{:?}", printed.lines);
        };
        assert!(
            query.starts_with("query took ") && query.ends_with("s: completed"),
            "{query}"
        );
        assert!(no_query.starts_with("no query took "), "{no_query}");
        assert!(no_query.ends_with("s: failed"), "{no_query}");
        let expected = [
            "not found: the table",
            "setting up database",
            "using database",
            "cleaning up database",
            "acquire db-conn",
            r#"release db-conn: {"name": "db-conn", "used by": "the body"}"#,
        ];
        assert_eq!(rest, expected);
    }
    // By a clock that does not run by itself.
    let printed = on_virtual_clock!(program!(closure_made::run));
    assert_eq!(
        printed.lines[..2],
        ["query took 1s: completed", "no query took 0ns: failed"]
    );
}

// GM-12
#[test]
fn a_temporary_file_is_gone_also_when_the_body_fails() {
    for printed in on_each!(program!(temporary_file::run)) {
        let paths = printed.output.expect("a file system that works");
        let expected = [
            "written: 20 bytes",
            "removed: completed",
            "removed: failed",
            "not found: what to write",
        ];
        assert_eq!(printed.lines, expected);
        for path in paths {
            assert!(path.is_absolute() && !path.exists(), "{}", path.display());
        }
    }
}

// CM-6, GM-12
#[test]
fn a_provider_closes_its_session_when_the_handler_fails() {
    for printed in on_each!(program!(provider::run)) {
        printed.output.expect("errors are answers");
        let expected = [
            "200 Ann, Ben; sessions open: 0",
            "500 not found: the user; sessions open: 0",
        ];
        assert_eq!(printed.lines, expected);
    }
}

// CM-6, CM-21, GM-19
#[test]
fn a_transaction_that_is_cancelled_is_rolled_back() {
    for printed in on_each!(program!(transaction::run)) {
        assert_eq!(
            printed.output.expect("a database that works"),
            ["Ann", "Ben", "Eve"]
        );
        let expected = [
            "BEGIN",
            "INSERT Ann",
            "COMMIT",
            "BEGIN",
            "INSERT Ben",
            "COMMIT",
            "BEGIN",
            "INSERT Cleo",
            "DELETE everything",
            "ROLLBACK",
            "failed: the database refused: DELETE everything is no statement here",
            "BEGIN",
            "INSERT Dan",
            "ROLLBACK",
            "cancelled",
            "BEGIN",
            "INSERT Eve",
            "SAVEPOINT s1",
            "INSERT Fay",
            "ROLLBACK TO s1",
            "RELEASE s1",
            "undone: not found: her address",
            "COMMIT",
        ];
        assert_eq!(printed.lines, expected);
    }
}

// CM-3, CM-7, CM-8, CM-21, CM-23
#[test]
fn no_failure_of_a_connection_is_lost() {
    for printed in on_each!(program!(connection::run)) {
        let expected = [
            "closing: completed",
            "the database refused: close is out of order; the value was 1",
            "DROP users",
            "closing: failed",
            "the database refused: DROP users is no statement here; \
             and then the cleanup failed: the database refused: close is out of order",
            "closing: cancelled",
            "given up: true; open: 0",
            "closing: cancelled",
            "open: 0",
            "not finished within 20s",
            "closing: completed",
            "the cleanup failed: not finished within 20s",
            "the database refused: scope not entered within 20s",
        ];
        // On a real clock it is milliseconds.
        let lines = printed.lines.iter().map(|line| line.replace("20ms", "20s"));
        assert!(lines.clone().eq(expected), "{:?}", printed.lines);
    }
}

// CM-28, K2
#[test]
fn a_guard_that_is_forgotten_is_exited_and_one_that_is_kept_is_found() {
    for printed in on_each!(program!(unreleased::run)) {
        assert_eq!(printed.output.expect("a database that works"), 1);
        let expected = [
            "exited: 0 open",
            "forgotten: 0 open",
            "kept: entered in unreleased.rs",
            "exited: 0 open",
        ];
        assert_eq!(printed.lines, expected);
    }
}
