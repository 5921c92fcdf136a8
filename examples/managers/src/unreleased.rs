//! Scopes held by guards: one that is exited, one that is forgotten, and one that is kept.

use withal::cleanup::{Live, Subject, keep_live_list, live_list};
use withal::runtime::Runtime;
use withal::{await_cleanup, enter_in};

use crate::class_made::Connected;
use crate::stand_in::database::Database;
use crate::{Error, Setting};

// Row S2.12. With a closure for a body there is nothing to forget. A guard can be dropped, which is a
// cancellation: it is exited then. And it can be kept: the live list knows.
/// The scopes that were entered in this file and are open, with where and since when.
pub fn open() -> Vec<Live> {
    let mut live = live_list();
    live.retain(|live| {
        live.about.subject == Subject::Scope && live.about.location.file() == file!()
    });
    live
}

/// Three connections. Gives the number of those that were found open.
///
/// # Cancel safety
///
/// Dropped, it closes the connections.
///
/// # Errors
///
/// Of the database; there are none.
pub async fn run<R: Runtime>(on: &Setting<R>) -> Result<usize, Error> {
    keep_live_list(true);
    let db = Database::new(on, ["Ann"]);

    let mut connection = enter_in(&on.rt, Connected(db.clone())).await?;
    let users = connection.fetch().await.len();
    connection.exit(Ok::<_, Error>(users)).await?;
    on.print(format_args!("exited: {} open", db.open()));

    let forgetful = async {
        let mut connection = enter_in(&on.rt, Connected(db.clone())).await?;
        connection.fetch().await;
        Ok::<_, Error>(()) // the `exit` is missing
    };
    await_cleanup(forgetful).await?;
    on.print(format_args!("forgotten: {} open", db.open()));

    let mut cache = Vec::new();
    cache.push(enter_in(&on.rt, Connected(db.clone())).await?);
    let found = open();
    for live in &found {
        let file = live.about.location.file().rsplit(['/', '\\']).next();
        on.print(format_args!("kept: entered in {}", file.unwrap_or("?")));
    }
    for kept in cache {
        kept.exit(Ok::<_, Error>(())).await?;
    }
    on.print(format_args!("exited: {} open", open().len()));
    Ok(found.len())
}
