//! The indexing as a function: what a watcher of the program cannot bring about from outside.

mod common;

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use common::{BATCH, Place, documents};
use indexer::index::{IndexError, Job, Options, index};
use indexer::progress::Progress;
use indexer::store::{Store, StoreError};
use rusqlite::Connection;
use withal::smol::SmolRuntime;

/// Removes a file when it was found and is not yet read.
struct Remover(PathBuf);

impl Progress for Remover {
    fn walking(&self, _: u64) {
        fs::remove_file(&self.0).expect("it was found");
    }
}

#[test]
fn a_file_that_vanishes_meanwhile_is_counted() {
    let place = Place::with_files(5);
    place.write("vanishing", "text");
    let mut job = Job::new(Options::new(place.tree(), place.db()));
    job.progress = Arc::new(Remover(place.tree().join("vanishing")));
    let rt = SmolRuntime::global();
    rt.block_on(index(&rt, &job))
        .expect("a file less is no error");
    let summary = job.ledger.summary();
    assert_eq!((summary.found, summary.written.indexed), (6, 5));
    assert_eq!(summary.skipped[0], 1);
    assert_eq!((summary.files.entered, summary.unaccounted()), (5, 0));
    assert_eq!(documents(&place.db()), 5);
}

/// How far the walk was ever ahead of the reading.
#[derive(Default)]
struct Lead {
    found: AtomicU64,
    read: AtomicU64,
    most: AtomicU64,
}

impl Progress for Lead {
    fn walking(&self, files: u64) {
        self.found.store(files, Ordering::Relaxed);
        let lead = files - self.read.load(Ordering::Relaxed);
        self.most.fetch_max(lead, Ordering::Relaxed);
    }

    fn read(&self, _: &str) {
        self.read.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn the_walk_waits_for_the_reading() {
    const FILES: u64 = 1000;
    let place = Place::with_files(FILES as usize);
    let mut job = Job::new(Options::new(place.tree(), place.db()));
    (job.options.queue, job.options.workers) = (4, 2);
    let lead = Arc::new(Lead::default());
    job.progress = lead.clone();
    let rt = SmolRuntime::global();
    rt.block_on(index(&rt, &job))
        .expect("there is nothing that could go wrong");
    assert_eq!(lead.read.load(Ordering::Relaxed), FILES);
    // One stretch of the walk, one queue, and what the readers have in their hands.
    let most = lead.most.load(Ordering::Relaxed);
    assert!((64..=64 + 4 + 2).contains(&most), "{most}");
}

/// Panics in a reader while a batch is open: more files were read than a batch and the queue take.
struct Panicker {
    read: AtomicU64,
}

impl Progress for Panicker {
    fn read(&self, _: &str) {
        let read = self.read.fetch_add(1, Ordering::Relaxed);
        assert_ne!(read, BATCH + 50, "on purpose");
    }
}

#[test]
fn a_panic_rolls_the_batch_back_and_goes_on() {
    let place = Place::with_files(300);
    let mut job = Job::new(Options::new(place.tree(), place.db()));
    job.progress = Arc::new(Panicker {
        read: AtomicU64::new(0),
    });
    let rt = SmolRuntime::global();
    let work = index(&rt, &job);
    let panicked = catch_unwind(AssertUnwindSafe(|| rt.block_on(work)));
    assert!(panicked.is_err());
    let summary = job.ledger.summary();
    assert_eq!(summary.unaccounted(), 0, "{summary}");
    assert_eq!(
        (summary.batches.completed, summary.batches.cancelled),
        (1, 1),
        "the reader's panic cancels the writer: {summary}"
    );
    assert_eq!(documents(&place.db()), BATCH);
}

/// Takes the lock between two batches.
struct Locker(Mutex<Connection>);

impl Progress for Locker {
    fn committed(&self, _: u64) {
        let other = self.0.lock().expect("used once");
        other
            .execute_batch("BEGIN IMMEDIATE")
            .expect("nobody holds the lock between batches");
    }
}

#[test]
fn a_lock_in_the_middle_is_an_error_and_keeps_what_was_committed() {
    let place = Place::with_files(300);
    let mut job = Job::new(Options::new(place.tree(), place.db()));
    job.options.busy_timeout = Duration::from_millis(20);
    Store::open(&job.options.db, job.options.busy_timeout).expect("a fresh database");
    let other = Connection::open(place.db()).expect("the database is there");
    job.progress = Arc::new(Locker(Mutex::new(other)));
    let rt = SmolRuntime::global();
    let errors = rt
        .block_on(index(&rt, &job))
        .expect_err("the lock is another's");
    let (path, _) = errors.leaves().next().expect("an error");
    assert_eq!(path.origin().name(), Some("writer"), "{errors}");
    let error = errors.single().expect("one error");
    assert!(
        matches!(error, IndexError::Store(StoreError::Locked { .. })),
        "{error}"
    );
    // With it goes the lock.
    job.progress = Arc::new(());
    let summary = job.ledger.summary();
    assert_eq!(summary.unaccounted(), 0, "{summary}");
    // The second batch was not entered, so neither was it exited.
    assert_eq!((summary.batches.entered, summary.batches.completed), (1, 1));
    assert_eq!(documents(&place.db()), BATCH);
}
