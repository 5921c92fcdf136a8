//! Counting instructions.

use std::env;
use std::process::{Command, Stdio};

use super::Gate;

/// How often an operation runs in the first of two runs, and twice as often in the second: what
/// comes before and after it cancels out.
const TIMES: u64 = 1000;

/// Counts the instructions of one operation. The calling program has to do the gate's work when it
/// is started with `run NAME TIMES`.
///
/// # Errors
///
/// When valgrind does not start, or says something else than a count.
pub fn instructions(gate: &Gate) -> Result<u64, String> {
    let (once, twice) = (collected(gate, TIMES)?, collected(gate, 2 * TIMES)?);
    let more = twice.checked_sub(once);
    let more = more.ok_or_else(|| format!("{}: fewer for twice the work", gate.name))?;
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
    fn the_count_is_found_among_other_lines() {
        let text = "==7== Callgrind\n==7== Events    : Ir\n==7== Collected : 1234\n==7== \n";
        assert_eq!(count(text), Some(1234));
        assert_eq!(count("valgrind: no such tool"), None);
    }
}
