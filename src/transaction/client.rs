//! What can run transactions.

use std::fmt::Debug;
use std::future::Future;
use std::sync::Arc;

use crate::pool::{Lease, PoolManager};
use crate::runtime::Runtime;
use crate::sync::flavour::Flavour;
use crate::sync::mutex::{Guard, Mutex};

/// What is begun, and then committed or rolled back: the transaction itself, or a savepoint in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(
    clippy::exhaustive_enums,
    reason = "a client must serve both, and there is no third"
)]
pub enum Level {
    /// The transaction.
    Transaction,
    /// The savepoint with this number: 1 in the transaction, 2 in savepoint 1, and so on. One that
    /// has ended leaves its number to the next.
    Savepoint(u32),
}

impl Level {
    /// That of a savepoint in this.
    pub(super) fn inner(self) -> Self {
        match self {
            Self::Transaction => Self::Savepoint(1),
            Self::Savepoint(outer) => Self::Savepoint(outer + 1),
        }
    }
}

macro_rules! transact {
    (
        $(#[$doc:meta])*
        $Transact:ident $(, $Send:ident)?
    ) => {
        $(#[$doc])*
        pub trait $Transact: $($Send +)? 'static {
            /// What can go wrong.
            type Error: Debug $(+ $Send)? + 'static;

            /// Begins a transaction, or a savepoint in what was begun last.
            ///
            /// # Cancel safety
            ///
            /// It may be dropped at any await. After that, a client in a transaction is told that
            /// it is [`broken`](Self::broken). One in a savepoint is used on: if the savepoint had
            /// begun, it is left open, with nothing written in it, and ends with what is around it.
            ///
            /// # Errors
            ///
            /// Whatever went wrong. Then nothing counts as begun.
            fn begin(
                &mut self,
                level: Level,
            ) -> impl Future<Output = Result<(), Self::Error>> $(+ $Send)?;

            /// Keeps what was written since `level` began, and ends it. Whatever is open inside of
            /// it ends with it.
            ///
            /// # Errors
            ///
            /// Whatever went wrong, also where the server has rolled back instead. `level` is then
            /// rolled back.
            fn commit(
                &mut self,
                level: Level,
            ) -> impl Future<Output = Result<(), Self::Error>> $(+ $Send)?;

            /// Undoes what was written since `level` began, and ends it. Whatever is open inside
            /// of it ends with it.
            ///
            /// It is called in whatever state the body has left the client: a call of the body's
            /// may have been dropped, half-done, just before.
            ///
            /// # Errors
            ///
            /// Whatever went wrong, if something is still open or may be. That a failed commit has
            /// ended `level` already is no error.
            fn roll_back(
                &mut self,
                level: Level,
            ) -> impl Future<Output = Result<(), Self::Error>> $(+ $Send)?;

            /// Hears that the client, which is dropped next, may have a transaction open.
            ///
            /// One that goes back to an owner tells it that it is of no more use: a pool's lease
            /// leaves the pool. The provided hook does nothing, which is right for a connection that
            /// ends with its client, and wrong for one that stays, as in a mutex.
            fn broken(&mut self) {}
        }

        impl<C: $Transact + ?Sized> $Transact for Box<C> {
            forward!($Transact for C $(, $Send)?);
        }

        impl<C, F> $Transact for Guard<Arc<Mutex<C, F>>, C, F>
        where
            C: $Transact,
            F: Flavour + 'static,
            Self: $($Send +)? 'static,
        {
            forward!($Transact for C $(, $Send)?);
        }

        /// A client that is broken is destroyed.
        impl<R, M> $Transact for Lease<R, M>
        where
            R: Runtime,
            M: PoolManager<Object: $Transact>,
        {
            forward!($Transact for M::Object $(, $Send)?; |lease| lease.mark_broken());
        }
    };
}

macro_rules! forward {
    ($Transact:ident for $C:ty $(, $Send:ident)? $(; |$owner:ident| $mark:expr)?) => {
        type Error = <$C as $Transact>::Error;

        fn begin(
            &mut self,
            level: Level,
        ) -> impl Future<Output = Result<(), Self::Error>> $(+ $Send)? {
            (**self).begin(level)
        }

        fn commit(
            &mut self,
            level: Level,
        ) -> impl Future<Output = Result<(), Self::Error>> $(+ $Send)? {
            (**self).commit(level)
        }

        fn roll_back(
            &mut self,
            level: Level,
        ) -> impl Future<Output = Result<(), Self::Error>> $(+ $Send)? {
            (**self).roll_back(level)
        }

        fn broken(&mut self) {
            (**self).broken();
            $(
                let $owner = self;
                $mark;
            )?
        }
    };
}

transact! {
    /// A client that can run [transactions](super::transaction): a connection, or whatever leads to
    /// one and owns it, such as a pool's lease.
    ///
    /// # For callers
    ///
    /// Nobody but a transaction calls these.
    ///
    /// # For implementers
    ///
    /// Write plain `async fn`s, whose futures must be `Send`; for those that are not there is
    /// [`LocalTransact`]. A call in progress may be dropped with the body that made it, and then
    /// comes `roll_back`: let it wait for what is still under way, or fail. A `Box`, an owned
    /// guard of a [`Mutex`] and a pool's [`Lease`] pass everything on.
    ///
    /// | | `Level::Transaction` | `Level::Savepoint(n)`, in SQL |
    /// |---|---|---|
    /// | `begin` | `BEGIN` | `SAVEPOINT sn` |
    /// | `commit` | `COMMIT` | `RELEASE SAVEPOINT sn` |
    /// | `roll_back` | `ROLLBACK` | `ROLLBACK TO SAVEPOINT sn`, `RELEASE SAVEPOINT sn` |
    ///
    /// # Examples
    ///
    /// ```
    /// use withal::transaction::{Level, Transact};
    /// # struct Connection;
    /// # #[derive(Debug)] struct DbError;
    /// # impl Connection {
    /// #     async fn execute(&mut self, _: &str) -> Result<(), DbError> { Ok(()) }
    /// # }
    ///
    /// impl Transact for Connection {
    ///     type Error = DbError;
    ///
    ///     async fn begin(&mut self, level: Level) -> Result<(), DbError> {
    ///         match level {
    ///             Level::Transaction => self.execute("BEGIN").await,
    ///             Level::Savepoint(n) => self.execute(&format!("SAVEPOINT s{n}")).await,
    ///         }
    ///     }
    ///
    ///     async fn commit(&mut self, level: Level) -> Result<(), DbError> {
    ///         match level {
    ///             Level::Transaction => self.execute("COMMIT").await,
    ///             Level::Savepoint(n) => self.execute(&format!("RELEASE s{n}")).await,
    ///         }
    ///     }
    ///
    ///     async fn roll_back(&mut self, level: Level) -> Result<(), DbError> {
    ///         match level {
    ///             Level::Transaction => self.execute("ROLLBACK").await,
    ///             Level::Savepoint(n) => {
    ///                 self.execute(&format!("ROLLBACK TO s{n}")).await?;
    ///                 self.execute(&format!("RELEASE s{n}")).await
    ///             }
    ///         }
    ///     }
    /// }
    /// ```
    #[diagnostic::on_unimplemented(
        message = "`{Self}` is no client that runs transactions",
        label = "expected a client that owns its connection",
        note = "implement `Transact` for a type of yours that holds `{Self}`"
    )]
    Transact, Send
}

transact! {
    /// A client whose futures are not `Send`: pass its transactions, and their savepoints, as
    /// `Local(transaction(client))`. See [`Transact`].
    #[diagnostic::on_unimplemented(
        message = "`{Self}` is no client that runs transactions on one thread",
        label = "expected a client that owns its connection",
        note = "implement `LocalTransact` for a type of yours that holds `{Self}`; for one that \
                implements `Transact`, leave `Local` out"
    )]
    LocalTransact
}
