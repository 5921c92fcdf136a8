//! The programs that hold scopes across yields, cancelled at every poll in every way: each scope is
//! exited, the inner ones first, before whoever cancelled goes on.

mod common;

use common::{Lines, SECOND};
use iteration::stand_in::database::Database;
use iteration::{comprehensions, cursor, pages, posts, processing, remote_lines};
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
        let read = withal::for_each(pieces, async |piece| {
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

//
#[test]
fn comprehensions_leave_no_timer() {
    Sweep::new(|| ()).run(async |rt, ()| {
        comprehensions::run(&Lines::default().setting(&rt, SECOND)).await;
    });
}
