//! Who has forgotten to close a generator: found by the live list.

use std::collections::VecDeque;

use futures_util::stream::StreamExt as _;
use withal::cleanup::{Live, Subject, keep_live_list, live_list};
use withal::close;
use withal::runtime::Runtime;

use crate::Setting;
use crate::cursor::fetch_rows;
use crate::stand_in::database::Database;

// Row S4.8.
/// The generators of this package that have begun, and were not closed.
pub fn orphans() -> Vec<Live> {
    let mut live = live_list();
    live.retain(|live| {
        // The name is that of the generator's closure, which is in the functions of this package.
        live.about.subject == Subject::Generator && live.about.name.starts_with("iteration::")
    });
    live
}

/// Keeps generators in a cache of two, as one might to go on with them later; and forgets them. Gives
/// the number of those that are found.
///
/// # Cancel safety
///
/// Dropped, it drops the cache: the generators in it are reported as not closed.
pub async fn run<R: Runtime>(on: &Setting<R>) -> usize {
    keep_live_list(true);
    let db = Database::new(on, ["one", "two"]);
    let mut cache = VecDeque::new();
    for _ in 0..3 {
        let mut rows = Box::pin(fetch_rows(on, &db, "SELECT * FROM posts", 10));
        if rows.next().await.is_some_and(|row| row.is_ok()) {
            on.print(format_args!("one row, for now"));
        }
        cache.push_back(rows);
        if cache.len() > 2 {
            // A plain drop instead would be reported: there, nobody waits for the connection.
            if let Some(oldest) = cache.pop_front() {
                close(oldest).await;
            }
        }
    }
    let found = orphans();
    for live in &found {
        // Its age is there as well: `live.age`.
        let file = live.about.location.file().rsplit(['/', '\\']).next();
        on.print(format_args!(
            "a generator of {} is open",
            file.unwrap_or("?")
        ));
    }
    for rows in cache {
        close(rows).await;
    }
    on.print(format_args!("{} are left", orphans().len()));
    found.len()
}
