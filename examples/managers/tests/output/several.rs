//! Several scopes, and several attempts.

use example_support::{on_each, on_each_real, on_virtual_clock};
use managers::{parallel, retry, several};

// CM-10, CM-11, ES-2
#[test]
fn nested_scopes_a_tuple_and_a_stack_are_the_same() {
    for printed in on_each!(program!(several::run)) {
        printed.output.expect("all is printed");
        let each = [
            "+db",
            "+cache",
            "+queue",
            "using db, cache, queue",
            "-queue: completed",
            "-cache: completed",
            "-db: completed",
        ];
        let failing = ["+db", "-db: failed"];
        let mut expected = each.repeat(3);
        expected.extend(["used db, cache, queue"; 3]);
        expected.extend(failing.repeat(3));
        expected.extend(["not found: nobody"; 3]);
        assert_eq!(printed.lines, expected);
    }
}

// CM-11, CM-17
#[test]
fn whatever_fails_of_several_at_once_all_are_exited_and_all_errors_are_told() {
    let errors = [
        "not found: nobody",
        "not found: anything in there; and then the cleanup failed: \
         the database refused: db! does not let go; the database refused: queue! does not let go",
    ];
    let printed = on_virtual_clock!(program!(parallel::run));
    let expected = [
        "+db",
        "+cache",
        "+queue",
        "using db, cache, queue",
        "-queue: completed",
        "-cache: completed",
        "-db: completed",
        "took 2 ticks", // one for all enters, one for all exits
        "+db",
        "+queue",
        "-queue: failed",
        "-db: failed",
        errors[0],
        "+db!",
        "+empty",
        "+queue!",
        "using db!, empty, queue!",
        "-queue!: failed",
        "-empty: failed",
        "-db!: failed",
        errors[1],
    ];
    assert_eq!(printed.lines, expected);
    // On a real clock they come in any order, and the one that fails may come first.
    for printed in on_each_real!(program!(parallel::run)) {
        let lines = &printed.lines;
        printed.output.expect("all is printed");
        let count = |sign| lines.iter().filter(|line| line.starts_with(sign)).count();
        assert_eq!(count('+'), count('-'), "{lines:?}");
        for error in &errors {
            assert!(lines.iter().any(|line| line == error), "{lines:?}");
        }
    }
}

// CM-17, CM-19
#[test]
fn an_enter_is_tried_again_and_no_error_of_it_is_lost() {
    for printed in on_each!(program!(retry::run)) {
        printed.output.expect("all is printed");
        let expected = [
            "attempt 1 failed",
            "attempt 2 failed",
            "2 users",
            "attempt 1 failed",
            "attempt 2 failed",
            "attempt 3 failed",
            "scope could not be entered: scope not entered in 4 attempts: \
             the database refused: too many connections",
        ];
        let (given_up, last) = printed.lines[7..].split_at(printed.lines.len() - 8);
        assert_eq!(printed.lines[..7], expected);
        // As far as it comes until it is given up.
        assert!(
            given_up.iter().all(|line| line.starts_with("attempt ")),
            "{given_up:?}"
        );
        assert_eq!(last, ["opened: 1; open: 0"]);
    }
}
