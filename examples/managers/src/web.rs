//! A web application whose pool lives as long as it does.

use withal::pool::Lease;
use withal::runtime::Runtime;
use withal::scope::{Lend, scope_fn};
use withal::{HandOver, Pool, Scope, TaskGroup, task_group, with};

use crate::pool::Connections;
use crate::stand_in::database::Database;
use crate::{Error, Setting};

/// What the pool lends.
type Held<R> = Lease<R, Connections<R>>;

// Row S2.9. A scope around another one: there is no way past either.
/// A connection for a handler.
fn get_db<R: Runtime>(
    on: &Setting<R>,
    pool: &Pool<R, Connections<R>>,
) -> impl Scope<Resource = Held<R>, Error = Error, OnDrop = HandOver> + use<R> {
    let (on, pool) = (on.clone(), pool.clone());
    scope_fn(async move |lend: Lend<Held<R>>| {
        let connection = pool.take().await?;
        let (connection, ended) = lend.lend(connection).await;
        connection.release().await;
        on.print(format_args!("released: {}", ended.kind()));
        Ok(ended)
    })
}

/// The handler of a route.
async fn products<R: Runtime>(
    on: &Setting<R>,
    pool: &Pool<R, Connections<R>>,
    wanted: &str,
) -> Result<String, Error> {
    let found = with(&on.rt, get_db(on, pool), async |db| {
        let rows = db.fetch().await;
        let found = rows.into_iter().find(|row| row == wanted);
        found.ok_or_else(|| Error::NotFound(wanted.to_owned()))
    });
    Ok(found.await?)
}

// Row S2.4. The older program makes the pool in one hook and closes it in another.
/// Starts, answers three requests at once, and stops.
///
/// # Cancel safety
///
/// Dropped, it cancels the requests, and closes the pool.
///
/// # Errors
///
/// Of the database; there are none.
pub async fn run<R: Runtime>(on: &Setting<R>) -> Result<(), Error> {
    let db = Database::new(on, ["apple", "pear"]);
    let pool = Pool::builder(&on.rt, Connections(db.clone()))
        .max(2)
        .scope();
    with(&on.rt, pool.grace(100 * on.tick), async |pool| {
        let answered = task_group(&on.rt, async |group: TaskGroup<R, Error>| {
            for wanted in ["apple", "plum", "pear"] {
                let (on, pool) = (on.clone(), pool.clone());
                group.spawn_named(wanted, async move {
                    match products(&on, &pool, wanted).await {
                        Ok(found) => on.print(format_args!("200 {found}")),
                        Err(error) => on.print(format_args!("500 {error}")),
                    }
                    Ok(())
                });
            }
            Ok::<_, Error>(())
        });
        Ok::<_, Error>(answered.await?)
    })
    .await?;
    on.print(format_args!("opened: {}; open: {}", db.opened(), db.open()));
    Ok(())
}
