//! Finds the files of a folder, in the order of their paths.

use std::collections::HashSet;
use std::ffi::OsString;
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use ignore::WalkBuilder;

use crate::progress::Skip;

/// The folder cannot be walked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WalkError {
    /// It is not there, or may not be looked at.
    #[error("cannot read {}; name a folder that exists and that you may read", .path.display())]
    Unreadable {
        /// The folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// It is something else.
    #[error("{} is not a folder; name the folder that holds it", .path.display())]
    NotAFolder {
        /// The path.
        path: PathBuf,
    },
}

/// A file that the walk found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundFile {
    /// Where it is.
    pub path: PathBuf,
    /// Its name in the index: relative to the folder, with `/` between the parts on every system.
    pub name: String,
}

/// What the walk came across.
#[derive(Debug)]
#[non_exhaustive]
pub enum Found {
    /// A file to read.
    File(FoundFile),
    /// A path to leave out, and why.
    Skipped(String, Skip),
}

/// Walks a folder as `rg` would: hidden files and what `.gitignore` names are not looked at, links
/// are not followed. Blocks its thread at each step.
pub struct Walk {
    root: PathBuf,
    entries: ignore::Walk,
    ours: HashSet<PathBuf>,
}

impl Walk {
    /// Starts at `root`, and leaves out the database `own` with its journals.
    ///
    /// # Errors
    ///
    /// [`WalkError`], if `root` is not a folder that can be read.
    pub fn new(root: &Path, own: &[PathBuf]) -> Result<Self, WalkError> {
        let unreadable = |source| WalkError::Unreadable {
            path: root.to_owned(),
            source,
        };
        let root = fs::canonicalize(root).map_err(unreadable)?;
        if !root.is_dir() {
            return Err(WalkError::NotAFolder { path: root });
        }
        fs::read_dir(&root).map_err(unreadable)?;
        let entries = WalkBuilder::new(&root)
            // The tree may be an archive without its `.git`: what it ignores is known all the same.
            .require_git(false)
            .sort_by_file_path(Path::cmp)
            .build();
        Ok(Self {
            root,
            entries,
            ours: own
                .iter()
                .flat_map(|path| files_of_database(path))
                .collect(),
        })
    }

    fn name(&self, path: &Path) -> Result<String, String> {
        let relative = path.strip_prefix(&self.root).unwrap_or(path);
        let parts: Option<Vec<_>> = relative.iter().map(|part| part.to_str()).collect();
        parts
            .map(|parts| parts.join("/"))
            .ok_or_else(|| relative.to_string_lossy().into_owned())
    }

    fn look_at(&self, entry: &ignore::DirEntry) -> Option<Found> {
        let path = entry.path();
        let kind = entry.file_type()?;
        if kind.is_dir() || self.ours.contains(path) {
            return None;
        }
        Some(match self.name(path) {
            Err(lossy) => Found::Skipped(lossy, Skip::Name),
            Ok(name) if kind.is_file() => Found::File(FoundFile {
                path: path.to_owned(),
                name,
            }),
            // A link that leads nowhere is worth another word than one that is not followed.
            Ok(name) if kind.is_symlink() => Found::Skipped(
                name,
                fs::metadata(path).map_or_else(Skip::Unreadable, |_| Skip::Special),
            ),
            Ok(name) => Found::Skipped(name, Skip::Special),
        })
    }
}

impl Iterator for Walk {
    type Item = Found;

    fn next(&mut self) -> Option<Found> {
        loop {
            match self.entries.next()? {
                Ok(entry) => {
                    if let Some(found) = self.look_at(&entry) {
                        return Some(found);
                    }
                }
                Err(error) => {
                    let path = path_of(&error).map_or_else(
                        || String::from("?"),
                        |path| self.name(path).unwrap_or_else(|lossy| lossy),
                    );
                    let error = error
                        .into_io_error()
                        .unwrap_or_else(|| io::Error::other("cannot be walked"));
                    return Some(Found::Skipped(path, Skip::Unreadable(error)));
                }
            }
        }
    }
}

impl fmt::Debug for Walk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Walk")
            .field("root", &self.root)
            .finish_non_exhaustive()
    }
}

/// The path inside the walker's layered error.
fn path_of(error: &ignore::Error) -> Option<&Path> {
    match error {
        ignore::Error::WithPath { path, .. } => Some(path),
        ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => {
            path_of(err)
        }
        ignore::Error::Partial(errors) => errors.iter().find_map(path_of),
        _ => None,
    }
}

/// A database and the files that SQLite keeps beside it. Empty where its folder does not exist:
/// then it is not in the tree either.
fn files_of_database(path: &Path) -> Vec<PathBuf> {
    let Some(file_name) = path.file_name() else {
        return Vec::new();
    };
    let parent = match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    let Ok(parent) = fs::canonicalize(parent) else {
        return Vec::new();
    };
    ["", "-journal", "-wal", "-shm"]
        .iter()
        .map(|suffix| {
            let mut name = OsString::from(file_name);
            name.push(suffix);
            parent.join(name)
        })
        .collect()
}

#[cfg(test)]
mod tests;
