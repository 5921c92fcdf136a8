//! The program's own books: what was entered, what was exited and why, what became of each file.
//!
//! Nothing here asks the library. The scopes of [`scopes`](crate::scopes) make their entries in
//! their own `enter` and `exit`, so a scope that was forgotten shows as unaccounted.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use withal::scope::ExitKind;

use crate::progress::Skip;
use crate::store::Written;

/// Every count of a run. Shared by its scopes, and read when the run is over, however it ended.
#[derive(Debug, Default)]
pub struct Ledger {
    /// The scopes of files.
    pub files: Account,
    /// The scopes of batches.
    pub batches: Account,
    found: AtomicU64,
    indexed: AtomicU64,
    unchanged: AtomicU64,
    removed: AtomicU64,
    bytes: AtomicU64,
    skipped: [AtomicU64; Skip::KINDS.len()],
    slow: Mutex<Vec<String>>,
}

/// How many of the slow files are named: the others only count.
const NAMED: usize = 10;

// Relaxed throughout: the counts guard nothing, and whoever reads them all has waited for the
// scopes that made them.
impl Ledger {
    /// The walk found `files` more files.
    pub fn found(&self, files: u64) {
        self.found.fetch_add(files, Ordering::Relaxed);
    }

    /// `path` was left out.
    pub fn skipped(&self, path: &str, skip: &Skip) {
        self.skipped[skip.kind()].fetch_add(1, Ordering::Relaxed);
        if let Skip::TooSlow { .. } = skip {
            let mut slow = self.slow.lock().unwrap_or_else(PoisonError::into_inner);
            if slow.len() < NAMED {
                slow.push(path.to_owned());
            }
        }
    }

    /// A batch was committed. Only now do its files count: a batch rolled back wrote nothing.
    pub fn committed(&self, written: &Written) {
        self.indexed.fetch_add(written.indexed, Ordering::Relaxed);
        self.unchanged
            .fetch_add(written.unchanged, Ordering::Relaxed);
        self.removed.fetch_add(written.removed, Ordering::Relaxed);
        self.bytes.fetch_add(written.bytes, Ordering::Relaxed);
    }

    /// All counts as they stand.
    pub fn summary(&self) -> Summary {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        Summary {
            files: self.files.read(),
            batches: self.batches.read(),
            found: read(&self.found),
            written: Written {
                indexed: read(&self.indexed),
                unchanged: read(&self.unchanged),
                removed: read(&self.removed),
                bytes: read(&self.bytes),
            },
            skipped: std::array::from_fn(|kind| read(&self.skipped[kind])),
            slow: self
                .slow
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .clone(),
        }
    }
}

/// The books of one kind of scope.
#[derive(Debug, Default)]
pub struct Account {
    entered: AtomicU64,
    completed: AtomicU64,
    failed: AtomicU64,
    cancelled: AtomicU64,
    panicked: AtomicU64,
}

impl Account {
    /// A scope was entered.
    pub fn enter(&self) {
        self.entered.fetch_add(1, Ordering::Relaxed);
    }

    /// A scope has been exited: called as the last act of an exit.
    pub fn exit(&self, kind: ExitKind) {
        let count = match kind {
            ExitKind::Completed => &self.completed,
            ExitKind::Failed => &self.failed,
            ExitKind::Cancelled => &self.cancelled,
            ExitKind::Panicked => &self.panicked,
            // A reason this program does not know stays unaccounted, which the summary shows.
            _ => return,
        };
        count.fetch_add(1, Ordering::Relaxed);
    }

    fn read(&self) -> Scopes {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        Scopes {
            entered: read(&self.entered),
            completed: read(&self.completed),
            failed: read(&self.failed),
            cancelled: read(&self.cancelled),
            panicked: read(&self.panicked),
        }
    }
}

/// An [`Account`] as it stood at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Scopes {
    /// Scopes entered.
    pub entered: u64,
    /// Scopes exited because their body completed.
    pub completed: u64,
    /// Scopes exited because their body failed.
    pub failed: u64,
    /// Scopes exited because their body was cancelled.
    pub cancelled: u64,
    /// Scopes exited because their body panicked.
    pub panicked: u64,
}

impl Scopes {
    /// Scopes entered and not exited, or exited and not entered: zero, or something is wrong.
    pub fn unaccounted(&self) -> u64 {
        let exited = self.completed + self.failed + self.cancelled + self.panicked;
        self.entered.abs_diff(exited)
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "entered {}; completed {}, failed {}, cancelled {}, panicked {}; unaccounted {}",
            self.entered,
            self.completed,
            self.failed,
            self.cancelled,
            self.panicked,
            self.unaccounted(),
        )
    }
}

/// A [`Ledger`] as it stood at one moment. Prints as the body of the program's summary.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Summary {
    /// The scopes of files.
    pub files: Scopes,
    /// The scopes of batches.
    pub batches: Scopes,
    /// Files that the walk found.
    pub found: u64,
    /// What the committed batches wrote.
    pub written: Written,
    /// Paths left out, in the order of [`Skip::KINDS`].
    pub skipped: [u64; Skip::KINDS.len()],
    /// The first of those that took too long.
    pub slow: Vec<String>,
}

impl Summary {
    /// Scopes of any kind that were not exited exactly once: zero, or something is wrong.
    pub fn unaccounted(&self) -> u64 {
        self.files.unaccounted() + self.batches.unaccounted()
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Written {
            indexed,
            unchanged,
            removed,
            bytes,
        } = self.written;
        writeln!(
            f,
            "files     found {}; indexed {indexed} ({}), unchanged {unchanged}, removed {removed}",
            self.found,
            indicatif::BinaryBytes(bytes),
        )?;
        write!(f, "skipped   {}", self.skipped.iter().sum::<u64>())?;
        let kinds = Skip::KINDS.iter().zip(&self.skipped);
        for (index, (kind, count)) in kinds.filter(|(_, count)| **count > 0).enumerate() {
            let separator = if index == 0 { ": " } else { ", " };
            write!(f, "{separator}{kind} {count}")?;
        }
        writeln!(f)?;
        for path in &self.slow {
            // A name may hold what a terminal would act upon.
            writeln!(f, "too slow  {path:?}")?;
        }
        writeln!(f, "scopes    files: {}", self.files)?;
        write!(f, "          batches: {}", self.batches)
    }
}

#[cfg(test)]
mod tests;
