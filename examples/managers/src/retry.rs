//! A connection that is tried for several times.

use std::error::Error as _;
use std::time::Duration;

use withal::runtime::Runtime;
use withal::scope::retry;
use withal::{move_on_after, with};

use crate::class_made::Connected;
use crate::stand_in::database::Database;
use crate::{Error, Setting};

/// One tick, two, four: what is waited for between the attempts. Any iterator will do.
fn backoff(tick: Duration) -> impl Iterator<Item = Duration> {
    (0..3).map(move |n| tick * (1 << n))
}

// Row S4.10. The older program forgets why the last attempt failed. Here the errors of all are kept.
/// Counts the users over a connection for which there are four attempts.
async fn count<R: Runtime>(on: &Setting<R>, db: &Database<R>) -> Result<usize, String> {
    let connection = retry(&on.rt, backoff(on.tick), || Connected(db.clone()))
        .when(|error| matches!(error, Error::Database(_)))
        .on_retry(|failed| on.print(format_args!("attempt {} failed", failed.attempt)));
    let counted = with(&on.rt, connection, async |connection| {
        Ok::<_, Error>(connection.fetch().await.len())
    });
    counted.await.map_err(|error| {
        let (mut told, mut cause) = (error.to_string(), error.source());
        while let Some(error) = cause {
            told += &format!(": {error}");
            cause = error.source();
        }
        told
    })
}

/// Connects at the third attempt; in vain; and is given up in between.
///
/// # Cancel safety
///
/// Dropped, it closes the connection that is open.
///
/// # Errors
///
/// None that it does not print.
pub async fn run<R: Runtime>(on: &Setting<R>) -> Result<(), Error> {
    let db = Database::new(on, ["Ann", "Ben"]);
    for refusals in [2, 10] {
        db.refuse(refusals);
        match count(on, &db).await {
            Ok(users) => on.print(format_args!("{users} users")),
            Err(error) => on.print(format_args!("{error}")),
        }
    }
    db.refuse(10);
    let _given_up = move_on_after(&on.rt, 3 * on.tick, count(on, &db)).await;
    on.print(format_args!("opened: {}; open: {}", db.opened(), db.open()));
    Ok(())
}
