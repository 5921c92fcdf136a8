//! Scopes that are types.

use std::convert::Infallible;

use withal::runtime::Runtime;
use withal::{ExitReason, HandOver, Scope, with};

use crate::stand_in::database::{Connection, Database};
use crate::{Error, Setting};

// Row S2.2.
/// Says when it is entered, and when it is exited. This is all it takes.
#[derive(Debug)]
pub struct Logger<R>(Setting<R>);

impl<R: Runtime> Scope for Logger<R> {
    type Resource = ();
    type Error = Infallible;
    type OnDrop = HandOver;

    async fn enter(&mut self) -> Result<(), Infallible> {
        self.0.print(format_args!("enter"));
        Ok(())
    }

    // It cannot swallow what went wrong in the body, by accident or else.
    async fn exit(self, (): (), reason: ExitReason<'_>) -> Result<(), Infallible> {
        self.0.print(format_args!("exit: {}", reason.kind()));
        Ok(())
    }
}

// Row S1.12.
/// A resource that takes its time to be acquired, and to be released.
#[derive(Debug)]
pub struct Acquired<R>(Setting<R>);

/// What [`Acquired`] lends: the resource, with its methods, for as long as it is there.
#[derive(Debug)]
pub struct Resource<R>(Setting<R>);

impl<R: Runtime> Scope for Acquired<R> {
    type Resource = Resource<R>;
    type Error = Infallible;
    type OnDrop = HandOver;

    async fn enter(&mut self) -> Result<Resource<R>, Infallible> {
        self.0.print(format_args!("acquiring"));
        self.0.tick().await;
        Ok(Resource(self.0.clone()))
    }

    async fn exit(self, _: Resource<R>, _: ExitReason<'_>) -> Result<(), Infallible> {
        self.0.print(format_args!("releasing"));
        self.0.tick().await;
        Ok(())
    }
}

impl<R: Runtime> Resource<R> {
    /// Works.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it stops.
    pub async fn work(&mut self) {
        self.0.print(format_args!("working"));
        self.0.tick().await;
    }
}

// Row S1.14.
/// A connection: what is lent is not the scope itself, and could be of another's type.
#[derive(Debug)]
pub struct Connected<R>(pub Database<R>);

impl<R: Runtime> Scope for Connected<R> {
    type Resource = Connection<R>;
    type Error = Error;
    type OnDrop = HandOver;

    async fn enter(&mut self) -> Result<Connection<R>, Error> {
        self.0.connect().await
    }

    async fn exit(self, connection: Connection<R>, _: ExitReason<'_>) -> Result<(), Error> {
        connection.close().await
    }
}

/// Enters each of them.
///
/// # Cancel safety
///
/// Dropped, it exits the one that is entered.
///
/// # Errors
///
/// Of the database; there are none.
pub async fn run<R: Runtime>(on: &Setting<R>) -> Result<(), Error> {
    with(&on.rt, Logger(on.clone()), async |()| {
        on.print(format_args!("inside"));
        Ok::<_, Error>(())
    })
    .await?;

    with(&on.rt, Acquired(on.clone()), async |resource| {
        resource.work().await;
        Ok::<_, Error>(())
    })
    .await?;

    let db = Database::new(on, ["Ann", "Ben"]);
    let users = with(&on.rt, Connected(db.clone()), async |connection| {
        Ok::<_, Error>(connection.fetch().await)
    })
    .await?;
    on.print(format_args!("{}; {} open", users.join(", "), db.open()));
    Ok(())
}
