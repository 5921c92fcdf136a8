//! What the indexing tells whoever watches it.

use std::io;
use std::time::Duration;

/// Why a path was left out of the index.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Skip {
    /// It could not be opened or read, or it vanished meanwhile.
    #[error("unreadable: {0}")]
    Unreadable(#[source] io::Error),
    /// Its content is not UTF-8, or has a zero byte in it.
    #[error("not text")]
    NotText,
    /// Its name is not UTF-8.
    #[error("its name is not UTF-8")]
    Name,
    /// It is larger than the limit.
    #[error("larger than {limit} bytes")]
    TooLarge {
        /// The limit.
        limit: u64,
    },
    /// It took too long to read.
    #[error("not read within {limit:?}")]
    TooSlow {
        /// How long it may take.
        limit: Duration,
    },
    /// A link, a socket, a device: neither a file nor a folder.
    #[error("not a regular file")]
    Special,
}

impl Skip {
    /// What the summary calls each kind.
    pub const KINDS: [&str; 6] = [
        "unreadable",
        "not text",
        "odd name",
        "too large",
        "not a regular file",
        "too slow",
    ];

    /// The index into [`KINDS`](Self::KINDS).
    pub fn kind(&self) -> usize {
        match self {
            Self::Unreadable(_) => 0,
            Self::NotText => 1,
            Self::Name => 2,
            Self::TooLarge { .. } => 3,
            Self::Special => 4,
            Self::TooSlow { .. } => 5,
        }
    }
}

/// Watches a run. Called from the tasks that index, so it must not block for long.
pub trait Progress: Send + Sync {
    /// The walk has found `files` files so far, and gives the last of them to be read next.
    fn walking(&self, files: u64) {
        let _ = files;
    }

    /// The walk is over: it has found `files` files.
    fn walked(&self, files: u64) {
        let _ = files;
    }

    /// `path` was read and is about to be written.
    fn read(&self, path: &str) {
        let _ = path;
    }

    /// `path` was left out.
    fn skipped(&self, path: &str, skip: &Skip) {
        let _ = (path, skip);
    }

    /// A batch was committed; `documents` documents of this run are in the index.
    fn committed(&self, documents: u64) {
        let _ = documents;
    }
}

/// Watches nothing.
impl Progress for () {}
