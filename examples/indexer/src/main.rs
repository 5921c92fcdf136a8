//! Index a folder of text files into an SQLite full-text index, then answer queries.

#![forbid(unsafe_code)]

mod cli;
mod report;
mod runtimes;
mod watch;

use std::error::Error;
use std::fmt::Display;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::{self, ExitCode};
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Parser as _;
use indexer::index::{Extent, IndexError, Job, Options};
use indexer::stop::{Ending, Interrupt, Limits, Press};
use indexer::store::Store;
use withal::{ErrorGroup, Ran};

use crate::cli::Cli;
use crate::report::{Report, Verdict, chain};
use crate::runtimes::{Flavour, StoppableJob};
use crate::watch::{Bar, Lines, line};

const HITS_PER_QUERY: u32 = 10;

fn main() -> ExitCode {
    match program(&Cli::parse()) {
        Ok(verdict) => verdict.into(),
        Err(error) => {
            line(format_args!("indexer: {}", chain(&*error)));
            Verdict::Error.into()
        }
    }
}

fn program(cli: &Cli) -> Result<Verdict, Box<dyn Error>> {
    let interrupt = Interrupt::install(pressed)?;
    let root = cli.path.clone().unwrap_or_else(own_tree);
    let flavours = Flavour::chosen(cli.runtime);
    let place = Place::new(cli.db.as_deref())?;
    let dbs: Vec<_> = flavours
        .iter()
        .map(|flavour| place.db(*flavour, flavours))
        .collect();

    let mut reports = Vec::new();
    for (flavour, db) in flavours.iter().zip(&dbs) {
        let mut options = Options::new(root.clone(), db.clone());
        options.other_dbs.clone_from(&dbs);
        options.busy_timeout = cli.busy_timeout;
        options.limit = cli.limit;
        options.file_timeout = cli.file_timeout.unwrap_or(Duration::MAX);
        let report = run(cli, *flavour, options, &interrupt, place.is_temporary())?;
        print(&report)?;
        if let Some(errors) = report.errors() {
            line(format_args!("indexer: {errors}"));
        }
        reports.push(report);
        if interrupt.is_pressed() {
            break;
        }
    }

    let mut runs = reports
        .iter()
        .map(Report::verdict)
        .max()
        .unwrap_or(Verdict::Done);
    if interrupt.is_pressed() {
        // Between two runs, neither of them knows.
        runs = runs.max(Verdict::Interrupted);
    }
    let same = if flavours.len() > 1 {
        compare(&reports, flavours.len())?
    } else {
        Verdict::Done
    };
    if !interrupt.is_pressed() && runs < Verdict::Error {
        for words in &cli.query {
            answer(words, &reports, cli)?;
        }
    }
    Ok(runs.max(same))
}

/// Ctrl-C was pressed.
fn pressed(press: Press) {
    match press {
        Press::Asks => line(format_args!(
            "indexer: stopping with what is in work; Ctrl-C again cancels that"
        )),
        Press::Forces => line(format_args!(
            "indexer: cancelling; Ctrl-C again leaves no time for that"
        )),
        Press::Further => process::exit(130),
    }
}

/// Indexes on one runtime, and looks at what came of it.
fn run(
    cli: &Cli,
    flavour: Flavour,
    options: Options,
    interrupt: &Interrupt,
    is_temporary: bool,
) -> io::Result<Report> {
    let (root, db) = (options.root.clone(), options.db.clone());
    let bar = Arc::new(Bar::new(flavour.name(), cli));
    let mut job = Job::new(options);
    job.progress = match cli.progress_lines {
        true => Arc::new(Lines),
        false => bar.clone(),
    };
    let ledger = job.ledger.clone();
    let start = Instant::now();
    let ran = flavour.run(&StoppableJob {
        job,
        limits: Limits {
            time: cli.time_limit,
            grace: cli.grace,
        },
        interrupt,
    });
    let elapsed = start.elapsed();
    let Ran {
        output,
        cleanup,
        blocking,
        ..
    } = ran.inspect_err(|_| bar.close())?;
    let in_words = |errors: ErrorGroup<IndexError>| errors.map(|error| chain(&error));
    let ending = output.unwrap_or(Ending::FORCED);
    let mut report = Report {
        runtime: flavour.name(),
        root: fs::canonicalize(&root).unwrap_or(root),
        db,
        is_temporary,
        elapsed,
        summary: ledger.summary(),
        database: None,
        ending: ending.map(|ended| ended.map_err(in_words)),
        cleanup,
        blocking,
    };
    bar.checking();
    report.check(cli.busy_timeout);
    bar.close();
    Ok(report)
}

/// Whether every runtime made the same index.
fn compare(reports: &[Report], expected: usize) -> io::Result<Verdict> {
    let finished: Vec<_> = reports
        .iter()
        .filter(|report| matches!(report.ending, Ending::Finished(Ok(Extent::Whole))))
        .filter_map(Report::fingerprint)
        .collect();
    match &finished[..] {
        [first, others @ ..] if finished.len() == expected => {
            if others.iter().all(|other| other == first) {
                print(format_args!("the indexes are equal: {}", first.hash))?;
                Ok(Verdict::Done)
            } else {
                print("the indexes differ, unless the folder changed in between: see the hashes")?;
                Ok(Verdict::CheckFailed)
            }
        }
        // Each report says why, and has its own verdict.
        _ => {
            print("the indexes were not compared: not every runtime got to its end")?;
            Ok(Verdict::Done)
        }
    }
}

fn answer(words: &str, reports: &[Report], cli: &Cli) -> Result<(), Box<dyn Error>> {
    let Some(report) = reports.iter().find(|report| report.fingerprint().is_some()) else {
        return Ok(());
    };
    let hits = Store::open(&report.db, cli.busy_timeout)?.search(words, HITS_PER_QUERY)?;
    let best = if hits.len() == HITS_PER_QUERY as usize {
        "the best "
    } else {
        ""
    };
    print(format_args!("\n{words:?}: {best}{} documents", hits.len()))?;
    for hit in hits {
        // File names may hold what a terminal would act upon.
        let path = hit.path.replace(char::is_control, "?");
        print(format_args!("  {path}: {}", hit.snippet))?;
    }
    Ok(())
}

/// Where the databases go.
enum Place {
    Temporary(tempfile::TempDir),
    File(PathBuf),
}

impl Place {
    fn new(db: Option<&Path>) -> io::Result<Self> {
        Ok(match db {
            Some(db) => Self::File(db.to_owned()),
            None => Self::Temporary(tempfile::Builder::new().prefix("indexer-").tempdir()?),
        })
    }

    fn is_temporary(&self) -> bool {
        matches!(self, Self::Temporary(_))
    }

    fn db(&self, flavour: Flavour, of: &[Flavour]) -> PathBuf {
        let file = match self {
            Self::Temporary(dir) => dir.path().join("index.db"),
            Self::File(file) => file.clone(),
        };
        if of.len() == 1 {
            return file;
        }
        let mut file = file.into_os_string();
        file.push(".");
        file.push(flavour.name());
        file.into()
    }
}

/// The source tree that this program was built from, or where it was moved away, the folder that
/// one is in.
fn own_tree() -> PathBuf {
    let tree = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    if tree.is_dir() {
        tree.to_owned()
    } else {
        PathBuf::from(".")
    }
}

/// Prints a line. Unlike `println!` this does not panic when the reader has gone (`| head`): then
/// the rest of the work is still worth doing.
fn print(text: impl Display) -> io::Result<()> {
    match writeln!(io::stdout(), "{text}") {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}
