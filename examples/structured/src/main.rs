//! Runs the programs: see the library's documentation.

#![forbid(unsafe_code)]

use std::error::Error;
use std::time::Duration;

use example_support::{Chosen, choose};
use structured::{Print, timeouts};
use withal::runtime::Runtime;

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
    choose(&ALL, |chosen, name| match chosen {
        Chosen::Tokio(main) => withal::run(&main, async |rt| program(rt, name).await).output,
        Chosen::Smol(smol) => withal::run(&smol, async |rt| program(rt, name).await).output,
        Chosen::AsyncStd(std) => withal::run(&std, async |rt| program(rt, name).await).output,
    })
}
