//! The stages that run tests under a tool: loom, AddressSanitizer, valgrind.
//!
//! A tool that needs a build of its own has a target directory of its own, so that it throws nothing
//! away of what the others have built.

use std::env;
use std::path::PathBuf;

use crate::checks;
use crate::step::{Cargo, Step, has_program, toolchain};
use crate::workspace::{CORE, Package, SYNC, TESTS};

/// Cases that leak on purpose, by parts of their names.
const LEAKING: &[&str] = &["the_proof_of_another_scope_is_refused", "leaked"];

/// The target directory of a tool.
pub(crate) fn target_dir(tool: &str) -> PathBuf {
    let common = env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into());
    PathBuf::from(common).join(tool)
}

pub(crate) fn in_its_own(line: &str, tool: &str) -> Cargo {
    Cargo::new(line)
        .arg("--target-dir")
        .arg(&target_dir(tool).to_string_lossy())
}

pub(crate) fn loom() -> Vec<Step> {
    let models = |package: &Package| {
        let line = format!("test --locked --release -p {} --lib", package.name);
        in_its_own(&line, "loom").env("RUSTFLAGS", "--cfg loom")
    };
    let steps = [&CORE, &SYNC].map(|package| {
        [
            Step::Run(models(package)),
            // Without the flag there are no models, and none fails.
            Step::Judge(
                models(package).arg("--").arg("--list"),
                Box::new(checks::has_tests),
            ),
        ]
    });
    steps.into_iter().flatten().collect()
}

pub(crate) fn asan() -> Vec<Step> {
    let Some(host) = host() else {
        return skip("AddressSanitizer: set up for Linux with glibc on x86-64 and AArch64");
    };
    let Some(nightly) = toolchain("nightly") else {
        return skip("AddressSanitizer: no nightly toolchain");
    };
    // For a named target, so that build scripts and macros stay as they are.
    let suite = "--features tokio --test matrix --test matrix-tokio -- tokio_multi_thread by_hand";
    under(suite, |what| {
        let line = format!("+{nightly} test --locked --target {host} {what}");
        in_its_own(&line, "asan").env("RUSTFLAGS", "-Zsanitizer=address")
    })
}

pub(crate) fn valgrind() -> Vec<Step> {
    const RUNNER: &str = "valgrind --quiet --error-exitcode=1 --fair-sched=yes --leak-check=full \
                          --show-leak-kinds=definite --errors-for-leak-kinds=definite";
    let runner = match host() {
        Some("x86_64-unknown-linux-gnu") => "CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUNNER",
        Some(_) => "CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER",
        None => return skip("valgrind: set up for Linux with glibc on x86-64 and AArch64"),
    };
    if !has_program("valgrind") {
        return skip("valgrind is not installed");
    }
    // Virtual time: everything takes fifty times as long.
    let suite = "--test matrix -- deterministic_fifo by_hand";
    under(suite, |what| {
        Cargo::new(&format!("test --locked {what}")).env(runner, RUNNER)
    })
}

/// The tests of core and sync, and some flavours of the suite.
fn under(suite: &str, call: impl Fn(&str) -> Cargo) -> Vec<Step> {
    let chosen = |tests: &str, choice: &str| {
        let leaking = LEAKING.iter().flat_map(|name| ["--skip", name]);
        let choice = choice.split_whitespace().chain(leaking);
        Step::Run(choice.fold(call(tests).arg("--"), |tests, arg| tests.arg(arg)))
    };
    let (what, choice) = suite.split_once(" -- ").unwrap_or((suite, ""));
    let unsafe_one = |package: &Package| {
        let tests = format!("-p {} --all-features --tests", package.name);
        chosen(&tests, "")
    };
    vec![
        unsafe_one(&CORE),
        unsafe_one(&SYNC),
        chosen(&format!("-p {} {what}", TESTS.name), choice),
    ]
}

/// The target that this runs on, if it is one that memory tools are set up for.
fn host() -> Option<&'static str> {
    if !cfg!(all(target_os = "linux", target_env = "gnu")) {
        None
    } else if cfg!(target_arch = "x86_64") {
        Some("x86_64-unknown-linux-gnu")
    } else if cfg!(target_arch = "aarch64") {
        Some("aarch64-unknown-linux-gnu")
    } else {
        None
    }
}

fn skip(reason: &str) -> Vec<Step> {
    vec![Step::Skip(reason.to_owned())]
}

#[cfg(test)]
mod tests {
    use super::under;
    use crate::step::{Cargo, Step};

    #[test]
    fn cases_that_leak_on_purpose_are_left_out_by_name() {
        let steps = under("--test matrix -- by_hand", |what| {
            Cargo::new(&format!("test {what}"))
        });
        let [_, _, Step::Run(suite)] = &steps[..] else {
            panic!("core and sync, then the suite");
        };
        let line = suite.to_string();
        assert!(line.contains("--test matrix -- by_hand --skip"), "{line}");
    }
}
