//! The stages: for each, what it is for and the cargo calls it makes.

use std::env;

use crate::checks;
use crate::mutants;
use crate::rules;
use crate::step::{Cargo, Step, has_program, has_subcommand, toolchain};
use crate::tools;
use crate::workspace::{
    BENCHES, CORE, FACADE, NO_STD, NO_STD_PROGRAMS, PACKAGES, Package, RUNTIMES, SYNC, TESTS,
    published,
};

/// A named list of steps.
#[derive(Debug)]
pub(crate) struct Stage {
    pub(crate) name: &'static str,
    /// What it is for, in one line.
    pub(crate) about: &'static str,
    /// Stages that run after it, when it is named on the command line.
    pub(crate) also: &'static [&'static str],
    pub(crate) steps: fn() -> Vec<Step>,
}

/// Every stage, in the order in which `ci` runs them: quick and telling first.
pub(crate) const STAGES: &[Stage] = &[
    Stage {
        name: "fmt",
        about: "every file is formatted",
        also: &[],
        steps: fmt,
    },
    Stage {
        name: "clippy",
        about: "no warning in any package, target or feature; incompatible_msrv among them",
        also: &[],
        steps: clippy,
    },
    Stage {
        name: "test",
        about: "every package alone, all and default features, then release; then rules, loom, soak",
        also: &["rules", "loom", "soak"],
        steps: test,
    },
    Stage {
        name: "matrix",
        about: "the conformance suite with one runtime at a time, then with all of them, also optimised",
        also: &[],
        steps: matrix,
    },
    Stage {
        name: "features",
        about: "every subset of the features of core and facade, without a warning",
        also: &[],
        steps: features,
    },
    Stage {
        name: "no-std",
        about: "core in programs without std: linked, run, output compared (Linux)",
        also: &[],
        steps: no_std,
    },
    Stage {
        name: "deps",
        about: "core depends on futures-core only; licences and sources of all dependencies",
        also: &[],
        steps: deps,
    },
    Stage {
        name: "docs",
        about: "the documentation builds without a warning; on nightly as docs.rs builds it",
        also: &[],
        steps: docs,
    },
    Stage {
        name: "package",
        about: "what gets published: licences and readme inside, tests and benches outside",
        also: &[],
        steps: package,
    },
    Stage {
        name: "msrv",
        about: "the published packages build with the declared rust-version",
        also: &[],
        steps: msrv,
    },
    Stage {
        name: "loom",
        about: "models of what threads share, in every order within bounds",
        also: &[],
        steps: tools::loom,
    },
    Stage {
        name: "soak",
        about: "random scripts of scopes, and primitives under load, optimised, on every flavour",
        also: &[],
        steps: soak,
    },
    Stage {
        name: "mutants",
        about: "deliberate mistakes in the kernel, each caught by the tests of its rules",
        also: &[],
        steps: || vec![Step::Look("every mutant is caught", mutants::check)],
    },
    Stage {
        name: "asan",
        about: "core and the suite, on threads too, under AddressSanitizer (nightly, Linux)",
        also: &[],
        steps: tools::asan,
    },
    Stage {
        name: "valgrind",
        about: "core and the suite under valgrind: no invalid access, nothing definitely lost (Linux)",
        also: &[],
        steps: tools::valgrind,
    },
    Stage {
        name: "gates",
        about: "instructions for each operation, by callgrind, against benches/gates.json",
        also: &[],
        steps: gates,
    },
    Stage {
        name: "rules",
        about: "every rule in docs/contract.md is named by a test",
        also: &[],
        steps: || {
            vec![Step::Look(
                "docs/contract.md against the tests",
                rules::check,
            )]
        },
    },
];

/// What is no part of `ci`, since it judges nothing.
pub(crate) const TOOLS: &[Stage] = &[BENCH, SET_GATES];

/// Everything behind its name on the command line is for the program that it runs.
pub(crate) const BENCH: Stage = Stage {
    name: "bench",
    about: "measures beside the peers; takes the rest of the line, `bench --help` says what",
    also: &[],
    steps: || vec![Step::Run(benches("bench"))],
};

const SET_GATES: Stage = Stage {
    name: "set-gates",
    about: "counts instructions again, and stores them in benches/gates.json",
    also: &[],
    steps: || with_valgrind(benches("gates").arg("--store")),
};

/// What `cargo xtask help` prints.
pub(crate) fn help() -> String {
    let mut text = "Usage: cargo xtask [--strict] <stage>…\n\nStages:\n".to_owned();
    for stage in STAGES {
        text += &format!("  {:<10} {}\n", stage.name, stage.about);
    }
    text += "  ci         all of the above, in this order\n\nTools, which `ci` leaves out:\n";
    for tool in TOOLS {
        text += &format!("  {:<10} {}\n", tool.name, tool.about);
    }
    text += "\n";
    text += "Each call is printed as it is made and can be pasted. A missing tool or toolchain prints\n\
             SKIPPED with the reason; --strict makes that a failure. Exit status: 0 good, 1 failed,\n\
             2 wrong use.\n\n\
             The declared rust-version is guarded without its toolchain, too: clippy's lint\n\
             incompatible_msrv refuses newer std items, and cargo's resolver picks dependencies that\n\
             support it.\n";
    text
}

fn fmt() -> Vec<Step> {
    if !has_subcommand("fmt") {
        return missing("cargo fmt", "rustup component add rustfmt");
    }
    vec![
        call("fmt --all --check"),
        call(&format!("fmt --check --manifest-path {NO_STD}")),
    ]
}

fn clippy() -> Vec<Step> {
    if !has_subcommand("clippy") {
        return missing("cargo clippy", "rustup component add clippy");
    }
    let mut steps = vec![members()];
    // One by one: features unify across a workspace build, and hide what a package lacks.
    steps.extend(PACKAGES.iter().map(|Package { name, .. }| {
        call(&format!(
            "clippy --locked -p {name} --all-targets --all-features -- -D warnings"
        ))
    }));
    steps.extend(NO_STD_PROGRAMS.iter().map(|(program, _)| {
        call(&format!(
            "clippy --locked --manifest-path {NO_STD} {program} -- -D warnings"
        ))
    }));
    steps
}

fn test() -> Vec<Step> {
    let mut steps = vec![members()];
    steps.extend(
        PACKAGES
            .iter()
            .map(|Package { name, .. }| call(&format!("test --locked -p {name} --all-features"))),
    );
    // Without features the default ones are all there are.
    let with_features = PACKAGES.iter().filter(|p| !p.features.is_empty());
    steps.extend(
        with_features.map(|Package { name, .. }| call(&format!("test --locked -p {name}"))),
    );
    // Optimised, for what differs there: how deep scopes nest before the compiler gives up, and how
    // threads interleave (the soak looks at that, too).
    let (tests, core) = (TESTS.name, CORE.name);
    steps.push(call(&format!(
        "test --locked --release -p {core} --all-features --tests"
    )));
    steps.push(call(&format!(
        "test --locked --release -p {tests} --all-features --test nesting --test process"
    )));
    steps
}

/// What runs long: the test, and the variable that says how long; this is for who does not set it.
const LONG: [(&str, &str, &str); 2] = [
    ("soak", "WITHAL_SOAK_SCOPES", "500000"),
    ("primitives", "WITHAL_STRESS_OPS", "500000"),
];

fn soak() -> Vec<Step> {
    let step = |(test, variable, usual)| {
        let long = Cargo::new(&format!(
            "test --locked --release -p {} --all-features --test {test} -- --nocapture \
             --test-threads 1",
            TESTS.name
        ));
        Step::Run(match env::var_os(variable) {
            Some(_) => long,
            None => long.env(variable, usual),
        })
    };
    LONG.map(step).into()
}

fn matrix() -> Vec<Step> {
    let suite = |features: &str| Cargo::new(&format!("test --locked -p {} {features}", TESTS.name));
    let mut steps = Vec::new();
    for runtime in RUNTIMES {
        // What depends on the runtime; the rest is run with all of them.
        let alone = format!(
            "--no-default-features --features {runtime} --lib --test matrix-{runtime} --test process \
             --test streams"
        );
        steps.push(Step::Run(suite(&alone)));
        // A suite that a feature left empty would pass as well.
        let list = suite(&format!("{alone} -- --list"));
        steps.push(Step::Judge(list, Box::new(checks::has_tests)));
    }
    steps.push(Step::Run(suite("--all-features")));
    // So large that it takes long to optimise; a low level is enough to move the threads of the
    // runtime that has most of them.
    steps.push(Step::Run(
        suite("--all-features --release --test matrix-tokio")
            .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1"),
    ));
    steps
}

fn features() -> Vec<Step> {
    if !has_subcommand("clippy") {
        return missing("cargo clippy", "rustup component add clippy");
    }
    let mut steps = vec![Step::Look(
        "the features of every package are listed in xtask",
        checks::features_are_listed,
    )];
    for package in [&CORE, &SYNC, &FACADE] {
        for features in subsets(package.features) {
            // Clippy in place of `check`: what a subset leaves unused counts as a failure.
            let mut line = format!("clippy --locked -p {} --no-default-features", package.name);
            if !features.is_empty() {
                line += &format!(" --features {}", features.join(","));
            }
            steps.push(call(&(line + " -- -D warnings")));
        }
    }
    steps
}

/// All subsets, from all of the items down to none.
fn subsets<'a>(items: &[&'a str]) -> Vec<Vec<&'a str>> {
    let pick = |mask: u32| {
        let chosen = items.iter().enumerate();
        let chosen = chosen.filter(|(place, _)| mask & (1 << place) != 0);
        chosen.map(|(_, item)| *item).collect()
    };
    (0..1 << items.len()).rev().map(pick).collect()
}

fn no_std() -> Vec<Step> {
    if !cfg!(target_os = "linux") {
        return vec![Step::Skip("the programs are written for Linux".to_owned())];
    }
    NO_STD_PROGRAMS
        .iter()
        .map(|(program, printed)| {
            Step::Judge(
                Cargo::new(&format!(
                    "run --locked --quiet --manifest-path {NO_STD} {program}"
                )),
                Box::new(|output| checks::is_output(printed, output)),
            )
        })
        .collect()
}

fn deps() -> Vec<Step> {
    let tree = |name: &str, format: &str| {
        Cargo::new(&format!(
            "tree --locked -p {name} -e normal --all-features --target all --prefix none --format"
        ))
        .arg(format)
    };
    vec![
        Step::Judge(
            tree(CORE.name, "{p}"),
            Box::new(|tree| checks::is_tree(&[CORE.name, "futures-core"], tree)),
        ),
        Step::Judge(
            tree(SYNC.name, "{p}"),
            Box::new(|tree| checks::is_tree(&[SYNC.name, CORE.name, "futures-core"], tree)),
        ),
        Step::Judge(
            tree(FACADE.name, "{p}|{l}"),
            Box::new(checks::licences_are_permissive),
        ),
        Step::Look(
            "every dependency comes from a registry",
            checks::sources_are_registries,
        ),
    ]
}

fn docs() -> Vec<Step> {
    let doc = |toolchain: &str, flags| {
        published()
            .map(|Package { name, .. }| {
                let line = format!("{toolchain} doc --locked --no-deps -p {name} --all-features");
                Step::Run(Cargo::new(&line).env("RUSTDOCFLAGS", flags))
            })
            .collect::<Vec<_>>()
    };
    let mut steps = doc("", "-D warnings");
    match toolchain("nightly") {
        Some(nightly) => steps.extend(doc(&format!("+{nightly}"), "-D warnings --cfg docsrs")),
        None => steps.push(Step::Skip(
            "documentation as docs.rs builds it: no nightly toolchain".to_owned(),
        )),
    }
    steps
}

fn package() -> Vec<Step> {
    let list = |Package { name, .. }: &Package| {
        Step::Judge(
            Cargo::new(&format!(
                "package --locked -p {name} --allow-dirty --no-verify --list"
            )),
            Box::new(checks::holds_what_users_need),
        )
    };
    published().map(list).collect()
}

fn msrv() -> Vec<Step> {
    let version = match checks::rust_version() {
        Ok(version) => version,
        Err(error) => return vec![Step::Skip(error)],
    };
    let Some(toolchain) = toolchain(&version) else {
        return vec![Step::Skip(format!(
            "no {version} toolchain; clippy's incompatible_msrv and cargo's resolver stand guard"
        ))];
    };
    published()
        .map(|Package { name, .. }| {
            call(&format!(
                "+{toolchain} check --locked -p {name} --all-features"
            ))
        })
        .collect()
}

fn gates() -> Vec<Step> {
    with_valgrind(benches("gates"))
}

/// A program of the benches, optimised as they are.
fn benches(program: &str) -> Cargo {
    let name = BENCHES.name;
    Cargo::new(&format!(
        "run --locked --quiet --profile bench -p {name} --bin {program} --"
    ))
}

fn with_valgrind(cargo: Cargo) -> Vec<Step> {
    if has_program("valgrind") {
        vec![Step::Run(cargo)]
    } else {
        missing("valgrind", "it is in most systems' packages")
    }
}

fn call(line: &str) -> Step {
    Step::Run(Cargo::new(line))
}

/// Fails if a package would be left out in silence.
fn members() -> Step {
    Step::Judge(
        Cargo::new("tree --locked --workspace --depth 0 --prefix none --format {p}"),
        Box::new(checks::members_are_listed),
    )
}

fn missing(tool: &str, cure: &str) -> Vec<Step> {
    vec![Step::Skip(format!("`{tool}` is not installed: {cure}"))]
}

#[cfg(test)]
mod tests {
    use super::{STAGES, TOOLS, help, subsets};

    #[test]
    fn subsets_are_all_there_are() {
        let expected: [&[&str]; 4] = [&["a", "b"], &["b"], &["a"], &[]];
        assert_eq!(subsets(&["a", "b"]), expected);
        assert_eq!(subsets(&["a", "b", "c"]).len(), 8);
    }

    #[test]
    fn help_has_one_line_for_each_stage() {
        let help = help();
        for stage in STAGES.iter().chain(TOOLS) {
            let line = format!("  {:<10} {}", stage.name, stage.about);
            assert!(help.lines().any(|known| known == line), "{line}");
            assert!(line.len() <= 100, "{line}");
        }
    }
}
