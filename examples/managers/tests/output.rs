//! What the programs print and give, on every runtime.

#[macro_use]
mod common;

use common::{SECOND, TICK};
use managers::{
    Error, class_made, closure_made, connection, download, fetch, lifespan, parallel, pool,
    provider, retry, several, temporary_file, transaction, unreleased, web,
};
use withal::async_std::AsyncStdRuntime;
use withal::runtime::Timer as _;
use withal::smol::SmolRuntime;
use withal::tokio::TokioMain;
use withal_tests::{Deterministic, LeakCheck};

/// A program that prints to its setting alone.
macro_rules! program {
    ($run:path) => {
        async |on, _| $run(on).await
    };
}

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

// PL-4, PL-5, PL-7
#[test]
fn a_pool_gives_out_what_is_whole_and_keeps_nothing_else() {
    for printed in on_each!(program!(pool::run)) {
        printed.output.expect("a database that works");
        let expected = [
            "made: 2",
            "Ann, Ben; idle: 2",
            "2 elsewhere",
            "answered: false; then 2 users",
            "idle: 0",
            "the database refused: too many connections",
            "2 users",
            "closed: true; opened: 4; open: 0",
        ];
        assert_eq!(printed.lines, expected);
    }
}

// PL-5, PL-11
#[test]
fn an_application_gives_each_request_a_connection_of_its_pool() {
    for printed in on_each!(program!(web::run)) {
        printed.output.expect("a database that works");
        let (last, rest) = printed.lines.split_last().expect("lines");
        let mut rest = rest.to_vec();
        rest.sort(); // the requests run side by side
        let expected = [
            "200 apple",
            "200 pear",
            "500 not found: plum",
            "released: completed",
            "released: completed",
            "released: failed",
        ];
        assert_eq!(rest, expected);
        assert_eq!(last, "opened: 2; open: 0");
    }
}

/// Runs the application on an entry point.
macro_rules! lifespan {
    ($entry:expr, $tick:expr, $requests:expr) => {{
        let entry = $entry;
        let lines = common::Lines::default();
        let setting = lines.setting(&withal::Entry::runtime(&entry), $tick);
        let ran = lifespan::main(&entry, &setting, $requests);
        (ran, lines.take())
    }};
}

// CM-21, K9
#[test]
fn an_application_stops_when_it_is_asked_to() {
    use lifespan::Request::{Takes, TakesWithSignal};
    let requests = [Takes(1), TakesWithSignal(1), Takes(1)];
    let tick = TICK;
    let [started, served] = ["started", "served: 2 users"];
    for (ran, lines) in [
        lifespan!(Deterministic::new(), SECOND, requests),
        lifespan!(TokioMain::multi_thread().unwrap(), tick, requests),
        lifespan!(TokioMain::current_thread().unwrap(), tick, requests),
        lifespan!(SmolRuntime::global(), tick, requests),
        lifespan!(AsyncStdRuntime::new(), tick, requests),
    ] {
        assert!(matches!(ran.output, Some(Ok(()))), "{ran:?}");
        let reason = ran.reason.as_ref().and_then(|reason| reason.text());
        assert_eq!(reason, Some("SIGTERM"));
        assert!(ran.is_clean(), "{ran:?}");
        assert_eq!(lines, [started, served, served, "stopped: completed"]);
    }
}

// CM-21, K6
#[test]
fn an_application_that_goes_on_is_stopped_all_the_same() {
    let requests = [lifespan::Request::TakesWithSignal(1000)];
    let tick = TICK;
    let rt = Deterministic::new();
    let leaks = LeakCheck::new(&rt);
    for (ran, lines) in [
        lifespan!(rt.clone(), SECOND, requests),
        lifespan!(TokioMain::multi_thread().unwrap(), tick, requests),
        lifespan!(TokioMain::current_thread().unwrap(), tick, requests),
        lifespan!(SmolRuntime::global(), tick, requests),
        lifespan!(AsyncStdRuntime::new(), tick, requests),
    ] {
        assert!(ran.output.is_none() && ran.is_clean(), "{ran:?}");
        assert_eq!(ran.cleanup.finished.len(), 1, "{ran:?}");
        assert_eq!(lines, ["started", "stopped: cancelled"]);
    }
    // Connected, ten seconds of grace, and a goodbye.
    assert_eq!(rt.now().since_start(), 12 * SECOND);
    leaks.finish();
}

// CM-5, CM-6, CM-15
#[test]
fn requests_are_scopes_in_a_session() {
    for printed in on_each_with_host!(fetch::run) {
        printed.output.expect("a network that works");
        let mut lines = Vec::new();
        for line in &printed.lines {
            if !line.starts_with(['+', '-']) {
                lines.push(line.as_str());
            }
        }
        let expected = [
            "\"Ann\"",
            "not found: 404 Not Found",
            r#"{"about":"a stand-in","poem":"/poem","users":"/users"}"#,
            r#"200 OK; keys: ["about", "poem"]"#,
            "49 bytes",
            "not found: words in a line",
        ];
        assert_eq!(lines, expected);
        let scopes: Vec<_> = printed
            .lines
            .iter()
            .filter(|line| line.starts_with(['+', '-']))
            .collect();
        let each = ["+session", "+response", "-response", "-session"];
        assert_eq!(scopes, each.repeat(6));
    }
}

// CM-5, CM-15
#[test]
fn a_file_a_response_and_a_session_are_closed_in_this_order() {
    for printed in on_each_with_host!(download::run) {
        printed.output.expect("a network that works");
        let expected = [
            "+session",
            "+response",
            "+file",
            "-file",
            "-response",
            "-session",
            "49 bytes, 3 lines",
            "removed: completed",
        ];
        assert_eq!(printed.lines, expected);
    }
}

// CM-3, CM-6
#[test]
fn what_is_not_there_is_not_opened() {
    let paths = [None, Some("/nowhere/at/all")];
    let [no_host, no_file] = paths.map(|path| {
        let printed = on_virtual_clock!(async |on, _| {
            let host = common::InMemory::on(on);
            match path {
                Some(path) => download::download(on, &host, "/poem", path.as_ref()).await,
                None => download::download(on, &common::Nobody, "/poem", "unused".as_ref()).await,
            }
        });
        assert!(matches!(printed.output, Err(Error::Io(_))), "{printed:?}");
        printed.lines
    });
    assert!(no_host.is_empty(), "{no_host:?}");
    assert_eq!(no_file, ["+session", "+response", "-response", "-session"]);
}
