use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;

/// What is wrong with the database.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Another program holds its lock.
    #[error(
        "{} is locked by another program; close that program, or wait longer with --busy-timeout",
        .path.display()
    )]
    Locked {
        /// The database.
        path: PathBuf,
    },
    /// It is no index of this program.
    #[error(
        "{} is not an index of this program and was left as it is; name another file with --db",
        .path.display()
    )]
    NotAnIndex {
        /// The file.
        path: PathBuf,
    },
    /// It was made by another version of this program.
    #[error(
        "{} has layout {layout}, which this version does not know; delete it to index anew",
        .path.display()
    )]
    Layout {
        /// The database.
        path: PathBuf,
        /// Its layout.
        layout: i32,
    },
    /// SQLite finds it damaged.
    #[error("{} is damaged; delete it to index anew", .path.display())]
    Damaged {
        /// The database.
        path: PathBuf,
        /// What SQLite says.
        source: rusqlite::Error,
    },
    /// It can be read, and does not fit together.
    #[error("{} is inconsistent ({what}); delete it to index anew", .path.display())]
    Inconsistent {
        /// The database.
        path: PathBuf,
        /// What does not fit.
        what: String,
    },
    /// It cannot be opened.
    #[error(
        "cannot open {}; name a file with --db whose folder exists and may be written",
        .path.display()
    )]
    CannotOpen {
        /// The file.
        path: PathBuf,
        /// What SQLite says.
        source: rusqlite::Error,
    },
    /// The disk is full.
    #[error("no space left for {}; free some, or name a file elsewhere with --db", .path.display())]
    Full {
        /// The database.
        path: PathBuf,
        /// What SQLite says.
        source: rusqlite::Error,
    },
    /// Anything else.
    #[error("cannot use {}", .path.display())]
    Other {
        /// The database.
        path: PathBuf,
        /// What SQLite says.
        source: rusqlite::Error,
    },
}

impl StoreError {
    pub(super) fn new(path: &Path, source: rusqlite::Error) -> Self {
        let path = path.to_owned();
        match source.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Locked { path },
            Some(ErrorCode::NotADatabase) => Self::NotAnIndex { path },
            Some(ErrorCode::DatabaseCorrupt) => Self::Damaged { path, source },
            Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => {
                Self::CannotOpen { path, source }
            }
            Some(ErrorCode::DiskFull) => Self::Full { path, source },
            _ => Self::Other { path, source },
        }
    }
}
