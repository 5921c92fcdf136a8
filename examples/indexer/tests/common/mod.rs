//! Runs the program as a user would, and looks at what it leaves.

#![allow(dead_code, reason = "each test file uses a part of this")]

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use rusqlite::Connection;
use tempfile::TempDir;

pub(crate) const RUNTIMES: [&str; 3] = ["tokio", "smol", "async-std"];
/// Files in one transaction, as the program has it.
pub(crate) const BATCH: u64 = 128;

/// A folder to index, and beside it a place for databases.
pub(crate) struct Place {
    dir: TempDir,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self::of(tempfile::tempdir().expect("a temporary folder"))
    }

    /// One whose databases are never written to a disk, where the system has such a folder: for
    /// tests that make very many.
    pub(crate) fn in_memory() -> Self {
        let shared = Path::new("/dev/shm");
        if shared.is_dir() {
            Self::of(tempfile::tempdir_in(shared).expect("a temporary folder"))
        } else {
            Self::new()
        }
    }

    fn of(dir: TempDir) -> Self {
        fs::create_dir(dir.path().join("tree")).expect("a folder");
        Self { dir }
    }

    /// A tree of `files` files. Their names are long: see [`Watched`](crate::watched::Watched).
    pub(crate) fn with_files(files: usize) -> Self {
        let place = Self::new();
        let long = "long-".repeat(30);
        for number in 0..files {
            let folder = place.tree().join(format!("folder-{}", number / 100));
            fs::create_dir_all(&folder).expect("a folder");
            let text = format!("number{number} and some words that all of the files share\n");
            fs::write(folder.join(format!("{long}{number}.txt")), text.repeat(20)).expect("a file");
        }
        place
    }

    pub(crate) fn tree(&self) -> PathBuf {
        self.dir.path().join("tree")
    }

    pub(crate) fn db(&self) -> PathBuf {
        self.dir.path().join("index.db")
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.tree().join(name), content).expect("a file");
    }

    /// The program, about to index the tree into the database.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_indexer"));
        command
            .arg(self.tree())
            .arg("--db")
            .arg(self.db())
            .stdin(Stdio::null());
        command
    }

    pub(crate) fn run<A: AsRef<OsStr>>(&self, args: &[A]) -> Ran {
        let output = self.command().args(args).output();
        Ran::new(output.expect("the program starts"))
    }
}

/// A run that is over.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    pub(crate) fn new(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// The number after `key` in the first line that contains `line`.
    #[track_caller]
    pub(crate) fn count(&self, line: &str, key: &str) -> u64 {
        let number = self
            .stdout
            .lines()
            .find(|l| l.contains(line))
            .and_then(|l| {
                let (_, rest) = l.split_once(&format!("{key} "))?;
                rest.split(|c: char| !c.is_ascii_digit())
                    .next()?
                    .parse()
                    .ok()
            });
        number.unwrap_or_else(|| panic!("no «{key}» in a line with «{line}»: {self:#?}"))
    }

    #[track_caller]
    pub(crate) fn assert_code(&self, code: i32) -> &Self {
        assert_eq!(self.code, Some(code), "{self:#?}");
        assert!(!self.stderr.contains("panicked at"), "{self:#?}");
        self
    }

    /// Every scope that was entered was exited, by the program's own books.
    #[track_caller]
    pub(crate) fn assert_all_accounted(&self) -> &Self {
        for kind in ["files: entered", "batches: entered"] {
            assert_eq!(self.count(kind, "unaccounted"), 0, "{self:#?}");
        }
        assert!(
            self.count("batches: entered", "cancelled") <= 1,
            "{self:#?}"
        );
        self
    }
}

/// Checks a database without the program's help, and counts its documents.
#[track_caller]
pub(crate) fn documents(db: &Path) -> u64 {
    let connection = Connection::open(db).expect("the database is there");
    let number = |sql: &str| -> u64 {
        let number = connection.query_row(sql, [], |row| row.get(0));
        number.expect("the database can be read")
    };
    let pages: String = connection
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .expect("the database can be read");
    assert_eq!(pages, "ok");
    if number("SELECT count(*) FROM sqlite_schema") == 0 {
        // Stopped so early that the tables were not made yet: all of them, or none.
        return 0;
    }
    connection
        .execute_batch("INSERT INTO content (content) VALUES ('integrity-check')")
        .expect("the full-text index is sound, and nobody holds a lock");
    let documents = number("SELECT count(*) FROM document");
    let pairs = number("SELECT count(*) FROM document JOIN content ON content.rowid = id");
    let texts = number("SELECT count(*) FROM content");
    assert_eq!((documents, texts), (pairs, pairs), "half of a document");
    documents
}
