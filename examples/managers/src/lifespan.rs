//! A scope that lives as long as the program.

use withal::runtime::Runtime;
use withal::scope::{Lend, scope_fn};
use withal::sync::CancelToken;
use withal::{Entry, HandOver, Ran, RunOptions, Scope, run_with, with};

use crate::stand_in::database::{Connection, Database};
use crate::{Error, Setting};

// Row S0.5.
/// What an application does when it starts, and when it stops.
pub fn lifespan<R: Runtime>(
    on: &Setting<R>,
    db: &Database<R>,
) -> impl Scope<Resource = Connection<R>, Error = Error, OnDrop = HandOver> + use<R> {
    let (on, db) = (on.clone(), db.clone());
    scope_fn(async move |lend: Lend<Connection<R>>| {
        let connection = db.connect().await?;
        on.print(format_args!("started"));
        let (connection, ended) = lend.lend(connection).await;
        connection.close().await?;
        on.print(format_args!("stopped: {}", ended.kind()));
        Ok(ended)
    })
}

/// Something to serve.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Request {
    /// Takes so many ticks.
    Takes(u32),
    /// The same, and while it is served the program is asked to stop.
    TakesWithSignal(u32),
}

/// Serves until `stop` asks it not to; what is being served then is served to its end.
async fn serve<R: Runtime>(
    on: &Setting<R>,
    connection: &mut Connection<R>,
    stop: &CancelToken,
    requests: impl IntoIterator<Item = Request>,
) {
    for request in requests {
        if stop.is_cancelled() {
            break;
        }
        let ticks = match request {
            Request::Takes(ticks) => ticks,
            Request::TakesWithSignal(ticks) => {
                stop.cancel_with("SIGTERM"); // comes from outside, in a real program
                ticks
            }
        };
        let users = connection.fetch().await.len();
        on.rt.sleep(ticks * on.tick).await;
        on.print(format_args!("served: {users} users"));
    }
    stop.cancelled().await;
}

/// The application.
///
/// # Cancel safety
///
/// Dropped, it stops, as it does when it is asked to.
///
/// # Errors
///
/// Of the database; there are none.
pub async fn application<R: Runtime>(
    on: &Setting<R>,
    stop: &CancelToken,
    requests: impl IntoIterator<Item = Request>,
) -> Result<(), Error> {
    let db = Database::new(on, ["Ann", "Ben"]);
    with(&on.rt, lifespan(on, &db), async |connection| {
        serve(on, connection, stop, requests).await;
        Ok::<_, Error>(())
    })
    .budget(50 * on.tick) // what stopping may take
    .await?;
    Ok(())
}

/// Runs the application on `entry`. From when it is asked to stop it has ten ticks; then it is
/// dropped. It is stopped in either case before this returns.
pub fn main<E: Entry>(
    entry: &E,
    setting: &Setting<E::Runtime>,
    requests: impl IntoIterator<Item = Request>,
) -> Ran<Option<Result<(), Error>>> {
    let stop = CancelToken::new();
    let options = RunOptions::new().token(&stop).grace(10 * setting.tick);
    run_with(entry, options, async |_| {
        application(setting, &stop, requests).await
    })
}
