use std::collections::BTreeMap;
use std::fmt::{self, Display};
use std::panic::panic_any;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use withal::Transact;
use withal::transaction::Level;
use withal_sync::Event;

use super::TransactionUnderTest;
use crate::Log;
use crate::poll::yields;
use crate::probe::Failed;

/// A store in memory: what is committed, and how its sessions ended.
#[derive(Clone, Debug, Default)]
pub struct Store(Arc<Mutex<Inner>>);

#[derive(Debug, Default)]
struct Inner {
    content: BTreeMap<u8, u32>,
    sessions: usize,
    left_open: usize,
    broken: usize,
}

impl Store {
    /// One that is empty.
    pub fn new() -> Self {
        Self::default()
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A session, which logs its calls: `begin`, `commit`, `roll-back`; with the number of the
    /// savepoint behind it, if it is one.
    pub fn session(&self, log: &Log) -> Session {
        self.inner().sessions += 1;
        Session {
            store: self.clone(),
            log: log.clone(),
            content: BTreeMap::new(),
            before: Vec::new(),
            faults: Vec::new(),
            broken: false,
            released: Arc::default(),
        }
    }

    /// What is committed.
    pub fn content(&self) -> BTreeMap<u8, u32> {
        self.inner().content.clone()
    }

    /// How many sessions there are.
    pub fn sessions(&self) -> usize {
        self.inner().sessions
    }

    /// How many sessions ended broken.
    pub fn broken(&self) -> usize {
        self.inner().broken
    }

    /// Checks that no session is left, and that each that ended with a transaction open was told
    /// that it is broken.
    ///
    /// # Panics
    ///
    /// If not so.
    #[track_caller]
    pub fn assert_at_rest(&self) {
        let inner = self.inner();
        assert_eq!(inner.sessions, 0, "a session is left");
        assert_eq!(inner.left_open, 0, "a transaction was left open");
    }
}

/// A call of a [`Session`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "the calls of `Transact`")]
pub enum Call {
    /// `begin`
    Begin,
    /// `commit`
    Commit,
    /// `roll_back`
    RollBack,
}

impl Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Begin => "begin",
            Self::Commit => "commit",
            Self::RollBack => "roll-back",
        })
    }
}

/// What goes wrong in a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "the two ways to go wrong")]
pub enum Fault {
    /// It fails, and has no effect.
    Fails,
    /// It panics.
    Panics,
}

/// A session with a [`Store`]: a client that waits before and after each of its effects.
#[derive(Debug)]
pub struct Session {
    store: Store,
    log: Log,
    content: BTreeMap<u8, u32>,
    /// What the content was when each level began.
    before: Vec<BTreeMap<u8, u32>>,
    faults: Vec<(Call, Level, Fault)>,
    broken: bool,
    released: Arc<Event>,
}

impl Session {
    /// Has each such call go wrong.
    pub fn with_fault(mut self, call: Call, level: Level, fault: Fault) -> Self {
        self.faults.push((call, level, fault));
        self
    }

    /// What it has read and written.
    pub fn content(&self) -> &BTreeMap<u8, u32> {
        &self.content
    }

    async fn call(
        &mut self,
        call: Call,
        level: Level,
        effect: impl FnOnce(&mut Self, usize),
    ) -> Result<(), Failed> {
        let depth = depth(level);
        yields(1).await;
        let fault = self
            .faults
            .iter()
            .find(|fault| (fault.0, fault.1) == (call, level));
        match fault {
            Some((.., Fault::Fails)) => {
                return Err(Failed(match call {
                    Call::Begin => "begin",
                    Call::Commit => "commit",
                    Call::RollBack => "roll-back",
                }));
            }
            Some((.., Fault::Panics)) => panic_any(format!("{call} panics")),
            None => {}
        }
        match depth {
            0 => self.log.push(call),
            _ => self.log.push(format_args!("{call}{depth}")),
        }
        effect(self, depth);
        yields(1).await;
        Ok(())
    }
}

fn depth(level: Level) -> usize {
    match level {
        Level::Transaction => 0,
        Level::Savepoint(n) => n as usize,
    }
}

impl Transact for Session {
    type Error = Failed;

    async fn begin(&mut self, level: Level) -> Result<(), Failed> {
        self.call(Call::Begin, level, |session, depth| {
            assert!(
                session.before.len() >= depth,
                "what is around it is not open"
            );
            // One that was dropped as it began may be open still.
            session.before.truncate(depth);
            if depth == 0 {
                session.content = session.store.content();
            }
            session.before.push(session.content.clone());
        })
        .await
    }

    async fn commit(&mut self, level: Level) -> Result<(), Failed> {
        self.call(Call::Commit, level, |session, depth| {
            assert!(session.before.len() > depth, "it is not open");
            session.before.truncate(depth);
            if depth == 0 {
                session.store.inner().content = session.content.clone();
            }
        })
        .await
    }

    async fn roll_back(&mut self, level: Level) -> Result<(), Failed> {
        self.call(Call::RollBack, level, |session, depth| {
            assert!(session.before.len() > depth, "it is not open");
            session.content = session.before[depth].clone();
            session.before.truncate(depth);
        })
        .await
    }

    fn broken(&mut self) {
        assert!(!self.broken, "it is told twice");
        self.broken = true;
    }
}

impl TransactionUnderTest for Session {
    async fn put(&mut self, key: u8, value: u32) {
        yields(1).await;
        assert!(!self.before.is_empty(), "written outside of a transaction");
        self.content.insert(key, value);
        yields(1).await;
    }

    fn released(&self) -> Arc<Event> {
        self.released.clone()
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let mut inner = self.store.inner();
        inner.sessions -= 1;
        inner.broken += usize::from(self.broken);
        inner.left_open += usize::from(!self.broken && !self.before.is_empty());
        drop(inner);
        self.released.set();
    }
}
