use std::collections::BTreeSet;
use std::fs;

use super::*;
use crate::workspace;

const OUTPUT: &str = "running 3 tests\ntest a::b ... ok\ntest a::c ... FAILED\ntest d ... FAILED\n";

fn mutant(tests: &'static [&'static str]) -> Mutant {
    Mutant {
        name: "some",
        rules: "K1",
        tests,
    }
}

#[test]
fn a_mutant_is_caught_when_each_of_its_tests_fails() {
    let ended = || Run::Ended(OUTPUT.to_owned());
    assert!(mutant(&["a::c", "d"]).judge(ended()).is_ok());
    let error = mutant(&["a::c", "a::b"]).judge(ended()).unwrap_err();
    assert_eq!(error, "not failed: a::b");
    assert_eq!(passed(OUTPUT), ["a::b"]);
}

#[test]
fn a_hang_is_no_catch() {
    assert!(mutant(&["d"]).judge(Run::Hung).is_err());
}

#[test]
fn binaries_are_found_in_the_messages_of_cargo() {
    let message = r#"{"reason":"compiler-artifact","target":{"kind":["test"],"name":"matrix","src_path":"/x"},"executable":"/t/matrix-1","fresh":true}"#;
    let found = Some(PathBuf::from("/t/matrix-1"));
    assert_eq!(executable(message, "matrix"), found);
    assert_eq!(executable(message, "ui"), None);
    let library = r#"{"target":{"kind":["lib"],"name":"matrix"},"executable":null}"#;
    assert_eq!(executable(library, "matrix"), None);
}

#[test]
fn the_table_and_the_kernel_name_the_same_mutants() {
    let mut named = BTreeSet::new();
    let mut folders = vec![workspace::root().join("core/src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = fs::read_to_string(path).unwrap();
            let places = text.split("mutant(\"").skip(1);
            named.extend(places.filter_map(|rest| Some(rest.split_once('"')?.0.to_owned())));
        }
    }
    let listed: BTreeSet<_> = MUTANTS
        .iter()
        .map(|mutant| mutant.name.to_owned())
        .collect();
    assert_eq!(listed, named);
    assert_eq!(listed.len(), MUTANTS.len(), "a mutant is listed twice");
}
