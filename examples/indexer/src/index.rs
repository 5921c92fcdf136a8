//! The indexing itself: one function, for every runtime.

mod read;

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use withal::runtime::Runtime;
use withal::scope::ExitError;
use withal::{ScopeError, with};

use crate::blocking::{Discarded, unblock};
use crate::lease::Lease;
use crate::ledger::Ledger;
use crate::progress::Progress;
use crate::scopes::{Batch, BatchError, BatchScope};
use crate::store::{Document, Store, StoreError, Transaction};
use crate::walk::{Found, FoundFile, Walk, WalkError};

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
    /// Files in one transaction.
    pub batch: usize,
    /// Files of a batch that are open at the same time.
    pub width: usize,
    /// Files larger than this are skipped, in bytes: a batch holds up to `width` of them in memory.
    pub max_bytes: u64,
}

impl Options {
    /// To index `root` into `db`.
    pub fn new(root: PathBuf, db: PathBuf) -> Self {
        Self {
            root,
            db,
            other_dbs: Vec::new(),
            busy_timeout: Duration::from_secs(5),
            batch: 128,
            width: 16,
            max_bytes: 16 << 20,
        }
    }

    fn dbs(&self) -> Vec<PathBuf> {
        let all = [&self.db].into_iter().chain(&self.other_dbs);
        all.cloned().collect()
    }
}

/// Why the indexing ended early. What earlier batches committed stays in the index.
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
    /// A batch could not be used, and its transaction did not end as it should have either.
    #[error("{body}; and then the transaction could not be ended")]
    Both {
        /// What went wrong first.
        body: Box<Self>,
        /// What went wrong then.
        source: ExitError<BatchError>,
    },
    /// Something else is wrong with a transaction's scope, such as an end that took too long.
    #[error(transparent)]
    Scope(Box<ScopeError<Self, BatchError>>),
}

/// Indexes `options.root` into `options.db`, so that it holds every text file there and no other.
///
/// Files that cannot be read or are no text are skipped and counted. All counts go to `ledger`:
/// they are right however this ends, also if it is dropped.
///
/// # Cancel safety
///
/// Dropping the future cancels every open scope: files are closed, the batch under way is rolled
/// back. Drop it by way of [`until_stopped`](crate::stop::until_stopped) to wait for that.
///
/// # Errors
///
/// [`IndexError`]; the batch under way was rolled back.
pub async fn index<R: Runtime>(
    rt: &R,
    options: &Options,
    ledger: &Arc<Ledger>,
    progress: &dyn Progress,
) -> Result<(), IndexError> {
    index_in::<R, BatchScope<R>>(rt, options, ledger, progress).await
}

/// As [`index`], with another scope for the transactions.
///
/// # Cancel safety
///
/// As [`index`], if the scope is as good as [`BatchScope`].
///
/// # Errors
///
/// As [`index`].
pub async fn index_in<R: Runtime, B: Batch<R>>(
    rt: &R,
    options: &Options,
    ledger: &Arc<Ledger>,
    progress: &dyn Progress,
) -> Result<(), IndexError> {
    let (root, dbs) = (options.root.clone(), options.dbs());
    // Begun before the database is opened: a folder that is not there leaves no empty index behind.
    let walk = unblock(rt, move || Walk::new(&root, &dbs)).await??;
    let (db, busy_timeout) = (options.db.clone(), options.busy_timeout);
    let store = unblock(rt, move || Store::open(&db, busy_timeout)).await??;
    let files = find(rt, walk, ledger, progress).await?;
    progress.started(files.len() as u64);

    let run = Run {
        rt,
        options,
        ledger,
        progress,
    };
    let mut kept = HashSet::with_capacity(files.len());
    for (number, batch) in files.chunks(options.batch.max(1)).enumerate() {
        let transaction = B::new(rt, &store, ledger);
        let read = with(rt, transaction, async |transaction| {
            run.batch(transaction, batch).await
        })
        .await?;
        kept.extend(read);
        progress.committed((number * options.batch.max(1) + batch.len()) as u64);
    }

    // Last of all, so that a run that is stopped takes nothing out.
    with(rt, B::new(rt, &store, ledger), async |transaction| {
        on_lease(rt, transaction, move |transaction| {
            transaction.keep_only(&kept)
        })
        .await
    })
    .await?;
    Ok(())
}

/// Walks on a stretch at a time: a blocking job cannot be stopped, so none is long.
async fn find<R: Runtime>(
    rt: &R,
    mut walk: Walk,
    ledger: &Arc<Ledger>,
    progress: &dyn Progress,
) -> Result<Vec<FoundFile>, IndexError> {
    const STRETCH: usize = 512;

    let mut files = Vec::new();
    loop {
        let stretch;
        (walk, stretch) = unblock(rt, move || {
            let stretch: Vec<_> = walk.by_ref().take(STRETCH).collect();
            (walk, stretch)
        })
        .await?;
        if stretch.is_empty() {
            return Ok(files);
        }
        let before = files.len();
        for found in stretch {
            match found {
                Found::File(file) => files.push(file),
                Found::Skipped(path, skip) => {
                    ledger.skipped(&skip);
                    progress.skipped(&path, &skip);
                }
            }
        }
        ledger.found((files.len() - before) as u64);
        progress.walking(files.len() as u64);
    }
}

/// What every part of a run needs.
struct Run<'a, R> {
    rt: &'a R,
    options: &'a Options,
    ledger: &'a Arc<Ledger>,
    progress: &'a dyn Progress,
}

impl<R: Runtime> Run<'_, R> {
    /// Reads `files` side by side and writes them as they come. Gives the names of those written.
    async fn batch(
        &self,
        transaction: &Lease<Transaction>,
        files: &[FoundFile],
    ) -> Result<Vec<String>, IndexError> {
        let mut names = Vec::with_capacity(files.len());
        // The file scopes live in a foreign combinator inside this batch's body. When it is
        // dropped, they are handed to the batch's scope, which waits for them before it exits.
        let width = self.options.width.max(1);
        // Collected first: a closure inside the stream would be tied to one lifetime, and the whole
        // would no longer be `Send`.
        let files: Vec<_> = files.iter().map(|file| self.file(file)).collect();
        let mut read = stream::iter(files)
            .buffer_unordered(width)
            .ready_chunks(width);
        while let Some(read) = read.next().await {
            let documents: Vec<Document> = read.into_iter().flatten().collect();
            names.extend(documents.iter().map(|document| document.path.clone()));
            on_lease(self.rt, transaction, move |transaction| {
                documents
                    .iter()
                    .try_for_each(|document| transaction.put(document))
            })
            .await?;
        }
        Ok(names)
    }

    async fn file(&self, file: &FoundFile) -> Option<Document> {
        match read::document(self.rt, file, self.options.max_bytes, self.ledger).await {
            Ok(document) => {
                self.progress.read(&file.name);
                Some(document)
            }
            Err(skip) => {
                self.ledger.skipped(&skip);
                self.progress.skipped(&file.name, &skip);
                None
            }
        }
    }
}

/// Runs `work` on the transaction, in a blocking job.
async fn on_lease<R: Runtime, F>(
    rt: &R,
    transaction: &Lease<Transaction>,
    work: F,
) -> Result<(), IndexError>
where
    F: FnOnce(&mut Transaction) -> Result<(), StoreError> + Send + 'static,
{
    let transaction = transaction.clone();
    // `None`: the scope has ended, so nobody is left to hear of it.
    unblock(rt, move || transaction.with(work).unwrap_or(Ok(()))).await??;
    Ok(())
}

impl From<BatchError> for IndexError {
    fn from(error: BatchError) -> Self {
        match error {
            BatchError::Store(error) => Self::Store(error),
            BatchError::Discarded(error) => Self::Discarded(error),
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
    fn _index_is_send<R: Runtime>(rt: &R, options: &Options, ledger: &Arc<Ledger>) -> impl Send {
        index(rt, options, ledger, &())
    }
};
