use std::path::Path;

use super::source::test_comments;
use super::{Tests, compare, ids};

const CONTRACT: &str = "\
# The contract

Rules look like this: CM-1. A line that begins with another word defines nothing.

- **CM-1** Both hooks.
- **K4** A chain.

| rule | enter |
|---|---|
| **M1.1** | fails |
";

fn mentioned(comment: &str) -> Vec<String> {
    ids::mentioned(comment).ids
}

fn tests(files: &[(&str, &str)]) -> Tests {
    let mut tests = Tests::default();
    for (path, text) in files {
        tests.add(Path::new(path), text);
    }
    tests
}

fn named(path: &str, text: &str) -> Vec<String> {
    tests(&[(path, text)]).named.into_keys().collect()
}

#[test]
fn a_contract_defines_what_its_items_and_rows_begin_with() {
    assert_eq!(ids::defined(CONTRACT).unwrap(), ["CM-1", "K4", "M1.1"]);
}

#[test]
fn a_contract_that_defines_twice_nothing_or_badly_is_refused() {
    let twice = format!("{CONTRACT}- **K4** Again.\n");
    assert!(ids::defined(&twice).unwrap_err().contains("K4 again"));
    let badly = format!("{CONTRACT}- **K4x** Mistyped.\n");
    assert!(ids::defined(&badly).unwrap_err().contains("line 11"));
    assert!(ids::defined("# Nothing\n").is_err());
}

#[test]
fn ids_are_whole_words() {
    let text = "CM-11, K4; M1.3. (GM-23): A-1/A-2 `K14`";
    let expected = ["CM-11", "K4", "M1.3", "GM-23", "A-1", "A-2", "K14"];
    assert_eq!(mentioned(text), expected);
    for other in [
        "UTF-8", "CM-111", "xK4", "K4x", "M1", "M1.", "cm-1", "CM-", "D3", "OK4",
    ] {
        assert_eq!(mentioned(other), [""; 0], "{other}");
    }
}

#[test]
fn a_range_names_none_of_its_rules() {
    for range in [
        "CM-1 to CM-4",
        "CM-1 to 4",
        "K1..K3",
        "K1..=3",
        "K1–K3",
        "CM-1-4",
        "CM-1 - CM-4",
        "M1.1 through M1.3",
        "CM-1 to\nCM-4",
    ] {
        let mentions = ids::mentioned(&format!("see {range}, and K9"));
        assert_eq!(mentions.ids, ["K9"], "{range}");
        assert_eq!(mentions.ranges, [range]);
    }
    assert_eq!(
        mentioned("CM-1 to the letter. K3 until then"),
        ["CM-1", "K3"]
    );
}

#[test]
fn comments_of_test_files_count_and_strings_do_not() {
    let text = r####"
//! A-1
/// K1: a case
/* K2 /* K3 */ K4 */
fn case<'a>(x: &'a str) { // K5
    let c = ('"', '\'', 'x');
    let s = ("// K6", "\" // K7", r#"" // K8 "#, br"\", "// K9"); // K10
}
"####;
    let expected = ["A-1", "K1", "K10", "K2", "K3", "K4", "K5"];
    assert_eq!(named("tests/src/suite/scope.rs", text), expected);
    assert_eq!(named("core/src/scope/tests.rs", text), expected);
    assert_eq!(named("core/src/scope/tests/loom.rs", text), expected);
    assert_eq!(named("core/src/scope.rs", text), [""; 0]);
}

#[test]
fn elsewhere_inline_tests_and_examples_count() {
    let text = "\
//! K1
/// K2
/// ```compile_fail
/// // K3: the range in K4 to K5 counts for nothing
/// let x = \"// K6\";
/// ```
/// K7
#[cfg(test)]
mod outline; // K8
// K9
#[cfg(test)]
#[allow(dead_code, reason = \"K10\")]
mod tests {
    // K11
}
";
    let tests = tests(&[("adapter-tokio/src/lib.rs", text)]);
    assert_eq!(tests.named.keys().collect::<Vec<_>>(), ["K11", "K3"]);
    assert_eq!(tests.named["K3"], ["adapter-tokio/src/lib.rs:4"]);
    assert_eq!(tests.named["K11"], ["adapter-tokio/src/lib.rs:14"]);
    assert_eq!(tests.ranges, ["adapter-tokio/src/lib.rs:4: K4 to K5"]);
}

#[test]
fn adjacent_line_comments_are_one() {
    let text = "// CM-1 to\n// CM-4\n\n// K1\n";
    let comments = test_comments(Path::new("tests/a.rs"), text);
    let found: Vec<_> = comments.iter().map(|c| (c.line, c.text.as_str())).collect();
    assert_eq!(found, [(1, "CM-1 to\nCM-4"), (4, "K1")]);
}

#[test]
fn unnamed_and_unknown_rules_are_failures() {
    let contract = ids::defined(CONTRACT).unwrap();
    let good = [
        ("tests/a.rs", "// CM-1, K4\n"),
        ("tests/b.rs", "// K4, M1.1\n"),
    ];
    let note = compare(&contract, &tests(&good)).unwrap();
    assert!(
        note.starts_with("3 rules, 3 named by tests (4 mentions in 2 files)"),
        "{note}"
    );

    let error = compare(&contract, &tests(&good[..1])).unwrap_err();
    assert!(
        error.contains("named by no test: M1.1") && !error.contains("K4"),
        "{error}"
    );

    let unknown = [good[0], good[1], ("tests/c.rs", "\n// K44\n")];
    let error = compare(&contract, &tests(&unknown)).unwrap_err();
    assert!(error.contains("K44, named in tests/c.rs:2"), "{error}");
}
