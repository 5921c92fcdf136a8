//! Runs the programs: see the library's documentation.

#![forbid(unsafe_code)]

use std::error::Error;

use example_support::{Chosen, choose};
use managers::stand_in::host::{AsyncStdTcp, Connect, Host, SmolTcp, TokioTcp};
use managers::{
    Setting, class_made, closure_made, connection, download, fetch, lifespan, parallel, pool,
    provider, retry, several, temporary_file, transaction, unreleased, web,
};
use withal::Entry;
use withal::runtime::Runtime;

const ALL: [&str; 15] = [
    "class-made",
    "closure-made",
    "temporary-file",
    "provider",
    "transaction",
    "connection",
    "several",
    "parallel",
    "retry",
    "pool",
    "web",
    "fetch",
    "download",
    "unreleased",
    "lifespan",
];

async fn program<R: Runtime>(
    rt: &R,
    host: &impl Connect,
    name: &str,
) -> Result<(), Box<dyn Error>> {
    let on = &Setting::usual(rt);
    match name {
        "class-made" => class_made::run(on).await?,
        "closure-made" => closure_made::run(on).await?,
        "temporary-file" => temporary_file::run(on).await.map(drop)?,
        "provider" => provider::run(on).await?,
        "transaction" => transaction::run(on).await.map(drop)?,
        "connection" => connection::run(on).await,
        "several" => several::run(on).await?,
        "parallel" => parallel::run(on).await?,
        "retry" => retry::run(on).await?,
        "pool" => pool::run(on).await?,
        "web" => web::run(on).await?,
        "fetch" => fetch::run(on, host).await?,
        "download" => download::run(on, host).await?,
        "unreleased" => unreleased::run(on).await.map(drop)?,
        _ => return Err(format!("no program {name}: choose from {}", ALL.join(", ")).into()),
    }
    Ok(())
}

fn start<E: Entry>(entry: &E, host: &impl Connect, name: &str) -> Result<(), Box<dyn Error>> {
    if name == "lifespan" {
        // It is asked to stop: the way in which it is run is a part of it.
        let requests = [1, 2, 3].map(lifespan::Request::TakesWithSignal);
        let ran = lifespan::main(entry, &Setting::usual(&entry.runtime()), requests);
        return Ok(ran.output.unwrap_or(Ok(()))?);
    }
    withal::run(entry, async |rt| program(rt, host, name).await).output
}

fn main() -> Result<(), Box<dyn Error>> {
    let host = Host::open()?;
    choose(&ALL, |chosen, name| match chosen {
        Chosen::Tokio(main) => start(&main, &TokioTcp(host.address()), name),
        Chosen::Smol(smol) => start(&smol, &SmolTcp(host.address()), name),
        Chosen::AsyncStd(std) => start(&std, &AsyncStdTcp(host.address()), name),
    })
}
