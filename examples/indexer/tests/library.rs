//! The indexing as a function: what a watcher of the program cannot bring about from outside.

mod common;

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use common::{BATCH, Place, documents};
use indexer::index::{IndexError, Options, index};
use indexer::ledger::Ledger;
use indexer::progress::Progress;
use indexer::stop::{Ending, Interrupt, until_stopped};
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
    let ledger = Arc::default();
    let remover = Remover(place.tree().join("vanishing"));
    let options = Options::new(place.tree(), place.db());
    let rt = SmolRuntime::global();
    rt.block_on(index(&rt, &options, &ledger, &remover))
        .expect("a file less is no error");
    let summary = ledger.summary();
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
    let ledger = Arc::default();
    let mut options = Options::new(place.tree(), place.db());
    (options.queue, options.workers) = (4, 2);
    let lead = Lead::default();
    let rt = SmolRuntime::global();
    rt.block_on(index(&rt, &options, &ledger, &lead))
        .expect("there is nothing that could go wrong");
    assert_eq!(lead.read.into_inner(), FILES);
    // One stretch of the walk, one queue, and what the workers have in their hands.
    let most = lead.most.into_inner();
    assert!((64..=64 + 4 + 2).contains(&most), "{most}");
}

/// Panics in a worker while a batch is open: more files were read than a batch and the queue take.
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
    let ledger: Arc<Ledger> = Arc::default();
    let panicker = Panicker {
        read: AtomicU64::new(0),
    };
    let options = Options::new(place.tree(), place.db());
    let rt = SmolRuntime::global();
    let work = index(&rt, &options, &ledger, &panicker);
    let panicked = catch_unwind(AssertUnwindSafe(|| rt.block_on(work)));
    assert!(panicked.is_err());
    let summary = ledger.summary();
    assert_eq!(summary.unaccounted(), 0, "{summary}");
    assert_eq!(
        (summary.batches.completed, summary.batches.cancelled),
        (1, 1),
        "the worker's panic cancels the writer: {summary}"
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
    let ledger: Arc<Ledger> = Arc::default();
    let mut options = Options::new(place.tree(), place.db());
    options.busy_timeout = Duration::from_millis(20);
    Store::open(&options.db, options.busy_timeout).expect("a fresh database");
    let other = Connection::open(place.db()).expect("the database is there");
    let locker = Locker(Mutex::new(other));
    let rt = SmolRuntime::global();
    let ended = rt.block_on(index(&rt, &options, &ledger, &locker));
    assert!(
        matches!(ended, Err(IndexError::Store(StoreError::Locked { .. }))),
        "{ended:?}"
    );
    drop(locker);
    let summary = ledger.summary();
    assert_eq!(summary.unaccounted(), 0, "{summary}");
    // The second batch was not entered, so neither was it exited.
    assert_eq!((summary.batches.entered, summary.batches.completed), (1, 1));
    assert_eq!(documents(&place.db()), BATCH);
}

/// Presses Ctrl-C inside of a batch, when some files of it were read.
struct Presser {
    interrupt: Interrupt,
    read: AtomicU64,
}

impl Progress for Presser {
    fn read(&self, _: &str) {
        if self.read.fetch_add(1, Ordering::Relaxed) == BATCH + 50 {
            self.interrupt.press();
        }
    }
}

#[test]
fn a_stop_returns_when_every_scope_has_been_exited() {
    const FILES: usize = 1000;
    let place = Place::with_files(FILES);
    let ledger: Arc<Ledger> = Arc::default();
    let interrupt = Interrupt::new();
    let presser = Presser {
        interrupt: interrupt.clone(),
        read: AtomicU64::new(0),
    };
    let options = Options::new(place.tree(), place.db());
    let rt = SmolRuntime::global();
    let work = index(&rt, &options, &ledger, &presser);
    // Not `withal::run`, which would wait for what was left behind here.
    let summary = rt.block_on(async {
        let ending = until_stopped(&rt, None, interrupt, work).await;
        assert!(matches!(ending, Ending::Interrupted), "{ending:?}");
        ledger.summary()
    });
    assert_eq!(summary.unaccounted(), 0, "{summary}");
    // A stop lets the exits in progress end, and what is around them goes on meanwhile: a batch may
    // be completed by that, but not the whole run.
    let indexed = documents(&place.db());
    assert_eq!(indexed, BATCH * summary.batches.completed, "{summary}");
    assert!((BATCH..FILES as u64).contains(&indexed), "{summary}");
}
