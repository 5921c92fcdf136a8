//! The stored values, and what differs from them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// How much more than the stored value is let pass, in percent: counting has next to no noise, and
/// what a neighbour in the program changes by its inlining stays below.
const TOLERANCE: u64 = 2;

/// The instructions of each gate, and where they were counted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct Stored {
    /// The compiler and the architecture: others count differently.
    pub toolchain: String,
    /// By the gates' names.
    pub instructions: BTreeMap<String, u64>,
}

impl Stored {
    /// What is worse than in `self`, line by line; nothing if all is well. Fewer instructions are.
    pub fn differences(&self, now: &Self) -> Vec<String> {
        let mut wrong = Vec::new();
        for (name, &count) in &now.instructions {
            match self.instructions.get(name) {
                None => wrong.push(format!("{name}: {count}, and nothing is stored")),
                Some(&stored) if count > most(stored) => {
                    wrong.push(format!("{name}: {count} instead of {stored}"));
                }
                Some(_) => {}
            }
        }
        let gone = self.instructions.keys();
        let gone = gone.filter(|name| !now.instructions.contains_key(*name));
        wrong.extend(gone.map(|name| format!("{name}: stored, but there is no such gate")));
        if !wrong.is_empty() && self.toolchain != now.toolchain {
            wrong.push(format!(
                "the values were stored with {}; this is {}",
                self.toolchain, now.toolchain
            ));
        }
        wrong
    }
}

/// The most that passes for a stored value.
fn most(stored: u64) -> u64 {
    stored + stored * TOLERANCE / 100 + 1
}

#[cfg(test)]
mod tests {
    use super::Stored;

    fn stored(toolchain: &str, values: &[(&str, u64)]) -> Stored {
        let values = values.iter().map(|&(name, count)| (name.to_owned(), count));
        Stored {
            toolchain: toolchain.to_owned(),
            instructions: values.collect(),
        }
    }

    #[test]
    fn the_same_and_a_little_more_and_less_pass() {
        let before = stored("a", &[("x", 500), ("y", 10)]);
        assert_eq!(before.differences(&before), [""; 0]);
        let now = stored("b", &[("x", 511), ("y", 3)]);
        assert_eq!(before.differences(&now), [""; 0]);
    }

    #[test]
    fn more_is_named_with_both_values() {
        let before = stored("a", &[("x", 500)]);
        let now = stored("a", &[("x", 512)]);
        assert_eq!(before.differences(&now), ["x: 512 instead of 500"]);
    }

    #[test]
    fn gates_without_values_and_values_without_gates_are_differences() {
        let before = stored("a", &[("old", 1)]);
        let now = stored("a", &[("new", 2)]);
        let wrong = before.differences(&now);
        assert_eq!(wrong.len(), 2, "{wrong:?}");
        assert!(wrong[0].starts_with("new: ") && wrong[1].starts_with("old: "));
    }

    #[test]
    fn another_toolchain_is_mentioned_where_something_differs() {
        let before = stored("rustc 1", &[("x", 500)]);
        let now = stored("rustc 2", &[("x", 600)]);
        let wrong = before.differences(&now);
        assert!(wrong[1].contains("rustc 1; this is rustc 2"), "{wrong:?}");
    }
}
