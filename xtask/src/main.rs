//! `cargo xtask <stage>…`: every command that the project asks of a change, by name.
//!
//! A stage is a list of cargo calls (environment and arguments, see `stages.rs`); nothing needs to
//! be installed. Each call is printed as it is made, so that it can be pasted into a shell.

mod checks;
mod mutants;
mod report;
mod rules;
mod stages;
mod step;
mod tools;
mod workspace;

use std::env;
use std::process::ExitCode;
use std::time::Instant;

use crate::report::{Report, Row};
use crate::stages::{BENCH, STAGES, Stage, TOOLS};

fn main() -> ExitCode {
    let request = match Request::parse(env::args().skip(1)) {
        Ok(request) => request,
        Err(error) => {
            eprintln!("xtask: {error}");
            return ExitCode::from(2);
        }
    };
    if request.help {
        print!("{}", stages::help());
        return ExitCode::SUCCESS;
    }
    if let Err(error) = env::set_current_dir(workspace::root()) {
        eprintln!("xtask: the workspace cannot be entered: {error}");
        return ExitCode::FAILURE;
    }
    let mut report = Report::new(request.strict);
    for stage in request.stages {
        println!("\n== {}: {}", stage.name, stage.about);
        let started = Instant::now();
        let mut steps = (stage.steps)();
        if stage.name == BENCH.name {
            steps = steps
                .into_iter()
                .map(|step| step.args(&request.bench))
                .collect();
        }
        let outcome = step::run_all(steps);
        report.add(Row {
            stage: stage.name,
            outcome,
            took: started.elapsed(),
        });
    }
    print!("\n{report}");
    if report.is_good() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// What the command line asks for.
#[derive(Debug, Default)]
struct Request {
    stages: Vec<&'static Stage>,
    /// What `bench` was given.
    bench: Vec<String>,
    strict: bool,
    help: bool,
}

impl Request {
    fn parse(mut args: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut request = Self::default();
        while let Some(arg) = args.next() {
            match arg.as_str() {
                "help" | "--help" | "-h" => request.help = true,
                "--strict" => request.strict = true,
                "ci" => STAGES.iter().for_each(|stage| request.add(stage)),
                name => {
                    let stage = find(name)?;
                    request.add(stage);
                    for also in stage.also {
                        request.add(find(also)?);
                    }
                    if stage.name == BENCH.name {
                        request.bench.extend(args.by_ref());
                    }
                }
            }
        }
        if request.stages.is_empty() && !request.help {
            return Err("no stage named; `cargo xtask help` lists them".to_owned());
        }
        Ok(request)
    }

    /// Adds a stage, unless it was named before.
    fn add(&mut self, stage: &'static Stage) {
        if !self.stages.iter().any(|known| known.name == stage.name) {
            self.stages.push(stage);
        }
    }
}

fn find(name: &str) -> Result<&'static Stage, String> {
    let mut known = STAGES.iter().chain(TOOLS);
    known.find(|stage| stage.name == name).ok_or_else(|| {
        let known: Vec<_> = STAGES.iter().chain(TOOLS).map(|stage| stage.name).collect();
        format!(
            "unknown stage `{name}`; there are {}, and ci",
            known.join(", ")
        )
    })
}

#[cfg(test)]
mod tests {
    use super::Request;

    fn parse(line: &str) -> Result<(Vec<&'static str>, bool, bool), String> {
        let request = Request::parse(line.split_whitespace().map(str::to_owned))?;
        let names = request.stages.iter().map(|stage| stage.name).collect();
        Ok((names, request.strict, request.help))
    }

    #[test]
    fn stages_run_once_and_in_the_order_named() {
        let expected = (vec!["docs", "fmt"], true, false);
        assert_eq!(parse("docs fmt --strict docs"), Ok(expected));
    }

    #[test]
    fn test_brings_other_stages_along() {
        let expected = (vec!["test", "rules", "loom", "soak"], false, false);
        assert_eq!(parse("test"), Ok(expected));
    }

    #[test]
    fn ci_is_everything_once() {
        let (names, ..) = parse("ci test rules").unwrap();
        assert_eq!(names.len(), super::STAGES.len());
    }

    #[test]
    fn an_unknown_stage_is_named_together_with_the_known_ones() {
        let error = parse("tset").unwrap_err();
        assert!(
            error.contains("`tset`") && error.contains("clippy"),
            "{error}"
        );
    }

    #[test]
    fn bench_takes_the_rest_of_the_line() {
        let line = "--strict fmt bench --json out.json scope --strict";
        let request = Request::parse(line.split(' ').map(str::to_owned)).unwrap();
        let names: Vec<_> = request.stages.iter().map(|stage| stage.name).collect();
        assert_eq!(names, ["fmt", "bench"]);
        assert_eq!(request.bench, ["--json", "out.json", "scope", "--strict"]);
    }

    #[test]
    fn tools_are_no_part_of_ci() {
        let (names, ..) = parse("ci").unwrap();
        assert!(super::TOOLS.iter().all(|tool| !names.contains(&tool.name)));
    }

    #[test]
    fn no_stage_is_an_error_and_help_is_not() {
        assert!(parse("").is_err());
        assert_eq!(parse("help"), Ok((vec![], false, true)));
    }
}
