//! `gates [--store]`: counts the instructions of each gated operation under callgrind, and compares
//! them with the stored ones.

use std::collections::BTreeMap;
use std::env::consts::ARCH;
use std::fs;
use std::process::{Command, ExitCode};

use clap::{Parser, Subcommand};
use withal_benches::gate::Gate;
use withal_benches::gate::callgrind::instructions;
use withal_benches::gate::stored::Stored;
use withal_benches::groups::GROUPS;

/// The stored values, beside this package's manifest.
const STORE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/gates.json");

/// Instructions for each operation, against the stored values.
#[derive(Debug, Parser)]
struct Options {
    /// Store what is counted
    #[arg(long)]
    store: bool,

    #[command(subcommand)]
    task: Option<Task>,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Do one gate's work: what callgrind looks at
    #[command(hide = true)]
    Run { name: String, times: u64 },
}

fn main() -> ExitCode {
    let options = Options::parse();
    let result = match options.task {
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
    let now = counted(&Stored::default())?;
    let text = serde_json::to_string_pretty(&now).map_err(|error| error.to_string())?;
    fs::write(STORE, text + "\n").map_err(|error| format!("{STORE}: {error}"))
}

fn compare() -> Result<(), String> {
    let text = fs::read_to_string(STORE).map_err(|error| format!("{STORE}: {error}"))?;
    let stored: Stored =
        serde_json::from_str(&text).map_err(|error| format!("{STORE}: {error}"))?;
    let mut wrong = stored.differences(&counted(&stored)?);
    if wrong.is_empty() {
        return Ok(());
    }
    wrong.push("where that is meant: cargo xtask set-gates".to_owned());
    Err(wrong.join("\n"))
}

/// Counts, and prints each count beside the one before.
fn counted(before: &Stored) -> Result<Stored, String> {
    println!("{:<44} {:>8} {:>8}", "instructions", "stored", "now");
    let mut instructions_now = BTreeMap::new();
    for gate in gates() {
        let now = instructions(gate)?;
        let stored = before.instructions.get(gate.name);
        let stored = stored.map_or_else(|| "-".to_owned(), u64::to_string);
        println!("{:<44} {stored:>8} {now:>8}{}", gate.name, bar(gate, now));
        instructions_now.insert(gate.name.to_owned(), now);
    }
    Ok(Stored {
        toolchain: toolchain()?,
        instructions: instructions_now,
    })
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
    Ok(format!("{} on {ARCH}", version.trim()))
}
