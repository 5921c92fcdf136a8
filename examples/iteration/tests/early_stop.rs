//! A consumer that stops early, after each item and in each way: what is open is closed, from the
//! inside out, before the consumer goes on.

#[macro_use]
mod common;

use std::convert::Infallible;
use std::future::pending;
use std::ops::ControlFlow;

use common::Lines;
use futures_util::stream::{Stream, StreamExt as _};
use iteration::stand_in::database::Database;
use iteration::{Error, Setting, cursor, files, pages, posts, remote_lines};
use withal::cleanup::{Report, set_report_hook};
use withal::runtime::Runtime;
use withal::scope::{Lend, scope_fn};
use withal::sync::Latch;
use withal::{Either, await_cleanup, close, for_each, race, with};

/// How a consumer stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// It breaks out of the loop.
    Break,
    /// The loop's body fails.
    Error,
    /// It closes a stream that it has stepped through by hand.
    Close,
    /// It loses a race.
    Race,
    /// It drops the stream, and somebody around it waits.
    Dropped,
    /// It drops the stream in a scope of its own, which waits before it is exited.
    DroppedInAScope,
}

/// Those in which the stream is closed.
const CLOSING: [Way; 4] = [Way::Break, Way::Error, Way::Close, Way::Race];

/// Those in which it is dropped, and somebody else waits.
const DROPPING: [Way; 2] = [Way::Dropped, Way::DroppedInAScope];

/// Runs `case` in all ways on all runtimes. Nothing may be left behind; and in the ways that close,
/// no generator may be reported.
macro_rules! in_all_ways {
    ($case:path) => {
        set_report_hook(Some(quiet));
        on_each!(async |on, lines| $case(on, lines, &CLOSING).await);
        let rt = withal_tests::Deterministic::new();
        on_one!(&rt, common::SECOND, async |on, lines| {
            $case(on, lines, &DROPPING).await;
        });
        on_each_real!(async |on, lines| $case(on, lines, &DROPPING).await);
    };
}

/// A report says that a generator was dropped; here, that is the point.
fn quiet(report: &Report<'_>) {
    if !matches!(report, Report::NotClosed(_)) {
        eprintln!("withal: {report}");
    }
}

/// Takes `count` items.
async fn take<R: Runtime, T>(
    on: &Setting<R>,
    stream: &mut (impl Stream<Item = Result<T, Error>> + Unpin),
    count: usize,
) {
    for _ in 0..count {
        let item = stream.next().await;
        item.expect("there are so many").expect("no error");
        on.print(format_args!("item"));
    }
}

/// Takes `count` items, and stops in that way.
async fn stop<R: Runtime, T>(
    on: &Setting<R>,
    stream: impl Stream<Item = Result<T, Error>>,
    count: usize,
    way: Way,
) {
    let mut taken = 0;
    match way {
        Way::Break => {
            let left = for_each(stream, async |item| {
                item?;
                taken += 1;
                on.print(format_args!("item"));
                Ok::<_, Error>(if taken == count {
                    ControlFlow::Break(taken)
                } else {
                    ControlFlow::Continue(())
                })
            });
            assert_eq!(left.await.expect("no error"), ControlFlow::Break(count));
        }
        Way::Error => {
            let failed = for_each(stream, async |item| {
                item?;
                taken += 1;
                on.print(format_args!("item"));
                if taken == count {
                    Err(Error::Protocol("too much"))
                } else {
                    Ok(())
                }
            });
            assert!(matches!(failed.await, Err(Error::Protocol(_))));
        }
        Way::Close => {
            let mut stream = Box::pin(stream);
            take(on, &mut stream, count).await;
            close(stream).await;
        }
        Way::Race => {
            let enough = Latch::new();
            let consumer = async {
                let mut stream = Box::pin(stream);
                take(on, &mut stream, count).await;
                enough.open();
                pending::<()>().await;
            };
            assert_eq!(race(enough.wait(), consumer).await, Either::Left(()));
        }
        Way::Dropped => {
            await_cleanup(async {
                let mut stream = Box::pin(stream);
                take(on, &mut stream, count).await;
            })
            .await;
        }
        Way::DroppedInAScope => {
            let prints = on.clone();
            let own = scope_fn(async move |lend: Lend<()>| {
                prints.print(format_args!("+own"));
                let ((), ended) = lend.lend(()).await;
                prints.print(format_args!("-own"));
                Ok::<_, Infallible>(ended)
            });
            let consumed = with(&on.rt, own, async |()| {
                let mut stream = Box::pin(stream);
                take(on, &mut stream, count).await;
                Ok::<_, Infallible>(())
            });
            consumed.await.expect("nothing can fail");
        }
    }
    on.print(format_args!("stopped"));
}

/// What is to be printed.
fn expected(open: &str, items: usize, closed: &str, way: Way) -> String {
    let own = way == Way::DroppedInAScope;
    let parts = [
        if own { "+own" } else { "" },
        open,
        &["item"].repeat(items).join(" "),
        closed,
        if own { "-own" } else { "" },
        "stopped",
    ];
    let parts = parts.into_iter().filter(|part| !part.is_empty());
    parts.collect::<Vec<_>>().join(" ")
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
