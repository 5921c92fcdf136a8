//! Ctrl-C and the time limit, at any moment: a consistent database, and no scope forgotten.

#![cfg(unix)]

mod common;

use std::env;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, ChildStderr, Command, Stdio};

use common::{BATCH, Place, RUNTIMES, Ran, documents};

/// More than twice what [`Watched`] lets the program be ahead of the test.
const FILES: usize = 2000;

/// A run that writes a line for each step, and is stopped in the middle of it.
///
/// The lines are read one at a time, and are long (see [`Place::with_files`]), so that the pipe
/// holds but a few hundred: the program cannot run to its end before the test reads on. That is
/// what makes "in the middle" certain without any sleep.
struct Watched {
    child: Child,
    lines: BufReader<ChildStderr>,
}

impl Watched {
    fn start(place: &Place, args: &[&str]) -> Self {
        let mut child = place
            .command()
            .args(args)
            .arg("--progress-lines")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let stderr = child.stderr.take().expect("it is piped");
        Self {
            child,
            lines: BufReader::with_capacity(512, stderr),
        }
    }

    /// Reads on up to the `nth` line that begins with `word`.
    fn wait_for(&mut self, word: &str, nth: usize) {
        let mut seen = 0;
        while seen < nth {
            let mut line = String::new();
            let read = self.lines.read_line(&mut line).expect("lines of text");
            assert_ne!(
                read, 0,
                "the program ended before it printed {nth} lines «{word}»"
            );
            seen += usize::from(line.starts_with(word));
        }
    }

    fn press_ctrl_c(&self) {
        let pid = self.child.id().to_string();
        let kill = Command::new("kill").args(["-INT", &pid]).status();
        assert!(kill.expect("there is a kill command").success());
    }

    fn end(mut self) -> Ran {
        let mut rest = String::new();
        self.lines.read_to_string(&mut rest).expect("lines of text");
        let mut ran = Ran::new(self.child.wait_with_output().expect("it ends"));
        // Without the steps, which nobody wants to see when a test fails.
        let is_step = |line: &&str| line.starts_with("read ") || line.starts_with("committed ");
        ran.stderr = rest
            .lines()
            .filter(|line| !is_step(line))
            .collect::<Vec<_>>()
            .join("\n");
        ran
    }
}

/// Nothing half-written: the database holds as many documents as the summary says.
#[track_caller]
fn assert_consistent(place: &Place, ran: &Ran) {
    ran.assert_all_accounted();
    if !place.db().exists() {
        return;
    }
    assert!(ran.stdout.contains("consistent"), "{ran:#?}");
    let documents = documents(&place.db());
    assert_eq!(documents, ran.count("found", "indexed"), "{ran:#?}");
    assert!(documents < FILES as u64, "{ran:#?}");
}

/// What was in work went all the way.
#[track_caller]
fn assert_finished(place: &Place, ran: &Ran) {
    assert_consistent(place, ran);
    for kind in ["files: entered", "batches: entered"] {
        assert_eq!(ran.count(kind, "cancelled"), 0, "{ran:#?}");
    }
    let documents = ran.count("found", "indexed");
    assert_eq!(
        documents,
        ran.count("files: entered", "completed"),
        "{ran:#?}"
    );
}

/// Another moment for each round: inside of a batch, between two, at the very start.
fn wait_in_round(watched: &mut Watched, round: usize) {
    match round % 3 {
        0 => watched.wait_for("read", 1 + round * 37 % 1000),
        1 => watched.wait_for("committed", 1 + round % 7),
        _ => watched.wait_for("walking", 1),
    }
}

fn rounds() -> usize {
    match env::var("INDEXER_SIGINT_ROUNDS") {
        Ok(rounds) => rounds.parse().expect("INDEXER_SIGINT_ROUNDS is a number"),
        Err(_) => 3,
    }
}

#[test]
fn ctrl_c_lets_what_is_in_work_go_all_the_way() {
    let place = Place::with_files(FILES);
    for runtime in RUNTIMES {
        for round in 0..rounds() {
            let _ = fs::remove_file(place.db());
            let args = ["--runtime", runtime, "--grace", "1h"];
            let mut watched = Watched::start(&place, &args);
            wait_in_round(&mut watched, round);
            watched.press_ctrl_c();
            let ran = watched.end();
            ran.assert_code(130);
            let says_so = format!("{runtime}: stopped by Ctrl-C after");
            assert!(ran.stdout.starts_with(&says_so), "{ran:#?}");
            assert!(ran.stderr.contains("Ctrl-C again cancels"), "{ran:#?}");
            assert_finished(&place, &ran);
        }
    }
}

#[test]
fn without_a_grace_ctrl_c_cancels_and_leaves_nothing_behind() {
    let place = Place::with_files(FILES);
    for runtime in RUNTIMES {
        for round in 0..rounds() {
            let _ = fs::remove_file(place.db());
            let args = ["--runtime", runtime, "--grace", "0s"];
            let mut watched = Watched::start(&place, &args);
            wait_in_round(&mut watched, round);
            watched.press_ctrl_c();
            let ran = watched.end();
            ran.assert_code(130);
            assert!(ran.stdout.contains("stopped by Ctrl-C"), "{ran:#?}");
            assert_consistent(&place, &ran);
        }
    }
}

#[test]
fn ctrl_c_twice_ends_it_in_any_case() {
    let place = Place::with_files(FILES);
    for runtime in RUNTIMES {
        let _ = fs::remove_file(place.db());
        let mut watched = Watched::start(&place, &["--runtime", runtime, "--grace", "1h"]);
        watched.wait_for("read", 10);
        watched.press_ctrl_c();
        watched.wait_for("indexer: stopping", 1);
        // It may be done by now, or be cancelled in the middle: the summary is right in any case.
        watched.press_ctrl_c();
        let ran = watched.end();
        ran.assert_code(130);
        assert!(ran.stdout.contains("stopped by Ctrl-C"), "{ran:#?}");
        assert_consistent(&place, &ran);
    }
}

#[test]
fn a_stopped_run_can_be_taken_up() {
    let place = Place::with_files(FILES);
    let mut watched = Watched::start(&place, &[]);
    watched.wait_for("committed", 2);
    watched.press_ctrl_c();
    let stopped = watched.end();
    stopped.assert_code(130);
    let ran = place.run::<&str>(&[]);
    ran.assert_code(0).assert_all_accounted();
    let before = stopped.count("found", "indexed");
    assert!(before >= 2 * BATCH, "{stopped:#?}");
    assert_eq!(ran.count("found", "unchanged"), before);
    assert_eq!(ran.count("found", "indexed"), FILES as u64 - before);
    assert_eq!(documents(&place.db()), FILES as u64);
}

#[test]
fn a_stopped_run_takes_nothing_out_and_answers_nothing() {
    let place = Place::with_files(FILES);
    place.run::<&str>(&[]).assert_code(0);
    let mut watched = Watched::start(&place, &["--query", "words"]);
    watched.wait_for("read", 10);
    watched.press_ctrl_c();
    let ran = watched.end();
    ran.assert_code(130).assert_all_accounted();
    assert_eq!(ran.count("found", "removed"), 0);
    assert!(!ran.stdout.contains("\"words\""), "{ran:#?}");
    assert_eq!(documents(&place.db()), FILES as u64);
}

#[test]
fn ctrl_c_ends_the_runs_that_were_to_follow() {
    let place = Place::with_files(FILES);
    let mut watched = Watched::start(&place, &["--runtime", "all"]);
    watched.wait_for("read", 10);
    watched.press_ctrl_c();
    let ran = watched.end();
    ran.assert_code(130).assert_all_accounted();
    assert!(ran.stdout.contains("tokio: stopped"), "{ran:#?}");
    assert!(!ran.stdout.contains("smol: "), "{ran:#?}");
    assert!(ran.stdout.contains("were not compared"), "{ran:#?}");
}

#[test]
fn the_time_limit_stops_cleanly_on_every_runtime() {
    let place = Place::with_files(FILES);
    for runtime in RUNTIMES {
        // Far less than it takes to open so many files.
        for limit in ["0s", "1ms", "30ms"] {
            for grace in ["0s", "1h"] {
                let _ = fs::remove_file(place.db());
                let args = ["--time-limit", limit, "--grace", grace];
                let ran = place.run(&[&["--runtime", runtime], &args[..]].concat());
                ran.assert_code(124);
                assert!(ran.stdout.contains("stopped by the time limit"), "{ran:#?}");
                match grace {
                    "0s" => assert_consistent(&place, &ran),
                    _ => assert_finished(&place, &ran),
                }
            }
        }
    }
}

#[test]
fn a_time_limit_that_is_not_reached_changes_nothing() {
    let place = Place::with_files(20);
    place
        .run(&["--time-limit", "1h"])
        .assert_code(0)
        .assert_all_accounted();
    assert_eq!(documents(&place.db()), 20);
}
