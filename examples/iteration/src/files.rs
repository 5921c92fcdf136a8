//! The lines of a file, read where a thread may block.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::stream::{Stream, StreamExt as _};
use withal::runtime::{Runtime, TaskError};
use withal::{ExitReason, HandOver, Scope, for_each, generator, with};

use crate::{Error, Setting};

/// A file, as a scope: opened in `enter`, closed in `exit`.
#[derive(Debug)]
pub struct OpenFile<R> {
    on: Setting<R>,
    path: PathBuf,
}

impl<R: Runtime> Scope for OpenFile<R> {
    type Resource = LineReader<R>;
    type Error = Error;
    type OnDrop = HandOver;

    async fn enter(&mut self) -> Result<LineReader<R>, Error> {
        let path = self.path.clone();
        let file = self.on.rt.unblock(move || File::open(path));
        let file = file.await.unwrap_or_else(discarded)?;
        self.on.print(format_args!("+file"));
        Ok(LineReader {
            rt: self.on.rt.clone(),
            file: Arc::new(Mutex::new(Some(BufReader::new(file)))),
        })
    }

    async fn exit(self, reader: LineReader<R>, _: ExitReason<'_>) -> Result<(), Error> {
        // A read that was cancelled may still be at work: this waits for it, and takes the file away.
        // So it is closed when the scope has ended, and not some time later.
        let closed = self.on.rt.unblock(move || drop(lock(&reader.file).take()));
        closed.await.or_else(discarded)?;
        self.on.print(format_args!("-file"));
        Ok(())
    }
}

// Row S4.9.
/// What an [`OpenFile`] lends: it reads on threads that may block, so that no task waits for a disk.
#[derive(Debug)]
pub struct LineReader<R> {
    rt: R,
    /// `None` once it is closed.
    file: Arc<Mutex<Option<BufReader<File>>>>,
}

impl<R: Runtime> LineReader<R> {
    /// The next line, as it stands in the file; `None` at the end.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it lets the read go on to its end: a thread cannot be stopped. That line is lost. In
    /// a generator this does not happen by dropping a step, which keeps the read for the next one.
    ///
    /// # Errors
    ///
    /// Of the file.
    pub async fn line(&self) -> Result<Option<String>, Error> {
        let file = Arc::clone(&self.file);
        let read = self.rt.unblock(move || {
            let mut line = String::new();
            let count = match &mut *lock(&file) {
                Some(file) => file.read_line(&mut line)?,
                None => 0,
            };
            Ok((count > 0).then_some(line))
        });
        Ok(read.await.unwrap_or_else(discarded)?)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A runtime that shuts down may discard blocking work; a panic in it goes on.
fn discarded<T>(error: TaskError) -> io::Result<T> {
    if error.is_panic() {
        error.resume();
    }
    Err(io::Error::other("the runtime shuts down"))
}

// Row S1.6.
/// The lines of the file at `path`, without blanks around them. The file is open from the first step
/// to the end, whatever that is.
pub fn read_lines<R: Runtime>(
    on: &Setting<R>,
    path: &Path,
) -> impl Stream<Item = Result<String, Error>> {
    generator(async move |y| {
        let file = OpenFile {
            on: on.clone(),
            path: path.to_owned(),
        };
        let read = with(&on.rt, file, async |file| {
            while let Some(line) = file.line().await? {
                y.yield_(line.trim().to_owned()).await;
            }
            Ok::<_, Error>(())
        });
        read.await?;
        Ok(())
    })
}

// Row S1.6: over a reader of the runtime's own.
/// `lines` without blanks around them; `lines` is what `withal::tokio::lines(reader)` makes, or that
/// of another adapter. It owns its reader, and closes it when it is closed.
pub fn stripped(
    lines: impl Stream<Item = io::Result<String>>,
) -> impl Stream<Item = Result<String, Error>> {
    lines.map(|line| Ok(line?.trim().to_owned()))
}

/// Where the file is that [`run`] reads.
pub fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data/lines.txt")
}

/// Prints the lines of a file.
///
/// # Cancel safety
///
/// Dropped, it closes the file.
///
/// # Errors
///
/// Of the file.
pub async fn run<R: Runtime>(on: &Setting<R>) -> Result<(), Error> {
    for_each(read_lines(on, &data()), async |line| {
        on.print(format_args!("«{}»", line?));
        Ok(())
    })
    .await
}
