//! A connection, the careful way: both ends have a time limit, and no failure of either is lost.

use std::time::Duration;

use withal::runtime::Runtime;
use withal::scope::{ExitError, limited};
use withal::{
    ExitReason, HandOver, Scope, ScopeError, await_cleanup, move_on_after, timeout, with,
};

use crate::class_made::Connected;
use crate::stand_in::database::{Connection, Database};
use crate::{Error, Setting};

// Row S4.3. The older program has a flag against closing twice, spawns the closing if it is cancelled
// meanwhile, and logs what goes wrong with it. Here the first is the library's promise, so is the
// second (`HandOver`), and what goes wrong is returned.
/// A connection that is opened and closed within `limit` each.
#[derive(Debug)]
pub struct Managed<R> {
    on: Setting<R>,
    db: Database<R>,
    limit: Duration,
}

impl<R: Runtime> Scope for Managed<R> {
    type Resource = Connection<R>;
    type Error = Error;
    type OnDrop = HandOver;

    async fn enter(&mut self) -> Result<Connection<R>, Error> {
        timeout(&self.on.rt, self.limit, self.db.connect()).await?
    }

    // Row S4.2. It runs in the task of whoever entered, and a cancellation does not cut it short: the
    // one who cancels waits for it. Nor can it swallow one; what it returns is added to the reason.
    async fn exit(self, connection: Connection<R>, why: ExitReason<'_>) -> Result<(), Error> {
        self.on.print(format_args!("closing: {}", why.kind()));
        timeout(&self.on.rt, self.limit, connection.close()).await?
    }
}

/// Everything that can go wrong with it, one after the other.
///
/// # Cancel safety
///
/// Dropped, it closes the connection that is open.
pub async fn run<R: Runtime>(on: &Setting<R>) {
    let db = Database::new(on, ["Ann"]);
    let managed = || Managed {
        on: on.clone(),
        db: db.clone(),
        limit: 20 * on.tick,
    };

    // Closing fails after a body that did not: an error, which has the body's value.
    db.fail_at("close");
    let ended = with(&on.rt, managed(), async |connection| {
        Ok::<_, Error>(connection.fetch().await.len())
    });
    if let Err(ScopeError::Exit {
        error: ExitError::Failed(error),
        value,
    }) = ended.await
    {
        on.print(format_args!("{error}; the value was {value}"));
    }

    // Both fail: both are told, the body's error first.
    db.fail_at("close");
    let ended = with(&on.rt, managed(), async |connection| {
        connection.execute("DROP users").await
    });
    if let Err(error) = ended.await {
        on.print(format_args!("{}", Error::from(error)));
    }

    // Cancelled by a combinator of the library: it returns when the connection is closed.
    let held = with(&on.rt, managed(), async |connection| {
        connection.fetch().await;
        on.rt.sleep(1000 * on.tick).await;
        Ok::<_, Error>(())
    });
    let given_up = move_on_after(&on.rt, 20 * on.tick, held).await.is_none();
    on.print(format_args!("given up: {given_up}; open: {}", db.open()));

    // Cancelled by code that does not know of scopes, inside of one that waits for them.
    let held = with(&on.rt, managed(), async |connection| {
        connection.fetch().await;
        on.rt.sleep(1000 * on.tick).await;
        Ok::<_, Error>(())
    });
    await_cleanup(async {
        let (held, enough) = (Box::pin(held), Box::pin(on.rt.sleep(20 * on.tick)));
        drop(futures_util::future::select(held, enough).await);
    })
    .await;
    on.print(format_args!("open: {}", db.open()));

    // Nobody answers who connects: the body does not run, and nothing is closed.
    db.be_silent(true);
    let ended = with(&on.rt, managed(), async |_| Ok::<_, Error>(()));
    if let Err(error) = ended.await {
        on.print(format_args!("{}", Error::from(error)));
    }

    // Nobody answers who says goodbye.
    db.be_silent(false);
    let ended = with(&on.rt, managed(), async |_| {
        db.be_silent(true);
        Ok::<_, Error>(())
    });
    if let Err(error) = ended.await {
        on.print(format_args!("{}", Error::from(error)));
    }

    // The limits need not be a part of the scope.
    let limited = limited(&on.rt, Connected(db))
        .enter_timeout(20 * on.tick)
        .exit_timeout(20 * on.tick);
    let ended = with(&on.rt, limited, async |_| Ok::<_, Error>(()));
    if let Err(error) = ended.await {
        on.print(format_args!("{}", Error::from(error)));
    }
}
