//! What the programs print and leave, on every runtime.

use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use primitives::{closing, lock, pages, rate_limit, sentinel};
use withal::async_std::AsyncStdRuntime;
use withal::runtime::Timer as _;
use withal::smol::SmolRuntime;
use withal::tokio::TokioMain;
use withal_tests::sweep::Sweep;
use withal_tests::{Deterministic, LeakCheck};

/// A second of the virtual clock.
const SECOND: Duration = Duration::from_secs(1);

/// What a program prints, and what it comes to.
#[derive(Debug)]
struct Printed<T> {
    lines: Vec<String>,
    output: T,
}

/// Runs a program on a runtime.
macro_rules! printed {
    ($program:ident, $rt:expr, $tick:expr) => {{
        let lines = Mutex::new(Vec::new());
        let print =
            |line: fmt::Arguments<'_>| lines.lock().expect("no panic").push(line.to_string());
        let ran = withal::run($rt, async |rt| $program::run(rt, $tick, &print).await);
        assert!(ran.cleanup.is_clean(), "{:?}", ran.cleanup);
        let output = ran.output;
        let lines = lines.into_inner().expect("no panic");
        Printed { lines, output }
    }};
}

/// Runs a program on every runtime with a real clock.
macro_rules! printed_on_each {
    ($program:ident) => {{
        let tick = Duration::from_millis(1);
        let tokio = TokioMain::multi_thread().expect("threads");
        [
            printed!($program, &tokio, tick),
            printed!($program, &SmolRuntime::global(), tick),
            printed!($program, &AsyncStdRuntime::new(), tick),
        ]
    }};
}

/// The last word of each line that begins with `start`.
fn numbers<'a>(lines: &'a [String], start: &str) -> Vec<&'a str> {
    let lines = lines.iter().filter(|line| line.starts_with(start));
    lines.filter_map(|line| line.rsplit(' ').next()).collect()
}

/// Each item was produced once, in order, and processed once.
#[track_caller]
fn assert_each_item_once(lines: &[String]) {
    let expected: Vec<_> = (0..10).map(|item| item.to_string()).collect();
    assert_eq!(numbers(lines, "Produced: "), expected);
    let mut processed = numbers(lines, "Consumer ");
    for consumer in ["Consumer A ", "Consumer B "] {
        assert!(numbers(lines, consumer).is_sorted(), "{lines:#?}");
    }
    processed.sort_unstable();
    assert_eq!(processed, expected);
}

//
#[test]
fn a_sentinel_stays_in_the_queue_and_is_never_done() {
    for printed in printed_on_each!(sentinel) {
        let left = printed.output.expect("nobody closes the queue");
        assert_each_item_once(&printed.lines);
        assert_eq!(left.queue.stored, 1, "the `None` that B put back");
        assert_eq!(left.queue.unfinished, 3, "a `None` from each of the three");
        assert!(!left.can_be_joined);
    }
}

//
#[test]
fn a_closed_queue_ends_everybody_and_leaves_nothing() {
    for printed in printed_on_each!(closing) {
        let left = printed.output.expect("nobody else closes it");
        assert_each_item_once(&printed.lines);
        assert_eq!((left.stored, left.unfinished), (0, 0));
        assert!(left.closed && left.peak <= 5, "{left:?}");
    }
}

#[test]
fn the_queue_programs_print_the_same_but_for_the_last_line() {
    let items = "\
        Produced: 0, Consumer A processing: 0, Produced: 1, Consumer B processing: 1, \
        Produced: 2, Consumer A processing: 2, Produced: 3, Consumer B processing: 3, \
        Produced: 4, Consumer A processing: 4, Produced: 5, Consumer B processing: 5, \
        Produced: 6, Consumer A processing: 6, Produced: 7, Consumer B processing: 7, \
        Produced: 8, Consumer A processing: 8, Produced: 9, Consumer B processing: 9";
    let rt = Deterministic::new();
    let printed = printed!(sentinel, &rt, SECOND);
    assert_eq!(
        printed.lines.join(", "),
        format!("{items}, Left in the queue: 1; unfinished: 3; a join would wait for ever")
    );
    let rt = Deterministic::new();
    let printed = printed!(closing, &rt, SECOND);
    assert_eq!(
        printed.lines.join(", "),
        format!("{items}, Left in the queue: 0; unfinished: 0; a join returned")
    );
}

// LK-2, LK-8
#[test]
fn nobody_comes_between_a_look_and_a_change() {
    for printed in printed_on_each!(lock) {
        assert_eq!(printed.output.expect("a lock cannot fail"), 10);
        let expected = [
            "Ann takes 60 of 100",
            "Ben gets nothing",
            "Cleo takes 30 of 40",
        ];
        assert_eq!(printed.lines[..3], expected);
    }
}

// SE-5, SE-9
#[test]
fn at_most_ten_connections_are_open_and_every_permit_comes_back() {
    let check = |printed: Printed<rate_limit::Served>| {
        let served = printed.output;
        assert_eq!((served.answered, served.given_up), (29, 1), "{served:?}");
        assert_eq!((served.most_at_once, served.free), (10, 10), "{served:?}");
        let line = "29 answered, 1 given up; at most 10 at once; 10 permits are back";
        assert_eq!(printed.lines, [line]);
    };
    printed_on_each!(rate_limit).into_iter().for_each(check);
    let rt = Deterministic::new();
    let leaks = LeakCheck::new(&rt);
    check(printed!(rate_limit, &rt, SECOND));
    // Each takes two seconds: nine of the first ten, nine more, ten, and the last one. The permit of
    // the one that hangs is back when its connection has been closed, and not before.
    assert_eq!(rt.now().since_start(), 8 * SECOND);
    leaks.finish();
}

// SE-3
#[test]
fn no_permit_is_held_while_the_consumer_works() {
    for printed in printed_on_each!(pages) {
        let read = printed.output.expect("nobody closes the semaphore");
        assert_eq!(read.items, 6 * 30);
        assert_eq!((read.free_at_an_item, read.most_fetching), (2, 2));
        let line = "180 items; 2 permits free at each item; at most 2 fetches at once";
        assert_eq!(printed.lines, [line]);
    }
}

// A-3, SE-5, SE-9
#[test]
fn every_permit_comes_back_whichever_poll_is_the_last() {
    let swept = Sweep::new(|| Arc::new(primitives::Semaphore::new(10)))
        .invariant(|limit| assert_eq!(limit.available_permits(), 10))
        .run(async |rt, limit| {
            rate_limit::send(&rt, &limit, SECOND).await;
        });
    assert!(swept.scopes > 20 * swept.runs, "{swept}");
}
