//! Checks that cargo has no command for: each reads what cargo printed, or a file.

use std::collections::BTreeSet;
use std::fs;

use crate::step::Verdict;
use crate::workspace::PACKAGES;

/// The output, byte for byte.
pub(crate) fn is_output(expected: &str, output: &str) -> Verdict {
    if output == expected {
        Ok(output.trim_end().to_owned())
    } else {
        Err(format!("expected {expected:?}, got {output:?}"))
    }
}

/// There are tests in what `-- --list` printed.
pub(crate) fn has_tests(list: &str) -> Verdict {
    match list.lines().filter(|line| line.ends_with(": test")).count() {
        0 => Err("there is no test".to_owned()),
        count => Ok(format!("{count} tests")),
    }
}

/// The workspace's members (`cargo tree --depth 0`) are those of `PACKAGES`.
pub(crate) fn members_are_listed(tree: &str) -> Verdict {
    let members = names(tree);
    let listed = PACKAGES.iter().map(|package| package.name).collect();
    same("xtask/src/workspace.rs", &listed, "the workspace", &members)
}

/// The packages of a tree are exactly these.
pub(crate) fn is_tree(expected: &[&str], tree: &str) -> Verdict {
    let expected = expected.iter().copied().collect();
    same(
        "the list of what is allowed",
        &expected,
        "the tree",
        &names(tree),
    )
}

/// The first word of each line: the names that `cargo tree` prints.
fn names(tree: &str) -> BTreeSet<&str> {
    let words = tree.lines().filter_map(|line| line.split(' ').next());
    words.filter(|word| !word.is_empty()).collect()
}

fn same(a: &str, left: &BTreeSet<&str>, b: &str, right: &BTreeSet<&str>) -> Verdict {
    if left == right {
        return Ok(format!("{} names: {}", left.len(), join(left.iter())));
    }
    Err(format!(
        "only in {a}: [{}]; only in {b}: [{}]",
        join(left.difference(right)),
        join(right.difference(left))
    ))
}

fn join<'a>(names: impl Iterator<Item = &'a &'a str>) -> String {
    names.copied().collect::<Vec<_>>().join(", ")
}

/// The features in every manifest are those of `PACKAGES`.
pub(crate) fn features_are_listed() -> Verdict {
    let mut wrong = Vec::new();
    for package in PACKAGES {
        let path = format!("{}/Cargo.toml", package.dir);
        let manifest = read(&path)?;
        let listed = package.features.iter().copied().collect();
        if let Err(error) = same(
            "xtask/src/workspace.rs",
            &listed,
            &path,
            &features(&manifest),
        ) {
            wrong.push(error);
        }
    }
    if wrong.is_empty() {
        Ok(format!("{} manifests", PACKAGES.len()))
    } else {
        Err(wrong.join("\n"))
    }
}

/// The keys of a manifest's `[features]`, without `default` and internal ones.
fn features(manifest: &str) -> BTreeSet<&str> {
    manifest
        .lines()
        .skip_while(|line| line.trim() != "[features]")
        .skip(1)
        .take_while(|line| !line.starts_with('['))
        .filter(|line| !line.trim_start().starts_with('#'))
        .filter_map(|line| line.split_once('='))
        .map(|(key, _)| key.trim())
        .filter(|key| *key != "default" && !key.starts_with("__"))
        .collect()
}

/// Licences that ask for nothing but the notice. A dependency needs one of them.
const PERMISSIVE: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "ISC",
    "MIT",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// Every `package|licence` line of a tree offers one of `PERMISSIVE`.
pub(crate) fn licences_are_permissive(tree: &str) -> Verdict {
    let packages: BTreeSet<_> = tree
        .lines()
        .map(|line| line.trim_end_matches(" (*)"))
        .filter_map(|line| line.split_once('|'))
        .collect();
    let refused: Vec<_> = packages
        .iter()
        .filter(|(_, licence)| !is_permissive(licence))
        .map(|(package, licence)| format!("{package}: {licence:?}"))
        .collect();
    if packages.is_empty() {
        Err("no package was listed".to_owned())
    } else if refused.is_empty() {
        Ok(format!("{} packages", packages.len()))
    } else {
        Err(format!("no permissive licence: {}", refused.join("; ")))
    }
}

/// Reads `A OR B`, `A/B` and `(A OR B) AND C`: all that the registry's packages use.
fn is_permissive(licence: &str) -> bool {
    licence.split(" AND ").all(|choice| {
        choice
            .trim_matches(['(', ')'])
            .split(" OR ")
            .flat_map(|one| one.split('/'))
            .any(|one| PERMISSIVE.contains(&one.trim()))
    })
}

/// No lockfile has a source that is not a registry: no git, no fork.
pub(crate) fn sources_are_registries() -> Verdict {
    let mut count = 0;
    for path in ["Cargo.lock", "tests/no-std/Cargo.lock"] {
        let lockfile = read(path)?;
        for source in lockfile
            .lines()
            .filter(|line| line.starts_with("source = "))
        {
            if !source.starts_with("source = \"registry+") {
                return Err(format!("{path}: {source}"));
            }
            count += 1;
        }
    }
    Ok(format!("{count} packages"))
}

/// The files of a package: what users need is there, what only we need is not.
pub(crate) fn holds_what_users_need(list: &str) -> Verdict {
    let files: BTreeSet<_> = list.lines().map(|line| line.replace('\\', "/")).collect();
    let needed = [
        "Cargo.toml",
        "LICENSE-APACHE",
        "LICENSE-MIT",
        "README.md",
        "src/lib.rs",
    ];
    let lacking = needed.into_iter().filter(|file| !files.contains(*file));
    let lacking: Vec<_> = lacking.collect();
    if !lacking.is_empty() {
        return Err(format!("not in the package: {}", lacking.join(", ")));
    }
    let ours: Vec<_> = files
        .iter()
        .map(String::as_str)
        .filter(|file| is_ours(file))
        .collect();
    if !ours.is_empty() {
        return Err(format!(
            "tests and benches in the package (exclude them by `include` in its manifest): {}",
            ours.join(", ")
        ));
    }
    Ok(format!("{} files", files.len()))
}

/// Whether a file is a test or a benchmark.
fn is_ours(path: &str) -> bool {
    let ours = ["test", "tests", "bench", "benches", "ui"];
    path.split('/')
        .any(|part| ours.contains(&part.strip_suffix(".rs").unwrap_or(part)))
}

/// The workspace's `rust-version`.
pub(crate) fn rust_version() -> Verdict {
    let manifest = read("Cargo.toml")?;
    manifest
        .lines()
        .find_map(|line| line.strip_prefix("rust-version = \"")?.strip_suffix('"'))
        .map(str::to_owned)
        .ok_or_else(|| "Cargo.toml: no rust-version".to_owned())
}

fn read(path: &str) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("{path}: {error}"))
}

#[cfg(test)]
mod tests;
