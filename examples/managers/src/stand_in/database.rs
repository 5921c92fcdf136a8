//! A database with one table, of names, asked over connections that take their time.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use withal::runtime::Runtime;

use crate::{Error, Setting};

/// The database.
#[derive(Clone)]
pub struct Database<R> {
    on: Setting<R>,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    users: Vec<String>,
    /// The connections that are open now.
    open: usize,
    /// All that were ever opened.
    opened: usize,
    /// How often it refuses whoever connects.
    refusals: usize,
    /// What fails the next time.
    failing: Option<&'static str>,
    /// Whether it answers nobody.
    is_silent: bool,
}

impl<R: Runtime> Database<R> {
    /// A database that holds these names.
    pub fn new<const N: usize>(on: &Setting<R>, users: [&str; N]) -> Self {
        let state = State {
            users: users.map(str::to_owned).into(),
            ..State::default()
        };
        Self {
            on: on.clone(),
            state: Arc::new(Mutex::new(state)),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The names, as an administrator sees them.
    pub fn users(&self) -> Vec<String> {
        self.state().users.clone()
    }

    /// How many connections are open.
    pub fn open(&self) -> usize {
        self.state().open
    }

    /// How many connections were ever opened.
    pub fn opened(&self) -> usize {
        self.state().opened
    }

    /// Refuses the next `times` connections.
    pub fn refuse(&self, times: usize) {
        self.state().refusals = times;
    }

    /// Has this statement fail, the next time that it comes; `close` is one.
    pub fn fail_at(&self, statement: &'static str) {
        self.state().failing = Some(statement);
    }

    /// Has it answer nobody any more, or again.
    pub fn be_silent(&self, is_silent: bool) {
        self.state().is_silent = is_silent;
    }

    /// Waits for its answer.
    async fn answer(&self) {
        self.on.tick().await;
        if self.state().is_silent {
            std::future::pending().await
        }
    }

    fn fails(&self, statement: &str) -> Result<(), Error> {
        match self
            .state()
            .failing
            .take_if(|failing| *failing == statement)
        {
            Some(failing) => Err(Error::Database(format!("{failing} is out of order"))),
            None => Ok(()),
        }
    }

    /// Connects.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it has not connected.
    ///
    /// # Errors
    ///
    /// If the database refuses.
    pub async fn connect(&self) -> Result<Connection<R>, Error> {
        self.answer().await;
        let mut state = self.state();
        if state.refusals > 0 {
            state.refusals -= 1;
            return Err(Error::Database("too many connections".to_owned()));
        }
        state.open += 1;
        state.opened += 1;
        Ok(Connection {
            db: self.clone(),
            number: state.opened,
            begun: Vec::new(),
            is_busy: false,
        })
    }
}

impl<R> fmt::Debug for Database<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Database").finish_non_exhaustive()
    }
}

/// A connection. One that is dropped instead of [closed](Self::close) stays open at the other end.
#[derive(Debug)]
pub struct Connection<R> {
    db: Database<R>,
    number: usize,
    /// What the transaction has inserted, if there is one, and then what each savepoint has.
    begun: Vec<Vec<String>>,
    is_busy: bool,
}

impl<R: Runtime> Connection<R> {
    /// Its number, from 1.
    pub fn number(&self) -> usize {
        self.number
    }

    /// Whether nothing was given up half-way: an answer that nobody has read would be taken for that
    /// to the next statement.
    pub fn is_usable(&self) -> bool {
        !self.is_busy
    }

    /// Executes `SLEEP`, which takes a thousand ticks, `BEGIN`, `COMMIT`, `ROLLBACK`, what savepoints need, or `INSERT` and a name.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it leaves a connection of no more use.
    ///
    /// # Errors
    ///
    /// If the database refuses.
    pub async fn execute(&mut self, statement: &str) -> Result<(), Error> {
        self.exchange().await;
        if statement == "SLEEP" {
            self.is_busy = true;
            self.db.on.rt.sleep(1000 * self.db.on.tick).await;
            self.is_busy = false;
        }
        self.db.on.print(format_args!("{statement}"));
        self.db.fails(statement)?;
        match (statement.split_once(' '), &mut self.begun[..]) {
            (None, _) if statement == "SLEEP" => {}
            (None, []) if statement == "BEGIN" => self.begun.push(Vec::new()),
            (None, [_, ..]) if statement == "ROLLBACK" => self.begun.clear(),
            (None, [_, ..]) if statement == "COMMIT" => {
                let inserted = self.begun.drain(..).flatten();
                self.db.state().users.extend(inserted);
            }
            (Some(("SAVEPOINT", _)), [_, ..]) => self.begun.push(Vec::new()),
            (Some(("ROLLBACK", _)), [_, .., last]) => last.clear(),
            (Some(("RELEASE", _)), [_, .., _]) => {
                let last = self.begun.pop().unwrap_or_default();
                self.begun
                    .last_mut()
                    .into_iter()
                    .for_each(|outer| outer.extend(last.clone()));
            }
            (Some(("INSERT", user)), [.., last]) => last.push(user.to_owned()),
            (Some(("INSERT", user)), []) => self.db.state().users.push(user.to_owned()),
            _ => return Err(Error::Database(format!("{statement} is no statement here"))),
        }
        Ok(())
    }

    /// All names.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it leaves a connection of no more use.
    pub async fn fetch(&mut self) -> Vec<String> {
        self.exchange().await;
        let mut users = self.db.users();
        users.extend(self.begun.iter().flatten().cloned());
        users
    }

    /// Says goodbye. The connection is closed also if the answer to that is an error.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it has not closed it.
    ///
    /// # Errors
    ///
    /// If the database does not answer.
    pub async fn close(self) -> Result<(), Error> {
        self.db.answer().await;
        self.db.state().open -= 1;
        self.db.fails("close")
    }

    async fn exchange(&mut self) {
        self.is_busy = true;
        self.db.answer().await;
        self.is_busy = false;
    }
}
