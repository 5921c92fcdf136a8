//! Deliberate mistakes in the kernel, one at a time: the tests that are there for a rule have to
//! notice when it is broken.

mod table;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use self::table::{MUTANTS, Mutant};
use crate::step::{Verdict, output};
use crate::tools::in_its_own;
use crate::workspace::TESTS;

/// How long the tests of one mutant may take.
const BOUND: Duration = Duration::from_secs(30);

/// Every mutant of the table is caught by the tests that it names, which pass without it.
pub(crate) fn check() -> Verdict {
    let binary = build()?;
    let named: BTreeSet<_> = MUTANTS.iter().flat_map(|mutant| mutant.tests).collect();
    let named: Vec<_> = named.into_iter().copied().collect();
    match run(&binary, "", &named)? {
        Run::Hung => {
            return Err(format!(
                "without a mutant, a test hangs: {}",
                named.join(" ")
            ));
        }
        Run::Ended(output) => {
            let passed = passed(&output);
            let other: Vec<_> = named
                .iter()
                .filter(|name| !passed.contains(*name))
                .collect();
            if !other.is_empty() {
                return Err(format!(
                    "there is no such test, or it fails anyway: {other:?}"
                ));
            }
        }
    }
    let mut survivors = Vec::new();
    for mutant in MUTANTS {
        let started = Instant::now();
        let verdict = mutant.judge(run(&binary, mutant.name, mutant.tests)?);
        let took = started.elapsed().as_secs_f64();
        let Mutant { name, rules, .. } = mutant;
        match verdict {
            Ok(()) => println!("caught   {name:<24} {rules:<12} {took:>5.1} s"),
            Err(why) => {
                println!("SURVIVED {name:<24} {rules:<12} {took:>5.1} s: {why}");
                survivors.push(*name);
            }
        }
    }
    if survivors.is_empty() {
        Ok(format!("{} mutants, all caught", MUTANTS.len()))
    } else {
        Err(format!("not caught: {}", survivors.join(", ")))
    }
}

impl Mutant {
    fn judge(&self, run: Run) -> Result<(), String> {
        match run {
            // It may hang for another reason.
            Run::Hung => Err(format!("its tests did not end within {BOUND:?}")),
            Run::Ended(output) => {
                let failed = failed(&output);
                let missed: Vec<_> = self
                    .tests
                    .iter()
                    .copied()
                    .filter(|test| !failed.contains(test))
                    .collect();
                if missed.is_empty() {
                    Ok(())
                } else {
                    Err(format!("not failed: {}", missed.join(" ")))
                }
            }
        }
    }
}

/// What became of some tests.
enum Run {
    Ended(String),
    Hung,
}

/// Builds the suite with the mutants in it, on the runtimes that need no feature; its path.
fn build() -> Result<PathBuf, String> {
    let line = "test --locked --no-run --message-format=json --test matrix -p";
    let call = in_its_own(&format!("{line} {}", TESTS.name), "mutants");
    let call = call.env("RUSTFLAGS", "--cfg mutants");
    println!("$ {call}");
    output(&call)?
        .lines()
        .find_map(|message| executable(message, "matrix"))
        .ok_or_else(|| "cargo has built no such tests".to_owned())
}

/// The path of the executable that a message of cargo tells of, if its name is `name`.
fn executable(message: &str, name: &str) -> Option<PathBuf> {
    let text = |text: &'_ str, key: &str| {
        let (_, rest) = text.split_once(&format!("\"{key}\":\""))?;
        Some(rest.split_once('"')?.0.to_owned())
    };
    let (_, target) = message.split_once("\"target\":{")?;
    let path = text(message, "executable")?.replace("\\\\", "\\");
    (text(target, "name")? == name).then(|| path.into())
}

/// Runs some tests, with the mutant of that name.
fn run(binary: &Path, mutant: &str, tests: &[&str]) -> Result<Run, String> {
    let started = Command::new(binary)
        .args(tests)
        .arg("--exact")
        .env("WITHAL_MUTANT", mutant)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn();
    let mut child = started.map_err(|error| format!("{}: {error}", binary.display()))?;
    // Read on a thread of its own, so that a full pipe stops nobody.
    let stdout = child.stdout.take();
    let reader = thread::spawn(move || stdout.map(std::io::read_to_string));
    let end = Instant::now() + BOUND;
    let hung = loop {
        match child.try_wait() {
            Ok(Some(_)) => break false,
            Ok(None) if Instant::now() < end => thread::sleep(Duration::from_millis(10)),
            Ok(None) => break true,
            Err(error) => return Err(format!("{}: {error}", binary.display())),
        }
    };
    if hung {
        // It may have ended by itself meanwhile.
        let _ = child.kill();
        let _ = child.wait();
    }
    let output = reader.join().ok().flatten().and_then(Result::ok);
    if hung {
        return Ok(Run::Hung);
    }
    output
        .map(Run::Ended)
        .ok_or_else(|| format!("{}: its output cannot be read", binary.display()))
}

/// The tests that failed, by what the harness prints.
fn failed(output: &str) -> Vec<&str> {
    results(output, " ... FAILED")
}

/// The tests that passed.
fn passed(output: &str) -> Vec<&str> {
    results(output, " ... ok")
}

fn results<'a>(output: &'a str, result: &str) -> Vec<&'a str> {
    let lines = output.lines().filter_map(|line| line.strip_prefix("test "));
    lines.filter_map(|line| line.strip_suffix(result)).collect()
}

#[cfg(test)]
mod tests;
