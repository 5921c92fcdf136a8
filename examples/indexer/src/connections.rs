//! The connections to the index: pooled, and each used by one blocking job after the other.

use std::fmt;
use std::sync::Arc;

use withal::pool::{PoolError, PoolManager};
use withal::runtime::Runtime;
use withal::sync::Mutex;
use withal::transaction::Level;
use withal::{Pool, Transact};

use crate::blocking::{Discarded, unblock};
use crate::store::{Session, Store, StoreError};

/// All that a run has. They are made when they are needed, and used again.
pub type Connections<R> = Pool<R, Connect<R>>;

/// Makes connections to an index.
pub struct Connect<R> {
    rt: R,
    store: Store,
}

impl<R: Runtime> Connect<R> {
    /// To the index in `store`.
    pub fn new(rt: &R, store: Store) -> Self {
        Self {
            rt: rt.clone(),
            store,
        }
    }
}

impl<R: Runtime> PoolManager for Connect<R> {
    type Object = Connection<R>;
    type Error = BatchError;

    async fn create(&self) -> Result<Connection<R>, BatchError> {
        let store = self.store.clone();
        // Cancelled here, the job drops the session that it opened.
        let session = unblock(&self.rt, move |_| store.session()).await??;
        Ok(Connection {
            rt: self.rt.clone(),
            session: Arc::new(Mutex::new(session)),
        })
    }
}

impl<R> fmt::Debug for Connect<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connect")
            .field("store", &self.store)
            .finish_non_exhaustive()
    }
}

/// A session with the index, whose work is done by blocking jobs.
///
/// A cancelled body drops the handle of its job, but the job is only asked to stop: it may still run.
/// So each has the session locked before it is handed in, and until it has ended: what comes behind
/// it, a rollback above all, waits for it, and none is late. A job that no thread has taken is
/// withdrawn, and its lock with it.
pub struct Connection<R> {
    rt: R,
    session: Arc<Mutex<Session>>,
}

impl<R: Runtime> Connection<R> {
    /// Runs `work` on the session.
    ///
    /// # Errors
    ///
    /// Those of `work`, or [`Discarded`].
    ///
    /// # Cancel safety
    ///
    /// Dropped while it waits for its turn, `work` never runs; later, it may run to its end.
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Session) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, BatchError> {
        let mut session = self.session.lock_owned().await;
        Ok(unblock(&self.rt, move |_| work(&mut session)).await??)
    }
}

impl<R: Runtime> Transact for Connection<R> {
    type Error = BatchError;

    async fn begin(&mut self, level: Level) -> Result<(), BatchError> {
        self.run(move |session| session.begin(level)).await
    }

    async fn commit(&mut self, level: Level) -> Result<(), BatchError> {
        self.run(move |session| session.commit(level)).await
    }

    async fn roll_back(&mut self, level: Level) -> Result<(), BatchError> {
        self.run(move |session| session.roll_back(level)).await
    }
}

impl<R> fmt::Debug for Connection<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").finish_non_exhaustive()
    }
}

/// The index could not be reached, used, or a transaction not ended.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BatchError {
    /// The database is the reason.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The runtime is the reason.
    #[error(transparent)]
    Discarded(#[from] Discarded),
    /// A failed commit could not be rolled back either.
    #[error("{commit}; and then it could not be rolled back")]
    CommitAndRollBack {
        /// Why it was not committed.
        commit: Box<Self>,
        /// Why it was not rolled back.
        #[source]
        roll_back: Box<Self>,
    },
    /// Something else is wrong, such as an end that took too long.
    #[error("{0}")]
    Other(String),
}

impl From<PoolError<Self>> for BatchError {
    fn from(error: PoolError<Self>) -> Self {
        match error {
            PoolError::Create(error) => error,
            other => Self::Other(other.to_string()),
        }
    }
}
