//! Runs the programs: see the library's documentation.

#![forbid(unsafe_code)]

use std::env;
use std::error::Error;
use std::time::Duration;

use iteration::{
    Setting, comprehensions, counting, cursor, files, messages, orphans, pages, permits, posts,
    processing, remote_lines,
};
use withal::async_std::AsyncStdRuntime;
use withal::runtime::Runtime;
use withal::smol::SmolRuntime;
use withal::tokio::TokioMain;

const ALL: [&str; 11] = [
    "counting",
    "posts",
    "pages",
    "cursor",
    "messages",
    "files",
    "remote-lines",
    "comprehensions",
    "permits",
    "processing",
    "orphans",
];

/// What asyncio's programs sleep for.
const TICK: Duration = Duration::from_millis(100);

async fn program<R: Runtime>(rt: &R, name: &str) -> Result<(), Box<dyn Error>> {
    let on = &Setting::new(rt, TICK, |line| println!("{line}"));
    match name {
        "counting" => counting::run(on).await,
        "posts" => posts::run(on).await.map(drop)?,
        "pages" => pages::run(on).await?,
        "cursor" => cursor::run(on).await?,
        "messages" => drop(messages::run(on).await),
        "files" => files::run(on).await?,
        "remote-lines" => remote_lines::run(on).await.map(drop)?,
        "comprehensions" => comprehensions::run(on).await,
        "permits" => permits::run(on).await.map(drop)?,
        "processing" => drop(processing::run(on).await),
        "orphans" => drop(orphans::run(on).await),
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
