//! What must not compile, and what the compiler says then.
//!
//! Each file below `ui/` is a mistake. It begins with the rules that the mistake would break, and
//! with the cure; beside it lies the message, as a newcomer gets to read it. When a message
//! changes, read it before you accept it (`TRYBUILD=overwrite cargo test -p withal-tests --test
//! ui`): if it does not lead to the cure, the library is what to repair.
//!
//! The wording belongs to the compiler, so it is compared on one version of it only. It also lists
//! what implements a trait, which depends on the runtimes that are enabled: it is compared without
//! any. Elsewhere the test says why it is skipped. A new toolchain is adopted by changing
//! `TOOLCHAIN` and reading the difference.
//!
//! The compiler lays a message out by its width, and the name of an anonymous future has the path
//! of its file in it: a case must not put an async block where the label names its type, or the
//! message changes with the folder that the project lies in.

use std::env;
use std::process::Command;

/// The compiler that the messages were written by.
const TOOLCHAIN: &str = "rustc 1.95.";

// CM-29
#[test]
fn mistakes_are_refused_with_a_message_that_helps() {
    match reason_to_skip() {
        Some(reason) => println!("skipped because {reason}"),
        None => trybuild::TestCases::new().compile_fail("ui/*/*.rs"),
    }
}

fn reason_to_skip() -> Option<String> {
    if cfg!(any(
        feature = "tokio",
        feature = "async-std",
        feature = "smol"
    )) {
        return Some("the messages are compared without runtimes: enable no feature".to_owned());
    }
    if cfg!(not(debug_assertions)) {
        return Some(
            "the messages are those of the dev profile, already compared there".to_owned(),
        );
    }
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let version = match Command::new(rustc).arg("--version").output() {
        Ok(output) => String::from_utf8_lossy(&output.stdout).trim().to_owned(),
        Err(error) => return Some(format!("rustc does not run: {error}")),
    };
    let known = version.starts_with(TOOLCHAIN);
    (!known).then(|| format!("the messages are those of {TOOLCHAIN}x, and this is {version}"))
}
