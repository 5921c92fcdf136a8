//! How a transaction begins and ends, and where its client goes then.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

use super::super::client::{Level, LocalTransact, Transact};
use super::super::error::TransactionError;
use super::{Stage, Transaction};

macro_rules! ends {
    ($Transact:ident, $open:ident, $end:ident) => {
        impl<C: $Transact> Transaction<C> {
            /// Dropped on the way, or panicked out of, the client goes back as the drop says.
            pub(in super::super) async fn $open(
                mut self,
            ) -> Result<Self, TransactionError<C::Error>> {
                self.broken = C::broken;
                self.stage = Stage::Beginning;
                let level = self.level;
                let Some(client) = self.client.get_mut() else {
                    return Err(TransactionError::Lent);
                };
                let begun = client.begin(level).await;
                match begun {
                    Ok(()) => {
                        self.stage = Stage::Open;
                        Ok(self)
                    }
                    Err(error) => {
                        self.stage = Stage::Closed;
                        Err(TransactionError::Begin(error))
                    }
                }
            }

            /// The same: while it is open, its client goes nowhere unnoticed.
            pub(in super::super) async fn $end(
                mut self,
                completed: bool,
            ) -> Result<(), TransactionError<C::Error>> {
                let clean = self.close();
                let commits = completed && !self.rollback_only;
                let (level, stage) = (self.level, &mut self.stage);
                let Some(client) = self.client.get_mut() else {
                    return Err(TransactionError::Lent);
                };
                let outlived = || self.outer.as_ref().is_some_and(|outer| outer.is_closed());
                let mut ended = Ok(());
                if !outlived() {
                    if commits && clean {
                        match client.commit(level).await {
                            Ok(()) => *stage = Stage::Closed,
                            Err(error) => ended = Err(TransactionError::Commit(error)),
                        }
                    } else if commits {
                        ended = Err(TransactionError::Unclean);
                    }
                    if *stage == Stage::Open {
                        match client.roll_back(level).await {
                            Ok(()) => *stage = Stage::Closed,
                            Err(error) => ended = Err(not_rolled_back(ended, error)),
                        }
                    }
                }
                if outlived() {
                    // Nobody else is left to end what is around it.
                    self.level = Level::Transaction;
                    *stage = Stage::Open;
                    match client.roll_back(Level::Transaction).await {
                        Ok(()) => {
                            *stage = Stage::Closed;
                            if commits && ended.is_ok() {
                                ended = Err(TransactionError::Outlived);
                            }
                        }
                        Err(error) => ended = Err(not_rolled_back(ended, error)),
                    }
                }
                ended
            }
        }
    };
}

/// What `ended` comes to when the rollback fails.
fn not_rolled_back<E>(ended: Result<(), TransactionError<E>>, roll_back: E) -> TransactionError<E> {
    match ended {
        Err(TransactionError::Commit(commit)) => {
            TransactionError::CommitAndRollBack { commit, roll_back }
        }
        _ => TransactionError::RollBack(roll_back),
    }
}

ends!(Transact, open, end);
ends!(LocalTransact, open_local, end_local);

impl<C> Drop for Transaction<C> {
    fn drop(&mut self) {
        self.close();
        let outer = self.outer.take();
        let Some(mut client) = self.client.take() else {
            outer.into_iter().for_each(|outer| outer.lose());
            return;
        };
        let dirty = match (self.stage, &outer) {
            (Stage::Closed, _) => false,
            // A savepoint in which nothing was written does no harm.
            (Stage::Beginning, Some(_)) => thread::panicking(),
            (Stage::Beginning, None) | (Stage::Open, _) => true,
        };
        let broken = match outer {
            Some(outer) => match outer.give_back(client, dirty) {
                Ok(()) => return,
                // What is around it has come to its end without the client: it is still open there.
                Err(back) => {
                    client = back;
                    self.level != Level::Transaction || dirty
                }
            },
            None => dirty,
        };
        if !broken {
            return;
        }
        let mut mark = || (self.broken)(&mut client);
        if thread::panicking() {
            // A second panic would abort; the panic hook has told of this one.
            let _ = catch_unwind(AssertUnwindSafe(mark));
        } else {
            mark();
        }
    }
}
