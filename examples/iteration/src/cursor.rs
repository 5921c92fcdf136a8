//! Rows of a cursor that stays open from row to row.

use futures_util::stream::Stream;
use withal::runtime::Runtime;
use withal::{for_each, generator, with};

use crate::stand_in::database::{Database, Post};
use crate::{Error, Setting};

// Row S1.4.
/// The rows of `query`, fetched in batches.
///
/// Two scopes are open at each yield. However the generator ends (exhausted, closed, dropped at some
/// row), the cursor is closed, and then the connection.
pub fn fetch_rows<R: Runtime>(
    on: &Setting<R>,
    db: &Database<R>,
    query: &str,
    batch_size: usize,
) -> impl Stream<Item = Result<Post, Error>> {
    generator(async move |y| {
        let read = with(&on.rt, db.connection(), async |session| {
            let read = with(&on.rt, session.cursor(query), async |cursor| {
                loop {
                    let rows = cursor.fetch_many(batch_size).await;
                    if rows.is_empty() {
                        return Ok::<_, Error>(());
                    }
                    for row in rows {
                        y.yield_(row).await;
                    }
                }
            });
            read.await?;
            Ok::<_, Error>(())
        });
        read.await?;
        Ok(())
    })
}

/// Prints all rows.
///
/// # Cancel safety
///
/// Dropped, it closes cursor and connection.
///
/// # Errors
///
/// Of the database; there are none.
pub async fn run<R: Runtime>(on: &Setting<R>) -> Result<(), Error> {
    let db = Database::new(on, ["one", "two", "three", "four", "five"]);
    for_each(fetch_rows(on, &db, "SELECT * FROM posts", 2), async |row| {
        let row = row?;
        on.print(format_args!("{} {}", row.id, row.title));
        Ok(())
    })
    .await
}
