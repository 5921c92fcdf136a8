//! Deliberate mistakes in the kernel, one at a time: the tests that are there for a rule have to
//! notice when it is broken.

mod table;

use std::collections::BTreeMap;
use std::path::PathBuf;
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
    let binaries = build()?;
    for Mutant {
        name,
        binary,
        tests,
        ..
    } in MUTANTS
    {
        match run(&binaries, "", binary, tests)? {
            Run::Ended(output) if failed(&output).is_empty() && passed(&output) == tests.len() => {}
            _ => {
                return Err(format!(
                    "{name}: without it, {} do not pass",
                    tests.join(" ")
                ));
            }
        }
    }
    let mut survivors = Vec::new();
    for mutant in MUTANTS {
        let started = Instant::now();
        let verdict = mutant.judge(run(&binaries, mutant.name, mutant.binary, mutant.tests)?);
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
            Run::Hung if self.hangs => Ok(()),
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

/// Builds the tests with the mutants in them, and gives the path of each binary.
fn build() -> Result<BTreeMap<String, PathBuf>, String> {
    let binaries = MUTANTS.iter().map(|mutant| mutant.binary);
    let mut line = format!(
        "test --locked --no-run --message-format=json -p {}",
        TESTS.name
    );
    line += " --features tokio";
    for binary in binaries.collect::<std::collections::BTreeSet<_>>() {
        line += &format!(" --test {binary}");
    }
    let call = in_its_own(&line, "mutants").env("RUSTFLAGS", "--cfg mutants");
    println!("$ {call}");
    let messages = output(&call)?;
    Ok(messages.lines().filter_map(executable).collect())
}

/// The test binary that a message of cargo tells of: its target's name, and its path.
fn executable(message: &str) -> Option<(String, PathBuf)> {
    let text = |key: &str| {
        let (_, rest) = message.split_once(&format!("\"{key}\":\""))?;
        rest.split_once('"').map(|(value, _)| value)
    };
    let (_, target) = message.split_once("\"target\":{")?;
    let (_, name) = target.split_once("\"name\":\"")?;
    let (name, _) = name.split_once('"')?;
    Some((
        name.to_owned(),
        text("executable")?.replace("\\\\", "\\").into(),
    ))
}

fn run(
    binaries: &BTreeMap<String, PathBuf>,
    mutant: &str,
    binary: &str,
    tests: &[&str],
) -> Result<Run, String> {
    let path = binaries
        .get(binary)
        .ok_or_else(|| format!("cargo built no test binary `{binary}`"))?;
    let started = Command::new(path)
        .args(tests)
        .arg("--exact")
        .env("WITHAL_MUTANT", mutant)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn();
    let mut child = started.map_err(|error| format!("{}: {error}", path.display()))?;
    // Read on a thread of its own, so that a full pipe stops nobody.
    let stdout = child.stdout.take();
    let reader = thread::spawn(move || stdout.map(std::io::read_to_string));
    let end = Instant::now() + BOUND;
    let hung = loop {
        match child.try_wait() {
            Ok(Some(_)) => break false,
            Ok(None) if Instant::now() < end => thread::sleep(Duration::from_millis(10)),
            Ok(None) => break true,
            Err(error) => return Err(format!("{}: {error}", path.display())),
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
        .ok_or_else(|| format!("{}: its output cannot be read", path.display()))
}

/// The tests that failed, by what the harness prints.
fn failed(output: &str) -> Vec<&str> {
    let lines = output.lines().filter_map(|line| line.strip_prefix("test "));
    lines
        .filter_map(|line| line.strip_suffix(" ... FAILED"))
        .collect()
}

/// How many tests passed.
fn passed(output: &str) -> usize {
    let lines = output.lines().filter(|line| line.starts_with("test "));
    lines.filter(|line| line.ends_with(" ... ok")).count()
}

#[cfg(test)]
mod tests;
