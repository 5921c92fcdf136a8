use std::fs;
use std::path::Path;

use super::{Found, Walk, WalkError};
use crate::progress::Skip;

fn walk(root: &Path, own: &[&str]) -> Vec<Found> {
    let own: Vec<_> = own.iter().map(|name| root.join(name)).collect();
    Walk::new(root, &own).expect("a folder").collect()
}

fn names(found: &[Found]) -> Vec<&str> {
    found
        .iter()
        .filter_map(|found| match found {
            Found::File(file) => Some(file.name.as_str()),
            Found::Skipped(..) => None,
        })
        .collect()
}

#[test]
fn files_come_in_the_order_of_their_paths() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    fs::create_dir(dir.path().join("b")).expect("a folder");
    for name in ["c.txt", "a.txt", "b/2.txt", "b/1.txt"] {
        fs::write(dir.path().join(name), name).expect("a file");
    }
    assert_eq!(
        names(&walk(dir.path(), &[])),
        ["a.txt", "b/1.txt", "b/2.txt", "c.txt"]
    );
}

#[test]
fn ignored_files_and_the_database_itself_are_not_looked_at() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    for name in ["kept.txt", "dropped.log", "own.db", "own.db-journal"] {
        fs::write(dir.path().join(name), name).expect("a file");
    }
    fs::write(dir.path().join(".gitignore"), "*.log\n").expect("a file");
    assert_eq!(names(&walk(dir.path(), &["own.db"])), ["kept.txt"]);
}

#[cfg(unix)]
#[test]
fn links_are_not_followed_and_those_that_lead_nowhere_are_unreadable() {
    use std::os::unix::fs::symlink;

    let dir = tempfile::tempdir().expect("a temporary folder");
    fs::write(dir.path().join("file"), "text").expect("a file");
    symlink("file", dir.path().join("link")).expect("a link");
    symlink("nowhere", dir.path().join("dangling")).expect("a link");
    let found = walk(dir.path(), &[]);
    assert!(matches!(
        &found[..],
        [
            Found::Skipped(dangling, Skip::Unreadable(_)),
            Found::File(_),
            Found::Skipped(link, Skip::Special),
        ] if dangling == "dangling" && link == "link"
    ));
}

#[test]
fn only_folders_can_be_walked() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let file = dir.path().join("file");
    fs::write(&file, "text").expect("a file");
    assert!(matches!(
        Walk::new(&file, &[]),
        Err(WalkError::NotAFolder { .. })
    ));
    assert!(matches!(
        Walk::new(&dir.path().join("missing"), &[]),
        Err(WalkError::Unreadable { .. })
    ));
}
