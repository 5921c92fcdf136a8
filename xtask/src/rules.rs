//! `docs/contract.md` numbers the rules that the project meets; this compares them with the rules
//! that tests name in their comments, in both directions.

mod ids;
mod source;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::step::Verdict;

const CONTRACT: &str = "docs/contract.md";

/// Compares the contract with the tests below the current directory.
pub(crate) fn check() -> Verdict {
    let text = fs::read_to_string(CONTRACT).map_err(|error| format!("{CONTRACT}: {error}"))?;
    let contract = ids::defined(&text)?;
    let mut tests = Tests::default();
    for path in rust_files(Path::new("."))? {
        let text =
            fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        tests.add(&path, &text);
    }
    compare(&contract, &tests)
}

/// The rules that tests name, and where.
#[derive(Debug, Default)]
struct Tests {
    named: BTreeMap<String, Vec<String>>,
    /// `CM-1 to CM-4` and the like, which name nothing.
    ranges: Vec<String>,
    files: usize,
}

impl Tests {
    fn add(&mut self, path: &Path, text: &str) {
        let path = path.strip_prefix(".").unwrap_or(path);
        let comments = source::test_comments(path, text);
        let before = self.named.values().map(Vec::len).sum::<usize>();
        for comment in comments {
            let place = format!("{}:{}", path.display(), comment.line);
            let mentions = ids::mentioned(&comment.text);
            for id in mentions.ids {
                self.named.entry(id).or_default().push(place.clone());
            }
            let ranges = mentions.ranges.iter();
            self.ranges
                .extend(ranges.map(|range| format!("{place}: {range}")));
        }
        let after = self.named.values().map(Vec::len).sum::<usize>();
        self.files += usize::from(after > before);
    }
}

fn compare(contract: &[String], tests: &Tests) -> Verdict {
    let unnamed: Vec<_> = contract
        .iter()
        .filter(|id| !tests.named.contains_key(*id))
        .collect();
    let unknown: Vec<_> = tests
        .named
        .iter()
        .filter(|(id, _)| !contract.contains(id))
        .collect();
    let mentions: usize = tests.named.values().map(Vec::len).sum();
    let mut text = format!(
        "{} rules, {} named by tests ({mentions} mentions in {} files), {} not named, {} unknown",
        contract.len(),
        contract.len() - unnamed.len(),
        tests.files,
        unnamed.len(),
        unknown.len(),
    );
    for range in &tests.ranges {
        text += &format!("\n  does not count, spell out each rule: {range}");
    }
    for (id, places) in &unknown {
        text += &format!(
            "\n  not in {CONTRACT}: {id}, named in {}",
            places.join(", ")
        );
    }
    for id in &unnamed {
        text += &format!("\n  named by no test: {id}");
    }
    if unnamed.is_empty() && unknown.is_empty() {
        Ok(text)
    } else {
        Err(text)
    }
}

/// The Rust files of the workspace, in order. Our own are left out: they talk about rules.
fn rust_files(dir: &Path) -> Result<Vec<PathBuf>, String> {
    let failed = |error| format!("{}: {error}", dir.display());
    let mut entries = Vec::new();
    for entry in fs::read_dir(dir).map_err(failed)? {
        entries.push(entry.map_err(failed)?.path());
    }
    entries.sort();
    let mut files = Vec::new();
    for path in entries {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let ignored = name.starts_with('.') || name.starts_with("target") || name == "xtask";
        if path.is_dir() && !ignored {
            files.extend(rust_files(&path)?);
        } else if name.ends_with(".rs") {
            files.push(path);
        }
    }
    Ok(files)
}

#[cfg(test)]
mod tests;
