//! Transactions: committed if the body completed, rolled back if it did anything else.

use std::sync::Arc;

use withal::runtime::Runtime;
use withal::scope::{Lend, scope_fn};
use withal::sync::Mutex;
use withal::sync::mutex::Guard;
use withal::transaction::{Level, Transact};
use withal::{ExitReason, HandOver, Scope, move_on_after, with};

use crate::stand_in::database::{Connection, Database};
use crate::{Error, Setting};

/// A connection for several transactions, one after the other. Each owns its share while it runs,
/// so that it can be ended whatever becomes of whom it served.
pub type Shared<R> = Arc<Mutex<Connection<R>>>;

/// The connection, for as long as a transaction has it.
pub type Held<R> = Guard<Shared<R>, Connection<R>>;

// Row S0.4.
/// As a class.
#[derive(Debug)]
pub struct Transaction<R>(pub Shared<R>);

impl<R: Runtime> Scope for Transaction<R> {
    type Resource = Held<R>;
    type Error = Error;
    type OnDrop = HandOver;

    async fn enter(&mut self) -> Result<Held<R>, Error> {
        let mut connection = self.0.lock_owned().await;
        connection.execute("BEGIN").await?;
        Ok(connection)
    }

    async fn exit(self, mut lent: Held<R>, why: ExitReason<'_>) -> Result<(), Error> {
        match why {
            ExitReason::Completed => lent.execute("COMMIT").await,
            _ => lent.execute("ROLLBACK").await,
        }
    }
}

// Row S1.18. The older program has `except Exception` around its `yield`, which a cancellation passes
// by: neither COMMIT nor ROLLBACK. Here a cancellation is one of the ways to end.
/// As a function.
pub fn in_transaction<R: Runtime>(
    connection: &Shared<R>,
) -> impl Scope<Resource = Held<R>, Error = Error, OnDrop = HandOver> + use<R> {
    let connection = Arc::clone(connection);
    scope_fn(async move |lend: Lend<Held<R>>| {
        let mut connection = connection.lock_owned().await;
        connection.execute("BEGIN").await?;
        let (mut connection, ended) = lend.lend(connection).await;
        if ended.is_completed() {
            connection.execute("COMMIT").await?;
        } else {
            connection.execute("ROLLBACK").await?;
        }
        Ok(ended)
    })
}

/// As it is there already, over whatever can do this; with savepoints.
impl<R: Runtime> Transact for Connection<R> {
    type Error = Error;

    async fn begin(&mut self, level: Level) -> Result<(), Error> {
        match level {
            Level::Transaction => self.execute("BEGIN").await,
            Level::Savepoint(n) => self.execute(&format!("SAVEPOINT s{n}")).await,
        }
    }

    async fn commit(&mut self, level: Level) -> Result<(), Error> {
        match level {
            Level::Transaction => self.execute("COMMIT").await,
            Level::Savepoint(n) => self.execute(&format!("RELEASE s{n}")).await,
        }
    }

    async fn roll_back(&mut self, level: Level) -> Result<(), Error> {
        match level {
            Level::Transaction => self.execute("ROLLBACK").await,
            Level::Savepoint(n) => {
                self.execute(&format!("ROLLBACK TO s{n}")).await?;
                self.execute(&format!("RELEASE s{n}")).await
            }
        }
    }
}

/// One transaction that completes, one that fails, and one that is cancelled; in each form.
///
/// # Cancel safety
///
/// Dropped, it rolls back.
///
/// # Errors
///
/// Of the database, which is all right.
pub async fn run<R: Runtime>(on: &Setting<R>) -> Result<Vec<String>, Error> {
    let db = Database::new(on, []);
    let connection: Shared<R> = Arc::new(Mutex::new(db.connect().await?));

    with(&on.rt, Transaction(connection.clone()), async |lent| {
        lent.execute("INSERT Ann").await
    })
    .await?;
    with(&on.rt, in_transaction(&connection), async |lent| {
        lent.execute("INSERT Ben").await
    })
    .await?;

    let failed = with(&on.rt, Transaction(connection.clone()), async |lent| {
        lent.execute("INSERT Cleo").await?;
        lent.execute("DELETE everything").await
    });
    if let Err(error) = failed.await {
        on.print(format_args!("failed: {error}"));
    }

    // Row 001 of the older programs' defects: this one rolls back as well.
    let cancelled = with(&on.rt, in_transaction(&connection), async |lent| {
        lent.execute("INSERT Dan").await?;
        on.rt.sleep(100 * on.tick).await;
        Ok::<_, Error>(())
    });
    // The insertion takes two ticks with the beginning; the rollback has ended when this returns.
    if move_on_after(&on.rt, 20 * on.tick, cancelled)
        .await
        .is_none()
    {
        on.print(format_args!("cancelled"));
    }

    // A part of it is undone, and the rest is kept.
    let held = connection.lock_owned().await;
    with(&on.rt, withal::transaction(held), async |lent| {
        lent.execute("INSERT Eve").await?;
        let part = lent.nested(&on.rt, async |lent| {
            lent.execute("INSERT Fay").await?;
            Err::<(), _>(Error::NotFound("her address".to_owned()))
        });
        if let Err(error) = part.await {
            on.print(format_args!("undone: {error}"));
        }
        Ok::<_, Error>(())
    })
    .await?;
    Ok(db.users())
}
