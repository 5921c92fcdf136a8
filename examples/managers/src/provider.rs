//! A provider of sessions, and a handler that fails with one.

use withal::runtime::Runtime;
use withal::scope::{Lend, scope_fn};
use withal::{HandOver, Scope, with};

use crate::stand_in::database::{Connection, Database};
use crate::{Error, Setting};

// Rows S0.15 and S0.17. The older program has a bare `yield` in place of `lend`:
//
//     session = await create_session()
//     yield session
//     await session.close()      # not if the body fails: the error is thrown in at the yield
//
// Here nothing is thrown in. What follows `lend` runs however the body has ended. Not to look at how
// is a warning, and not to lend an error: `tests/ui/closure`.
/// A session with the database.
pub fn get_db<R: Runtime>(
    db: &Database<R>,
) -> impl Scope<Resource = Connection<R>, Error = Error, OnDrop = HandOver> + use<R> {
    let db = db.clone();
    scope_fn(async move |lend: Lend<Connection<R>>| {
        let session = db.connect().await?;
        let (session, ended) = lend.lend(session).await;
        session.close().await?;
        Ok(ended)
    })
}

/// What the web server does for each request: the handler gets a session, and its error an answer.
async fn route<R: Runtime, F>(on: &Setting<R>, db: &Database<R>, handler: F)
where
    F: AsyncFnOnce(&mut Connection<R>) -> Result<String, Error>,
{
    let mut handler = Some(handler);
    let handled = with(&on.rt, get_db(db), async |session| match handler.take() {
        Some(handler) => handler(session).await,
        None => unreachable!("a body runs once"),
    });
    let (status, text) = match handled.await {
        Ok(text) => (200, text),
        Err(error) => (500, error.to_string()),
    };
    on.print(format_args!(
        "{status} {text}; sessions open: {}",
        db.open()
    ));
}

/// Serves a request, and one that fails.
///
/// # Cancel safety
///
/// Dropped, it closes the session.
///
/// # Errors
///
/// None: they are answers.
pub async fn run<R: Runtime>(on: &Setting<R>) -> Result<(), Error> {
    let db = Database::new(on, ["Ann", "Ben"]);
    route(on, &db, async |session| {
        Ok(session.fetch().await.join(", "))
    })
    .await;
    route(on, &db, async |session| {
        session.fetch().await;
        Err(Error::NotFound("the user".to_owned()))
    })
    .await;
    Ok(())
}
