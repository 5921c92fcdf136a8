//! Runs the programs: see the library's documentation.

#![forbid(unsafe_code)]

use std::error::Error;

use example_support::{Chosen, choose};
use iteration::{
    Setting, comprehensions, counting, cursor, files, messages, orphans, pages, permits, posts,
    processing, remote_lines,
};
use withal::runtime::Runtime;

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

async fn program<R: Runtime>(rt: &R, name: &str) -> Result<(), Box<dyn Error>> {
    let on = &Setting::usual(rt);
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
    choose(&ALL, |chosen, name| match chosen {
        Chosen::Tokio(main) => withal::run(&main, async |rt| program(rt, name).await).output,
        Chosen::Smol(smol) => withal::run(&smol, async |rt| program(rt, name).await).output,
        Chosen::AsyncStd(std) => withal::run(&std, async |rt| program(rt, name).await).output,
    })
}
