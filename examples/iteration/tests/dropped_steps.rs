//! An impatient consumer: it drops each step again and again. Nothing is lost, nothing comes twice,
//! and nothing is done twice.

use std::fmt::Debug;
use std::time::Duration;

use example_support::testing::{Lines, SECOND};
use futures_util::stream::{Stream, StreamExt as _};
use iteration::messages::{self, Farewell, WebSocket};
use iteration::stand_in::database::Database;
use iteration::{Error, Setting, counting, cursor, files, pages, posts, remote_lines};
use withal::runtime::Timer as _;
use withal::{close, timeout, with};
use withal_tests::Deterministic;

type On = Setting<Deterministic>;

/// Takes all items, with a limit for each step; and tells the time.
async fn all<T>(on: &On, stream: impl Stream<Item = T>, limit: Duration) -> (Vec<T>, Duration) {
    let start = on.rt.now();
    let mut stream = Box::pin(stream);
    let mut items = Vec::new();
    loop {
        match timeout(&on.rt, limit, stream.next()).await {
            Ok(Some(item)) => items.push(item),
            Ok(None) => break,
            Err(_elapsed) => {}
        }
    }
    close(stream).await;
    (items, on.rt.elapsed(start, on.rt.now()))
}

/// Compares a patient consumer with one that waits for a third of a tick at a time.
#[track_caller]
fn compare<T: Debug + PartialEq>(
    name: &str,
    count: usize,
    consume: impl AsyncFn(&On, Duration) -> (Vec<T>, Duration),
) {
    let run = |limit| {
        let rt = Deterministic::new();
        let on = Lines::default().setting(&rt, SECOND);
        rt.block_on(consume(&on, limit))
    };
    let patient = run(1000 * SECOND);
    assert_eq!(patient.0.len(), count, "{name}: {patient:?}");
    assert_eq!(run(SECOND / 3), patient, "{name}");
}

/// What came out, where no error does.
fn good<T>(stream: impl Stream<Item = Result<T, Error>>) -> impl Stream<Item = T> {
    stream.map(|item| item.expect("no error"))
}

// AG-18, IT-15, IT-16
#[test]
fn every_source_can_be_asked_again() {
    let titles = ["one", "two", "three", "four", "five"];
    compare("posts", 5, async |on, limit| {
        let db = Database::new(on, titles);
        all(on, good(posts::paginated_results(on, &db, 2)), limit).await
    });
    compare("json", 11, async |on, limit| {
        let db = Database::new(on, titles);
        all(on, good(posts::stream_posts_json(on, &db)), limit).await
    });
    compare("rows", 5, async |on, limit| {
        let db = Database::new(on, titles);
        let rows = cursor::fetch_rows(on, &db, "SELECT * FROM posts", 2);
        all(on, good(rows), limit).await
    });
    compare("pages", 2, async |on, limit| {
        let host = pages::items(on);
        all(on, good(pages::fetch_pages(on, &host, 10)), limit).await
    });
    compare("lines", 4, async |on, limit| {
        let host = remote_lines::poems(on);
        let lines = remote_lines::stream_lines(on, &host, "/poem");
        all(on, good(lines), limit).await
    });
    compare("file", 4, async |on, limit| {
        all(on, good(files::read_lines(on, &files::data())), limit).await
    });
    compare("numbers", 5, async |on, limit| {
        all(on, counting::range(on, 0..5), limit).await
    });
    compare("ticks", 5, async |on, limit| {
        all(on, counting::ticker(on, 5), limit).await
    });
    compare("messages", 3, async |on, limit| {
        let host = messages::chat(on, Farewell::Close);
        let heard = with(&on.rt, WebSocket::new(&host), async |socket| {
            Ok::<_, Error>(all(on, good(messages::read_messages(socket)), limit).await)
        });
        heard.await.expect("a clean exit")
    });
}
