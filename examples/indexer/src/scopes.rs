//! What is opened and closed: files, and transactions of the index.
//!
//! A file is a class with its hooks, a batch a closure with a transaction in it. The work on both is
//! done by blocking jobs, and a cancelled body leaves its job running: so the exit waits for that, by
//! taking back the file's [`Lease`], or by the turn that each job has on a [`Connection`].

use std::io::{self, BufReader};
use std::marker::PhantomData;
use std::path::PathBuf;
use std::sync::Arc;

use withal::runtime::Runtime;
use withal::scope::{
    BorrowingScopeFn, Ended, ExitError, ForLt, HandOver, LendMut, Scope, scope_fn_borrowing,
};
use withal::{ExitReason, ScopeError, TransactionError, transaction, with};

use crate::blocking::{Discarded, unblock};
use crate::connections::{BatchError, Connection, Connections};
use crate::files::{Files, OpenFile};
use crate::lease::Lease;
use crate::ledger::Ledger;
use crate::store::{Session, StoreError, Written};

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

/// The scope of a batch: a transaction on a connection of the pool, and the books about it.
pub type BatchScope<R> = BorrowingScopeFn<Writing<R>, BatchError>;

/// What makes the scopes of batches: [`batch`], or another in its place, such as a test has.
pub type MakeBatch<R> = fn(&R, &Connections<R>, &Arc<Ledger>) -> BatchScope<R>;

/// The scope of one transaction: committed when the body completed, rolled back when it ended in any
/// other way, and noted in `ledger`. The connection is back in its pool when it has ended.
pub fn batch<R: Runtime>(
    rt: &R,
    connections: &Connections<R>,
    ledger: &Arc<Ledger>,
) -> BatchScope<R> {
    let (rt, connections, ledger) = (rt.clone(), connections.clone(), Arc::clone(ledger));
    scope_fn_borrowing(async move |lend: LendMut<'_, Writing<R>>| {
        let connection = connections.take().await?;
        let scoped = with(&rt, transaction(connection), async |transaction| {
            ledger.batches.enter();
            let mut writer = Writer::new(transaction);
            let ended = lend.lend(&mut writer).await;
            match ended.is_completed() {
                true => Ok((ended, writer.written)),
                false => Err(Undone(ended)),
            }
        });
        let (ended, error) = match scoped.await {
            Ok((ended, written)) => {
                ledger.committed(&written);
                (ended, None)
            }
            Err(ScopeError::Body(Undone(ended))) => (ended, None),
            Err(ScopeError::Exit { error, value }) => (value.0, Some(error)),
            Err(ScopeError::Both { body, exit }) => (body.0, Some(exit)),
            Err(ScopeError::Enter(error)) => return Err(error.into()),
            Err(other) => return Err(BatchError::Other(other.to_string())),
        };
        ledger.batches.exit(ended.kind());
        error.map_or(Ok(ended), |error| Err(error.into()))
    })
}

/// A body that did not complete: its transaction fails by that, and is rolled back.
#[derive(Debug, thiserror::Error)]
#[error("the body did not complete")]
struct Undone(Ended);

/// Says what a batch lends: a [`Writer`].
#[derive(Debug)]
pub struct Writing<R>(PhantomData<fn() -> R>);

impl<R: 'static> ForLt for Writing<R> {
    type Of<'c> = Writer<'c, R>;
}

/// A transaction under way, and what it has written so far.
#[derive(Debug)]
pub struct Writer<'c, R> {
    connection: &'c mut Connection<R>,
    written: Written,
}

impl<'c, R: Runtime> Writer<'c, R> {
    /// Writes by `connection`, in the transaction that is open there.
    pub fn new(connection: &'c mut Connection<R>) -> Self {
        Self {
            connection,
            written: Written::default(),
        }
    }

    /// Does `work`, in a blocking job.
    ///
    /// # Errors
    ///
    /// Those of `work`; or the runtime is gone.
    ///
    /// # Cancel safety
    ///
    /// Dropped, the job may still run; it is rolled back with all the rest.
    pub async fn write(
        &mut self,
        work: impl FnOnce(&mut Session) -> Result<Written, StoreError> + Send + 'static,
    ) -> Result<(), BatchError> {
        self.written += self.connection.run(work).await?;
        Ok(())
    }
}

impl From<TransactionError<Self>> for BatchError {
    fn from(error: TransactionError<Self>) -> Self {
        match error {
            TransactionError::Begin(error)
            | TransactionError::Commit(error)
            | TransactionError::RollBack(error) => error,
            TransactionError::CommitAndRollBack { commit, roll_back } => Self::CommitAndRollBack {
                commit: Box::new(commit),
                roll_back: Box::new(roll_back),
            },
            other => Self::Other(other.to_string()),
        }
    }
}

impl From<ExitError<TransactionError<Self>>> for BatchError {
    fn from(error: ExitError<TransactionError<Self>>) -> Self {
        match error {
            ExitError::Failed(error) => error.into(),
            other => Self::Other(other.to_string()),
        }
    }
}
