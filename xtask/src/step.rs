//! One step of a stage: a cargo call, a look at files, or the reason why there is neither.

use std::fmt;
use std::process::{Command, Stdio};

/// One step of a stage.
pub(crate) enum Step {
    /// Has to succeed.
    Run(Cargo),
    /// Has to succeed, and to print what the judge accepts.
    Judge(Cargo, Judge),
    /// Looks at files; calls nothing.
    Look(&'static str, fn() -> Verdict),
    /// Cannot run here.
    Skip(String),
}

/// What a check found: a line for the log, or what is wrong.
pub(crate) type Verdict = Result<String, String>;

/// Reads what a command printed.
pub(crate) type Judge = Box<dyn Fn(&str) -> Verdict>;

/// A cargo call: environment and arguments.
pub(crate) struct Cargo {
    env: Vec<(&'static str, &'static str)>,
    args: Vec<String>,
}

impl Cargo {
    /// A call with these arguments, given as one line.
    pub(crate) fn new(line: &str) -> Self {
        Self {
            env: Vec::new(),
            args: line.split_whitespace().map(str::to_owned).collect(),
        }
    }

    pub(crate) fn env(mut self, name: &'static str, value: &'static str) -> Self {
        self.env.push((name, value));
        self
    }

    /// Adds one argument, which may contain spaces.
    pub(crate) fn arg(mut self, arg: &str) -> Self {
        self.args.push(arg.to_owned());
        self
    }

    fn command(&self) -> Command {
        let mut command = Command::new("cargo");
        command.args(&self.args).envs(self.env.iter().copied());
        command
    }
}

/// The call as a shell takes it.
impl fmt::Display for Cargo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, value) in &self.env {
            write!(f, "{name}={} ", quoted(value))?;
        }
        f.write_str("cargo")?;
        self.args
            .iter()
            .try_for_each(|arg| write!(f, " {}", quoted(arg)))
    }
}

fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "+-_=.,/:".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

impl Step {
    /// Adds arguments to the command, if it is one.
    pub(crate) fn args(self, args: &[String]) -> Self {
        let with = |cargo| args.iter().fold(cargo, |cargo: Cargo, arg| cargo.arg(arg));
        match self {
            Self::Run(cargo) => Self::Run(with(cargo)),
            Self::Judge(cargo, judge) => Self::Judge(with(cargo), judge),
            other => other,
        }
    }
}

/// What became of a stage's steps.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) good: usize,
    pub(crate) failed: Vec<String>,
    pub(crate) skipped: Vec<String>,
}

/// Runs every step, also after one that failed: all failures are worth knowing.
pub(crate) fn run_all(steps: Vec<Step>) -> Outcome {
    let mut outcome = Outcome::default();
    for step in steps {
        let (name, verdict) = match step {
            Step::Run(cargo) => (announced('$', &cargo), run(&cargo)),
            Step::Judge(cargo, judge) => (
                announced('$', &cargo),
                output(&cargo).and_then(|text| judge(&text)),
            ),
            Step::Look(name, look) => (announced('#', &name), look()),
            Step::Skip(reason) => {
                println!("SKIPPED: {reason}");
                outcome.skipped.push(reason);
                continue;
            }
        };
        match verdict {
            Ok(note) => {
                if !note.is_empty() {
                    println!("{note}");
                }
                outcome.good += 1;
            }
            Err(why) => {
                eprintln!("FAILED: {why}");
                outcome.failed.push(name);
            }
        }
    }
    outcome
}

/// Prints a step behind its prompt: `$` before a command, `#` before a check of our own.
fn announced(prompt: char, step: &impl ToString) -> String {
    let step = step.to_string();
    println!("{prompt} {step}");
    step
}

fn run(cargo: &Cargo) -> Verdict {
    let status = cargo
        .command()
        .status()
        .map_err(|error| format!("cargo cannot be started: {error}"))?;
    if status.success() {
        Ok(String::new())
    } else {
        Err(status.to_string())
    }
}

/// The call's standard output; its messages go where ours go.
pub(crate) fn output(cargo: &Cargo) -> Verdict {
    let output = cargo
        .command()
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("cargo cannot be started: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        return Ok(text);
    }
    print!("{text}");
    Err(output.status.to_string())
}

/// Whether `name` is installed.
pub(crate) fn has_program(name: &str) -> bool {
    quiet(name, &["--version"]).is_some()
}

/// Whether `cargo <name>` is installed.
pub(crate) fn has_subcommand(name: &str) -> bool {
    quiet("cargo", &[name, "--version"]).is_some()
}

/// The full name of the first installed toolchain that begins with `prefix`.
pub(crate) fn toolchain(prefix: &str) -> Option<String> {
    quiet("rustup", &["toolchain", "list"])?
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .find(|name| {
            name.strip_prefix(prefix)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(['-', '.']))
        })
        .map(str::to_owned)
}

fn quiet(program: &str, args: &[&str]) -> Option<String> {
    let output = Command::new(program).args(args).output().ok()?;
    output
        .status
        .success()
        .then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use super::Cargo;

    #[test]
    fn calls_are_printed_as_a_shell_takes_them() {
        let call = Cargo::new("doc --locked -p withal")
            .env("RUSTDOCFLAGS", "-D warnings")
            .arg("it's");
        assert_eq!(
            call.to_string(),
            r"RUSTDOCFLAGS='-D warnings' cargo doc --locked -p withal 'it'\''s'"
        );
    }
}
