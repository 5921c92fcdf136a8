//! Runs the programs: see the library's documentation.

#![forbid(unsafe_code)]

use std::env;
use std::error::Error;
use std::time::Duration;

use managers::stand_in::host::{AsyncStdTcp, Connect, Host, SmolTcp, TokioTcp};
use managers::{
    Setting, class_made, closure_made, connection, download, fetch, lifespan, parallel, pool,
    provider, retry, several, temporary_file, transaction, unreleased, web,
};
use withal::Entry;
use withal::async_std::AsyncStdRuntime;
use withal::runtime::Runtime;
use withal::smol::SmolRuntime;
use withal::tokio::TokioMain;

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

/// What asyncio's programs sleep for.
const TICK: Duration = Duration::from_millis(100);

fn setting<R: Runtime>(rt: &R) -> Setting<R> {
    Setting::new(rt, TICK, |line| println!("{line}"))
}

async fn program<R: Runtime>(
    rt: &R,
    host: &impl Connect,
    name: &str,
) -> Result<(), Box<dyn Error>> {
    let on = &setting(rt);
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
        let ran = lifespan::main(entry, &setting(&entry.runtime()), requests);
        return Ok(ran.output.unwrap_or(Ok(()))?);
    }
    withal::run(entry, async |rt| program(rt, host, name).await).output
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = env::args().skip(1);
    let (chosen, runtime) = (args.next(), args.next());
    let host = Host::open()?;
    for name in ALL {
        let name = chosen.as_deref().unwrap_or(name);
        println!("{name}:");
        match runtime.as_deref().unwrap_or("tokio") {
            "tokio" => start(&TokioMain::multi_thread()?, &TokioTcp(host.address()), name),
            "smol" => start(&SmolRuntime::global(), &SmolTcp(host.address()), name),
            "async-std" => start(&AsyncStdRuntime::new(), &AsyncStdTcp(host.address()), name),
            other => Err(format!("no runtime {other}: tokio, smol or async-std").into()),
        }?;
        if chosen.is_some() {
            break;
        }
    }
    Ok(())
}
