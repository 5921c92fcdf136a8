//! Indexes a folder of text files into an SQLite full-text index, on any runtime.
//!
//! The program is a small one, but it is whole: [`index::index`] does the work and knows no
//! executor; the binary parses the command line, picks a runtime and prints what came of it.
//!
//! A walker finds the files, readers read them, a writer puts them into the index: tasks of one group,
//! with a bounded queue from each to the next, so that memory does not grow with the folder. The end is
//! that a queue is closed. The first that fails ends the others, and their errors come out as a tree.
//!
//! Everything that must be undone is a scope ([`scopes`]): each file is opened and closed, each
//! batch of files is a transaction that is committed or rolled back, on a connection of a pool
//! ([`connections`]). A file is read through a generator
//! of its lines, which holds the file's scope open from one line to the next. When as many files are
//! indexed as were wanted, the generators are closed in the middle, and with them their files; so is a
//! file that takes too long.
//!
//! The whole runs in a cancel scope ([`stop`]). Ctrl-C and the time limit ask it to end: what is in work
//! is finished. When the grace is over, or Ctrl-C is pressed once more, the work is dropped wherever it
//! stands; the scopes see to it that the database stays consistent, and the program's own books
//! ([`ledger`]) prove that none of them was forgotten.

#![forbid(unsafe_code)]

pub mod blocking;
pub mod connections;
pub mod files;
pub mod index;
pub mod lease;
pub mod ledger;
pub mod progress;
pub mod scopes;
pub mod stop;
pub mod store;
pub mod walk;
