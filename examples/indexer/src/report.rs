//! What a run came to.

use std::error::Error;
use std::fmt;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use indexer::index::Extent;
use indexer::ledger::Summary;
use indexer::stop::{Ending, Stop};
use indexer::store::{Fingerprint, Store, StoreError};
use withal::cleanup::DrainReport;
use withal::{ErrorGroup, Left};

/// How the program ends. Ordered: of several runs, the gravest decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Verdict {
    Done,
    OutOfTime,
    Interrupted,
    CheckFailed,
    Error,
}

impl From<Verdict> for ExitCode {
    fn from(verdict: Verdict) -> Self {
        Self::from(match verdict {
            Verdict::Done => 0,
            Verdict::CheckFailed => 1,
            Verdict::Error => 2,
            // As `timeout` and shells have it.
            Verdict::OutOfTime => 124,
            Verdict::Interrupted => 130,
        })
    }
}

/// One run, on one runtime. Prints as its summary.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) runtime: &'static str,
    pub(crate) root: PathBuf,
    pub(crate) db: PathBuf,
    pub(crate) is_temporary: bool,
    pub(crate) elapsed: Duration,
    /// Its errors in words.
    pub(crate) ending: Ending<Result<Extent, ErrorGroup<String>>>,
    /// What the library still had to clean up when the indexing had ended.
    pub(crate) cleanup: DrainReport,
    /// The threads that were still at work then.
    pub(crate) blocking: Left,
    pub(crate) summary: Summary,
    /// What a look at the whole database found; `None` if it never came to be opened.
    pub(crate) database: Option<Result<Fingerprint, StoreError>>,
}

impl Report {
    /// Looks at the database once more after a run.
    pub(crate) fn check(&mut self, busy_timeout: Duration) {
        // Where an error says what is wrong, it may be the database.
        if self.errors().is_none() && self.db.exists() {
            let checked = Store::open(&self.db, busy_timeout).and_then(|store| store.verify());
            self.database = Some(checked);
        }
    }

    pub(crate) fn errors(&self) -> Option<&ErrorGroup<String>> {
        self.ending.output().and_then(|ended| ended.as_ref().err())
    }

    pub(crate) fn fingerprint(&self) -> Option<Fingerprint> {
        match self.database {
            Some(Ok(fingerprint)) => Some(fingerprint),
            _ => None,
        }
    }

    pub(crate) fn verdict(&self) -> Verdict {
        let ending = match &self.ending {
            _ if self.errors().is_some() => Verdict::Error,
            Ending::Finished(_) => Verdict::Done,
            Ending::Stopped { by, .. } => match by {
                Stop::Interrupt => Verdict::Interrupted,
                Stop::TimeLimit => Verdict::OutOfTime,
            },
        };
        let database = match &self.database {
            Some(Err(StoreError::Inconsistent { .. } | StoreError::Damaged { .. })) => {
                Verdict::CheckFailed
            }
            Some(Err(_)) => Verdict::Error,
            _ => Verdict::Done,
        };
        let is_clean = self.cleanup.is_clean() && self.blocking.is_clean();
        let scopes = if self.summary.unaccounted() == 0 && is_clean {
            Verdict::Done
        } else {
            Verdict::CheckFailed
        };
        ending.max(database).max(scopes)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ended = match &self.ending {
            _ if self.errors().is_some() => "failed",
            Ending::Finished(Ok(Extent::Limited)) => "stopped at the limit",
            Ending::Finished(_) => "indexed",
            Ending::Stopped { by, output } => match (by, output) {
                (Stop::Interrupt, Some(_)) => "stopped by Ctrl-C",
                (Stop::Interrupt, None) => "stopped by Ctrl-C, in the middle of its work,",
                (Stop::TimeLimit, Some(_)) => "stopped by the time limit",
                (Stop::TimeLimit, None) => "stopped by the time limit, in the middle of its work,",
            },
        };
        let seconds = self.elapsed.as_secs_f64();
        writeln!(f, "{}: {ended} after {seconds:.2} s", self.runtime)?;
        writeln!(f, "folder    {}", self.root.display())?;
        writeln!(f, "{}", self.summary)?;
        if !self.cleanup.is_clean() {
            writeln!(f, "cleanup   {}", self.cleanup)?;
        }
        if !self.blocking.is_clean() {
            writeln!(f, "threads   {}", self.blocking)?;
        }
        write!(f, "database  ")?;
        match &self.database {
            Some(Ok(Fingerprint { documents, hash })) => {
                writeln!(f, "consistent; documents {documents}, hash {hash}")?;
            }
            Some(Err(error)) => writeln!(f, "{}", chain(error))?,
            None => writeln!(f, "not looked at")?,
        }
        if self.is_temporary {
            write!(f, "          temporary: keep it with --db FILE")
        } else {
            write!(f, "          {}", self.db.display())
        }
    }
}

/// An error with all that led to it.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    text
}
