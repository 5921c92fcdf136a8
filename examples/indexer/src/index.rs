//! The indexing itself: one function, for every runtime.

mod lines;
mod pipeline;
mod read;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use withal::error_group::{Origin, Phase};
use withal::runtime::Runtime;
use withal::scope::ExitError;
use withal::{CancelToken, ErrorGroup, JoinError, Pool, ScopeError, with, with_borrowing};

use self::pipeline::Pipeline;
use crate::blocking::{Discarded, unblock};
use crate::connections::{BatchError, Connect, Connections};
use crate::files::{Disk, Files};
use crate::ledger::Ledger;
use crate::progress::Progress;
use crate::scopes::{MakeBatch, batch};
use crate::store::{Store, StoreError};
use crate::walk::{Walk, WalkError};

/// What to index, where to, and how.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Options {
    /// The folder.
    pub root: PathBuf,
    /// The database.
    pub db: PathBuf,
    /// Other databases of this program that may lie in the folder.
    pub other_dbs: Vec<PathBuf>,
    /// How long to wait for another program's lock on the database.
    pub busy_timeout: Duration,
    /// Paths that may wait to be read: the walk is ahead of the reading by these and a small stretch.
    pub queue: usize,
    /// How many files are read at the same time.
    pub workers: usize,
    /// Documents in one transaction.
    pub batch: usize,
    /// Files larger than this are skipped, in bytes: about twice `workers` of them are in memory.
    pub max_bytes: u64,
    /// How many files to index, unless there are fewer; those that are in the index as they are count,
    /// too.
    pub limit: Option<u64>,
    /// A file that takes longer to read is skipped. The longest there is stands for no limit.
    pub file_timeout: Duration,
    /// Where the texts come from.
    pub files: Arc<dyn Files>,
}

impl Options {
    /// To index `root` into `db`.
    pub fn new(root: PathBuf, db: PathBuf) -> Self {
        Self {
            root,
            db,
            other_dbs: Vec::new(),
            busy_timeout: Duration::from_secs(5),
            queue: 64,
            workers: 16,
            batch: 128,
            max_bytes: 16 << 20,
            limit: None,
            file_timeout: Duration::MAX,
            files: Arc::new(Disk),
        }
    }

    fn dbs(&self) -> Vec<PathBuf> {
        let all = [&self.db].into_iter().chain(&self.other_dbs);
        all.cloned().collect()
    }
}

/// One run: what is to be done, who hears of it, and who may stop it.
#[derive(Clone)]
#[non_exhaustive]
pub struct Job {
    /// What to index, where to, and how.
    pub options: Options,
    /// Gets all counts: they are right however the run ends, also if it is dropped.
    pub ledger: Arc<Ledger>,
    /// Watches.
    pub progress: Arc<dyn Progress>,
    /// Asks the run to end: then no more files are taken up, and those in work go all the way.
    pub stop: CancelToken,
}

impl Job {
    /// One that nobody watches, nor stops.
    pub fn new(options: Options) -> Self {
        Self {
            options,
            ledger: Arc::default(),
            progress: Arc::new(()),
            stop: CancelToken::new(),
        }
    }
}

impl fmt::Debug for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Job")
            .field("options", &self.options)
            .field("stop", &self.stop)
            .finish_non_exhaustive()
    }
}

/// How far the indexing got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "a program's own type: every case is to be handled"
)]
pub enum Extent {
    /// All files of the folder are in the index, and no others.
    Whole,
    /// As many as [`Options::limit`] says are in the index; which ones is open, as several are read
    /// at the same time. What was there before is there still.
    Limited,
    /// It was asked to end: what had been begun is in the index. What was there before is there still.
    Stopped,
}

/// Why the indexing ended early. What earlier transactions committed stays in the index.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IndexError {
    /// The folder cannot be walked.
    #[error(transparent)]
    Walk(#[from] WalkError),
    /// The database cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The runtime went away.
    #[error(transparent)]
    Discarded(#[from] Discarded),
    /// Something else is wrong with a transaction.
    #[error(transparent)]
    Batch(BatchError),
    /// A transaction could not be used, and did not end as it should have either.
    #[error("{body}; and then the transaction could not be ended")]
    Both {
        /// What went wrong first.
        body: Box<Self>,
        /// What went wrong then.
        source: ExitError<BatchError>,
    },
    /// A stage of the work has come to no end of its own.
    #[error(transparent)]
    Stage(#[from] JoinError),
    /// Something else is wrong with a transaction's scope, such as an end that took too long.
    #[error(transparent)]
    Scope(Box<ScopeError<Self, BatchError>>),
}

/// Indexes a folder into a database, so that it holds every text file there and no other; or as many
/// as [`Options::limit`] says, or as were read when it was asked to [stop](Job::stop).
///
/// What it holds in memory does not depend on how many files there are: a walker, readers and a writer
/// pass them on by short queues, and what must be remembered is in the database. They are the tasks of
/// one group, so that none is left behind.
///
/// At the limit, files that are open are closed before their end, and the walk stops where it is.
///
/// Files that cannot be read, take too long or are no text are skipped and counted.
///
/// # Cancel safety
///
/// Dropping the future cancels every open scope: files are closed, the batch under way is rolled
/// back. Drop it by way of [`until_stopped`](crate::stop::until_stopped) to wait for that.
///
/// # Errors
///
/// [`IndexError`]s, each with the stage that it comes from; the batch under way was rolled back.
pub async fn index<R: Runtime>(rt: &R, job: &Job) -> Result<Extent, ErrorGroup<IndexError>> {
    index_in(rt, job, batch).await
}

/// As [`index`], with other scopes for the transactions.
///
/// # Cancel safety
///
/// As [`index`], if the scopes are as good as [`batch`].
///
/// # Errors
///
/// As [`index`].
pub async fn index_in<R: Runtime>(
    rt: &R,
    job: &Job,
    make_batch: MakeBatch<R>,
) -> Result<Extent, ErrorGroup<IndexError>> {
    let opened = open(rt, &job.options).await;
    let (walk, store) = opened.map_err(|error| failed("opening", error))?;
    // Only the writer writes. Closed, and waited for, however this ends.
    let connections = Pool::builder(rt, Connect::new(rt, store)).max(1).scope();
    let indexed = with(rt, connections, async |connections| {
        index_by(rt, job, walk, connections, make_batch).await
    });
    indexed.await.map_err(|error| match error.into_body() {
        Ok(errors) => errors,
        Err(error) => failed("closing", BatchError::Other(error.to_string()).into()),
    })
}

async fn index_by<R: Runtime>(
    rt: &R,
    job: &Job,
    walk: Walk,
    connections: &Connections<R>,
    make_batch: MakeBatch<R>,
) -> Result<Extent, ErrorGroup<IndexError>> {
    let numbered = number(connections).await;
    let run = numbered.map_err(|error| failed("opening", error.into()))?;
    let pipeline = Pipeline::new(rt, job, connections, make_batch, run);
    let extent = pipeline.run(walk).await?;
    // Only of a whole run, so that one that is stopped, or limited, takes nothing out.
    if let Extent::Whole = extent {
        let batch = make_batch(rt, connections, &job.ledger);
        let removed = with_borrowing(rt, batch, async |writer| {
            // What this run has not come across.
            Ok(writer.write(move |session| session.keep_seen(run)).await?)
        });
        removed
            .await
            .map_err(|error| failed("removing what is gone", error.into()))?;
    }
    Ok(extent)
}

/// An error from before or after the stages.
fn failed(name: &'static str, error: IndexError) -> ErrorGroup<IndexError> {
    let mut group = ErrorGroup::new("the indexing failed");
    group.push(Origin::new(Phase::Body).named(name), error);
    group
}

/// Begins the walk, and opens the database.
async fn open<R: Runtime>(rt: &R, options: &Options) -> Result<(Walk, Store), IndexError> {
    let (root, dbs) = (options.root.clone(), options.dbs());
    // Begun before the database is opened: a folder that is not there leaves no empty index behind.
    let walk = unblock(rt, move |_| Walk::new(&root, &dbs)).await??;
    let (db, busy_timeout) = (options.db.clone(), options.busy_timeout);
    let store = unblock(rt, move |_| Store::open(&db, busy_timeout)).await??;
    Ok((walk, store))
}

/// Gives the run a number.
async fn number<R: Runtime>(connections: &Connections<R>) -> Result<i64, BatchError> {
    let connection = connections.take().await?;
    connection.run(|session| session.next_run()).await
}

impl From<BatchError> for IndexError {
    fn from(error: BatchError) -> Self {
        match error {
            BatchError::Store(error) => Self::Store(error),
            BatchError::Discarded(error) => Self::Discarded(error),
            other => Self::Batch(other),
        }
    }
}

impl<T> From<ScopeError<Self, BatchError, T>> for IndexError {
    fn from(error: ScopeError<Self, BatchError, T>) -> Self {
        match error.without_value() {
            ScopeError::Body(body) => body,
            ScopeError::Enter(error) => error.into(),
            ScopeError::Exit {
                error: ExitError::Failed(error),
                ..
            } => error.into(),
            ScopeError::Both { body, exit } => Self::Both {
                body: Box::new(body),
                source: exit,
            },
            other => Self::Scope(Box::new(other)),
        }
    }
}

const _: () = {
    /// The indexing can be spawned, not only waited for on one thread.
    fn _index_is_send<R: Runtime>(rt: &R, job: &Job) -> impl Send {
        index(rt, job)
    }
};
