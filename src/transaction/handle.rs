//! A transaction that is open, as its body sees it.

mod ends;

use std::fmt;
use std::future::{Future, poll_fn};
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, OnceLock};

use super::TransactionScope;
use super::client::{Level, Transact};
use super::error::TransactionError;
use super::slot::{Missing, Slot};
use crate::runtime::Cleanup;
use crate::{Body, ScopeError, with};

/// A transaction, or a savepoint, that is open: leads to its client.
///
/// # Panics
///
/// Where it leads to the client while a savepoint in it has that: use the savepoint there. A savepoint
/// of [`nested`](Self::nested) borrows the transaction, so that the compiler sees it; one of
/// [`savepoint`](Self::savepoint) cannot. If code that does not wait has dropped a savepoint, the
/// client comes back when that is rolled back: see [`ready`](Self::ready).
#[must_use = "a transaction ends with its scope"]
pub struct Transaction<C> {
    /// Empty while the client is with a savepoint, and until the next look after that has ended.
    client: OnceLock<C>,
    level: Level,
    stage: Stage,
    rollback_only: bool,
    /// Where savepoints in this leave the client; made for the first one.
    inner: Option<Arc<Slot<C>>>,
    /// Where this leaves the client: nowhere, if it is the transaction itself.
    outer: Option<Arc<Slot<C>>>,
    /// [`Transact::broken`], so that the drop needs no bound.
    broken: fn(&mut C),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Not begun, or ended.
    Closed,
    Beginning,
    Open,
}

impl<C> Transaction<C> {
    pub(super) fn new(client: C) -> Self {
        Self {
            client: OnceLock::from(client),
            level: Level::Transaction,
            stage: Stage::Closed,
            rollback_only: false,
            inner: None,
            outer: None,
            // Nothing is open yet.
            broken: |_| {},
        }
    }

    /// A savepoint in this transaction, which is a scope, like the transaction: what is written in its
    /// body is kept if that completes, and undone if it ends in any other way; kept for good if the
    /// transaction is committed.
    ///
    /// It has the client until it has ended, also where it is not run yet: give it to
    /// [`with`] at once, and use what its body is lent.
    ///
    /// # Cancel safety
    ///
    /// As [`transaction`](super::transaction()). Whoever cancels it waits until it is rolled back, if
    /// it is a combinator of ours. Dropped by foreign code it is rolled back on the executor, and this
    /// transaction does not end before that; to use the client, wait for [`ready`](Self::ready).
    /// Leaked, it keeps the client: this transaction ends with
    /// [`Lent`](super::TransactionError::Lent), and is rolled back by the server when the
    /// connection ends.
    ///
    /// # Panics
    ///
    /// If another savepoint in this has the client.
    ///
    /// # Complexity
    ///
    /// One allocation for each transaction that has savepoints, and the exit's.
    ///
    /// # Examples
    ///
    /// ```
    /// use withal::transaction::{Transact, Transaction};
    /// use withal::{runtime::Cleanup, with};
    ///
    /// # async fn insert(_: &mut impl Transact, _: &str) -> Result<(), std::fmt::Error> { Ok(()) }
    /// /// Keeps those lines that can be kept.
    /// async fn import(rt: &impl Cleanup, tx: &mut Transaction<impl Transact>, lines: &[&str]) {
    ///     for line in lines {
    ///         let kept = with(rt, tx.savepoint(), async |tx| insert(&mut **tx, line).await);
    ///         if let Err(error) = kept.await {
    ///             println!("left out {line}: {error:?}");
    ///         }
    ///     }
    /// }
    /// ```
    #[track_caller]
    pub fn savepoint(&mut self) -> TransactionScope<C> {
        self.fetch();
        let inner = self.inner.get_or_insert_with(Arc::default);
        let Some(client) = self.client.take() else {
            unreachable!("it has just been fetched");
        };
        inner.lend();
        let mut savepoint = Self::new(client);
        savepoint.level = self.level.inner();
        savepoint.outer = Some(Arc::clone(inner));
        savepoint.broken = self.broken;
        TransactionScope::new(savepoint)
    }

    /// Runs `body` in a savepoint: `with(rt, tx.savepoint(), body)`, while which this transaction
    /// is borrowed.
    ///
    /// Cancel safety and complexity are those of [`savepoint`](Self::savepoint); panics as [`with`].
    ///
    /// # Errors
    ///
    /// As [`with`].
    ///
    /// # Examples
    ///
    /// ```
    /// # use withal::ScopeError;
    /// # use withal::runtime::Cleanup;
    /// # use withal::transaction::{Transact, Transaction, TransactionError};
    /// # type Error<E> = ScopeError<std::fmt::Error, TransactionError<E>>;
    /// # async fn withdraw(_: &mut impl Transact) -> Result<(), std::fmt::Error> { Ok(()) }
    /// # async fn deposit(_: &mut impl Transact) -> Result<(), std::fmt::Error> { Ok(()) }
    /// /// Does both, or neither.
    /// async fn transfer<C: Transact>(
    ///     rt: &impl Cleanup,
    ///     tx: &mut Transaction<C>,
    /// ) -> Result<(), Error<C::Error>> {
    ///     tx.nested(rt, async |tx| {
    ///         withdraw(&mut **tx).await?;
    ///         deposit(&mut **tx).await
    ///     })
    ///     .await
    /// }
    /// ```
    ///
    /// What it borrows cannot be used beside it:
    ///
    /// ```compile_fail,E0499
    /// # use withal::{runtime::Cleanup, transaction::{Transact, Transaction}};
    /// # async fn outer<C: Transact>(rt: &impl Cleanup, tx: &mut Transaction<C>) {
    /// let nested = tx.nested(rt, async |_| {
    ///     tx.set_rollback_only(); // that of the transaction around it
    ///     Ok::<_, std::fmt::Error>(())
    /// });
    /// # drop(nested.await);
    /// # }
    /// ```
    #[track_caller]
    pub fn nested<'t, 'r, R, F, T, E>(
        &'t mut self,
        rt: &'r R,
        body: F,
    ) -> impl Future<Output = Nested<T, E, C>> + use<'t, 'r, R, F, T, E, C>
    where
        C: Transact,
        R: Cleanup,
        F: for<'a> Body<&'a mut Self, Out = Result<T, E>>
            + for<'a> AsyncFnOnce(&'a mut Self) -> Result<T, E>,
        E: fmt::Debug + Send + Sync + 'static,
    {
        with(rt, self.savepoint(), body)
    }

    /// Has this rolled back, even if its body completes.
    ///
    /// The scope's value is then that of the body, as if it had been kept. There is no opposite: a body
    /// that fails is not committed.
    pub fn set_rollback_only(&mut self) {
        self.rollback_only = true;
    }

    /// Whether [`set_rollback_only`](Self::set_rollback_only) was called.
    pub fn is_rollback_only(&self) -> bool {
        self.rollback_only
    }

    /// Whether this is the transaction itself, or which savepoint in it.
    pub fn level(&self) -> Level {
        self.level
    }

    /// Waits until the client is back from a savepoint that was dropped by code which does not wait.
    ///
    /// Our own combinators wait themselves, unless a budget keeps them from it. If nothing was dropped, it
    /// is ready at once.
    ///
    /// The savepoint is rolled back by the executor: where that runs nothing, this waits for ever, and
    /// so it does for a savepoint that was leaked.
    ///
    /// # Cancel safety
    ///
    /// Dropped or leaked, it leaves everything as it is.
    ///
    /// # Panics
    ///
    /// If the client is lost, since a savepoint inside of the savepoint was leaked.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use withal::{ScopeError, runtime::Cleanup, transaction::{Transact, Transaction}, with};
    /// # async fn lookup<C: Transact>(rt: &impl Cleanup, tx: &mut Transaction<C>) {
    /// # async fn import(_: &mut impl Transact) -> Result<(), std::fmt::Error> { Ok(()) }
    /// let imported = with(rt, tx.savepoint(), async |tx| import(&mut **tx).await);
    /// let limit = tokio::time::timeout(Duration::from_secs(1), imported); // does not wait
    /// if limit.await.is_err() {
    ///     tx.ready().await;
    /// }
    /// # }
    /// ```
    pub async fn ready(&mut self) {
        if let (None, Some(inner)) = (self.client.get(), &self.inner) {
            poll_fn(|cx| inner.poll_back(cx)).await;
        }
        self.fetch();
    }

    /// Has the client in here.
    #[track_caller]
    fn fetch(&mut self) {
        if self.client.get().is_none() {
            match self.recall() {
                Ok(client) => self.client = OnceLock::from(client),
                Err(missing) => panic!("{missing}"),
            }
        }
    }

    fn recall(&self) -> Result<C, Missing> {
        // Without savepoints the client is here, unless it was lost on the way to its end.
        self.inner
            .as_ref()
            .map_or(Err(Missing::Lost), |inner| inner.recall())
    }

    /// Has the client in here for the last time, if it is not with a savepoint. Whether all in it was
    /// ended well.
    fn close(&mut self) -> bool {
        let Some(inner) = self.inner.take() else {
            return true;
        };
        let (client, dirty) = inner.close();
        if let Some(client) = client {
            self.client = OnceLock::from(client);
        }
        !dirty
    }
}

/// What [`Transaction::nested`] gives.
type Nested<T, E, C> = Result<T, ScopeError<E, TransactionError<<C as Transact>::Error>, T>>;

impl<C> Deref for Transaction<C> {
    type Target = C;

    #[track_caller]
    fn deref(&self) -> &C {
        self.client.get_or_init(|| match self.recall() {
            Ok(client) => client,
            Err(missing) => panic!("{missing}"),
        })
    }
}

impl<C> DerefMut for Transaction<C> {
    #[track_caller]
    fn deref_mut(&mut self) -> &mut C {
        self.fetch();
        match self.client.get_mut() {
            Some(client) => client,
            None => unreachable!("it has just been fetched"),
        }
    }
}

impl<C> fmt::Debug for Transaction<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transaction")
            .field("level", &self.level)
            .field("rollback_only", &self.rollback_only)
            .finish_non_exhaustive()
    }
}
