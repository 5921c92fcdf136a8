//! What is opened and closed: files, and transactions of the index.
//!
//! Both scopes hand their resource out as a [`Lease`]: the work on it is done by blocking jobs, and
//! a cancelled body leaves its job running. The exit takes the lease back, which waits for that job.

use std::io::{self, BufReader};
use std::path::PathBuf;
use std::sync::Arc;

use withal::ExitReason;
use withal::runtime::Runtime;
use withal::scope::{HandOver, Scope};

use crate::blocking::{Discarded, unblock};
use crate::files::{Files, OpenFile};
use crate::lease::Lease;
use crate::ledger::Ledger;
use crate::store::{Store, StoreError, Transaction, Written};

/// An open file: closed when the scope ends.
#[derive(Debug)]
pub struct FileScope<R> {
    rt: R,
    files: Arc<dyn Files>,
    path: PathBuf,
    ledger: Arc<Ledger>,
}

impl<R: Runtime> FileScope<R> {
    /// The scope of the file at `path`, to be noted in `ledger`.
    pub fn new(rt: &R, files: &Arc<dyn Files>, path: PathBuf, ledger: &Arc<Ledger>) -> Self {
        Self {
            rt: rt.clone(),
            files: Arc::clone(files),
            path,
            ledger: Arc::clone(ledger),
        }
    }
}

impl<R: Runtime> Scope for FileScope<R> {
    type Resource = Lease<BufReader<OpenFile>>;
    type Error = FileError;
    type OnDrop = HandOver;

    async fn enter(&mut self) -> Result<Lease<BufReader<OpenFile>>, FileError> {
        let (files, path) = (self.files.clone(), self.path.clone());
        // Cancelled here, the job drops the file that it opened: nothing is left to exit.
        let file = unblock(&self.rt, move |_| files.open(&path)).await??;
        self.ledger.files.enter();
        Ok(Lease::new(BufReader::new(file)))
    }

    async fn exit(
        self,
        file: Lease<BufReader<OpenFile>>,
        reason: ExitReason<'_>,
    ) -> Result<(), FileError> {
        let kind = reason.kind();
        // To close a file can block as well as to read one (network file systems).
        let closed = unblock(&self.rt, move |_| drop(file.take_back())).await;
        self.ledger.files.exit(kind);
        Ok(closed?)
    }
}

/// A file could not be opened or closed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// The file is the reason.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The runtime is the reason.
    #[error(transparent)]
    Discarded(#[from] Discarded),
}

/// The scope of a batch's transaction: [`BatchScope`], or another in its place, such as a test has.
pub trait Batch<R>: Scope<Resource = Lease<Transaction>, Error = BatchError> + 'static {
    /// The scope of one transaction on `store`, to be noted in `ledger`.
    fn new(rt: &R, store: &Store, ledger: &Arc<Ledger>) -> Self;
}

/// A transaction: committed when the body completed, rolled back when it ended in any other way.
#[derive(Debug)]
pub struct BatchScope<R> {
    rt: R,
    store: Store,
    ledger: Arc<Ledger>,
}

impl<R: Runtime> Batch<R> for BatchScope<R> {
    fn new(rt: &R, store: &Store, ledger: &Arc<Ledger>) -> Self {
        Self {
            rt: rt.clone(),
            store: store.clone(),
            ledger: Arc::clone(ledger),
        }
    }
}

impl<R: Runtime> Scope for BatchScope<R> {
    type Resource = Lease<Transaction>;
    type Error = BatchError;
    type OnDrop = HandOver;

    async fn enter(&mut self) -> Result<Lease<Transaction>, BatchError> {
        let store = self.store.clone();
        // Cancelled here, the job drops the transaction that it began, which rolls it back.
        let transaction = unblock(&self.rt, move |_| store.begin()).await??;
        self.ledger.batches.enter();
        Ok(Lease::new(transaction))
    }

    async fn exit(
        self,
        transaction: Lease<Transaction>,
        reason: ExitReason<'_>,
    ) -> Result<(), BatchError> {
        let kind = reason.kind();
        let commit = reason.is_completed();
        let ended = unblock(&self.rt, move |_| {
            let Some(transaction) = transaction.take_back() else {
                return Ok(Written::default());
            };
            if commit {
                transaction.commit()
            } else {
                transaction.rollback().map(|()| Written::default())
            }
        })
        .await;
        if let Ok(Ok(written)) = &ended {
            self.ledger.committed(written);
        }
        self.ledger.batches.exit(kind);
        Ok(ended?.map(drop)?)
    }
}

/// A transaction could not begin, be used, or end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BatchError {
    /// The database is the reason.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The runtime is the reason.
    #[error(transparent)]
    Discarded(#[from] Discarded),
}
