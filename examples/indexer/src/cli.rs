//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, ValueEnum};

const EXIT_CODES: &str = "\
Ctrl-C, and the time limit, stop cleanly: no more files are taken up, those in work go all the way
into the index, and the summary still comes. What takes longer than the grace for that is cancelled:
its files are closed, its batch is rolled back. Ctrl-C once more cancels at once; the third time, the
program is gone.

Exit codes:
  0    the folder is indexed, or as many files as --limit says; with `--runtime all`, every runtime
       made the same index
  1    a check failed: indexes differ, the database is inconsistent, or a scope is unaccounted for
  2    an error, or a wrong command line
  124  stopped by the time limit
  130  stopped by Ctrl-C";

/// Index a folder of text files into an SQLite full-text index, then answer queries.
#[derive(Debug, Parser)]
#[command(version, after_help = EXIT_CODES)]
pub(crate) struct Cli {
    /// The folder to index [default: the source tree of this project]
    ///
    /// Hidden files and those named by a .gitignore are not looked at; links are not followed.
    pub(crate) path: Option<PathBuf>,

    /// The runtime to work on
    #[arg(long, value_enum, default_value_t = RuntimeChoice::Tokio)]
    pub(crate) runtime: RuntimeChoice,

    /// The database to keep the index in [default: a temporary one]
    ///
    /// With `--runtime all`, each runtime's name is added to the file's.
    #[arg(long, value_name = "FILE")]
    pub(crate) db: Option<PathBuf>,

    /// Print the documents that contain all of these words (may be repeated)
    #[arg(long, value_name = "WORDS")]
    pub(crate) query: Vec<String>,

    /// Stop each runtime's run after this time, such as 5s or 1m30s
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    pub(crate) time_limit: Option<Duration>,

    /// How long what is in work may take when a run is stopped, before it is cancelled
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = humantime::parse_duration)]
    pub(crate) grace: Duration,

    /// Skip files that take longer than this to read
    ///
    /// The summary counts them, and names the first of them.
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    pub(crate) file_timeout: Option<Duration>,

    /// Stop when so many files are indexed
    ///
    /// Files that are in the index as they are count, too. Which files these are can differ from run to
    /// run, as several are read at the same time. Those that are open by then are closed; nothing is taken
    /// out of the index, and with `--runtime all` the indexes are not compared.
    #[arg(long, value_name = "FILES")]
    pub(crate) limit: Option<u64>,

    /// How long to wait for another program's lock on the database
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = humantime::parse_duration)]
    pub(crate) busy_timeout: Duration,

    /// Name every path that is skipped, and why
    #[arg(long, short)]
    pub(crate) verbose: bool,

    /// Print each step as a line to standard error, for programs that watch this one
    #[arg(long, hide = true)]
    pub(crate) progress_lines: bool,
}

/// What `--runtime` takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum RuntimeChoice {
    Tokio,
    Smol,
    AsyncStd,
    /// Each in turn, to compare what they made
    All,
}
