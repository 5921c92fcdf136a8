//! `gates [--store]`: counts the instructions of each gated operation under callgrind, and compares
//! them with the stored ones.

use std::collections::BTreeMap;
use std::fs;
use std::process::{Command, ExitCode};

use clap::{Parser, Subcommand};
use serde::{Deserialize, Serialize};
use withal_benches::gate::{Gate, instructions};
use withal_benches::groups::GROUPS;

/// The stored values; the path is the one at compile time, since this is run by cargo only.
const STORE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/gates.json");

/// How much more than the stored value is let pass, in percent: a compiler of another patch level
/// moves a few instructions.
const TOLERANCE: u64 = 3;

/// Instructions for each operation, against the stored values.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask gates")]
struct Options {
    /// Store what is counted
    #[arg(long)]
    store: bool,

    #[command(subcommand)]
    command: Option<Task>,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Run one gate's operation: what callgrind looks at
    #[command(hide = true)]
    Run { name: String, times: u64 },
}

/// What is in the file.
#[derive(Debug, Deserialize, Serialize)]
struct Stored {
    /// The compiler and the architecture: others count differently.
    toolchain: String,
    instructions: BTreeMap<String, u64>,
}

fn main() -> ExitCode {
    let options = Options::parse();
    let result = match options.command {
        Some(Task::Run { name, times }) => run(&name, times),
        None if options.store => store(),
        None => compare(),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("gates: {error}");
            ExitCode::FAILURE
        }
    }
}

fn gates() -> impl Iterator<Item = &'static Gate> {
    GROUPS.iter().flat_map(|group| group.gates)
}

fn run(name: &str, times: u64) -> Result<(), String> {
    let gate = gates().find(|gate| gate.name == name);
    let gate = gate.ok_or_else(|| format!("there is no gate `{name}`"))?;
    (gate.run)(times);
    Ok(())
}

fn store() -> Result<(), String> {
    let mut stored = Stored {
        toolchain: toolchain()?,
        instructions: BTreeMap::new(),
    };
    for gate in gates() {
        let count = instructions(gate)?;
        println!("{:<48} {count:>8}{}", gate.name, bar(gate, count));
        stored.instructions.insert(gate.name.to_owned(), count);
    }
    let text = serde_json::to_string_pretty(&stored).map_err(|error| error.to_string())?;
    fs::write(STORE, text + "\n").map_err(|error| format!("{STORE}: {error}"))
}

fn compare() -> Result<(), String> {
    let text = fs::read_to_string(STORE).map_err(|error| format!("{STORE}: {error}"))?;
    let mut stored: Stored =
        serde_json::from_str(&text).map_err(|error| format!("{STORE}: {error}"))?;
    let mut wrong = Vec::new();
    println!(
        "{:<48} {:>8} {:>8}",
        "instructions for each operation", "now", "stored"
    );
    for gate in gates() {
        let now = instructions(gate)?;
        let before = stored.instructions.remove(gate.name);
        let shown = before.map_or_else(|| "none".to_owned(), |before| before.to_string());
        println!("{:<48} {now:>8} {shown:>8}{}", gate.name, bar(gate, now));
        match before {
            None => wrong.push(format!("{}: nothing is stored", gate.name)),
            Some(before) if now > most(before) => {
                wrong.push(format!("{}: {now} instead of {before}", gate.name));
            }
            Some(_) => {}
        }
    }
    wrong.extend(
        stored
            .instructions
            .into_keys()
            .map(|name| format!("{name}: there is no such gate")),
    );
    if wrong.is_empty() {
        return Ok(());
    }
    let here = toolchain()?;
    if here != stored.toolchain {
        wrong.push(format!(
            "the values were stored with {}; this is {here}",
            stored.toolchain
        ));
    }
    wrong.push("where that is meant: cargo xtask set-gates".to_owned());
    Err(wrong.join("\n"))
}

/// The most that passes for a stored value.
fn most(stored: u64) -> u64 {
    stored + stored * TOLERANCE / 100 + 1
}

fn bar(gate: &Gate, count: u64) -> String {
    match gate.bar {
        None => String::new(),
        Some(bar) if count <= bar => format!("  ≤ {bar}: reached"),
        Some(bar) => format!("  ≤ {bar}: MISSED"),
    }
}

fn toolchain() -> Result<String, String> {
    let output = Command::new("rustc").arg("--version").output();
    let output = output.map_err(|error| format!("rustc: {error}"))?;
    let version = String::from_utf8_lossy(&output.stdout);
    Ok(format!("{} on {}", version.trim(), std::env::consts::ARCH))
}
