use std::collections::BTreeMap;
use std::future::{Future, pending};
use std::panic::resume_unwind;
use std::pin::pin;
use std::sync::Arc;

use futures_util::future::{BoxFuture, FutureExt as _, select};
use withal::runtime::Runtime;
use withal::{ScopeError, Transact, Transaction, either, transaction, with};
use withal_sync::Event;

use crate::log::{spawns_nothing, within_patience};
use crate::poll::caught;
use crate::probe::Failed;

/// A client on which [programs](Program) are played.
pub trait TransactionUnderTest: Transact {
    /// Writes `value` at `key`.
    fn put(&mut self, key: u8, value: u32) -> impl Future<Output = ()> + Send;

    /// Is set when the client, and whatever it has under way, is gone.
    fn released(&self) -> Arc<Event>;
}

/// What a transaction or a savepoint does, and how it ends.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "made by hand, too")]
pub struct Program {
    /// In order.
    pub steps: Vec<Step>,
    /// After those.
    pub end: End,
}

/// A step of a [`Program`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "made by hand, too")]
pub enum Step {
    /// Writes a value at a key.
    Put(u8, u32),
    /// Runs this in a savepoint.
    Nested(Program),
}

/// How a [`Program`] ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "made by hand, too")]
pub enum End {
    /// Its body completes.
    Completes,
    /// Its body completes, and asks for a rollback.
    RollsBack,
    /// Its body fails.
    Fails,
    /// Its body panics.
    Panics,
    /// It is cancelled by a combinator of ours.
    Cancelled,
    /// It is dropped by code that does not wait.
    Dropped,
}

impl End {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Completes,
        Self::RollsBack,
        Self::Fails,
        Self::Panics,
        Self::Cancelled,
        Self::Dropped,
    ];
}

impl Program {
    /// Every program of savepoints in one another, `depth` deep, with each of its ends at each level,
    /// and writes before, inside and after each.
    pub fn all(depth: u32) -> Vec<Self> {
        Self::all_from(depth, 1)
    }

    fn all_from(depth: u32, value: u32) -> Vec<Self> {
        let programs = End::ALL.into_iter().flat_map(|end| {
            let inner = match depth {
                0 => vec![None],
                _ => Self::all_from(depth - 1, value + 2)
                    .into_iter()
                    .map(Some)
                    .collect(),
            };
            inner.into_iter().map(move |inner| {
                let mut steps = vec![Step::Put(0, value)];
                let after = Step::Put(u8::try_from(value).unwrap_or(u8::MAX), value + 1);
                steps.extend(inner.map(Step::Nested));
                steps.push(after);
                Self { steps, end }
            })
        });
        programs.collect()
    }

    /// One by chance, of up to `depth` levels of savepoints.
    pub fn random(random: &mut fastrand::Rng, depth: u32) -> Self {
        let steps = (0..random.usize(0..5)).map(|_| {
            if depth > 0 && random.bool() {
                Step::Nested(Self::random(random, depth - 1))
            } else {
                Step::Put(random.u8(0..4), random.u32(..))
            }
        });
        let steps = steps.collect();
        // Half of them complete, or nothing would be kept of what is deep inside.
        let end = match random.bool() {
            true => End::Completes,
            false => End::ALL[random.usize(0..End::ALL.len())],
        };
        Self { steps, end }
    }

    /// What a store holds after the program, if it held `before`.
    pub fn outcome(&self, before: &BTreeMap<u8, u32>) -> BTreeMap<u8, u32> {
        let mut after = before.clone();
        for step in &self.steps {
            match step {
                Step::Put(key, value) => drop(after.insert(*key, *value)),
                Step::Nested(program) => after = program.outcome(&after),
            }
        }
        match self.end {
            End::Completes => after,
            _ => before.clone(),
        }
    }

    /// Plays the program in a transaction of `client`, and waits until that is gone.
    ///
    /// # Panics
    ///
    /// If a scope ends in another way than the program.
    pub async fn play<R: Runtime, C: TransactionUnderTest>(&self, rt: &R, client: C) {
        let released = client.released();
        let played = async {
            let reached = Event::new();
            let scoped = with(rt, transaction(client), async |tx| {
                self.body(rt, tx, &reached).await
            });
            self.end(rt, scoped, &reached).await;
            released.wait().await;
        };
        within_patience(rt, played, || format!("it does not end: {self:?}")).await;
    }

    fn body<'a, R: Runtime, C: TransactionUnderTest>(
        &'a self,
        rt: &'a R,
        tx: &'a mut Transaction<C>,
        reached: &'a Event,
    ) -> BoxFuture<'a, Result<(), Failed>> {
        let body = async move {
            for step in &self.steps {
                match step {
                    Step::Put(key, value) => tx.put(*key, *value).await,
                    Step::Nested(program) => {
                        let reached = Event::new();
                        let scoped = with(rt, tx.savepoint(), async |tx| {
                            program.body(rt, tx, &reached).await
                        });
                        program.end(rt, scoped, &reached).await;
                        if program.end == End::Dropped {
                            tx.ready().await;
                        }
                    }
                }
            }
            match self.end {
                End::Completes => Ok(()),
                End::RollsBack => {
                    tx.set_rollback_only();
                    Ok(())
                }
                End::Fails => Err(Failed("the program")),
                // Without a word of the panic hook.
                End::Panics => resume_unwind(Box::new("the program")),
                End::Cancelled | End::Dropped => {
                    reached.set();
                    pending().await
                }
            }
        };
        body.boxed()
    }

    /// Brings `scoped` to its end.
    async fn end<T, X: std::fmt::Debug>(
        &self,
        rt: &impl Runtime,
        scoped: impl Future<Output = Result<T, ScopeError<Failed, X, T>>>,
        reached: &Event,
    ) {
        match self.end {
            End::Completes | End::RollsBack => {
                assert!(scoped.await.is_ok(), "it completes: {self:?}");
            }
            End::Fails => match scoped.await {
                Err(ScopeError::Body(Failed("the program"))) => {}
                _ => panic!("only the body fails: {self:?}"),
            },
            End::Panics => {
                let ended = caught(scoped).await;
                assert_eq!(ended.err().as_deref(), Some("the program"));
            }
            // Nobody but the body itself would run its rollback.
            End::Dropped if !spawns_nothing(rt) => {
                let scoped = Box::pin(scoped);
                drop(select(scoped, pin!(reached.wait())).await);
            }
            End::Cancelled | End::Dropped => drop(either(scoped, reached.wait()).await),
        }
    }
}
