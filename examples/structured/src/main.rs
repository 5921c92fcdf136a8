//! Runs the programs: see the library's documentation.

#![forbid(unsafe_code)]

use std::env;
use std::error::Error;
use std::time::Duration;

use structured::{Print, timeouts};
use withal::async_std::AsyncStdRuntime;
use withal::runtime::Runtime;
use withal::smol::SmolRuntime;
use withal::tokio::TokioMain;

const ALL: [&str; 1] = ["timeouts"];

/// What asyncio's programs sleep for.
const TICK: Duration = Duration::from_millis(100);

async fn program<R: Runtime>(rt: &R, name: &str) -> Result<(), Box<dyn Error>> {
    let print: Print<'_> = &|line| println!("{line}");
    match name {
        "timeouts" => drop(timeouts::run(rt, TICK, print).await),
        _ => return Err(format!("no program {name}: choose from {}", ALL.join(", ")).into()),
    }
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = env::args().skip(1);
    let (chosen, runtime) = (args.next(), args.next());
    for name in ALL {
        let name = chosen.as_deref().unwrap_or(name);
        println!("{name}:");
        match runtime.as_deref().unwrap_or("tokio") {
            "tokio" => withal::run(&TokioMain::multi_thread()?, async |rt| {
                program(rt, name).await
            }),
            "smol" => withal::run(&SmolRuntime::global(), async |rt| program(rt, name).await),
            "async-std" => withal::run(&AsyncStdRuntime::new(), async |rt| program(rt, name).await),
            other => return Err(format!("no runtime {other}: tokio, smol or async-std").into()),
        }
        .output?;
        if chosen.is_some() {
            break;
        }
    }
    Ok(())
}
