//! Instructions for each operation: unlike times, the same in every run.

use std::env;
use std::hint::black_box;
use std::process::{Command, Stdio};

/// An operation whose instructions are counted, and may not grow unnoticed.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "made by each group's file")]
pub struct Gate {
    /// As the stored values name it: `group: operation`.
    pub name: &'static str,
    /// How many instructions it may take in the end; the stored value is what it takes today.
    pub bar: Option<u64>,
    /// Does it so many times.
    pub run: fn(u64),
}

/// Calls `operation` so many times.
pub fn repeat<T>(times: u64, operation: impl Fn() -> T) {
    for _ in 0..times {
        black_box(operation());
    }
}

/// How often an operation runs under callgrind; in a second run twice as often, so that what comes
/// before and after it cancels out.
const TIMES: u64 = 1000;

/// Counts the instructions of one operation. This program has to take `run NAME TIMES` as a call of
/// the gate.
///
/// # Errors
///
/// When valgrind does not start, or says something else than a count.
pub fn instructions(gate: &Gate) -> Result<u64, String> {
    let (once, twice) = (collected(gate, TIMES)?, collected(gate, 2 * TIMES)?);
    let more = twice.checked_sub(once).ok_or("fewer for more work")?;
    Ok((more + TIMES / 2) / TIMES)
}

fn collected(gate: &Gate, times: u64) -> Result<u64, String> {
    let this = env::current_exe().map_err(|error| format!("this program: {error}"))?;
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(this)
        .args(["run", gate.name, &times.to_string()])
        .stdout(Stdio::null())
        .output()
        .map_err(|error| format!("valgrind: {error}"))?;
    let text = String::from_utf8_lossy(&output.stderr);
    let count = output.status.success().then(|| count(&text)).flatten();
    count.ok_or_else(|| format!("valgrind: {}\n{text}", output.status))
}

/// The number in valgrind's line `==1== Collected : 123`.
fn count(text: &str) -> Option<u64> {
    let line = text.lines().find(|line| line.contains("Collected : "))?;
    line.rsplit(' ').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::count;

    #[test]
    fn the_count_is_read_from_among_other_lines() {
        let text = "==7== Callgrind\n==7== Events    : Ir\n==7== Collected : 1234\n==7== \n";
        assert_eq!(count(text), Some(1234));
        assert_eq!(count("valgrind: no such tool"), None);
    }
}
