//! Files that take too long, and runs that are stopped: all on a clock of the test's own, with a key
//! that the test presses.

mod common;

use std::fmt;
use std::fs;
use std::io::{self, Read};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use common::{Place, RUNTIMES, documents};
use indexer::files::{Disk, Files, OpenFile};
use indexer::index::{Extent, IndexError, Job, Options, index};
use indexer::ledger::Summary;
use indexer::progress::Progress;
use indexer::stop::{Ending, Interrupt, Limits, Press, Stop, until_stopped};
use withal::async_std::AsyncStdRuntime;
use withal::cleanup::drain;
use withal::smol::SmolRuntime;
use withal::tokio::TokioMain;
use withal::{Entry, ErrorGroup, drained_with, run};
use withal_tests::{Deterministic, LeakCheck};

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3600);

/// Each look into a file whose name begins with `slow` takes a second.
struct SlowFiles(Deterministic);

impl Files for SlowFiles {
    fn open(&self, path: &Path) -> io::Result<OpenFile> {
        let file = Disk.open(path)?;
        let name = path.file_name().and_then(|name| name.to_str());
        Ok(match name {
            Some(name) if name.starts_with("slow") => Box::new(SlowFile(self.0.clone(), file)),
            _ => file,
        })
    }
}

impl fmt::Debug for SlowFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SlowFiles")
    }
}

struct SlowFile(Deterministic, OpenFile);

impl Read for SlowFile {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.advance(SECOND);
        self.1.read(buffer)
    }
}

/// Presses Ctrl-C, once or twice, when so many files were read.
#[derive(Default)]
struct Presser {
    interrupt: Interrupt,
    presses: u64,
    at: u64,
    read: AtomicU64,
}

impl Progress for Presser {
    fn read(&self, _: &str) {
        if self.read.fetch_add(1, Ordering::Relaxed) + 1 == self.at {
            for _ in 0..self.presses {
                self.interrupt.press();
            }
        }
    }
}

type Ended = Ending<Result<Extent, ErrorGroup<IndexError>>>;

/// A run on a clock of its own, with nothing left open at its end.
struct Run {
    place: Place,
    rt: Deterministic,
    job: Job,
    limits: Limits,
    presser: Presser,
}

impl Run {
    /// A file that takes half a minute, and others that take no time.
    fn new() -> Self {
        let place = Place::in_memory();
        for name in ["a", "b", "tail"] {
            place.write(name, format!("the text of {name}"));
        }
        place.write("slow", "a line of a long file\n".repeat(10_000));
        let rt = Deterministic::new();
        let mut job = Job::new(Options::new(place.tree(), place.db()));
        job.options.files = Arc::new(SlowFiles(rt.clone()));
        job.options.workers = 1;
        Self {
            place,
            rt,
            job,
            limits: Limits {
                time: None,
                grace: HOUR,
            },
            presser: Presser::default(),
        }
    }

    /// Runs it as the program does. `None`: it was forced to its end.
    fn run(self) -> (Option<Ended>, Summary) {
        let Self {
            place,
            rt,
            mut job,
            limits,
            presser,
        } = self;
        let interrupt = presser.interrupt.clone();
        job.progress = Arc::new(presser);
        let leaks = LeakCheck::new(&rt);
        let work = until_stopped(&rt, limits, &interrupt, async |stop| {
            let mut job = job.clone();
            job.stop = stop;
            index(&rt, &job).await
        });
        let ran = rt.block_on(drained_with(&rt, interrupt.options(), work));
        assert!(ran.cleanup.is_clean() && ran.blocking.is_clean(), "{ran:?}");
        leaks.finish();
        let summary = job.ledger.summary();
        assert_eq!(summary.unaccounted(), 0, "{summary}");
        assert_eq!(documents(&place.db()), summary.written.indexed, "{summary}");
        (ran.output, summary)
    }
}

#[test]
fn a_file_that_takes_too_long_is_closed_and_left_out() {
    let mut run = Run::new();
    run.job.options.file_timeout = 3 * SECOND;
    let (ended, summary) = run.run();
    assert!(
        matches!(ended, Some(Ending::Finished(Ok(Extent::Whole)))),
        "{ended:?}"
    );
    assert_eq!(summary.written.indexed, 3, "{summary}");
    assert_eq!((summary.files.entered, summary.files.cancelled), (4, 1));
    assert_eq!(summary.slow, ["slow"]);
    assert!(summary.to_string().contains("too slow 1\n"), "{summary}");
}

#[test]
fn a_file_that_takes_as_long_as_it_may_is_read() {
    let mut run = Run::new();
    run.job.options.file_timeout = HOUR;
    let (ended, summary) = run.run();
    assert!(
        matches!(ended, Some(Ending::Finished(Ok(Extent::Whole)))),
        "{ended:?}"
    );
    assert_eq!(summary.written.indexed, 4, "{summary}");
    assert!(summary.slow.is_empty(), "{summary}");
}

#[test]
fn the_time_limit_asks_and_the_file_in_work_is_finished() {
    let mut run = Run::new();
    run.limits.time = Some(3 * SECOND);
    let (ended, summary) = run.run();
    let Some(Ending::Stopped { by, output }) = ended else {
        panic!("{ended:?}")
    };
    assert_eq!(by, Stop::TimeLimit);
    assert!(matches!(output, Some(Ok(Extent::Stopped))), "{output:?}");
    // Not the one that would have come after it.
    assert_eq!((summary.found, summary.written.indexed), (4, 3));
    assert_eq!((summary.files.completed, summary.files.cancelled), (3, 0));
}

#[test]
fn when_the_grace_is_over_the_file_in_work_is_closed() {
    let mut run = Run::new();
    run.limits = Limits {
        time: Some(3 * SECOND),
        grace: 2 * SECOND,
    };
    let (ended, summary) = run.run();
    assert!(
        matches!(
            ended,
            Some(Ending::Stopped {
                by: Stop::TimeLimit,
                output: None,
            })
        ),
        "{ended:?}"
    );
    // The batch was open still.
    assert_eq!(summary.written.indexed, 0, "{summary}");
    assert_eq!((summary.files.completed, summary.files.cancelled), (2, 1));
    assert_eq!(summary.batches.cancelled, 1, "{summary}");
}

#[test]
fn ctrl_c_asks_and_what_is_in_work_is_finished() {
    for at in 1..=4 {
        let mut run = Run::new();
        (run.presser.presses, run.presser.at) = (1, at);
        let (ended, summary) = run.run();
        let Some(Ending::Stopped { by, output }) = ended else {
            panic!("{ended:?}")
        };
        assert_eq!(by, Stop::Interrupt);
        assert!(matches!(output, Some(Ok(Extent::Stopped))), "{output:?}");
        assert_eq!(summary.written.indexed, at, "{summary}");
        assert_eq!((summary.files.entered, summary.files.completed), (at, at));
    }
}

#[test]
fn ctrl_c_again_cancels_at_once() {
    for at in 1..=4 {
        let mut run = Run::new();
        (run.presser.presses, run.presser.at) = (2, at);
        let (ended, summary) = run.run();
        assert!(ended.is_none(), "{ended:?}");
        assert_eq!(summary.written.indexed, 0, "{summary}");
    }
}

#[test]
fn a_key_is_told_which_press_it_was() {
    let interrupt = Interrupt::new();
    assert!(!interrupt.is_pressed());
    let presses = [(); 4].map(|()| interrupt.press());
    assert_eq!(
        presses,
        [Press::Asks, Press::Forces, Press::Further, Press::Further]
    );
    assert!(interrupt.is_pressed());
}

/// Files without an end, of no memory either: they are read for as long as somebody wants.
#[derive(Debug)]
struct Endless;

impl Files for Endless {
    fn open(&self, _: &Path) -> io::Result<OpenFile> {
        Ok(Box::new(io::repeat(b'\n')))
    }
}

fn endless_files_are_left_out(entry: &impl Entry) {
    let place = Place::with_files(6);
    let mut job = Job::new(Options::new(place.tree(), place.db()));
    job.options.files = Arc::new(Endless);
    job.options.max_bytes = u64::MAX;
    job.options.workers = 2;
    job.options.file_timeout = Duration::from_millis(5);
    let ran = run(entry, async |rt| index(rt, &job).await);
    assert!(ran.is_clean(), "{ran:?}");
    assert!(matches!(ran.output, Ok(Extent::Whole)), "{ran:?}");
    let summary = job.ledger.summary();
    assert_eq!(summary.slow.len(), 6, "{summary}");
    assert_eq!(summary.unaccounted(), 0, "{summary}");
    assert_eq!(documents(&place.db()), 0);
}

#[test]
fn endless_files_are_left_out_on_every_runtime() {
    let tokio = TokioMain::multi_thread().expect("a runtime");
    endless_files_are_left_out(&tokio);
    endless_files_are_left_out(&TokioMain::current_thread().expect("a runtime"));
    endless_files_are_left_out(&SmolRuntime::global());
    endless_files_are_left_out(&AsyncStdRuntime::new());
}

/// A file on a disk that does not answer, until the test lets go of the other end.
#[derive(Clone, Debug)]
struct Stuck(Arc<Mutex<Receiver<()>>>);

impl Files for Stuck {
    fn open(&self, _: &Path) -> io::Result<OpenFile> {
        Ok(Box::new(self.clone()))
    }
}

impl Read for Stuck {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        let answer = self.0.lock().expect("nobody panics under it").recv();
        assert!(answer.is_err(), "nothing is ever sent");
        Ok(0)
    }
}

#[test]
fn a_file_that_is_stuck_keeps_nobody_and_is_closed_when_it_comes_loose() {
    let place = Place::with_files(1);
    let (answers, disk) = mpsc::channel();
    let mut job = Job::new(Options::new(place.tree(), place.db()));
    job.options.files = Arc::new(Stuck(Arc::new(Mutex::new(disk))));
    job.options.file_timeout = SECOND;
    let rt = SmolRuntime::global();
    rt.block_on(async {
        let extent = index(&rt, &job).await;
        assert!(matches!(extent, Ok(Extent::Whole)), "{extent:?}");
        let summary = job.ledger.summary();
        assert_eq!(summary.slow.len(), 1, "{summary}");
        assert_eq!(summary.unaccounted(), 1, "it is still open: {summary}");
        drop(answers);
        let report = drain(&rt, HOUR).await;
        assert!(report.is_clean(), "{report}");
        assert_eq!(job.ledger.summary().unaccounted(), 0);
    });
}

#[test]
fn the_summary_names_what_took_too_long_on_every_runtime() {
    const FILES: u64 = 200;
    let place = Place::with_files(FILES as usize);
    for runtime in RUNTIMES {
        let _ = fs::remove_file(place.db());
        // Some may be read all the same, on a thread that is quick.
        let ran = place.run(&["--runtime", runtime, "--file-timeout", "0s"]);
        ran.assert_code(0).assert_all_accounted();
        let indexed = ran.count("found", "indexed");
        let slow = if indexed < FILES {
            ran.count("skipped ", "too slow")
        } else {
            0
        };
        assert_eq!(indexed + slow, FILES, "{ran:#?}");
        let named = ran.stdout.lines().filter(|l| l.starts_with("too slow  \""));
        assert_eq!(named.count() as u64, slow.min(10), "{ran:#?}");
    }
}

#[test]
fn a_file_timeout_that_is_not_reached_changes_nothing() {
    let place = Place::with_files(20);
    let ran = place.run(&["--file-timeout", "1h"]);
    ran.assert_code(0).assert_all_accounted();
    assert!(ran.stdout.contains("\nskipped   0\n"), "{ran:#?}");
    assert_eq!(documents(&place.db()), 20);
}
