//! Transactions over any client: [`transaction`](transaction()).

mod client;
mod error;
mod handle;
mod slot;
#[cfg(test)]
mod tests;

use std::fmt;

pub use self::client::{Level, LocalTransact, Transact};
pub use self::error::TransactionError;
pub use self::handle::Transaction;
use crate::scope::LocalScope;
use crate::{ExitReason, HandOver, Scope};

/// A scope around a transaction of `client`: committed when the body completes, rolled back when it
/// fails, is cancelled or panics.
///
/// `client` is anything that implements [`Transact`], or [`LocalTransact`], and owns its connection: the
/// lease of a pool, the owned guard of a mutex, the connection itself. The body is lent a
/// [`Transaction`], which leads to it, and in which [savepoints](Transaction::savepoint) nest. When all
/// has ended, and not before, the client is dropped: what leads back to an owner goes back with nothing
/// open.
///
/// A client of which this is not certain is told that it is [`broken`](Transact::broken) first: a
/// rollback failed or panicked, or was itself dropped, or so was the begin.
///
/// # Cancel safety
///
/// Dropped while it begins, the client is broken. Later, it is rolled back; a commit or a rollback in
/// progress goes on to its end. Whoever cancels it waits for that, if it is a combinator of ours.
/// Leaked, nothing is committed, nor rolled back until the connection ends.
///
/// # Errors
///
/// [`TransactionError`]. A body that failed keeps its error, beside that of the rollback if that
/// failed, too; one that completed keeps its value beside the error of the commit.
///
/// # Complexity
///
/// No allocation but for the exit, and one if there are savepoints.
///
/// # Examples
///
/// ```
/// use withal::transaction::{Level, Transact, transaction};
/// use withal::{runtime::NoExecutor, with};
/// # use std::{convert::Infallible, fmt::Error};
///
/// /// A database that prints what it is told.
/// struct Printer;
///
/// impl Transact for Printer {
///     type Error = Infallible;
///
///     async fn begin(&mut self, level: Level) -> Result<(), Infallible> {
///         Ok(println!("begin {level:?}"))
///     }
///
///     async fn commit(&mut self, level: Level) -> Result<(), Infallible> {
///         Ok(println!("commit {level:?}"))
///     }
///
///     async fn roll_back(&mut self, level: Level) -> Result<(), Infallible> {
///         Ok(println!("roll back {level:?}"))
///     }
/// }
///
/// # futures_util::FutureExt::now_or_never(async {
/// let rt = NoExecutor::new();
/// with(&rt, transaction(Printer), async |tx| {
///     // Rolled back on its own.
///     let failed = tx.nested(&rt, async |_| Err::<(), _>(Error)).await;
///     assert_eq!(failed.unwrap_err().into_body().ok(), Some(Error));
///     Ok::<_, Infallible>(())
/// })
/// .await // prints «commit Transaction» in the end
/// # }).unwrap().unwrap();
/// ```
///
/// Source: the transactions of SQL, and `Session.begin` of SQLAlchemy for scopes that nest.
pub fn transaction<C>(client: C) -> TransactionScope<C> {
    TransactionScope::new(Transaction::new(client))
}

/// The scope that [`transaction`] and [`Transaction::savepoint`] make.
#[must_use = "a scope does nothing unless it is entered"]
pub struct TransactionScope<C> {
    /// `None` once it was entered.
    transaction: Option<Transaction<C>>,
}

impl<C> TransactionScope<C> {
    fn new(transaction: Transaction<C>) -> Self {
        Self {
            transaction: Some(transaction),
        }
    }

    fn take(&mut self) -> Transaction<C> {
        match self.transaction.take() {
            Some(transaction) => transaction,
            None => panic!("a transaction was entered twice, by a call of its hooks"),
        }
    }
}

impl<C: Transact> Scope for TransactionScope<C> {
    type Resource = Transaction<C>;
    type Error = TransactionError<C::Error>;
    type OnDrop = HandOver;

    async fn enter(&mut self) -> Result<Transaction<C>, Self::Error> {
        self.take().open().await
    }

    async fn exit(
        self,
        transaction: Transaction<C>,
        reason: ExitReason<'_>,
    ) -> Result<(), Self::Error> {
        transaction.end(reason.is_completed()).await
    }
}

impl<C: LocalTransact> LocalScope for TransactionScope<C> {
    type Resource = Transaction<C>;
    type Error = TransactionError<C::Error>;
    type OnDrop = HandOver;

    async fn enter(&mut self) -> Result<Transaction<C>, Self::Error> {
        self.take().open_local().await
    }

    async fn exit(
        self,
        transaction: Transaction<C>,
        reason: ExitReason<'_>,
    ) -> Result<(), Self::Error> {
        transaction.end_local(reason.is_completed()).await
    }
}

impl<C> fmt::Debug for TransactionScope<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TransactionScope").finish_non_exhaustive()
    }
}
