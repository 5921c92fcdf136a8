//! A pool of connections.

use withal::pool::{DestroyReason, Lease, PoolManager};
use withal::runtime::Runtime;
use withal::{Pool, move_on_after, spawn, with};

use crate::stand_in::database::{Connection, Database};
use crate::{Error, Setting};

/// Makes the connections of a pool, and closes them. One whose answer nobody has read is broken.
#[derive(Debug)]
pub struct Connections<R>(pub Database<R>);

impl<R: Runtime> PoolManager for Connections<R> {
    type Object = Connection<R>;
    type Error = Error;

    async fn create(&self) -> Result<Connection<R>, Error> {
        self.0.connect().await
    }

    fn is_broken(&self, connection: &mut Connection<R>) -> bool {
        !connection.is_usable()
    }

    async fn destroy(
        &self,
        connection: Connection<R>,
        _: DestroyReason<Error>,
    ) -> Result<(), Error> {
        connection.close().await
    }
}

// Row S0.2.
/// The names, by a connection that goes back.
///
/// # Cancel safety
///
/// Dropped, it gives the connection up: it is closed, since its answer may be on its way.
///
/// # Errors
///
/// If there is no connection.
pub async fn get_users<R: Runtime>(
    on: &Setting<R>,
    pool: &Pool<R, Connections<R>>,
) -> Result<Vec<String>, Error> {
    let users = with(&on.rt, pool.lease(), async |connection| {
        Ok::<_, Error>(connection.fetch().await)
    });
    Ok(users.await?)
}

// Rows S1.25 and S1.26. The older program gives back by `await queue.put(…)`: cancelled there, it
// loses the resource, and whatever is broken goes back as well.
/// All that a pool is asked for.
///
/// # Cancel safety
///
/// Dropped, it gives back what it holds; and the pool, of which this was the last handle, closes.
///
/// # Errors
///
/// Of the database; there are none that it does not print.
pub async fn use_pool<R: Runtime>(on: &Setting<R>, db: &Database<R>) -> Result<(), Error> {
    let pool = Pool::builder(&on.rt, Connections(db.clone()))
        .max(2)
        .take_timeout(1000 * on.tick)
        .build();
    pool.fill(2).await?; // made at once; without this, when they are needed
    on.print(format_args!("made: {}", db.opened()));

    let users = get_users(on, &pool).await?;
    on.print(format_args!(
        "{}; idle: {}",
        users.join(", "),
        pool.statistics().idle
    ));

    // A lease owns its share of the pool, so that it can go elsewhere.
    let mut lease = pool.take().await?;
    let elsewhere = spawn(&on.rt, async move { lease.fetch().await.len() });
    on.print(format_args!("{} elsewhere", elsewhere.await?));

    // A connection that was cut off in the middle of an answer does not go back.
    let asked = with(&on.rt, pool.lease(), async |connection| {
        connection.execute("SLEEP").await
    });
    let answered = move_on_after(&on.rt, 20 * on.tick, asked).await.is_some();
    let users = get_users(on, &pool).await?.len();
    on.print(format_args!("answered: {answered}; then {users} users"));

    // One that cannot be made fails its take. The next one tries again.
    let mut taken = [pool.take().await?, pool.take().await?];
    taken.iter_mut().for_each(Lease::mark_broken);
    for lease in taken {
        lease.release().await;
    }
    on.print(format_args!("idle: {}", pool.statistics().idle));
    db.refuse(1);
    for _ in 0..2 {
        match get_users(on, &pool).await {
            Ok(users) => on.print(format_args!("{} users", users.len())),
            Err(error) => on.print(format_args!("{error}")),
        }
    }

    let report = pool.close().await;
    on.print(format_args!(
        "closed: {}; opened: {}; open: {}",
        report.is_clean(),
        db.opened(),
        db.open()
    ));
    Ok(())
}

/// [`use_pool`], with a database.
///
/// # Cancel safety
///
/// As [`use_pool`].
///
/// # Errors
///
/// As [`use_pool`].
pub async fn run<R: Runtime>(on: &Setting<R>) -> Result<(), Error> {
    use_pool(on, &Database::new(on, ["Ann", "Ben"])).await
}
