use super::*;

#[test]
fn a_tree_with_more_than_is_allowed_is_refused_by_name() {
    let tree = "withal-core v0.1.0 (/somewhere)\nfutures-core v0.3.31\n\nmemchr v2.7.0\n";
    let error = is_tree(&["withal-core", "futures-core"], tree).unwrap_err();
    assert!(error.ends_with("only in the tree: [memchr]"), "{error}");
    assert!(is_tree(&["withal-core", "futures-core", "memchr"], tree).is_ok());
}

#[test]
fn a_member_that_the_table_misses_is_named() {
    let mut members: String = PACKAGES
        .iter()
        .map(|p| format!("{} v0.1.0\n", p.name))
        .collect();
    assert!(members_are_listed(&members).is_ok());
    members += "withal-later v0.1.0 (/somewhere/later)\n";
    assert!(
        members_are_listed(&members)
            .unwrap_err()
            .contains("withal-later")
    );
}

#[test]
fn an_empty_suite_is_refused() {
    assert!(has_tests("\n0 tests, 0 benchmarks\n").is_err());
    let list = "a::b: test\nc: test\nd: benchmark\n\n2 tests, 1 benchmark\n";
    assert_eq!(has_tests(list).unwrap(), "2 tests");
}

#[test]
fn features_are_the_public_keys() {
    let manifest = "[features]\ndefault = []\n# Adds `x = 1`.\nalloc = []\n__inner = []\n\
                    std = [\"alloc\"]\n\n[dependencies]\nserde = \"1\"\n";
    assert_eq!(features(manifest), ["alloc", "std"].into());
    assert_eq!(features("[package]\nname = \"x\"\n"), [].into());
}

#[test]
fn a_choice_with_one_permissive_licence_is_enough() {
    for good in [
        "MIT",
        "Apache-2.0/MIT",
        "GPL-3.0 OR MIT",
        "(MIT OR Apache-2.0) AND Unicode-3.0",
        "Apache-2.0 WITH LLVM-exception OR Apache-2.0",
    ] {
        assert!(is_permissive(good), "{good}");
    }
    for bad in ["", "GPL-3.0", "MIT AND GPL-3.0", "MPL-2.0 OR GPL-3.0"] {
        assert!(!is_permissive(bad), "{bad}");
    }
}

#[test]
fn a_package_without_a_permissive_licence_is_named() {
    let error = licences_are_permissive("a v1.0.0|MIT (*)\nb v1.0.0|\n").unwrap_err();
    assert!(
        error.contains("b v1.0.0") && !error.contains("a v1.0.0"),
        "{error}"
    );
    assert!(licences_are_permissive("").is_err());
}

#[test]
fn packages_hold_licences_and_no_tests() {
    let good = "Cargo.toml\nLICENSE-APACHE\nLICENSE-MIT\nREADME.md\nsrc/lib.rs\nsrc/latest.rs\n";
    assert!(holds_what_users_need(good).is_ok());
    for extra in [
        "tests/a.rs",
        "benches/a.rs",
        "src/scope/tests.rs",
        "src/scope/tests/loom.rs",
    ] {
        let error = holds_what_users_need(&format!("{good}{extra}\n")).unwrap_err();
        assert!(error.ends_with(extra), "{error}");
    }
    let error = holds_what_users_need("Cargo.toml\nsrc/lib.rs\nREADME.md\n").unwrap_err();
    assert!(error.ends_with("LICENSE-APACHE, LICENSE-MIT"), "{error}");
}
