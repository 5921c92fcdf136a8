//! What the indexing holds in memory does not depend on how many files there are.

mod common;

use std::alloc::{GlobalAlloc, Layout, System};
use std::env;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use common::Place;
use indexer::index::{Job, Options, index};
use withal::smol::SmolRuntime;

#[global_allocator]
static COUNTING: Counting = Counting;

/// The system's allocator, which counts the bytes that are allocated and not freed.
struct Counting;

static LIVE: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

// SAFETY: all the work is the system allocator's, whose promises these are.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let before = LIVE.fetch_add(layout.size(), Ordering::Relaxed);
        PEAK.fetch_max(before + layout.size(), Ordering::Relaxed);
        // SAFETY: the caller's promises are passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: `place` is from `alloc`, and so from the system allocator.
        unsafe { System.dealloc(place, layout) }
    }
}

/// The most that SQLite had allocated since it was last asked: it does not use Rust's allocator.
fn peak_of_sqlite() -> usize {
    // SAFETY: it may be called at any time, from any thread.
    let peak = unsafe { rusqlite::ffi::sqlite3_memory_highwater(1) };
    usize::try_from(peak).expect("it is a size")
}

/// Small files in small folders: the walk sorts one folder at a time, so a large one would show.
fn tree(root: &Path, files: usize) {
    for number in 0..files {
        let folder = root.join(format!("{}/{}", number / 10_000, number / 100 % 100));
        if number % 100 == 0 {
            fs::create_dir_all(&folder).expect("a folder");
        }
        let text = format!("number{number} and some words that all of the files share\n");
        fs::write(folder.join(format!("{number}.txt")), text.repeat(20)).expect("a file");
    }
}

/// The most that was alive at once while `files` files were indexed, in bytes: ours, and SQLite's.
fn peaks(files: usize) -> (usize, usize) {
    let place = Place::in_memory();
    tree(&place.tree(), files);
    let job = Job::new(Options::new(place.tree(), place.db()));
    let rt = SmolRuntime::global();
    PEAK.store(LIVE.load(Ordering::Relaxed), Ordering::Relaxed);
    peak_of_sqlite();
    rt.block_on(index(&rt, &job))
        .expect("there is nothing that could go wrong");
    let peaks = (PEAK.load(Ordering::Relaxed), peak_of_sqlite());
    assert_eq!(job.ledger.summary().written.indexed, files as u64);
    peaks
}

/// SQLite's own: a page cache of 2 MB, and what it merges words in.
const SQLITE: usize = 3 << 20;

#[test]
fn ten_times_the_files_take_no_more_memory() {
    let files = match env::var("INDEXER_MEMORY_FILES") {
        Ok(files) => files.parse().expect("INDEXER_MEMORY_FILES is a number"),
        Err(_) => 40_000,
    };
    // A first run, for all that is made once and kept.
    peaks(100);
    let (few, few_sqlite) = peaks(files / 10);
    let (many, many_sqlite) = peaks(files);
    println!(
        "{} files: {few} bytes, SQLite {few_sqlite}; {files} files: {many} bytes, SQLite {many_sqlite}",
        files / 10
    );
    assert!(many * 10 <= few * 11, "{few} bytes, and then {many}");
    assert!(many_sqlite <= SQLITE, "SQLite: {many_sqlite} bytes");
}
