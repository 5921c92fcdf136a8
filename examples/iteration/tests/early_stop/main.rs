//! A consumer that stops early, after each item and in each way: what is open is closed, from the
//! inside out, before the consumer goes on.

#[path = "../common/mod.rs"]
mod common;
mod ways;

use example_support::testing::{Lines, SECOND};
use example_support::{on_each, on_each_real, on_one};
use iteration::stand_in::database::Database;
use iteration::{Error, Setting, cursor, files, pages, posts, remote_lines};
use withal::close;
use withal::runtime::Runtime;

use ways::{CLOSING, DROPPING, Way, expected, stop};

/// Runs `case` in all ways on all runtimes. Nothing may be left behind; and in the ways that close,
/// no generator may be reported.
macro_rules! in_all_ways {
    ($case:path) => {
        common::allow_unclosed();
        on_each!(async |on, lines| $case(on, lines, &CLOSING).await);
        let rt = withal_tests::Deterministic::new();
        on_one!(&rt, SECOND, async |on, lines| {
            $case(on, lines, &DROPPING).await;
        });
        on_each_real!(async |on, lines| $case(on, lines, &DROPPING).await);
    };
}

/// Stops the stream that `make` makes after each of its `items`, in each way.
macro_rules! stops {
    ($on:expr, $lines:expr, $ways:expr, $items:expr, $open:expr, $closed:expr, $make:expr) => {
        for count in 1..=$items {
            for &way in $ways {
                stop($on, $make, count, way).await;
                let expected = expected($open, count, $closed, way);
                assert_eq!($lines.trace(), expected, "{way:?} after {count}");
            }
        }
    };
}

// AG-28, K1, K3
#[test]
fn rows_are_left_early() {
    async fn case<R: Runtime>(on: &Setting<R>, lines: &Lines, ways: &[Way]) {
        let db = Database::new(on, ["one", "two", "three", "four", "five"]);
        let (open, closed) = ("+connection +cursor", "-cursor -connection");
        let query = "SELECT * FROM posts";
        stops!(
            on,
            lines,
            ways,
            5,
            open,
            closed,
            cursor::fetch_rows(on, &db, query, 2)
        );
    }
    in_all_ways!(case);
}

// K1, K3: three levels, of which the outermost is made of the others.
#[test]
fn lines_of_a_composed_stream_are_left_early() {
    async fn case<R: Runtime>(on: &Setting<R>, lines: &Lines, ways: &[Way]) {
        let host = remote_lines::poems(on);
        let open = "+session +response +stream";
        let closed = "-stream -response -session";
        let make = || remote_lines::stream_lines(on, &host, "/poem");
        stops!(on, lines, ways, 4, open, closed, make());
    }
    in_all_ways!(case);
}

// K1, K3
#[test]
fn lines_of_a_file_are_left_early() {
    async fn case<R: Runtime>(on: &Setting<R>, lines: &Lines, ways: &[Way]) {
        let path = files::data();
        stops!(
            on,
            lines,
            ways,
            4,
            "+file",
            "-file",
            files::read_lines(on, &path)
        );
    }
    in_all_ways!(case);
}

// K1, K3
#[test]
fn a_page_is_left_early_with_its_own_session_open() {
    async fn case<R: Runtime>(on: &Setting<R>, lines: &Lines, ways: &[Way]) {
        let host = pages::items(on);
        let (open, closed) = ("+session +response", "-response -session");
        stops!(
            on,
            lines,
            ways,
            1,
            open,
            closed,
            pages::fetch_pages(on, &host, 10)
        );
        let page_before = format!("{open} item {closed}");
        for &way in ways {
            stop(on, pages::fetch_pages(on, &host, 10), 2, way).await;
            let expected = expected(&format!("{page_before} {open}"), 1, closed, way);
            assert_eq!(lines.trace(), expected, "{way:?}");
        }
    }
    in_all_ways!(case);
}

// K1, K3: closing the outer generator closes the inner one.
#[test]
fn json_is_left_early() {
    async fn case<R: Runtime>(on: &Setting<R>, lines: &Lines, ways: &[Way]) {
        let db = Database::new(on, ["one", "two", "three"]);
        for &way in ways {
            // The bracket, before anything is opened.
            stop(on, posts::stream_posts_json(on, &db), 1, way).await;
            assert_eq!(lines.trace(), expected("", 1, "", way), "{way:?}");
            // Then three posts, with a comma between them.
            for count in 2..=6 {
                stop(on, posts::stream_posts_json(on, &db), count, way).await;
                let open = format!("item +connection{}", " item".repeat(count - 1));
                let expected = expected(&open, 0, "-connection", way);
                assert_eq!(lines.trace(), expected, "{way:?} after {count}");
            }
        }
    }
    in_all_ways!(case);
}

// AG-1
#[test]
fn what_was_never_stepped_opens_nothing() {
    async fn case<R: Runtime>(on: &Setting<R>, lines: &Lines) {
        let db = Database::new(on, ["one"]);
        close(cursor::fetch_rows(on, &db, "SELECT * FROM posts", 2)).await;
        drop(posts::stream_posts_json(on, &db));
        let poems = remote_lines::poems(on);
        close(remote_lines::stream_lines(on, &poems, "/poem")).await;
        assert_eq!(lines.trace(), "");
    }
    on_each!(case);
}

// AG-8, IT-5
#[test]
fn a_post_that_cannot_be_processed_closes_the_connection() {
    async fn case<R: Runtime>(on: &Setting<R>, lines: &Lines) {
        let db = Database::new(on, ["one", "", "three"]);
        let processed = posts::process_all_posts(on, &db).await;
        assert!(
            matches!(processed, Err(Error::NotFound(_))),
            "{processed:?}"
        );
        assert_eq!(lines.trace(), "+connection processed: one -connection");
    }
    on_each!(case);
}

// AG-8, IT-5
#[test]
fn a_piece_that_cannot_be_processed_closes_what_is_open() {
    async fn case<R: Runtime>(on: &Setting<R>, lines: &Lines) {
        let poems = remote_lines::poems(on);
        let processed = remote_lines::process_chunks(on, &poems, "/broken").await;
        assert!(matches!(processed, Err(Error::Protocol("an empty line"))));
        let open = "+session +response +stream chunk: who has";
        assert_eq!(lines.trace(), format!("{open} -stream -response -session"));
        // There is none: the scopes that were entered by then are exited.
        let processed = remote_lines::process_chunks(on, &poems, "/none").await;
        assert!(
            matches!(processed, Err(Error::NotFound(_))),
            "{processed:?}"
        );
        assert_eq!(lines.trace(), "+session +response -response -session");
    }
    on_each!(case);
}
