//! How the program shows that it works.

use std::fmt;
use std::io::{self, Write as _};
use std::time::Duration;

use indexer::progress::{Progress, Skip};
use indicatif::{ProgressBar, ProgressStyle};

use crate::cli::Cli;

/// A progress bar on standard error; nothing at all where that is not a terminal.
#[derive(Debug)]
pub(crate) struct Bar {
    bar: ProgressBar,
    verbose: bool,
}

impl Bar {
    pub(crate) fn new(runtime: &str, cli: &Cli) -> Self {
        let bar = if cli.progress_lines {
            ProgressBar::hidden()
        } else {
            ProgressBar::new_spinner()
        };
        bar.set_style(style("{prefix} {spinner} {human_pos} files indexed, {msg}"));
        bar.set_prefix(runtime.to_owned());
        bar.enable_steady_tick(Duration::from_millis(100));
        Self {
            bar,
            verbose: cli.verbose,
        }
    }

    /// The indexing is over, and the database is looked at once more.
    pub(crate) fn checking(&self) {
        self.bar.set_style(style("{prefix} {spinner} {msg}"));
        self.bar.set_message("checking the database");
    }

    pub(crate) fn close(&self) {
        self.bar.finish_and_clear();
    }
}

/// The templates are constants, so the fallback only keeps a slip in one of them from being fatal.
fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

impl Progress for Bar {
    fn walking(&self, files: u64) {
        self.bar.set_message(format!("{files} files found"));
    }

    fn walked(&self, files: u64) {
        self.bar.set_style(style(
            "{prefix} [{bar:40}] {human_pos}/{human_len} files, {eta} left",
        ));
        self.bar.set_length(files);
    }

    fn skipped(&self, path: &str, skip: &Skip) {
        if self.verbose {
            self.bar
                .suspend(|| line(format_args!("skipped {path:?}: {skip}")));
        }
    }

    fn committed(&self, documents: u64) {
        self.bar.set_position(documents);
    }
}

/// A line for each step.
pub(crate) struct Lines;

impl Progress for Lines {
    fn walking(&self, files: u64) {
        line(format_args!("walking {files}"));
    }

    fn walked(&self, files: u64) {
        line(format_args!("walked {files}"));
    }

    fn read(&self, path: &str) {
        line(format_args!("read {path:?}"));
    }

    fn skipped(&self, path: &str, skip: &Skip) {
        line(format_args!("skipped {path:?}: {skip}"));
    }

    fn committed(&self, documents: u64) {
        line(format_args!("committed {documents}"));
    }
}

/// A line to standard error. If nobody reads that, there is nobody to tell.
pub(crate) fn line(text: fmt::Arguments<'_>) {
    let _ = writeln!(io::stderr(), "{text}");
}
