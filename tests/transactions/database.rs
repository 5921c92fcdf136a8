//! A client for SQLite, as an application would write it.

use std::collections::BTreeMap;
use std::error::Error;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::{env, fs, process};

use rusqlite::Connection;
use withal::runtime::Runtime;
use withal::transaction::Level;
use withal::{BlockingContext, Transact, unblock};
use withal_sync::{Event, Mutex};
use withal_tests::transactions::TransactionUnderTest;

type Result<T = ()> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// A database in a file of its own, which goes with the last of its clones.
#[derive(Clone)]
pub(crate) struct Database(Arc<Inner>);

struct Inner {
    path: PathBuf,
    left_open: AtomicUsize,
    broken: AtomicUsize,
}

impl Database {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let name = format!(
            "withal-{}-{}",
            process::id(),
            NEXT.fetch_add(1, Ordering::Relaxed)
        );
        let database = Self(Arc::new(Inner {
            path: env::temp_dir().join(name),
            left_open: AtomicUsize::new(0),
            broken: AtomicUsize::new(0),
        }));
        let schema = "CREATE TABLE entry (key INTEGER PRIMARY KEY, value INTEGER NOT NULL)";
        database.connect().execute_batch(schema).unwrap();
        database
    }

    fn connect(&self) -> Connection {
        let connection = Connection::open(&self.0.path).unwrap();
        let quick = "PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF";
        connection.execute_batch(quick).unwrap();
        connection
    }

    pub(crate) fn client<R: Runtime>(&self, rt: &R) -> Client<R> {
        let (broken, released) = (Arc::default(), Arc::default());
        Client {
            rt: rt.clone(),
            connection: Arc::new(Mutex::new(Open {
                connection: Some(self.connect()),
                database: self.clone(),
                broken: Arc::clone(&broken),
                released: Arc::clone(&released),
            })),
            broken,
            released,
        }
    }

    pub(crate) fn content(&self) -> BTreeMap<u8, u32> {
        let connection = self.connect();
        let mut select = connection.prepare("SELECT key, value FROM entry").unwrap();
        let rows = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
        rows.unwrap().map(|row| row.unwrap()).collect()
    }

    /// How many clients were told that they are broken.
    pub(crate) fn broken(&self) -> usize {
        self.0.broken.load(Ordering::SeqCst)
    }

    /// Checks that nobody holds a lock, and that each connection that went with a transaction open
    /// had been told that it is broken.
    #[track_caller]
    pub(crate) fn assert_at_rest(&self) {
        let connection = self.connect();
        connection.busy_timeout(std::time::Duration::ZERO).unwrap();
        let alone = connection.execute_batch("BEGIN EXCLUSIVE; ROLLBACK");
        assert_eq!(alone, Ok(()), "a transaction is open");
        assert_eq!(self.0.left_open.load(Ordering::SeqCst), 0);
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        // What else is there of it lives in memory.
        let _ = fs::remove_file(&self.path);
    }
}

/// A connection that goes back to nobody.
struct Open {
    connection: Option<Connection>,
    database: Database,
    broken: Arc<AtomicBool>,
    released: Arc<Event>,
}

impl Drop for Open {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            let (broken, inner) = (self.broken.load(Ordering::SeqCst), &self.database.0);
            let left_open = !connection.is_autocommit() && !broken;
            inner
                .left_open
                .fetch_add(usize::from(left_open), Ordering::SeqCst);
            inner
                .broken
                .fetch_add(usize::from(broken), Ordering::SeqCst);
        }
        self.released.set();
    }
}

/// Leads to a connection, one call after the other: a call that was given up keeps its turn until its
/// thread has ended.
pub(crate) struct Client<R> {
    rt: R,
    connection: Arc<Mutex<Open>>,
    broken: Arc<AtomicBool>,
    released: Arc<Event>,
}

impl<R: Runtime> Client<R> {
    async fn execute(&self, sql: String) -> Result {
        let open = self.connection.lock_owned().await;
        let work = move |_: &BlockingContext<R>| match &open.connection {
            Some(connection) => connection.execute_batch(&sql),
            None => unreachable!("it is taken when it is dropped"),
        };
        Ok(unblock(&self.rt, work).wait_on_cancel().await??)
    }
}

impl<R: Runtime> Transact for Client<R> {
    type Error = Box<dyn Error + Send + Sync>;

    async fn begin(&mut self, level: Level) -> Result {
        self.execute(match level {
            Level::Transaction => "BEGIN IMMEDIATE".to_owned(),
            Level::Savepoint(n) => format!("SAVEPOINT s{n}"),
        })
        .await
    }

    async fn commit(&mut self, level: Level) -> Result {
        self.execute(match level {
            Level::Transaction => "COMMIT".to_owned(),
            Level::Savepoint(n) => format!("RELEASE s{n}"),
        })
        .await
    }

    async fn roll_back(&mut self, level: Level) -> Result {
        self.execute(match level {
            Level::Transaction => "ROLLBACK".to_owned(),
            Level::Savepoint(n) => format!("ROLLBACK TO s{n}; RELEASE s{n}"),
        })
        .await
    }

    fn broken(&mut self) {
        self.broken.store(true, Ordering::SeqCst);
    }
}

impl<R: Runtime> TransactionUnderTest for Client<R> {
    async fn put(&mut self, key: u8, value: u32) {
        let upsert = format!("INSERT OR REPLACE INTO entry VALUES ({key}, {value})");
        // In a sweep, its runtime may be gone.
        let _ = self.execute(upsert).await;
    }

    fn released(&self) -> Arc<Event> {
        self.released.clone()
    }
}
