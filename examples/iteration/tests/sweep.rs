//! The programs that hold scopes across yields, cancelled at every poll in every way: each scope is
//! exited, the inner ones first, before whoever cancelled goes on.

use std::sync::Arc;

use example_support::testing::{Lines, SECOND};
use iteration::stand_in::database::Database;
use iteration::{
    comprehensions, cursor, files, messages, pages, permits, posts, processing, remote_lines,
};
use withal::for_each;
use withal::sync::Semaphore;
use withal_tests::sweep::{Sweep, Swept};

/// Enough for it to be a sweep.
#[track_caller]
fn assert_thorough(swept: &Swept) {
    assert!(swept.runs > 100 && swept.scopes > swept.runs, "{swept}");
}

// A-3, K1, K2, K3
#[test]
fn rows_and_posts() {
    let swept = Sweep::new(|| ()).run(async |rt, ()| {
        let on = Lines::default().setting(&rt, SECOND);
        let db = Database::new(&on, ["one", "two", "three"]);
        let query = "SELECT * FROM posts";
        let rows = processing::process_stream(&on, cursor::fetch_rows(&on, &db, query, 2)).await;
        assert_eq!(rows.expect("a database that works"), 3);
        // Generators in a generator.
        let pieces = posts::stream_posts_json(&on, &db);
        let mut text = String::new();
        let read = for_each(pieces, async |piece| {
            text.push_str(&piece?);
            Ok::<_, iteration::Error>(())
        });
        read.await.expect("a database that works");
        assert_eq!(text.matches("title").count(), 3);
    });
    assert_thorough(&swept);
}

// A-3, K1, K2, K3
#[test]
fn lines_and_pages() {
    let swept = Sweep::new(|| ()).run(async |rt, ()| {
        let on = Lines::default().setting(&rt, SECOND);
        // The hosts are tasks, which go when the runtime goes: then these fail, and may.
        let _length = remote_lines::process_chunks(&on, &remote_lines::poems(&on), "/broken").await;
        let _pages = pages::run(&on).await;
    });
    assert_thorough(&swept);
}

// A-3, K1, K2, K3
#[test]
fn messages_and_files() {
    let swept = Sweep::new(|| ()).run(async |rt, ()| {
        let on = Lines::default().setting(&rt, SECOND);
        // The servers are tasks, and reading a file is work for a thread: as above.
        let _heard = messages::run(&on).await;
        let _read = files::run(&on).await;
    });
    assert_thorough(&swept);
}

// SE-3, SE-5
#[test]
fn permits_come_back() {
    let limit = || Arc::new(Semaphore::new(1));
    let swept = Sweep::new(limit)
        .invariant(|limit| assert_eq!(limit.available_permits(), 1))
        .run(async |rt, limit| {
            let on = Lines::default().setting(&rt, SECOND);
            let count = async || {
                let mut items = 0;
                for_each(permits::paginated_stream(&on, &limit), async |_| items += 1).await;
                items
            };
            assert_eq!(futures_util::join!(count(), count()), (30, 30));
        });
    assert!(swept.runs > 100, "{swept}");
}

//
#[test]
fn comprehensions_leave_no_timer() {
    Sweep::new(|| ()).run(async |rt, ()| {
        comprehensions::run(&Lines::default().setting(&rt, SECOND)).await;
    });
}
