//! Runs the programs: see the library's documentation.

#![forbid(unsafe_code)]

use std::error::Error;
use std::time::Duration;

use example_support::{Chosen, choose};
use primitives::{Print, closing, lock, pages, rate_limit, sentinel};
use withal::runtime::Runtime;

const ALL: [&str; 5] = ["sentinel", "closing", "lock", "rate-limit", "pages"];

/// What asyncio's programs sleep for.
const TICK: Duration = Duration::from_millis(100);

async fn program<R: Runtime>(rt: &R, name: &str) -> Result<(), Box<dyn Error>> {
    let print: Print<'_> = &|line| println!("{line}");
    match name {
        "sentinel" => sentinel::run(rt, TICK, print).await.map(drop)?,
        "closing" => closing::run(rt, TICK, print).await.map(drop)?,
        "lock" => lock::run(rt, TICK, print).await.map(drop)?,
        "rate-limit" => drop(rate_limit::run(rt, TICK, print).await),
        "pages" => pages::run(rt, TICK, print).await.map(drop)?,
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
