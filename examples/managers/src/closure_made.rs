//! Scopes that are functions: set up, lend, tear down.

use std::collections::BTreeMap;
use std::convert::Infallible;

use withal::runtime::Runtime;
use withal::scope::{Lend, scope_fn};
use withal::{HandOver, Scope, with};

use crate::{Error, Setting};

// Row S0.3.
/// Prints how long its body took, however that ended. The clock is the runtime's.
pub fn timer<R: Runtime>(
    on: &Setting<R>,
    label: &'static str,
) -> impl Scope<Resource = (), Error = Infallible, OnDrop = HandOver> + use<R> {
    let on = on.clone();
    scope_fn(async move |lend: Lend<()>| {
        let start = on.rt.now();
        let ((), ended) = lend.lend(()).await;
        let took = on.rt.elapsed(start, on.rt.now());
        on.print(format_args!("{label} took {took:?}: {}", ended.kind()));
        Ok(ended)
    })
}

// Row S1.13.
/// Lends its own name. What it does afterwards may take its time.
pub fn managed_resource<R: Runtime>(
    on: &Setting<R>,
    name: &'static str,
) -> impl Scope<Resource = &'static str, Error = Infallible, OnDrop = HandOver> + use<R> {
    let on = on.clone();
    scope_fn(async move |lend: Lend<&'static str>| {
        on.print(format_args!("setting up {name}"));
        on.tick().await;
        let (name, ended) = lend.lend(name).await;
        on.print(format_args!("cleaning up {name}"));
        on.tick().await;
        Ok(ended)
    })
}

/// A few properties of something.
pub type Properties = BTreeMap<&'static str, String>;

// Row S3.2.
/// Lends a map, and gets it back with what the body has put in there.
pub fn described<R: Runtime>(
    on: &Setting<R>,
    name: &'static str,
) -> impl Scope<Resource = Properties, Error = Infallible, OnDrop = HandOver> + use<R> {
    let on = on.clone();
    scope_fn(async move |lend: Lend<Properties>| {
        on.print(format_args!("acquire {name}"));
        on.tick().await;
        let properties = BTreeMap::from([("name", name.to_owned())]);
        let (properties, ended) = lend.lend(properties).await;
        on.print(format_args!("release {name}: {properties:?}"));
        on.tick().await;
        Ok(ended)
    })
}

/// Enters each of them; the timer a second time, with a body that fails.
///
/// # Cancel safety
///
/// Dropped, it exits the one that is entered.
///
/// # Errors
///
/// None that it does not print.
pub async fn run<R: Runtime>(on: &Setting<R>) -> Result<(), Error> {
    with(&on.rt, timer(on, "query"), async |()| {
        on.tick().await;
        Ok::<_, Error>(())
    })
    .await?;
    let failed = with(&on.rt, timer(on, "no query"), async |()| {
        Err::<(), _>(Error::NotFound("the table".to_owned()))
    });
    if let Err(error) = failed.await {
        on.print(format_args!("{error}"));
    }
    with(&on.rt, managed_resource(on, "database"), async |name| {
        on.print(format_args!("using {name}"));
        Ok::<_, Error>(())
    })
    .await?;
    with(&on.rt, described(on, "db-conn"), async |properties| {
        properties.insert("used by", "the body".to_owned());
        Ok::<_, Error>(())
    })
    .await?;
    Ok(())
}
