//! The index: an SQLite database with a full-text table. Everything here blocks.

mod error;

use std::ops::AddAssign;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, OptionalExtension as _, Row, TransactionBehavior, params};
use withal::transaction::Level;

pub use self::error::StoreError;

/// Marks a database as ours: SQLite keeps it in the file's header.
const APPLICATION_ID: i32 = i32::from_be_bytes(*b"widx");
/// The layout below. To be raised with each change of it.
const LAYOUT: i32 = 2;
/// `seen` is the highest number of a run that came across the document: two programs may index the
/// same folder at the same time, and neither is to take out what the other has seen.
const SCHEMA: &str = "
    CREATE TABLE document (
        id INTEGER PRIMARY KEY,
        path TEXT NOT NULL UNIQUE,
        digest BLOB NOT NULL,
        seen INTEGER NOT NULL
    ) STRICT;
    CREATE VIRTUAL TABLE content USING fts5(text);
";

/// A document as it goes into the index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// Its name in the index.
    pub path: String,
    /// Its text.
    pub text: String,
    /// The hash of its text: tells whether it changed since it was indexed.
    pub digest: [u8; 32],
}

/// A document that is being read.
#[derive(Debug)]
pub struct Draft {
    path: String,
    text: String,
    hasher: blake3::Hasher,
}

impl Draft {
    /// An empty one.
    pub fn new(path: String) -> Self {
        Self {
            path,
            text: String::new(),
            hasher: blake3::Hasher::new(),
        }
    }

    /// Adds some text, such as a line, to text and digest.
    pub fn push(&mut self, text: &str) {
        self.hasher.update(text.as_bytes());
        self.text.push_str(text);
    }

    /// The document, with the digest of its text.
    pub fn finish(self) -> Document {
        Document {
            path: self.path,
            text: self.text,
            digest: *self.hasher.finalize().as_bytes(),
        }
    }
}

/// What transactions wrote.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Documents that are new or have changed.
    pub indexed: u64,
    /// Documents that were in the index as they are.
    pub unchanged: u64,
    /// Documents taken out, since their file is gone or cannot be read any more.
    pub removed: u64,
    /// The text of what was indexed, in bytes.
    pub bytes: u64,
}

impl AddAssign for Written {
    fn add_assign(&mut self, other: Self) {
        self.indexed += other.indexed;
        self.unchanged += other.unchanged;
        self.removed += other.removed;
        self.bytes += other.bytes;
    }
}

/// A sound index, in brief.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fingerprint {
    /// How many documents it holds.
    pub documents: u64,
    /// The hash over all of them, in the order of their paths.
    pub hash: blake3::Hash,
}

/// A document that answers a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// Its name in the index.
    pub path: String,
    /// The words, with some text around them.
    pub snippet: String,
}

/// Where the index is.
#[derive(Clone, Debug)]
pub struct Store {
    path: PathBuf,
    busy_timeout: Duration,
}

impl Store {
    /// Opens the index at `path`, or makes an empty one. A database that is not ours is not touched.
    ///
    /// `busy_timeout` bounds how long each access waits for another program's lock.
    ///
    /// # Errors
    ///
    /// [`StoreError`], if the file cannot be opened, is locked, is damaged, or is something else.
    pub fn open(path: &Path, busy_timeout: Duration) -> Result<Self, StoreError> {
        let store = Self {
            path: path.to_owned(),
            busy_timeout,
        };
        let mut connection = store
            .connect_with(OpenFlags::SQLITE_OPEN_CREATE)
            .map_err(|error| store.error(error))?;
        if store.kind(&connection)? == Kind::Empty {
            store.create(&mut connection)?;
        }
        Ok(store)
    }

    /// Opens a connection to write by.
    ///
    /// # Errors
    ///
    /// [`StoreError`], if the database is gone.
    pub fn session(&self) -> Result<Session, StoreError> {
        Ok(Session {
            connection: self.connect()?,
            store: self.clone(),
        })
    }

    /// Checks all of the database: its pages, its full-text index, and each document.
    ///
    /// # Errors
    ///
    /// [`StoreError::Inconsistent`], if something does not fit together; others, if it could not
    /// be read.
    pub fn verify(&self) -> Result<Fingerprint, StoreError> {
        let connection = self.connect()?;
        let inconsistent = |what: String| StoreError::Inconsistent {
            path: self.path.clone(),
            what,
        };
        let pages: String = connection
            .query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))
            .map_err(|error| self.error(error))?;
        if pages != "ok" {
            return Err(inconsistent(pages));
        }
        connection
            .execute_batch("INSERT INTO content (content) VALUES ('integrity-check')")
            .map_err(|error| match self.error(error) {
                StoreError::Damaged { .. } => inconsistent("the words do not fit the texts".into()),
                other => other,
            })?;
        let lonely: bool = connection
            .query_row(
                "SELECT EXISTS (SELECT rowid FROM content EXCEPT SELECT id FROM document)",
                [],
                |row| row.get(0),
            )
            .map_err(|error| self.error(error))?;
        if lonely {
            return Err(inconsistent("a text has no document".into()));
        }
        self.fingerprint(&connection)?.map_err(inconsistent)
    }

    /// The documents that contain all of `words`, the best `limit` of them.
    ///
    /// # Errors
    ///
    /// [`StoreError`], if the database could not be read.
    pub fn search(&self, words: &str, limit: u32) -> Result<Vec<Hit>, StoreError> {
        let search = || -> rusqlite::Result<Vec<Hit>> {
            self.connect_with(OpenFlags::empty())?
                .prepare(
                    "SELECT path, snippet(content, 0, '[', ']', '…', 12)
                     FROM content JOIN document ON id = content.rowid
                     WHERE content MATCH ?1 ORDER BY rank, path LIMIT ?2",
                )?
                .query_map(params![quoted(words), limit], |row| {
                    let snippet: String = row.get(1)?;
                    Ok(Hit {
                        path: row.get(0)?,
                        snippet: on_one_line(&snippet),
                    })
                })?
                .collect()
        };
        search().map_err(|error| self.error(error))
    }

    /// Opens the database that [`open`](Self::open) has seen. If it was deleted since, an empty one
    /// in its place would only hide that.
    fn connect(&self) -> Result<Connection, StoreError> {
        self.connect_with(OpenFlags::empty())
            .map_err(|error| self.error(error))
    }

    fn connect_with(&self, flags: OpenFlags) -> rusqlite::Result<Connection> {
        let flags = flags | OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.path, flags)?;
        connection.busy_timeout(self.busy_timeout)?;
        Ok(connection)
    }

    fn create(&self, connection: &mut Connection) -> Result<(), StoreError> {
        let transaction = connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(|error| self.error(error))?;
        // Looked at again, now under the lock: another program may have been faster.
        if self.kind(&transaction)? == Kind::Empty {
            transaction
                .execute_batch(SCHEMA)
                .and_then(|()| transaction.pragma_update(None, "application_id", APPLICATION_ID))
                .and_then(|()| transaction.pragma_update(None, "user_version", LAYOUT))
                .map_err(|error| self.error(error))?;
        }
        transaction.commit().map_err(|error| self.error(error))
    }

    fn kind(&self, connection: &Connection) -> Result<Kind, StoreError> {
        let kind = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
        let (application, layout, tables): (i32, i32, u32) = connection
            .query_row(
                "SELECT application_id, user_version, (SELECT count(*) FROM sqlite_schema)
                 FROM pragma_application_id, pragma_user_version",
                [],
                kind,
            )
            .map_err(|error| self.error(error))?;
        match (application, layout, tables) {
            (APPLICATION_ID, LAYOUT, _) => Ok(Kind::Ours),
            (0, 0, 0) => Ok(Kind::Empty),
            (APPLICATION_ID, layout, _) => Err(StoreError::Layout {
                path: self.path.clone(),
                layout,
            }),
            _ => Err(StoreError::NotAnIndex {
                path: self.path.clone(),
            }),
        }
    }

    /// The outer error: could not be read. The inner one: does not fit together.
    fn fingerprint(
        &self,
        connection: &Connection,
    ) -> Result<Result<Fingerprint, String>, StoreError> {
        let hash = || {
            let mut hasher = blake3::Hasher::new();
            let mut documents = 0;
            let mut statement = connection.prepare(
                "SELECT path, digest, text FROM document LEFT JOIN content ON content.rowid = id
                 ORDER BY path",
            )?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                let path: String = row.get(0)?;
                let digest: [u8; 32] = row.get(1)?;
                match row.get_ref(2)?.as_bytes_or_null()? {
                    Some(text) if *blake3::hash(text).as_bytes() == digest => {}
                    Some(_) => return Ok(Err(format!("the text of {path} is another one"))),
                    None => return Ok(Err(format!("the text of {path} is missing"))),
                }
                // With its length, so that no two lists of documents give the same bytes.
                hasher.update(&(path.len() as u64).to_le_bytes());
                hasher.update(path.as_bytes());
                hasher.update(&digest);
                documents += 1;
            }
            let hash = hasher.finalize();
            Ok(Ok(Fingerprint { documents, hash }))
        };
        hash().map_err(|error| self.error(error))
    }

    fn error(&self, error: rusqlite::Error) -> StoreError {
        StoreError::new(&self.path, error)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Nothing in it yet.
    Empty,
    /// An index of ours.
    Ours,
}

/// A connection to the index. Dropping it, wherever that happens, rolls back what was not committed.
#[derive(Debug)]
pub struct Session {
    connection: Connection,
    store: Store,
}

impl Session {
    /// Begins a transaction, and waits for another program's to end; or a savepoint.
    ///
    /// # Errors
    ///
    /// [`StoreError::Locked`], if that took too long; others, if the database is gone or damaged.
    pub fn begin(&mut self, level: Level) -> Result<(), StoreError> {
        match level {
            Level::Transaction => self.execute("BEGIN IMMEDIATE"),
            Level::Savepoint(n) => self.execute(&format!("SAVEPOINT s{n}")),
        }
    }

    /// Keeps what was written.
    ///
    /// # Errors
    ///
    /// [`StoreError`], if the database could not be written: the disk is full, or a reader holds it.
    /// The transaction is still open.
    pub fn commit(&mut self, level: Level) -> Result<(), StoreError> {
        match level {
            Level::Transaction => self.execute("COMMIT"),
            Level::Savepoint(n) => self.execute(&format!("RELEASE s{n}")),
        }
    }

    /// Throws away what was written.
    ///
    /// # Errors
    ///
    /// [`StoreError`], if the database does not answer. Nothing of it is kept, even so.
    pub fn roll_back(&mut self, level: Level) -> Result<(), StoreError> {
        match level {
            // SQLite itself rolls back after some errors, and then refuses a second time.
            Level::Transaction if self.connection.is_autocommit() => Ok(()),
            Level::Transaction => self.execute("ROLLBACK"),
            Level::Savepoint(n) => self.execute(&format!("ROLLBACK TO s{n}; RELEASE s{n}")),
        }
    }

    /// A number for a run: higher than that of every run that wrote to the index before.
    ///
    /// # Errors
    ///
    /// [`StoreError`], if the database could not be read.
    pub fn next_run(&self) -> Result<i64, StoreError> {
        self.connection
            .query_row(
                "SELECT coalesce(max(seen), 0) + 1 FROM document",
                [],
                |row| row.get(0),
            )
            .map_err(|error| self.store.error(error))
    }

    fn execute(&self, statements: &str) -> Result<(), StoreError> {
        self.connection
            .execute_batch(statements)
            .map_err(|error| self.store.error(error))
    }

    /// Writes `document`, unless it is in the index as it is, and notes that `run` has seen it.
    ///
    /// # Errors
    ///
    /// [`StoreError`], if the database could not be written.
    pub fn put(&mut self, document: &Document, run: i64) -> Result<Written, StoreError> {
        let put = || {
            let known = self
                .connection
                .prepare_cached("SELECT id, digest FROM document WHERE path = ?1")?
                .query_row([&document.path], |row| {
                    Ok((row.get::<_, i64>(0)?, row.get::<_, [u8; 32]>(1)?))
                })
                .optional()?;
            let id = match known {
                Some((id, digest)) if digest == document.digest => {
                    self.connection
                        .prepare_cached("UPDATE document SET seen = max(seen, ?2) WHERE id = ?1")?
                        .execute(params![id, run])?;
                    return Ok(false);
                }
                Some((id, _)) => {
                    self.connection
                        .prepare_cached(
                            "UPDATE document SET digest = ?2, seen = max(seen, ?3) WHERE id = ?1",
                        )?
                        .execute(params![id, document.digest, run])?;
                    self.connection
                        .prepare_cached("DELETE FROM content WHERE rowid = ?1")?
                        .execute([id])?;
                    id
                }
                None => self
                    .connection
                    .prepare_cached(
                        "INSERT INTO document (path, digest, seen) VALUES (?1, ?2, ?3)",
                    )?
                    .insert(params![document.path, document.digest, run])?,
            };
            self.connection
                .prepare_cached("INSERT INTO content (rowid, text) VALUES (?1, ?2)")?
                .execute(params![id, document.text])?;
            Ok(true)
        };
        let is_new = put().map_err(|error| self.store.error(error))?;
        Ok(match is_new {
            true => Written {
                indexed: 1,
                bytes: document.text.len() as u64,
                ..Written::default()
            },
            false => Written {
                unchanged: 1,
                ..Written::default()
            },
        })
    }

    /// Takes out every document that neither `run` nor a later one has seen.
    ///
    /// # Errors
    ///
    /// [`StoreError`], if the database could not be read or written.
    pub fn keep_seen(&mut self, run: i64) -> Result<Written, StoreError> {
        let remove = || {
            self.connection.execute(
                "DELETE FROM content
                 WHERE rowid IN (SELECT id FROM document WHERE seen < ?1)",
                [run],
            )?;
            self.connection
                .execute("DELETE FROM document WHERE seen < ?1", [run])
        };
        let removed = remove().map_err(|error| self.store.error(error))?;
        Ok(Written {
            removed: removed as u64,
            ..Written::default()
        })
    }
}

/// `words` as a full-text query that asks for all of them. Quoted, since what people type is full
/// of what the query language takes for operators.
fn quoted(words: &str) -> String {
    let quoted: Vec<_> = words
        .split_whitespace()
        .map(|word| format!("\"{}\"", word.replace('"', "\"\"")))
        .collect();
    quoted.join(" ")
}

/// `text` without line breaks, nor anything else that a terminal would act upon.
fn on_one_line(text: &str) -> String {
    let plain: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests;
